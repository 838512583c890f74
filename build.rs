//! Links the built-in voice: flite's static libraries, and six symbols that keep ALSA out. whisper.cpp
//! is built by its own crate; nothing of it is here.

use std::path::{Path, PathBuf};

/// In the order a linker needs them: the voice, its language, its lexicon, and then the engine.
const VOICE: [&str; 3] = ["flite_cmu_us_slt", "flite_usenglish", "flite_cmulex"];
const ENGINE: &str = "flite";

/// Where the libraries are looked for, before the usual places.
const DIR_VARIABLE: &str = "FLITE_LIB_DIR";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/engine/flite/no_alsa.c");
    println!("cargo:rerun-if-env-changed={DIR_VARIABLE}");

    let candidates = candidates();
    let Some(dir) =
        candidates.iter().find(|dir| VOICE.iter().chain([&ENGINE]).all(|l| library(dir, l).is_file()))
    else {
        eprintln!("The static libraries of flite, the built-in voice, were not found.");
        eprintln!("  Debian, Ubuntu:  apt-get install flite1-dev");
        eprintln!("  elsewhere:       build flite 2.2 and set {DIR_VARIABLE} to the folder with libflite.a");
        eprintln!("  looked in:       {}", list(&candidates));
        std::process::exit(1);
    };

    let Some(out) = std::env::var_os("OUT_DIR").map(PathBuf::from) else { return };
    println!("cargo:rustc-link-search=native={}", dir.display());
    println!("cargo:rustc-link-search=native={}", out.display());
    for library in VOICE {
        println!("cargo:rustc-link-lib=static={library}");
    }
    if let Err(problem) = engine_without_alsa(&library(dir, ENGINE), &out) {
        eprintln!("libflite.a could not be prepared: {problem}");
        std::process::exit(1);
    }
    println!("cargo:rustc-link-lib=static=offhook_{ENGINE}");
    println!("cargo:rustc-link-lib=static=offhook_no_alsa");
    println!("cargo:rustc-link-lib=m");
}

/// Makes a libflite of our own, without its ALSA driver, and the symbols that take its place. Which of
/// two equal symbols a linker takes, or whether it gives up, depends on the linker and the order of
/// its arguments; so there is only one of each.
fn engine_without_alsa(engine: &Path, out: &Path) -> Result<(), String> {
    let copy = library(out, &format!("offhook_{ENGINE}"));
    std::fs::copy(engine, &copy).map_err(|e| format!("copying {}: {e}", engine.display()))?;
    let mut build = cc::Build::new();
    build.file("src/engine/flite/no_alsa.c").cargo_metadata(false);
    let status = build.get_archiver().arg("d").arg(&copy).arg("au_alsa.o").status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("ar ended with {status}")),
        Err(e) => return Err(format!("ar cannot be run: {e}")),
    }
    build.try_compile("offhook_no_alsa").map_err(|e| e.to_string())
}

fn library(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("lib{name}.a"))
}

/// The folder of the environment variable alone, if there is one, or the usual places.
fn candidates() -> Vec<PathBuf> {
    if let Some(dir) = std::env::var_os(DIR_VARIABLE) {
        return vec![dir.into()];
    }
    let arch = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    ["/usr/local/lib", &format!("/usr/lib/{arch}-linux-gnu"), "/usr/lib64", "/usr/lib", "/opt/homebrew/lib"]
        .iter()
        .map(PathBuf::from)
        .collect()
}

fn list(dirs: &[PathBuf]) -> String {
    dirs.iter().map(|d| d.display().to_string()).collect::<Vec<_>>().join(", ")
}
