//! The rules of the house that no compiler checks: every file says what it is for, files stay short, unsafe
//! code stays in a few files, and no file mentions the machine on which it was written. The rules of imports
//! are in `layers`.

use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of a file; a longer one must be split.
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

/// All our Rust files. The fuzzer's findings and builds lie beside its targets, and are not ours.
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

/// The widest line. Formatted code is no wider, except for texts that cannot be broken.
const MAX_COLUMNS: usize = 110;

#[test]
fn comments_and_prose_fit_into_the_columns() {
    let is_comment = |line: &str| line.trim_start().starts_with("//") && !line.contains("://");
    // Tables, links and fenced blocks cannot be wrapped.
    let is_prose = |line: &str| !line.starts_with(['|', '!', '<', ' ']) && !line.contains("](");
    let mut wide = Vec::new();
    for path in sources() {
        wide.extend(lines_wider(&path, is_comment));
    }
    for path in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "AGENTS.md", "docs"] {
        for path in files(path, "md") {
            let mut fenced = false;
            wide.extend(lines_wider(&path, |line| {
                fenced ^= line.trim_start().starts_with("```");
                !fenced && is_prose(line)
            }));
        }
    }
    assert!(wide.is_empty(), "wider than {MAX_COLUMNS} columns:\n{}", wide.join("\n"));
}

/// The lines of a file that are of this kind and too wide.
fn lines_wider(path: &Path, mut of_this_kind: impl FnMut(&str) -> bool) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().enumerate().filter(|(_, line)| of_this_kind(line));
    let wide = lines.filter(|(_, line)| line.chars().count() > MAX_COLUMNS);
    wide.map(|(i, _)| format!("{}:{}", name(path), i + 1)).collect()
}

/// The folder of the vector instructions, and of the threads that share their work.
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
            // In the kernels, whole functions are unsafe, and their declarations state the conditions.
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
    // Assembled here, so that this file does not match itself.
    let foreign =
        [["/wo", "rk/"].concat(), ["/tm", "p/wt"].concat(), ["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    for path in places.concat().into_iter().filter(|p| !name(p).contains("/work/")) {
        let text = fs::read_to_string(&path).unwrap();
        for word in &foreign {
            assert!(!text.contains(word.as_str()), "{} says {word}", name(&path));
        }
    }
}
