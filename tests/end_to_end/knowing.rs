//! What a server knows of its calls: metrics, the view of administrators, and records that last. The engines
//! are scripted, so these calls need no model.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use offhook::audio::wav;
use serde_json::Value;

use super::strangers;
use crate::support::raw::ask;
use crate::support::scripted;
use crate::support::server::{Configuration, Server, configured, offhook, run, text};

const TOKEN: &str = "a token for administrators";

/// The names under which other servers of speech are watched, too.
const KNOWN: [&str; 13] = [
    "stt_transcription_requests_total",
    "stt_transcription_errors_total",
    "stt_transcription_duration_seconds_count",
    "stt_audio_duration_seconds_count",
    "tts_synthesis_requests_total",
    "tts_synthesis_errors_total",
    "tts_synthesis_duration_seconds_count",
    "tts_text_length_chars_count",
    "llm_generation_requests_total",
    "llm_generation_errors_total",
    "llm_generation_duration_seconds_count",
    "llm_input_tokens_count",
    "llm_output_tokens_count",
];

fn request(
    address: std::net::SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, String) {
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n{headers}\r\n");
    let (mut stream, mut answer) = ask(address, &format!("{head}{body}"));
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

/// The values of a scrape by name, summed over their labels. Every line must be a comment or a sample.
fn samples(scraped: &str) -> BTreeMap<String, f64> {
    let body = scraped.split_once("\r\n\r\n").expect("a body").1;
    assert!(body.ends_with("# EOF\n"), "the end of a scrape is marked");
    let mut samples = BTreeMap::new();
    for line in body.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
        let name = series.split('{').next().unwrap();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{line}");
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
        *samples.entry(name.to_owned()).or_default() += value;
    }
    samples
}

/// A server that a load of one caller, without models, has called; and its records.
struct Called {
    configuration: Configuration,
    report: Value,
}

impl Called {
    fn once(more: &[(&str, &str)]) -> Self {
        let own = [("records.file", "\"records/calls.db\""), ("records.redact", "\"off\"")];
        let keys: Vec<(&str, &str)> = own.iter().chain(more).copied().collect();
        let configuration = configured(&keys, &[]);
        let file = configuration.path.display().to_string();
        // One short line, without a pause inside, is one turn.
        let load = "bench calls --mode scripted --callers 2 --seconds 10 --json --recorded models/demo/callers/4.wav";
        let output = offhook().args(load.split(' ')).args(["--config", &file]).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        Self { configuration, report: serde_json::from_slice(&output.stdout).unwrap() }
    }

    fn calls(&self, arguments: &[&str]) -> Output {
        let config = self.configuration.path.display().to_string();
        run(&[&["calls", "--config", &config], arguments].concat(), "")
    }

