//! Whole steps of a load over real sockets, with a small scripted agent that speaks offhook's own protocol.

use std::future::pending;
use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::HeaderMap;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::arrivals::Pattern;
use super::measures::StepResult;
use super::run::{Load, Progress, Step, run};
use crate::dial::Dialled;
use crate::gateways::{Gateway, Line as Connection};
use crate::script::Line;
use crate::scripted_caller::Patience;
use offhook_core::audio::g711::{mulaw_decode, mulaw_encode};

/// The silent frames that end the caller's turn for the scripted agent.
const SILENT_FRAMES: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Agent {
    /// Answers each turn with a tone of this many milliseconds, and reports it.
    Answers { ms: usize },
    /// The same, and is silent at once when the caller cuts in.
    Yields,
    /// Refuses the upgrade.
    Refuses,
    /// Agrees to the upgrade, and closes the socket with a reason.
    Closes,
    /// Greets, hears the caller for a moment, and vanishes.
    Dies,
    /// Greets, and says nothing more.
    Dumb,
}

fn tone(ms: usize) -> Vec<i16> {
    (0..ms * 8).map(|n| if n % 8 < 4 { 8000 } else { -8000 }).collect()
}

fn voice(ms: usize) -> Message {
    Message::binary(tone(ms).into_iter().map(mulaw_encode).collect::<Vec<u8>>())
}

fn text(value: Value) -> Message {
    Message::text(value.to_string())
}

/// A server for any number of calls; its address.
async fn server(agent: Agent) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/offhook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, agent));
        }
    });
    url
}

