//! The rules of imports: a table of rooms, the crates that pure rooms may use, and no circles between files.
//! ARCHITECTURE.md draws the rooms.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use imports::{Crate, House};

/// A room (a folder of src/, or a file in it), and the rooms that it may import.
const MAY_IMPORT: [(&str, &[&str]); 41] = [
    ("units", &[]),
    ("stats", &[]),
    ("language", &[]),
    ("ids", &[]),
    ("dialogue", &["units"]),
    ("report", &["dialogue", "ids", "units"]),
    ("after_call", &["dialogue", "language", "report"]),
    ("scoring", &[]),
    ("access", &[]),
    ("audio", &["units"]),
    ("vad", &["units"]),
    ("streams", &["access", "audio", "dialogue", "ids", "report", "units"]),
    ("media", &["audio", "ids", "report", "units", "vad"]),
    ("timeline", &["units"]),
    ("speakable", &["dialogue", "language"]),
    ("turns", &["dialogue", "ids", "language", "report", "speakable", "timeline", "units"]),
    (
        "call",
        &[
            "audio",
            "dialogue",
            "ids",
            "language",
            "media",
            "report",
            "speakable",
            "stats",
            "streams",
            "turns",
            "units",
            "vad",
        ],
    ),
    ("phone", &["audio", "files", "language", "stats", "streams", "units"]),
    ("files", &["audio"]),
    ("console", &[]),
    ("edits", &[]),
    ("formats", &["audio"]),
    ("openai", &[]),
    ("login", &[]),
    ("models", &["files"]),
    ("otlp", &["ids", "report", "units"]),
    ("quality", &[]),
    ("answers", &["dialogue"]),
    ("knowledge", &["dialogue", "files"]),
    ("records", &["dialogue", "ids", "report", "units"]),
    ("tools", &[]),
    ("top", &[]),
    ("webhooks", &["ids", "report", "streams"]),
    (
        "telemetry",
        &[
            "answers", "dialogue", "engine", "ids", "quality", "records", "report", "runtime", "units",
            "webhooks",
        ],
    ),
    ("engine", &["answers", "audio", "dialogue", "files", "language", "quality", "report", "units", "vad"]),
    (
        "config",
        &[
            "access",
            "after_call",
            "dialogue",
            "edits",
            "engine",
            "files",
            "language",
            "login",
            "media",
            "quality",
            "records",
            "speakable",
            "streams",
            "telemetry",
            "tools",
            "turns",
            "vad",
            "webhooks",
        ],
    ),
    ("transcript", &["audio", "config", "engine", "media", "units", "vad"]),
    (
        "runtime",
        &[
            "access",
            "after_call",
            "answers",
            "audio",
            "call",
            "config",
            "dialogue",
            "engine",
            "ids",
            "knowledge",
            "language",
            "media",
            "otlp",
            "quality",
            "records",
            "report",
            "speakable",
            "streams",
            "tools",
            "top",
            "turns",
            "units",
            "webhooks",
        ],
    ),
    (
        "app",
        &[
            "access",
            "answers",
            "config",
            "dialogue",
            "engine",
            "files",
            "language",
            "login",
            "quality",
            "records",
            "runtime",
            "telemetry",
            "turns",
            "units",
        ],
    ),
    (
        "http",
        &[
            "access",
            "app",
            "audio",
            "config",
            "console",
            "dialogue",
            "edits",
            "engine",
            "formats",
            "ids",
            "language",
            "login",
            "openai",
            "phone",
            "quality",
            "records",
            "report",
            "runtime",
            "speakable",
            "streams",
            "telemetry",
            "top",
            "transcript",
            "turns",
            "units",
        ],
    ),
    ("cli", &ANY),
];

/// For the room that puts everything together.
const ANY: [&str; 1] = ["*"];

/// Rooms without sockets, threads, clocks, files and randomness, and the crates that they may use.
const PURE: [(&str, &[&str]); 24] = [
    ("units", &["serde"]),
    ("ids", &["serde"]),
    ("dialogue", &["serde", "serde_json"]),
    ("report", &["serde", "serde_json", "utoipa"]),
    ("after_call", &["serde_json", "thiserror"]),
    ("stats", &[]),
    ("language", &[]),
    ("scoring", &["serde", "strsim"]),
    ("access", &["base64", "form_urlencoded", "http", "ring", "rustls", "serde", "serde_json", "subtle"]),
    ("audio", &["hound", "rubato"]),
    ("vad", &["serde", "webrtc_vad"]),
    ("media", &["nnnoiseless", "serde"]),
    ("streams", &["base64", "percent_encoding", "serde", "serde_json"]),
    ("timeline", &[]),
    ("speakable", &["regex", "serde", "thiserror"]),
    ("turns", &["serde"]),
    ("call", &["base64", "serde", "serde_json", "thiserror"]),
    ("quality", &["serde", "thiserror"]),
    ("answers", &["lru", "regex", "serde", "thiserror", "toml"]),
    ("console", &[]),
    ("login", &["argon2", "base64", "ring", "subtle", "thiserror"]),
    ("edits", &["thiserror", "toml"]),
    ("openai", &["base64", "indexmap", "serde", "serde_json", "thiserror"]),
    ("engine/arbiter.rs", &[]),
];