    fn list(&self) -> Vec<Value> {
        let output = self.calls(&["list", "--json"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn folder(&self) -> &Path {
        self.configuration.path.parent().unwrap()
    }
}

#[test]
fn a_load_is_measured_at_its_callers_and_its_calls_are_kept() {
    let called = Called::once(&[("records.recordings", "\"audio\""), ("log.traces", "\"traces\"")]);
    let step = &called.report["steps"][0];
    assert_eq!((&step["callers"], &step["unanswered"]), (&Value::from(2), &Value::from(0)), "{step:#}");
    assert!(step["v2v_ms"]["p50"].as_f64().unwrap() > 100.0, "{step:#}");
    assert!(step["server"]["cpu_seconds"].as_f64().unwrap() > 0.0, "{step:#}");
    // The server's own figures are those of the stopwatch.
    assert!(step["reported_minus_measured_ms"]["median"].as_f64().unwrap().abs() <= 20.0, "{step:#}");

    // The server was ended at once after the calls, and nothing is lost.
    let kept = called.list();
    assert_eq!(kept.len() as u64, step["calls"]["begun"].as_u64().unwrap());
    for call in &kept {
        assert!(call["ended_at"].is_i64() && call["caller_audio_s"].as_f64().unwrap() > 0.0, "{call:#}");
        assert!(call["cpu_s"].as_f64().unwrap() > 0.0, "{call:#}");
        assert!(Path::new(call["recording"].as_str().unwrap()).is_file());
        assert!(Path::new(call["trace"].as_str().unwrap()).is_file());
    }
    // The newest calls may have ended with the load, before a word was said.
    let whole = kept.iter().position(|call| call["turns"].as_u64() > Some(0)).unwrap();
    let newest = format!("#{}", kept[whole]["id"]);

    let shown = text(&called.calls(&["show", &newest]).stdout);
    assert!(shown.contains("caller  What are your opening hours?"), "{shown}");
    assert!(shown.contains(" ms  eeee"), "no waterfall: {shown}");
    let exported: Value = serde_json::from_slice(&called.calls(&["export", &newest]).stdout).unwrap();
    assert_eq!(exported["offhook_call"], 1);
    let said = text(&called.calls(&["export", "--transcript", &newest]).stdout);
    assert!(said.starts_with("agent: Hello, this is Green Street"), "{said}");
    assert!(
        called.calls(&["replay", &newest]).status.success(),
        "a recorded call replays without a difference"
    );

    // A backup is restored in another place; a deleted call is gone with its files.
    let backup = called.folder().join("backup").display().to_string();
    let made = called.calls(&["backup", &backup]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let elsewhere = called.folder().join("elsewhere.db").display().to_string();
    assert!(called.calls(&["--records", &elsewhere, "restore", &backup]).status.success());
    assert_eq!(
        text(&called.calls(&["--records", &elsewhere, "list", "--json"]).stdout).lines().count(),
        kept.len()
    );
    assert!(called.calls(&["delete", "--call", &newest]).status.success());
    assert_eq!(called.list().len(), kept.len() - 1);
    assert!(!Path::new(kept[whole]["recording"].as_str().unwrap()).exists());
    assert!(!called.calls(&["show", &newest]).status.success());
}

#[test]
fn without_records_the_command_says_how_to_keep_some() {
    let configuration = configured(&[], &[]);
    let output = run(&["calls", "list", "--config", &configuration.path.display().to_string()], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("set records.file"), "{}", text(&output.stderr));
}

#[test]
fn metrics_have_the_known_names_before_the_first_call() {
    let server = scripted::Server::start(&[]);
    let (status, answer) = request(server.address, "GET", "/metrics", "", "");
    assert_eq!(status, 401, "{answer}");
    let configuration = configured(&[("admin.token", "\"file:token\"")], &[("token", TOKEN)]);
    let server = Server::start(&configuration);
    let address = server.address.parse().unwrap();
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    let (status, answer) = request(address, "GET", "/metrics", &bearer, "");
    assert_eq!(status, 200, "{answer}");
    assert!(answer.to_lowercase().contains("content-type: application/openmetrics-text"), "{answer}");
    let found = samples(&answer);
    for name in KNOWN {
        assert!(found.contains_key(name), "{name} is missing:\n{answer}");
    }
    assert_eq!((found["offhook_ready"], found["offhook_calls_active"]), (1.0, 0.0));
    assert!(found["process_resident_memory_bytes"] > 1e6 && found["process_cpu_seconds_total"] > 0.0);

    for (path, headers) in
        [("/metrics", ""), ("/debug/state", "Authorization: Bearer wrong\r\n"), ("/debug/log", "")]
    {
        assert_eq!(request(address, "GET", path, headers, "").0, 401, "{path}");
    }
    let (_, state) = request(address, "GET", "/debug/state", &bearer, "");
    let state: Value = serde_json::from_str(state.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!((&state["ready"], &state["calls"]), (&Value::from(true), &Value::from(Vec::<String>::new())));
    assert_eq!(request(address, "PUT", "/debug/faults", &bearer, "stt=dead").0, 403);

    // The screen is text in a pipe.
    let url = format!("http://{}", server.address);
    let top = |arguments: &[&str]| run(&[&["top", &url], arguments].concat(), "");
    let refused = top(&["--once"]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("--token"));
    let token = format!("file:{}", configuration.path.with_file_name("token").display());
    let shown = text(&top(&["--once", "--token", &token]).stdout);
    assert!(shown.contains("ENGINES") && shown.contains("llm:main") && !shown.contains('\x1b'), "{shown}");
    let told: Value = serde_json::from_slice(&top(&["--json", "--token", &token]).stdout).unwrap();
    let health = |engine: usize| told["engines"][engine]["health"].as_str().unwrap();
    assert_eq!([0, 1, 2].map(health), ["ok"; 3]);

    // The level of the log changes while the server runs; a wrong one is refused, and the old one stays.
    let level = |filter: &str| request(address, "PUT", "/debug/log", &bearer, filter).0;
    assert_eq!((level("warn,offhook::runtime=debug"), level("loud")), (200, 400));
    let (_, now) = request(address, "GET", "/debug/log", &bearer, "");
    assert!(now.ends_with("warn,offhook::runtime=debug\n"), "{now}");
}

#[test]
fn a_server_that_was_killed_in_mid_call_ends_that_call_at_its_next_start() {
    let keys = [("records.file", "\"calls.db\""), ("records.recordings", "\"audio\"")];
    let configuration = configured(&[&keys[..], &[("records.batch_ms", "200")]].concat(), &[]);
    let file = configuration.path.display().to_string();
    let list = || {
        let output = run(&["calls", "--config", &file, "list", "--json"], "");
        let lines = text(&output.stdout);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let server = Server::start(&configuration);
    strangers::run(async {
        let _socket = strangers::started(&server).await;
        while list().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // SIGKILL, with the call in progress.
        drop(server);
    });
    assert_eq!(list()[0]["end_code"], Value::Null, "nobody could write down the end");

    let again = Server::start(&configuration);
    strangers::run(async {
        let mut socket = strangers::started(&again).await;
        strangers::say(&mut socket, &serde_json::json!({"type": "session.end"})).await;
        strangers::closed(socket).await;
    });
    let calls = list();
    assert_eq!(calls.last().unwrap()["end_code"], "server_ended", "{calls:#?}");
    let recording = Path::new(calls.last().unwrap()["recording"].as_str().unwrap()).to_owned();
    assert_eq!(wav::Reader::open(File::open(recording).unwrap(), "").unwrap().channel_count(), 2);
}

#[test]
fn every_request_has_a_name() {
    let server = scripted::Server::start(&[]);
    let named = |headers: &str| request(server.address, "GET", "/healthz", headers, "").1.to_lowercase();
    assert!(named("X-Request-Id: abc-1\r\n").contains("x-request-id: abc-1\r\n"));
    let answer = named("X-Request-Id: two words\r\n");
    assert!(answer.contains("x-request-id: ") && !answer.contains("two words"), "{answer}");
}

#[test]
fn a_database_of_another_program_is_refused_before_a_port_is_bound() {
    let keys = [("records.file", "\"calls.db\""), ("server.port", "0")];
    let configuration = configured(&keys, &[("calls.db", "this is no database, and it is not overwritten")]);
    let output = run(&["serve", "--config", &configuration.path.display().to_string()], "");
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("it is no SQLite database"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).is_empty(), "no address was told");
}
