//! The interface for programs and the page for people, over real connections: what the engines make of one
//! request is understood by another, and whatever is wrong is told in the interface's own form.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

use super::strangers;
use crate::support::server::{Server, configuration, configured};

/// The longest wait of a test that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Answer {
    pub status: u16,
    /// In lower case.
    pub head: String,
    /// The cookie that it sets, as a browser sends it back.
    pub cookie: Option<String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// The code of an error, in the form that all errors have.
    pub fn error(&self) -> (u16, String) {
        let told = self.json();
        let message = told["error"]["message"].as_str().expect("a message");
        assert!(message.len() > 20 && told["error"]["type"].is_string(), "{told:#}");
        (self.status, told["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// The documents of server-sent events; the mark at the end is left out.
    pub fn events(&self) -> Vec<Value> {
        let text = self.text();
        let data = text.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}

pub fn ask(server: &Server, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    ask_at(&server.address, method, path, headers, body)
}

/// The same of a server at this address.
pub fn ask_at(address: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n{headers}\r\n");
    // A server that has seen enough may close while the rest is sent.
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let cookie = lines.find(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let cookie = cookie.map(|(_, set)| set.split(';').next().unwrap_or(set).to_owned());
    let head = head.to_lowercase();
    let body = bytes.split_off(end);
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let chunked = head.contains("transfer-encoding: chunked");
    Answer { status, body: if chunked { joined(&body) } else { body }, head, cookie }
}

/// The body in its chunks.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|two| two == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&chunks[..end]).unwrap(), 16).unwrap();
        body.extend(&chunks[end + 2..end + 2 + length]);
        chunks = &chunks[end + 2 + length + 2..];
    }
    body
}

pub fn post(server: &Server, path: &str, body: &Value) -> Answer {
    ask(server, "POST", path, "Content-Type: application/json\r\n", body.to_string().as_bytes())
}

fn say(server: &Server, text: &str, format: &str) -> Answer {
    let body = json!({"model": "tts-1", "voice": "alloy", "input": text, "response_format": format});
    post(server, "/v1/audio/speech", &body)
}

/// Sends a form with these fields and files (name, bytes).
fn transcribe(server: &Server, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.as_bytes());
    }
    for (name, bytes) in files {
        // Raw samples do not say what they are.
        let media_type = if name.ends_with(".pcm") { "audio/pcm;rate=24000" } else { "audio/x" };
        let part = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: {media_type}\r\n\r\n"
        );
        body.extend([part.as_bytes(), bytes, b"\r\n"].concat());
    }
    body.extend(b"--x--\r\n");
    ask(
        server,
        "POST",
        "/v1/audio/transcriptions",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        &body,
    )
}

pub fn question(text: &str) -> Value {
    json!([{"role": "system", "content": "You are the front desk of Green Street Dental Clinic. \
            Prices: cleaning ninety dollars."}, {"role": "user", "content": text}])
}

#[test]
fn what_the_voice_says_the_recogniser_understands_in_every_format() {
    let server = Server::start(&configuration(&[]));
    let types = [
        ("wav", "audio/wav"),
        ("mp3", "audio/mpeg"),
        ("opus", "audio/opus"),
        ("flac", "audio/flac"),
        ("pcm", "audio/pcm"),
    ];
    for (format, media_type) in types {
        let speech = say(&server, "What time do you open on Monday? How much is a cleaning?", format);
        assert_eq!(speech.status, 200, "{}", speech.text());
        assert!(speech.head.contains(&format!("content-type: {media_type}")), "{}", speech.head);
        let name = format!("a.{format}");
        let heard = transcribe(&server, &[("model", "whisper-1")], &[(&name, &speech.body)]);
        assert_eq!(heard.status, 200, "{format}: {}", heard.text());
        let text = heard.json()["text"].as_str().unwrap().to_lowercase();
        assert!(text.contains("open on monday") && text.contains("cleaning"), "{format}: {text}");
    }
    let mut request = json!({"model": "tts-1", "voice": "default", "input": "How much is a cleaning?",
                             "response_format": "wav", "pitch": 3});
    let higher = post(&server, "/v1/audio/speech", &request);
    assert_eq!(higher.status, 200, "{}", higher.text());
    let heard = transcribe(&server, &[("model", "whisper-1")], &[("a.wav", &higher.body)]);
    assert!(heard.json()["text"].as_str().unwrap().contains("cleaning"), "{}", heard.text());
    (request["stream_format"], request["pitch"]) = (json!("sse"), json!(-3.5));
    let events = post(&server, "/v1/audio/speech", &request).events();
    let audio = events[0]["audio"].as_str().unwrap();
    assert!(base64::engine::general_purpose::STANDARD.decode(audio).unwrap().starts_with(b"RIFF"));
    assert_eq!(events.last().unwrap()["type"], "speech.audio.done");
}

