//! Every decoder of foreign bytes gets thousands of inputs that nobody would send, mutated from real ones,
//! and the same in every run. The properties that must hold are in fuzz/targets, shared with the fuzzer that
//! measures coverage. A longer run: `OFFHOOK_FUZZ_CASES=1000000 cargo test --release --test main fuzzing`.

mod allocations;
mod captures;
mod models;
mod mutations;
mod seeds;
#[path = "../../fuzz/targets/mod.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use self::mutations::Random;
use self::targets::{ALL, Target};

/// The default number of cases of a target whose cases are quick.
const CASES: usize = 20_000;

/// The longest input, in bytes.
const MAX_INPUT: usize = 200_000;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The inputs of the files in a folder, in the order of their names.
fn inputs(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn holds(name: &str) {
    let target = ALL.iter().find(|target| target.name == name).unwrap();
    let seeds = seeds::of(target);
    assert!(!seeds.is_empty(), "{name} has nothing to begin with");
    if let Some(folder) = std::env::var_os("OFFHOOK_FUZZ_SEEDS") {
        let folder = PathBuf::from(folder).join(name);
        fs::create_dir_all(&folder).unwrap();
        for (n, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{n:03}")), seed).unwrap();
        }
    }
    // Inputs that once failed come first, and are seeds as well.
    let mut all = inputs(&fuzz().join("found").join(name));
    all.extend(seeds);
    for (n, input) in all.iter().enumerate() {
        held(target, input, &format!("seed {n}"));
    }
    let cases = std::env::var("OFFHOOK_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok());
    for case in 0..cases.unwrap_or(CASES) / target.effort {
        let mut random = Random::of(name, case as u64);
        let mut input = mutations::mutated(target.messages, &all, &mut random);
        input.truncate(MAX_INPUT);
        held(target, &input, &format!("case {case}"));
    }
}

/// Runs one input. If it fails, the input is kept, and the message says how to run it alone.
fn held(target: &Target, input: &[u8], which: &str) {
    let run = || allocations::watched(allocations::limit(input.len()), || (target.run)(input));
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        let name = target.name;
        let path = std::env::temp_dir().join(format!("offhook-fuzz-{name}-{}", which.replace(' ', "-")));
        fs::write(&path, input).unwrap();
        panic!(
            "{name}, {which}: it does not hold for {}; to run it alone, copy it to fuzz/found/{name}",
            path.display()
        );
    }
}

mod whatever_the_bytes_are_it_holds_for {
    macro_rules! tests {
        ($($name:ident)*) => { $(#[test] fn $name() { super::holds(stringify!($name)); })* };
    }

    tests! {
        twilio telnyx plivo vonage jambonz asterisk native realtime detect wav gguf reply whisper config trace capture voice
        piper speakable manifest formats openai
    }
}

#[test]
fn every_decoder_is_fuzzed_with_coverage_too() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let tests = include_str!("mod.rs");
    for Target { name, .. } in &ALL {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        let file = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(file.contains(&format!("targets::{name}(data)")), "{name}");
        assert!(tests.contains(&format!(" {name}")), "{name} has no test");
    }
}
