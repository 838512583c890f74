//! What a caller of a load costs, measured on this machine: a test that is run by hand, because machines
//! differ (`cargo test --release -p offhook-phone -- --ignored --nocapture cost`). The agent runs in a thread
//! of its own, whose time does not count.

use std::future::pending;
use std::num::NonZeroU32;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::HeaderMap;

use super::arrivals::Pattern;
use super::run::{Load, Step, run};
use crate::dial::Dialled;
use crate::gateways::{Gateway, Line as Connection};
use crate::script::Line;
use crate::scripted_caller::Patience;
use offhook_core::audio::g711::mulaw_encode;

/// The agent's reply: three seconds, a frame every 20 ms after the first ten.
const REPLY: usize = 150;

fn tone(ms: usize) -> Vec<i16> {
    (0..ms * 8).map(|n| if n % 8 < 4 { 8000 } else { -8000 }).collect()
}

/// Whether a message of the caller is audio, and whether it sounds.
fn sounds(message: &Message) -> Option<bool> {
    match message {
        Message::Binary(bytes) => Some(bytes.iter().any(|&byte| byte != 0xff)),
        Message::Text(text) if text.contains("payload") => Some(!text.contains(&"/".repeat(100))),
        _ => None,
    }
}

/// Twilio's name of the stream, from the caller's second message.
fn stream(message: &Message) -> Option<String> {
    let message: serde_json::Value = serde_json::from_str(message.to_text().ok()?).ok()?;
    Some(message["start"]["streamSid"].as_str()?.to_owned())
}

async fn serve(connection: TcpStream, mut frame: Message) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(connection).await else { return };
    let mut clock = interval(Duration::from_millis(20));
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut left, mut burst, mut loud, mut silent) = (25, 10, 0, 0);
    loop {
        tokio::select! {
            message = socket.next() => {
                let Some(Ok(message)) = message else { return };
                match sounds(&message) {
                    Some(true) => (loud, silent) = (loud + 1, 0),
                    Some(false) => silent += 1,
                    None => {
                        if let Some(stream) = stream(&message) {
                            frame = Message::text(frame.to_text().unwrap().replace("MZ", &stream));
                        }
                    }
                }
                if loud > 0 && silent == 15 {
                    (loud, left, burst) = (0, REPLY, 10);
                }
            }
            _ = clock.tick() => {
                let frames = if left == 0 { 0 } else { 1 + std::mem::take(&mut burst) };
                left -= frames.min(left);
                for _ in 0..frames {
                    if socket.send(frame.clone()).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// The address of an agent in another thread.
fn agent(gateway: Gateway) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("ws://{}{}", listener.local_addr().unwrap(), gateway.path());
    let bytes: Vec<u8> = tone(20).into_iter().map(mulaw_encode).collect();
    let frame = match gateway {
        Gateway::Offhook => Message::binary(bytes),
        _ => Message::text(
            serde_json::json!({"event": "media", "streamSid": "MZ", "media": {"payload": STANDARD.encode(bytes)}})
                .to_string(),
        ),
    };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, frame.clone()));
            }
        });
    });
    url
}

/// The processor time of this thread.
fn used() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

/// The part of it that the kernel used, to 10 ms.
fn used_by_kernel() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let fields = text.rsplit(')').next().unwrap().split_whitespace();
    Duration::from_millis(10 * fields.skip(12).next().unwrap().parse::<u64>().unwrap())
}

/// The resident memory of the process, in MB.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 4096.0 / 1e6
}

#[test]
#[ignore = "takes minutes, and machines differ"]
fn the_cost_of_a_caller() {
    for (gateway, callers, cut) in [
        (Gateway::Offhook, 50, None),
        (Gateway::Offhook, 200, None),
        (Gateway::Offhook, 200, NonZeroU32::new(1)),
        (Gateway::Twilio, 200, None),
    ] {
        let url = agent(gateway);
        let lines = vec![Line::new("line", &tone(2000)).unwrap(); 8];
        let patience = Patience { gap: 5600, timeout: 80_000, interrupt_after: Some(12_000) };
        let load = Load { interrupt_every: cut, ..Load::new(lines, patience) };
        let line = Connection::new(gateway, None).unwrap();
        let pattern = Pattern::Together { callers: NonZeroU32::new(callers).unwrap() };
        let step = Step { pattern, length: Duration::from_secs(12) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (before, kernel, memory, mut most) = (used(), used_by_kernel(), resident(), 0.0_f64);
        let headers = HeaderMap::new();
        let dialled = Dialled { url: &url, line, headers: &headers };
        let result =
            runtime.block_on(run(&load, &dialled, step, pending(), &mut |_| most = most.max(resident())));
        let calls = result.seconds * result.mean_at_once;
        println!(
            "{} {callers} callers, cutting in: {}; {:.3} % of a core ({:.3} in the kernel) and {:.2} MB a call (both sides); \
             v2v {:?}; {} turns, {} late frames, own lateness {} ms",
            gateway.name(),
            cut.is_some(),
            (used() - before).as_secs_f64() / calls * 100.0,
            (used_by_kernel() - kernel).as_secs_f64() / calls * 100.0,
            (most - memory) / f64::from(callers),
            result.v2v_ms.map(|v2v| (v2v.p50, v2v.p99)),
            result.turns,
            result.late_frames,
            result.caller_late_ms,
        );
    }
}