#[test]
fn a_recording_becomes_words_with_times_subtitles_and_events() {
    let server = Server::start(&configuration(&[]));
    let said = say(&server, "We are open on Saturday. The cleaning is ninety dollars.", "wav").body;
    let with = |format: &str, more: &[(&str, &str)]| {
        let fields = [&[("model", "whisper-1"), ("response_format", format)], more].concat();
        transcribe(&server, &fields, &[("a.wav", &said)])
    };
    let long = with("verbose_json", &[("timestamp_granularities[]", "word")]).json();
    let (words, duration) = (long["words"].as_array().unwrap(), long["duration"].as_f64().unwrap());
    assert!((2.0..10.0).contains(&duration) && long["language"] == "english", "{long:#}");
    assert!(words.len() >= 7 && words.iter().all(|word| word["end"].as_f64().unwrap() <= duration + 0.5));
    let subtitles = with("srt", &[]);
    assert!(subtitles.text().starts_with("1\n00:00:0") && subtitles.text().contains(" --> "));
    assert!(with("vtt", &[]).text().starts_with("WEBVTT\n"));
    let events = with("json", &[("stream", "true")]).events();
    let (last, deltas) = events.split_last().unwrap();
    let text: String = deltas.iter().map(|event| event["delta"].as_str().unwrap()).collect();
    assert_eq!((&last["type"], last["text"].as_str()), (&json!("transcript.text.done"), Some(text.as_str())));

    let fields = [("model", "whisper-1")];
    let several = transcribe(&server, &fields, &[("a.wav", &said), ("b.wav", &said)]).json();
    assert_eq!(several["data"].as_array().unwrap().len(), 2);
    assert_eq!(several["data"][0]["text"], several["data"][1]["text"]);
    // Silence has no words, and is no error.
    let silence = offhook::audio::wav::encode(8000, &[&[0; 8000]]).unwrap();
    assert_eq!(transcribe(&server, &fields, &[("a.wav", &silence)]).json()["text"], "");
}