async fn serve(mut stream: TcpStream, agent: Agent) {
    if agent == Agent::Refuses {
        let _ = stream.read(&mut [0; 4096]).await;
        let answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\nall busy\n";
        let _ = stream.write_all(answer.as_bytes()).await;
        return;
    }
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    if agent == Agent::Closes {
        let frame = CloseFrame { code: CloseCode::Again, reason: "no room for another call".into() };
        let _ = socket.send(Message::Close(Some(frame))).await;
        while let Some(Ok(_)) = socket.next().await {}
        return;
    }
    let (mut frames, mut loud, mut silent, mut speech_end, mut turn) = (0_usize, 0, 0, 0, 0);
    while let Some(Ok(message)) = socket.next().await {
        let mut out = Vec::new();
        if message.is_binary() {
            frames += 1;
            if message.into_data().iter().any(|&b| mulaw_decode(b).abs() > 1000) {
                (loud, silent, speech_end) = (loud + 1, 0, frames * 20);
            } else {
                silent += 1;
            }
            if agent == Agent::Dies && loud > 3 {
                return;
            }
            if agent == Agent::Yields && loud == 5 && turn > 0 {
                out.push(text(json!({"type": "clear"})));
            }
            if loud > 0 && silent == SILENT_FRAMES && agent != Agent::Dumb {
                (loud, turn) = (0, turn + 1);
                let v2v = f64::from(u32::try_from(frames * 20 - speech_end).unwrap());
                out.push(voice(if let Agent::Answers { ms } = agent { ms } else { 1500 }));
                out.push(text(json!({"type": "turn", "turn": turn, "v2v_ms": v2v, "answer_ms": v2v + 7.0,
                    "speech_end_ms": speech_end, "stages": {"endpoint_ms": 200.0}})));
            }
        } else if let Ok(told) = serde_json::from_str::<Value>(message.to_text().unwrap_or_default()) {
            match told["type"].as_str() {
                Some("session.start") => {
                    out.push(text(json!({"type": "session.started", "version": 1, "call_id": "c"})));
                    out.push(voice(100));
                }
                Some("session.end") => out.push(text(json!({"type": "session.summary", "call_id": "c"}))),
                Some(_) | None => {}
            }
        }
        for message in out {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    }
}

fn load(lines: usize) -> Load {
    let lines = vec![Line::new("line", &tone(300)).unwrap(); lines];
    let patience = Patience { gap: 1600, timeout: 4000, interrupt_after: Some(2400) };
    Load { spread: Duration::from_millis(300), ..Load::new(lines, patience) }
}

fn together(callers: u32, ms: u64) -> Step {
    let callers = NonZeroU32::new(callers).unwrap();
    Step { pattern: Pattern::Together { callers }, length: Duration::from_millis(ms) }
}

async fn calling(
    url: &str,
    load: &Load,
    step: Step,
    stop: impl Future<Output = ()>,
    progress: &mut dyn FnMut(Progress),
) -> StepResult {
    let line = Connection::new(Gateway::Offhook, None).unwrap();
    run(load, &Dialled { url, line, headers: &HeaderMap::new() }, step, stop, progress).await
}

async fn result(agent: Agent, load: &Load, step: Step) -> StepResult {
    calling(&server(agent).await, load, step, pending(), &mut |_| {}).await
}

#[tokio::test]
async fn a_server_that_refuses_is_not_called_without_a_pause_and_its_reason_is_told() {
    let step = result(Agent::Refuses, &load(1), together(2, 1500)).await;
    assert_eq!((step.calls.begun, step.calls.refused), (4, 4), "twice each, a second apart");
    assert!(step.refusals[0].starts_with("HTTP status 503"), "{:?}", step.refusals);
    assert!(step.refused_after_ms.unwrap().p50 < 1000.0);
    assert_eq!((step.turns, step.v2v_ms, step.on_time), (0, None, None));
}

#[tokio::test]
async fn a_socket_that_is_closed_before_a_word_is_a_refusal() {
    let step = result(Agent::Closes, &load(1), together(1, 500)).await;
    assert_eq!((step.calls.refused, step.calls.failed), (1, 0));
    assert!(step.refusals[0].contains("no room for another call (1013)"), "{:?}", step.refusals);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failure() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let step =
        calling(&format!("ws://{gone}/offhook"), &load(1), together(2, 300), pending(), &mut |_| {}).await;
    assert_eq!((step.calls.begun, step.calls.failed), (2, 2));
    assert!(step.failures[0].contains(&gone.to_string()), "{:?}", step.failures);
}

#[tokio::test]
async fn a_server_that_dies_in_mid_call_leaves_a_failure_and_an_unanswered_turn() {
    let step = result(Agent::Dies, &load(2), together(1, 600)).await;
    assert_eq!((step.calls.begun, step.calls.failed, step.calls.completed), (1, 1, 0));
    assert_eq!((step.turns, step.unanswered), (1, 1));
}

#[tokio::test]
async fn a_turn_without_an_answer_is_given_up_and_told() {
    let step = result(Agent::Dumb, &load(2), together(1, 500)).await;
    assert_eq!((step.calls.completed, step.calls.failed), (1, 0));
    assert_eq!((step.turns, step.unanswered), (1, 1), "the time was over after the first");
}

#[tokio::test]
async fn each_answer_is_measured_at_the_caller_and_paired_with_the_servers_report() {
    let step = result(Agent::Answers { ms: 200 }, &load(2), together(3, 2000)).await;
    assert!(step.calls.begun >= 3 && step.calls.completed == step.calls.begun, "{:?}", step.calls);
    let v2v = step.v2v_ms.unwrap();
    assert_eq!((step.unanswered, v2v.count as u64), (0, step.turns));
    assert!(step.turns >= 6 && v2v.p50 >= 200.0, "{v2v:?}");
    let deviation = step.reported_minus_measured_ms.unwrap();
    assert_eq!(deviation.pairs, v2v.count);
    // The agent counts in frames of 20 ms, and both are as accurate as the machine is idle.
    assert!(deviation.median.abs() < v2v.max, "{deviation:?}");
    assert_eq!(step.answer_ms.unwrap().count, v2v.count);
    assert_eq!(step.stages_ms.endpoint_ms, Some(200.0));
    // A greeting of 100 ms and two answers of 200 a call, unless the time was over.
    assert!(step.frames >= step.turns * 10, "{} {}", step.frames, step.turns);
    assert_eq!((step.underruns, step.violations.len(), step.errors.len()), (0, 0, 0));
    assert_eq!(step.on_time, Some(1.0));
    assert!(step.mean_at_once > 1.0 && step.mean_at_once <= 3.0);
}

#[tokio::test]
async fn every_second_caller_cuts_in() {
    let load = Load { interrupt_every: NonZeroU32::new(2), ..load(2) };
    let step = result(Agent::Yields, &load, together(2, 1500)).await;
    let silent = step.silent_after_ms.unwrap();
    assert!(silent.count >= 1 && (silent.count as u64) < step.turns, "{silent:?} of {}", step.turns);
    assert_eq!(step.unanswered, 0);
}

#[tokio::test]
async fn callers_who_come_at_random_are_no_more_at_once_than_allowed() {
    let most = NonZeroU32::new(2).unwrap();
    let pattern = Pattern::Poisson { calls_a_minute: 1200.0, most, seed: 5 };
    let length = Duration::from_millis(1500);
    let step = result(Agent::Answers { ms: 100 }, &load(1), Step { pattern, length }).await;
    assert!(step.calls.begun >= 2 && step.mean_at_once <= 2.0, "{:?}", step.calls);
    assert!(step.calls.turned_away > 0);
    assert_eq!(step.calls_a_minute, Some(1200.0));
}

#[tokio::test]
async fn whoever_stops_the_load_gets_what_was_measured() {
    let url = server(Agent::Answers { ms: 100 }).await;
    let stop = tokio::time::sleep(Duration::from_millis(2200));
    let mut seen = Vec::new();
    let step =
        calling(&url, &load(100), together(2, 60_000), stop, &mut |progress| seen.push(progress)).await;
    assert!(step.stopped && step.seconds < 20.0);
    assert_eq!((step.calls.begun, step.calls.stopped, step.calls.failed), (2, 2, 0));
    assert!(step.turns >= 2 && step.unanswered == 0, "the turn in progress does not count");
    assert!(!seen.is_empty() && seen.last().unwrap().turns >= 1);
    assert!(seen.iter().all(|progress| progress.in_progress <= 2));
}

#[tokio::test]
async fn whoever_stops_while_the_server_is_dialled_need_not_wait_for_it() {
    // It accepts the connection and never answers the upgrade.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/offhook", silent.local_addr().unwrap());
    let stop = tokio::time::sleep(Duration::from_millis(100));
    let step = calling(&url, &load(1), together(1, 60_000), stop, &mut |_| {}).await;
    assert_eq!((step.calls.begun, step.calls.stopped, step.calls.failed), (1, 1, 0));
    assert!(step.seconds < 4.0, "not until the time-out: {}", step.seconds);
}
