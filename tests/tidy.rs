//! The rules of the house that no compiler checks: every file says what it is for, files stay short, unsafe code
//! stays in few of them, and nothing tells of the machine it was written on. Who may import whom: `layers`.

use std::fs;
use std::path::{Path, PathBuf};

/// A file longer than this is two files.
const MAX_LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        if next.is_file() {
            found.push(next);
            continue;
        }
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// All Rust of ours. What the fuzzer finds and builds lies beside its targets, and is not ours.
fn sources() -> Vec<PathBuf> {
    ["src", "crates", "tests", "fuzz/targets", "fuzz/fuzz_targets"]
        .iter()
        .flat_map(|folder| files(folder, "rs"))
        .collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} has no //! line at its top", name(&path));
    }
}

#[test]
fn files_stay_short_enough_to_read() {
    for path in sources() {
        let file = name(&path);
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{file} has {lines} lines, more than {MAX_LINES}");
    }
}

/// Vector instructions, and the threads that share them.
const KERNELS: &str = "crates/llm/src/kernels/";

#[test]
fn unsafe_code_stays_in_the_few_files_that_need_it() {
    let allowed = |file: &str| {
        let others = ["crates/core/src/vad/webrtc.rs", "crates/llm/src/threads.rs"];
        file.ends_with("/ffi.rs") || others.contains(&file) || file.starts_with(KERNELS)
    };
    for path in [files("src", "rs"), files("crates", "rs")].concat() {
        let (file, text) = (name(&path), fs::read_to_string(&path).unwrap());
        let lines: Vec<&str> = text.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            let block = ["unsafe {", "unsafe impl"].iter().any(|u| line.contains(u));
            if !block || line.trim_start().starts_with("//") {
                continue;
            }
            assert!(allowed(&file), "{file}:{} is unsafe; put it into a small ffi.rs", i + 1);
            // In the kernels, functions are unsafe themselves: what they need is said where they are declared.
            let told =
                |l: &&str| l.contains("SAFETY") || (file.starts_with(KERNELS) && l.contains("unsafe fn"));
            let above = lines[i.saturating_sub(8)..=i].iter().any(told);
            assert!(above, "{file}:{} has no SAFETY line", i + 1);
        }
    }
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let places = [
        files("src", "rs"),
        files("crates", "rs"),
        files("fuzz/targets", "rs"),
        files("docs", "md"),
        files("scripts", "py"),
        files("models/demo", "md"),
        files("models/demo", "py"),
    ];
    // Put together here so that this file does not find itself.
    let foreign =
        [["/wo", "rk/"].concat(), ["/tm", "p/wt"].concat(), ["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    for path in places.concat().into_iter().filter(|p| !name(p).contains("/work/")) {
        let text = fs::read_to_string(&path).unwrap();
        for word in &foreign {
            assert!(!text.contains(word.as_str()), "{} says {word}", name(&path));
        }
    }
}