#[test]
fn a_chat_is_answered_whole_and_as_events_with_the_same_words() {
    let server = Server::start(&configuration(&[]));
    let body = json!({"model": "default", "messages": question("How much is a cleaning?"), "temperature": 0});
    let whole = post(&server, "/v1/chat/completions", &body).json();
    let text = whole["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.contains("ninety dollars"), "{whole:#}");
    let usage = &whole["usage"];
    let of = |name: &str| usage[name].as_u64().unwrap();
    assert_eq!(of("prompt_tokens") + of("completion_tokens"), of("total_tokens"));
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");

    let mut streamed = body.clone();
    streamed["stream"] = json!(true);
    streamed["stream_options"] = json!({"include_usage": true});
    let answer = post(&server, "/v1/chat/completions", &streamed);
    assert!(answer.head.contains("text/event-stream") && answer.text().ends_with("data: [DONE]\n\n"));
    let events = answer.events();
    let deltas = events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str());
    assert_eq!(deltas.collect::<String>(), text);
    assert_eq!(events.last().unwrap()["usage"]["completion_tokens"], usage["completion_tokens"]);

    let mut short = body;
    short["max_tokens"] = json!(1);
    let cut = post(&server, "/v1/chat/completions", &short).json();
    assert_eq!(cut["choices"][0]["finish_reason"], "length");
    assert_eq!(cut["usage"]["completion_tokens"], 1);
}

#[test]
fn whatever_is_wrong_is_told_in_the_interfaces_own_form() {
    let configuration = configured(&[("api.max_upload_mb", "1")], &[]);
    let server = Server::start(&configuration);
    let chat = |body: &Value| post(&server, "/v1/chat/completions", body).error();
    let of = |model: &str, text: &str| json!({"model": model, "messages": question(text)});
    assert_eq!(chat(&of("gpt-4o", "Hello")), (404, "model_not_found".to_owned()));
    assert_eq!(chat(&of("default", &"word ".repeat(5000))).1, "context_length_exceeded");
    assert_eq!(chat(&json!({"model": "default"})).1, "missing_required_parameter");
    let tools = json!({"model": "default", "messages": question("Hello"), "tools": [{"type": "function"}]});
    assert_eq!(chat(&tools), (400, "missing_required_parameter".to_owned()));
    for hostile in [&b"{"[..], b"\xff\xfe", b"null", &b"[".repeat(100_000)] {
        assert_eq!(ask(&server, "POST", "/v1/chat/completions", "", hostile).error().0, 400);
    }
    let speech = |body: &Value| post(&server, "/v1/audio/speech", body).error();
    let text = |voice: &str, input: &str| json!({"model": "tts-1", "voice": voice, "input": input});
    assert_eq!(speech(&text("piper:/etc/passwd.onnx", "Hello")), (400, "invalid_value".to_owned()));
    assert_eq!(speech(&text("default", "…")), (400, "invalid_value".to_owned()));
    assert_eq!(speech(&text("default", &"a".repeat(5000))).1, "above_max_length");
    let mut moved = text("default", "Hello");
    for (pitch, speed) in [(json!(12.5), 1.0), (json!("high"), 1.0), (json!(12), 0.25)] {
        (moved["pitch"], moved["speed"]) = (pitch, json!(speed));
        assert_eq!(speech(&moved).0, 400, "{moved}");
    }

    let recording =
        |name: &str, bytes: &[u8]| transcribe(&server, &[("model", "whisper-1")], &[(name, bytes)]);
    for (name, bytes) in [
        ("a.wav", &b"RIFF"[..]),
        ("b.mp3", b"<html>"),
        ("../../etc/passwd", b""),
        ("c.flac", b"fLaC\0\0\0\x22"),
    ] {
        assert_eq!(recording(name, bytes).error().0, 400, "{name}");
    }
    assert_eq!(recording("large.wav", &vec![0; 2 << 20]).error(), (413, "request_too_large".to_owned()));
    assert_eq!(transcribe(&server, &[("model", "whisper-1")], &[]).error().1, "missing_required_parameter");
    assert_eq!(ask(&server, "POST", "/v1/audio/transcriptions", "", b"x").error().0, 415);
    assert_eq!(ask(&server, "GET", "/v1/embeddings", "", b"").error(), (404, "unknown_url".to_owned()));
    let put = ask(&server, "PUT", "/v1/chat/completions", "", b"");
    assert_eq!((put.error().0, put.head.contains("allow: post")), (405, true));
    assert_eq!(ask(&server, "GET", "/v1/models/none", "", b"").error().0, 404);
    let models = ask(&server, "GET", "/v1/models", "", b"").json();
    let names: Vec<&str> =
        models["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["default", "main", "whisper-1", "tts-1"]);
}

#[test]
fn keys_let_in_and_limit_and_without_keys_only_this_machine_is_served() {
    let keys = [("api.keys", "\"file:keys\""), ("api.requests_per_minute", "3")];
    let server = Server::start(&configured(&keys, &[("keys", "a-key-of-one\na-key-of-two\n")]));
    let with = |headers: &str| ask(&server, "GET", "/v1/models", headers, b"");
    assert_eq!(with("").error(), (401, "invalid_api_key".to_owned()));
    assert_eq!(with("Authorization: Bearer wrong-key\r\n").error().0, 401);
    let one = "Authorization: Bearer a-key-of-one\r\n";
    assert_eq!([0, 1, 2].map(|_| with(one).status), [200; 3]);
    let limited = with(one);
    assert_eq!(limited.error(), (429, "rate_limit_exceeded".to_owned()));
    assert!(limited.head.contains("retry-after: "), "{}", limited.head);
    assert_eq!(with("Authorization: Bearer a-key-of-two\r\n").status, 200);

    let server = Server::start(&configuration(&[]));
    let with = |headers: &str, path: &str| ask(&server, "GET", path, headers, b"").status;
    let foreign = "Origin: https://evil.example\r\n";
    let proxied = "X-Forwarded-For: 203.0.113.7\r\n";
    assert_eq!(
        [("", 200), (foreign, 401), (proxied, 401)].map(|(h, s)| with(h, "/v1/models") == s),
        [true; 3]
    );
    assert_eq!([("", 200), (foreign, 403), (proxied, 403)].map(|(h, s)| with(h, "/") == s), [true; 3]);
}

#[test]
fn a_client_that_leaves_or_does_not_read_holds_nobody_up() {
    let server = Server::start(&configured(&[("api.at_once", "1")], &[]));
    let text = "Good morning. ".repeat(250);
    let body =
        json!({"model": "tts-1", "voice": "default", "input": text, "response_format": "wav"}).to_string();
    let head = format!("POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    let head = head.replace("Host: x", &format!("Host: {}", server.address));
    // One sends half of its request and goes, one asks for minutes of speech and does not read them.
    let mut half = TcpStream::connect(&server.address).unwrap();
    half.write_all(head.as_bytes()).unwrap();
    half.write_all(&body.as_bytes()[..100]).unwrap();
    let _ = half.shutdown(Shutdown::Both);
    drop(half);
    let served = || {
        let answer = say(&server, "Hello.", "wav");
        (answer.status == 200).then_some(()).ok_or(answer.status)
    };
    let until = |wanted: Result<(), u16>| {
        (0..600).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            served() == wanted
        })
    };
    assert!(until(Ok(())));
    // The place of the answer before may be taken for another moment: whoever comes then is refused.
    let deaf = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(50));
        let mut deaf = TcpStream::connect(&server.address).unwrap();
        deaf.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut status = [0; 12];
        deaf.read_exact(&mut status).unwrap();
        status.ends_with(b"200").then_some(deaf)
    });
    let deaf = deaf.expect("a place");
    assert!(until(Err(503)), "the only place is taken");
    // A call is taken and answered all the same.
    strangers::run(async {
        let mut socket = strangers::started(&server).await;
        strangers::say(&mut socket, &json!({"type": "ping", "id": "p"})).await;
        strangers::hear(&mut socket, "pong").await;
    });
    drop(deaf);
    assert!(until(Ok(())), "the place is free again");
}