/// Parts of the standard library that reach the world outside, or another thread.
const IMPURE: [&str; 12] = [
    "std::thread",
    "std::net",
    "std::fs",
    "std::process",
    "std::env",
    "std::os",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::sync::mpsc",
    "std::sync::Mutex",
    "std::sync::Condvar",
    "std::sync::RwLock",
];

type Arrows = BTreeMap<String, BTreeSet<String>>;

fn house() -> House {
    let of = |name, sources: &str, place: &[&'static str]| {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join(sources);
        Crate { name, sources, place: place.to_vec() }
    };
    House::read(vec![
        of("offhook", "src", &[]),
        of("offhook_core", "crates/core/src", &[]),
        of("offhook_console", "crates/console/src", &["console"]),
        of("offhook_edits", "crates/edits/src", &["edits"]),
        of("offhook_files", "crates/files/src", &["files"]),
        of("offhook_formats", "crates/formats/src", &["formats"]),
        of("offhook_knowledge", "crates/knowledge/src", &["knowledge"]),
        of("offhook_llm", "crates/llm/src", &["engine", "llm"]),
        of("offhook_login", "crates/login/src", &["login"]),
        of("offhook_models", "crates/models/src", &["models"]),
        of("offhook_openai", "crates/openai/src", &["openai"]),
        of("offhook_otlp", "crates/otlp/src", &["otlp"]),
        of("offhook_phone", "crates/phone/src", &["phone"]),
        of("offhook_quality", "crates/quality/src", &["quality"]),
        of("offhook_answers", "crates/answers/src", &["answers"]),
        of("offhook_records", "crates/records/src", &["records"]),
        of("offhook_tools", "crates/tools/src", &["tools"]),
        of("offhook_top", "crates/top/src", &["top"]),
        of("offhook_webhooks", "crates/webhooks/src", &["webhooks"]),
    ])
}

/// All files that can be reached from `from`.
fn reached(arrows: &Arrows, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&String> = arrows[from].iter().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file.clone()) {
            next.extend(&arrows[file]);
        }
    }
    reached
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let arrows = house().arrows();
    assert!(arrows.len() > 100, "the sources are somewhere else");
    let reached: BTreeMap<&String, BTreeSet<String>> =
        arrows.keys().map(|file| (file, reached(&arrows, file))).collect();
    let mut circles = BTreeSet::new();
    for (file, from_here) in &reached {
        if from_here.contains(*file) {
            let circle = from_here.iter().filter(|other| reached[other].contains(*file));
            circles.insert(circle.cloned().collect::<Vec<_>>());
        }
    }
    let told: Vec<String> = circles.iter().map(|circle| told(&arrows, circle)).collect();
    assert!(told.is_empty(), "{} circles:\n{}", told.len(), told.join("\n\n"));
}

fn room_of(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or(file)
}

#[test]
fn a_room_imports_only_what_the_table_allows() {
    let table = BTreeMap::from(MAY_IMPORT);
    let mut wrong = Vec::new();
    for (file, imported) in house().arrows() {
        let room = room_of(&file);
        let allowed = table.get(room).unwrap_or_else(|| panic!("{room} is in no line of MAY_IMPORT"));
        let others = imported.iter().filter(|other| room_of(other) != room && **allowed != ANY);
        let forbidden = others.filter(|other| !allowed.contains(&room_of(other)));
        wrong.extend(forbidden.map(|other| format!("{file} imports {other}")));
    }
    assert!(wrong.is_empty(), "not allowed by MAY_IMPORT:\n{}", wrong.join("\n"));
}

#[test]
fn what_the_table_allows_is_needed() {
    let mut needed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, imported) in house().arrows() {
        let rooms = imported.iter().map(|other| room_of(other).to_owned());
        needed.entry(room_of(&file).to_owned()).or_default().extend(rooms);
    }
    for (room, allowed) in MAY_IMPORT.iter().filter(|(_, allowed)| **allowed != ANY) {
        for other in *allowed {
            assert!(needed[*room].contains(*other), "{room} may import {other} and does not");
        }
    }
}

#[test]
fn pure_rooms_use_nothing_of_the_world_outside() {
    let foreign = house().foreign();
    for (room, crates) in PURE {
        let mut files = 0;
        for (file, paths) in foreign.iter().filter(|(file, _)| room_of(file) == room || file.as_str() == room)
        {
            files += 1;
            for path in paths {
                let root = path.split("::").next().unwrap_or_default();
                let known = ["std", "core", "alloc"].contains(&root) || crates.contains(&root);
                assert!(known, "{file} is pure and uses {path}");
                let reaches_out = IMPURE.iter().any(|impure| path.starts_with(impure));
                assert!(!reaches_out, "{file} is pure and uses {path}");
            }
        }
        assert!(files > 0, "there is no room {room}");
    }
}

fn told(arrows: &Arrows, circle: &[String]) -> String {
    let within = circle.iter().flat_map(|file| {
        arrows[file].iter().filter(|to| circle.contains(to)).map(move |to| format!("{file} -> {to}"))
    });
    within.collect::<Vec<_>>().join("\n")
}
