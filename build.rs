//! Links the built-in voice: flite's static libraries, and six symbols that keep ALSA out. whisper.cpp
//! is built by its own crate; nothing of it is here.

use std::path::{Path, PathBuf};

/// In the order a linker needs them: the voice, its language, its lexicon, the engine.
const LIBRARIES: [&str; 4] = ["flite_cmu_us_slt", "flite_usenglish", "flite_cmulex", "flite"];

/// Where the libraries are looked for, before the usual places.
const DIR_VARIABLE: &str = "FLITE_LIB_DIR";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/engine/flite/no_alsa.c");
    println!("cargo:rerun-if-env-changed={DIR_VARIABLE}");

    let candidates = candidates();
    let Some(dir) = candidates.iter().find(|dir| LIBRARIES.iter().all(|l| library(dir, l).is_file())) else {
        eprintln!("The static libraries of flite, the built-in voice, were not found.");
        eprintln!("  Debian, Ubuntu:  apt-get install flite1-dev");
        eprintln!("  elsewhere:       build flite 2.2 and set {DIR_VARIABLE} to the folder with libflite.a");
        eprintln!("  looked in:       {}", list(&candidates));
        std::process::exit(1);
    };

    // The whole archive, and first: the linker must have these symbols before it meets libflite,
    // or it takes libflite's own, which need libasound.
    cc::Build::new().file("src/engine/flite/no_alsa.c").cargo_metadata(false).compile("offhook_no_alsa");
    if let Ok(out) = std::env::var("OUT_DIR") {
        println!("cargo:rustc-link-search=native={out}");
    }
    println!("cargo:rustc-link-lib=static:+whole-archive,-bundle=offhook_no_alsa");

    println!("cargo:rustc-link-search=native={}", dir.display());
    for library in LIBRARIES {
        // Not bundled into the rlib, where they would come before the symbols above.
        println!("cargo:rustc-link-lib=static:-bundle={library}");
    }
    println!("cargo:rustc-link-lib=m");
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