/// Fault: the connection was cut in the middle of the answer.
#[test]
fn a_server_that_stops_says_so_in_the_answers_that_it_does_not_end() {
    let server = Server::start(&configured(&[("server.drain_timeout_ms", "300")], &[]));
    let numbers = json!({"type": "array", "items": {"type": "integer"}, "minItems": 2000});
    let form = json!({"type": "json_schema", "json_schema": {"name": "numbers", "schema": {
        "type": "object", "properties": {"all": numbers}, "required": ["all"]}}});
    let asked = json!({"model": "default", "stream": true, "messages": question("Count for me."),
        "response_format": form})
    .to_string();
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        server.address,
        asked.len()
    );
    stream.write_all(&[head.as_bytes(), asked.as_bytes()].concat()).unwrap();
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    while bytes.windows(10).filter(|ten| *ten == b"\"content\":").count() < 5 {
        let read = stream.read(&mut part).unwrap();
        assert!(read > 0, "the answer ended: {}", String::from_utf8_lossy(&bytes));
        bytes.extend(&part[..read]);
    }
    server.terminate();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let last = text.rsplit("data: ").next().unwrap();
    assert!(last.contains("\"code\":\"server_is_stopping\"") && !text.contains("[DONE]"), "{last}");
    assert!(text.ends_with("\r\n0\r\n\r\n"), "the answer is ended, not cut: {last}");
    assert!(server.ends_well());
}

#[test]
fn the_page_comes_with_all_its_files_and_lets_a_browser_do_nothing_else() {
    let server = Server::start(&configuration(&[]));
    let get = |path: &str| ask(&server, "GET", path, "", b"");
    let page = get("/");
    assert!(page.text().contains("Talk to the agent"), "{}", page.text());
    for header in ["content-security-policy: default-src 'none'", "x-content-type-options: nosniff"] {
        assert!(page.head.contains(header), "{}", page.head);
    }
    assert!(get("/console/talk.js").head.contains("content-type: text/javascript"));
    let callers = get("/console/callers.json").json();
    assert_eq!(callers.as_array().unwrap().len(), 8);
    for caller in callers.as_array().unwrap() {
        let file = get(&format!("/console/callers/{}", caller["file"].as_str().unwrap()));
        assert!(file.body.starts_with(b"RIFF") && !caller["text"].as_str().unwrap().is_empty());
    }
    for wrong in ["/console/none.js", "/console/..%2fCargo.toml", "/console/callers/..%2f1.wav", "/console/"]
    {
        assert_eq!(get(wrong).status, 404, "{wrong}");
    }
}
