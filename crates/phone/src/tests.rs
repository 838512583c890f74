//! Calls over real sockets with a small scripted agent, which answers with a tone some time after the
//! caller's speech. Times are asserted on the recording, never on the wall clock.

use std::future::pending;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::HeaderMap;

use super::dial::{Dialled, Outcome, call};
use super::gateways::{self, Gateway};
use super::result::{CallResult, greeting, turn_results};
use super::script::Line;
use super::scripted_caller::Patience;
use offhook_core::audio::g711::{mulaw_decode, mulaw_encode};
use offhook_core::audio::level::audible_span;
use offhook_core::units::PHONE_RATE;
use offhook_files::recordings;

const PATIENCE: Patience = Patience { gap: 4800, timeout: 12_000, interrupt_after: None };

/// The frames of silence (20 ms each) that end the caller's turn for the scripted agent.
const SILENT_FRAMES: usize = 15;

fn tone(ms: usize) -> Vec<i16> {
    (0..ms * 8).map(|n| if n % 8 < 4 { 8000 } else { -8000 }).collect()
}

fn line(ms: usize) -> Line {
    Line::new("line", &tone(ms)).unwrap()
}

/// The scripted agent's answer to a turn.
#[derive(Clone, Copy)]
enum Answer {
    /// Says a tone of this many milliseconds at once, and a mark after it.
    Tone(usize),
    /// Says a long tone, clears it soon after, and says a short one.
    Cleared,
    /// Says a tone of three seconds, and clears it when it has heard the caller for 100 ms.
    Yielding,
    /// Says a tone in two halves with a hole of this length between them.
    Holed(Duration),
    /// Says nothing.
    Nothing,
    /// Hangs up.
    HangUp,
}

/// A server that speaks Twilio's protocol, for one call: a greeting, then one answer per turn. Returns its
/// address and, when the call is over, the names of the marks that came back.
async fn agent(answers: Vec<Answer>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/twilio", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        let (mut sid, mut marks, mut turn) = (String::new(), Vec::new(), 0);
        let (mut spoke, mut silent, mut loud_frames) = (false, 0, 0);
        while let Some(Ok(message)) = socket.next().await {
            let Message::Text(text) = message else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            let mut out = Vec::new();
            match message["event"].as_str().unwrap() {
                "start" => {
                    sid = message["streamSid"].as_str().unwrap().to_owned();
                    assert_eq!(message["start"]["customParameters"]["offhook_report"], "1");
                    out.push((Duration::ZERO, media(&sid, &tone(200))));
                    out.push((Duration::ZERO, mark(&sid, "greeting")));
                    let greeting = json!({"turn": 0, "reply": "Hello."});
                    out.push((
                        Duration::ZERO,
                        json!({"event": "offhook", "streamSid": sid, "turn": greeting}),
                    ));
                }
                "mark" => marks.push(message["mark"]["name"].as_str().unwrap().to_owned()),
                "media" => {
                    let bytes = STANDARD.decode(message["media"]["payload"].as_str().unwrap()).unwrap();
                    assert_eq!(bytes.len(), 160);
                    let loud = bytes.into_iter().any(|b| mulaw_decode(b).abs() > 1000);
                    silent = if loud { 0 } else { silent + 1 };
                    loud_frames = if loud { loud_frames + 1 } else { 0 };
                    spoke |= loud;
                    if loud_frames == 5 && turn > 0 && matches!(answers[turn - 1], Answer::Yielding) {
                        out.push((Duration::ZERO, clear(&sid)));
                    }
                    if spoke && silent == SILENT_FRAMES {
                        spoke = false;
                        let position: f64 = message["media"]["timestamp"].as_str().unwrap().parse().unwrap();
                        let Some(messages) = answer(&sid, turn, answers[turn], position - 300.0) else {
                            return marks;
                        };
                        turn += 1;
                        out = messages;
                    }
                }
                "stop" => {
                    let summary = json!({"call_id": "x", "turns": turn});
                    out.push((
                        Duration::ZERO,
                        json!({"event": "offhook", "streamSid": sid, "summary": summary}),
                    ));
                }
                _ => {}
            }
            for (wait, message) in out {
                tokio::time::sleep(wait).await;
                socket.send(Message::text(message.to_string())).await.unwrap();
            }
        }
        marks
    });
    (url, task)
}

fn answer(sid: &str, turn: usize, answer: Answer, speech_end_ms: f64) -> Option<Vec<(Duration, Value)>> {
    let now = Duration::ZERO;
    let mut out = match answer {
        Answer::Tone(ms) => vec![(now, media(sid, &tone(ms)))],
        Answer::Yielding => vec![(now, media(sid, &tone(3000)))],
        Answer::Cleared => vec![
            (now, media(sid, &tone(2000))),
            (now, mark(sid, "cleared")),
            (Duration::from_millis(100), clear(sid)),
            (now, media(sid, &tone(100))),
        ],
        Answer::Holed(hole) => {
            let half = Duration::from_millis(100);
            vec![(now, media(sid, &tone(100))), (half + hole, media(sid, &tone(100)))]
        }
        Answer::Nothing => return Some(Vec::new()),
        Answer::HangUp => return None,
    };
    out.push((now, mark(sid, &format!("t{}", turn + 1))));
    let stages = json!({"endpoint_ms": 300.0});
    let report = json!({"turn": turn + 1, "heard": "tone", "reply": "tone too", "interrupted": false,
        "stages": stages, "speech_end_ms": speech_end_ms});
    out.push((now, json!({"event": "offhook", "streamSid": sid, "turn": report})));
    Some(out)
}

fn media(sid: &str, samples: &[i16]) -> Value {
    let bytes: Vec<u8> = samples.iter().map(|&s| mulaw_encode(s)).collect();
    json!({"event": "media", "streamSid": sid, "media": {"payload": STANDARD.encode(bytes)}})
}

fn clear(sid: &str) -> Value {
    json!({"event": "clear", "streamSid": sid})
}

fn mark(sid: &str, name: &str) -> Value {
    json!({"event": "mark", "streamSid": sid, "mark": {"name": name}})
}

async fn run(lines: Vec<Line>, answers: Vec<Answer>) -> (Outcome, Vec<String>) {
    run_with(PATIENCE, lines, answers).await
}

/// Calls as the gateway of the address's path.
async fn dial(
    url: &str,
    lines: Vec<Line>,
    patience: Patience,
    hang_up: impl Future<Output = ()>,
) -> anyhow::Result<Outcome> {
    let line = gateways::Line::new(Gateway::of_url(url), None)?;
    let dialled = Dialled { url, line, headers: &HeaderMap::new() };
    call(&dialled, lines, patience, hang_up, &mut |_, _| {}).await
}

async fn run_with(patience: Patience, lines: Vec<Line>, answers: Vec<Answer>) -> (Outcome, Vec<String>) {
    let (url, task) = agent(answers).await;
    let outcome = dial(&url, lines, patience, pending()).await.unwrap();
    (outcome, task.await.unwrap())
}

/// Measures the stopwatch's time again on a recording: from the end of the caller's sound after `from` to the
/// agent's first sound after that.
fn measured_again(caller: &[i16], agent: &[i16], from: usize, to: usize) -> f64 {
    let end = from + audible_span(&caller[from..to], PHONE_RATE).unwrap().end;
    let first = end + audible_span(&agent[end..], PHONE_RATE).unwrap().start;
    (first - end) as f64 / 8.0
}

#[tokio::test]
async fn the_stopwatch_can_be_read_off_the_recording() {
    let (outcome, marks) = run(vec![line(300), line(500)], vec![Answer::Tone(300), Answer::Tone(200)]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    recordings::write(&path, PHONE_RATE, &[&outcome.caller, &outcome.agent]).unwrap();
    let result = CallResult::of(&outcome, Gateway::Twilio, path.display().to_string());
    assert_eq!(recordings::read(&path).unwrap().rate, PHONE_RATE);
    let mut reader = hound::WavReader::open(&path).unwrap();
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    let caller: Vec<i16> = samples.iter().step_by(2).copied().collect();
    let agent: Vec<i16> = samples.iter().skip(1).step_by(2).copied().collect();
    assert_eq!(caller.len(), agent.len());

    let starts: Vec<usize> = outcome.turns.iter().map(|turn| turn.start).collect();
    for (index, turn) in result.turns.iter().enumerate() {
        let to = starts.get(index + 1).copied().unwrap_or(caller.len());
        let again = measured_again(&caller, &agent, starts[index], to);
        assert_eq!(turn.v2v_ms, Some(again));
        // The agent waits for 15 entirely silent frames.
        assert!(again >= 300.0, "{again}");
        assert_eq!((turn.heard.as_str(), turn.reply.as_str()), ("tone", "tone too"));
        assert_eq!(turn.stages.endpoint_ms, Some(300.0));
    }
    assert_eq!(greeting(&outcome.turns, &outcome.reports).as_deref(), Some("Hello."));
    assert_eq!(marks, ["greeting", "t1", "t2"]);
    assert_eq!(outcome.glitches, 0);
    assert_eq!(outcome.summary.unwrap().turns, 2);
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
}

#[tokio::test]
async fn the_native_protocol_is_spoken_on_its_own_path() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/offhook", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        let text = |value: Value| Message::text(value.to_string());
        let voice = || Message::binary(tone(200).into_iter().map(mulaw_encode).collect::<Vec<u8>>());
        let (mut loud, mut silent) = (0, 0);
        while let Some(Ok(message)) = socket.next().await {
            let out = if message.is_binary() {
                let sounds = message.into_data().iter().any(|&b| mulaw_decode(b).abs() > 1000);
                (loud, silent) = if sounds { (loud + 1, 0) } else { (loud, silent + 1) };
                if loud > 0 && silent == SILENT_FRAMES { vec![voice()] } else { vec![] }
            } else {
                let message: Value = serde_json::from_str(message.to_text().unwrap()).unwrap_or_default();
                match message["type"].as_str() {
                    Some("session.start") => {
                        vec![
                            text(json!({"type": "session.started", "version": 1, "call_id": "c-7"})),
                            voice(),
                        ]
                    }
                    Some("session.end") => {
                        vec![text(json!({"type": "session.summary", "call_id": "c-7", "turns": 1}))]
                    }
                    Some(_) | None => vec![],
                }
            };
            for message in out {
                socket.send(message).await.unwrap();
            }
        }
    });
    let outcome = dial(&url, vec![line(300)], PATIENCE, pending()).await.unwrap();
    server.await.unwrap();
    assert_eq!(outcome.call_id, "c-7");
    assert!(outcome.turns[0].v2v_ms.unwrap() >= 300.0);
    assert_eq!(outcome.summary.unwrap().turns, 1);
}

#[tokio::test]
async fn what_is_cleared_is_not_heard_and_its_marks_come_back() {
    let (outcome, marks) = run(vec![line(300)], vec![Answer::Cleared]).await;
    assert_eq!(marks, ["greeting", "cleared", "t1"]);
    let end = outcome.turns[0].speech_end;
    let span = audible_span(&outcome.agent[end..], PHONE_RATE).unwrap();
    // 2000 ms were sent, about 100 of them played, then 100 more.
    assert!(span.len() < 1900 * 8, "{}", span.len());
}

#[tokio::test]
async fn how_soon_the_agent_is_silent_can_be_read_off_the_recording() {
    let hasty = Patience { interrupt_after: Some(400 * 8), ..PATIENCE };
    let lines = vec![line(300), line(500)];
    let (outcome, marks) = run_with(hasty, lines, vec![Answer::Yielding, Answer::Tone(200)]).await;
    let [first, second] = &outcome.turns[..] else { panic!("{:?}", outcome.turns) };
    let answer = first.speech_end + (first.v2v_ms.unwrap() * 8.0) as usize;
    // The caller cut in before the three seconds were over, and the answer to the second line came
    // 300 ms after its end at the earliest.
    assert!((answer + 400 * 8..answer + 3000 * 8).contains(&second.start), "{answer} {}", second.start);
    let around = &outcome.agent[second.start..second.speech_end + 200 * 8];
    let last = audible_span(around, PHONE_RATE).unwrap().end;
    let again = last as f64 / 8.0;
    // Where a sound ends is known to within 5 ms.
    assert!((second.silent_after_ms.unwrap() - again).abs() <= 5.0, "{:?} {again}", second.silent_after_ms);
    assert_eq!(first.silent_after_ms, None);
    assert!(second.v2v_ms.unwrap() >= 300.0);
    // The clear returned the first answer's mark.
    assert_eq!(marks, ["greeting", "t1", "t2"]);
}

#[tokio::test]
async fn a_hole_in_the_agents_speech_is_a_glitch() {
    let (outcome, _) = run(vec![line(300)], vec![Answer::Holed(Duration::from_millis(100))]).await;
    assert_eq!(outcome.glitches, 1);
}

#[tokio::test]
async fn a_turn_without_an_answer_is_told() {
    let (outcome, _) = run(vec![line(300), line(300)], vec![Answer::Nothing, Answer::Tone(200)]).await;
    let results = turn_results(&outcome.turns, outcome.wanted, &outcome.reports);
    assert_eq!(results[0].v2v_ms, None);
    assert!(results[1].v2v_ms.is_some());
    assert_eq!((results[0].reply.as_str(), results[1].reply.as_str()), ("", "tone too"));
}

#[tokio::test]
async fn a_server_that_hangs_up_leaves_the_rest_unanswered() {
    let (outcome, _) = run(vec![line(300), line(300)], vec![Answer::HangUp]).await;
    let results = turn_results(&outcome.turns, outcome.wanted, &outcome.reports);
    assert_eq!(results.iter().filter(|turn| turn.v2v_ms.is_none()).count(), 2);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("ws://{gone}/twilio");
    let error = dial(&url, vec![line(300)], PATIENCE, pending()).await.unwrap_err();
    assert!(error.to_string().contains(&url), "{error}");
}

#[tokio::test]
async fn the_caller_can_be_made_to_hang_up() {
    let (url, task) = agent(vec![Answer::Tone(200)]).await;
    let stop = tokio::time::sleep(Duration::from_millis(300));
    let outcome = dial(&url, vec![line(300)], PATIENCE, stop).await.unwrap();
    assert!(outcome.turns.is_empty());
    assert_eq!(outcome.summary.unwrap().turns, 0);
    drop(task);
}
