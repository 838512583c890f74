//! The speed of the core: codecs, detectors, resampling, the chunker, and a whole call. `cargo bench` runs it
//! in two minutes. Benchmarks that need engines and models are in `offhook bench`.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    dead_code,
    unused_imports
)]

#[path = "../crates/core/tests/support/mod.rs"]
mod support;

use std::time::Duration;

use divan::Bencher;
use offhook_core::audio::g711::Law;
use offhook_core::audio::live::LiveResampler;
use offhook_core::ids::{ChunkId, MarkId};
use offhook_core::language::ENGLISH;
use offhook_core::media::ear::{Ear, EarSettings};
use offhook_core::media::pacer::Pacer;
use offhook_core::streams::native::Native;
use offhook_core::streams::twilio::Twilio;
use offhook_core::streams::{Gateway, Media, Wire, WireOut};
use offhook_core::turns::chunker::Chunker;
use offhook_core::units::{FRAME, FRAME_SAMPLES};
use offhook_core::vad::DetectorChoice;

use support::simulation::{AT, settings};
use support::whole_call::{Engines, Peer, WholeCall};

fn main() {
    divan::main();
}

/// 20 ms of a tone, so that the frame is not silence.
fn frame(samples: usize) -> Vec<i16> {
    (0..samples).map(|n| ((n as f32 * 0.37).sin() * 9_000.0) as i16).collect()
}

/// A frame of the caller and one of the agent, in Twilio's protocol: JSON, base64 and mu-law.
#[divan::bench]
fn twilio_frame_both_ways(bencher: Bencher<'_, '_>) {
    let mut codec = Twilio::new();
    let start = r#"{"event":"start","sequenceNumber":"1","streamSid":"MZ1","start":{"accountSid":"AC1","streamSid":"MZ1",
        "callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},
        "customParameters":{}}}"#;
    codec.decode(Wire::Text(start)).unwrap();
    let samples = frame(FRAME_SAMPLES);
    let media = codec.encode(&Media::Audio { samples: &samples });
    let Some(WireOut::Text(sent)) = media.into_iter().next() else { panic!("no frame") };
    let payload = sent.split("\"payload\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let inbound = format!(
        r#"{{"event":"media","sequenceNumber":"2","streamSid":"MZ1","media":{{"track":"inbound","chunk":"1","timestamp":"5","payload":"{payload}"}}}}"#,
    );
    bencher.bench_local(|| {
        divan::black_box(codec.encode(&Media::Audio { samples: &samples }));
        divan::black_box(codec.decode(Wire::Text(&inbound)).unwrap())
    });
}

/// A frame in each direction in our own protocol: 16-bit samples in binary messages.
#[divan::bench]
fn native_frame_both_ways(bencher: Bencher<'_, '_>) {
    let mut codec = Native::new();
    let start = r#"{"type":"session.start","version":1,"audio":{"encoding":"pcm16le","sample_rate":8000}}"#;
    codec.decode(Wire::Text(start)).unwrap();
    let samples = frame(FRAME_SAMPLES);
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    bencher.bench_local(|| {
        divan::black_box(codec.encode(&Media::Audio { samples: &samples }));
        divan::black_box(codec.decode(Wire::Binary(&bytes)).unwrap())
    });
}

#[divan::bench]
fn mu_law_frame_both_ways(bencher: Bencher<'_, '_>) {
    let samples = frame(FRAME_SAMPLES);
    bencher.bench(|| Law::Mu.decode_all(&Law::Mu.encode_all(divan::black_box(&samples))));
}

/// A frame of 20 ms.
#[divan::bench(args = ["earshot", "webrtc"])]
fn detector(bencher: Bencher<'_, '_>, name: &str) {
    let choice = if name == "earshot" { DetectorChoice::Earshot(0.5) } else { DetectorChoice::WebRtc(2) };
    let (mut detector, samples) = (choice.build(), frame(FRAME_SAMPLES));
    bencher.bench_local(|| detector.is_speech(divan::black_box(&samples)));
}

/// A frame of 20 ms through what the caller's audio goes through before the detector: the filter of offsets
/// and the level control; with the echo guard, which looks for the agent's voice in it; with noise
/// suppression.
#[divan::bench(args = ["level", "echo_guard", "noise_suppression"])]
fn ear(bencher: Bencher<'_, '_>, part: &str) {
    let settings = EarSettings {
        dc: true,
        echo_guard: part == "echo_guard",
        noise_suppression: part == "noise_suppression",
        level: true,
    };
    let (mut ear, mut now) = (Ear::new(settings, false), AT(0));
    let (agent, caller) = (frame(FRAME_SAMPLES), frame(FRAME_SAMPLES));
    bencher.bench_local(|| {
        now += FRAME;
        ear.sent(now, &agent);
        ear.hear(divan::black_box(caller.clone()), now)
    });
}

/// A frame of the agent, from the voice to the moment at which it is due.
#[divan::bench]
fn pacer(bencher: Bencher<'_, '_>) {
    let (mut pacer, mut now, samples) = (Pacer::new(FRAME * 8), AT(0), frame(FRAME_SAMPLES));
    pacer.begin(ChunkId(1), Duration::ZERO, MarkId(1), None);
    bencher.bench_local(|| {
        now += FRAME;
        pacer.extend(ChunkId(1), divan::black_box(&samples));
        pacer.poll(now)
    });
}

/// A frame of 20 ms.
#[divan::bench(args = [(16_000, 8_000), (22_050, 8_000), (48_000, 8_000), (8_000, 16_000), (8_000, 48_000)])]
fn live_resampler(bencher: Bencher<'_, '_>, (from, to): (u32, u32)) {
    let mut resampler = LiveResampler::new(from, to).unwrap();
    let samples = frame(from as usize / 50);
    bencher.bench_local(|| resampler.push(divan::black_box(&samples)));
}

/// A reply of 60 words, token by token.
#[divan::bench]
fn chunker(bencher: Bencher<'_, '_>) {
    let reply = "We are open from 8:30 to 5 on Monday, and Dr. Taylor is in until 4. ".repeat(4);
    bencher.bench(|| {
        let mut chunker = Chunker::new(&ENGLISH);
        let mut pieces = Vec::new();
        for token in reply.split_inclusive(' ') {
            pieces.extend(chunker.push(token));
        }
        pieces.extend(chunker.finish());
        pieces
    });
}

/// A minute of a call with four questions, their answers and one interruption, from messages to messages. The
/// share of the scripted engines is small.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn whole_call_of_a_minute(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let mut call = WholeCall::with(settings(), Peer::Native(8_000), Engines::default());
        for at in [5_000, 17_000, 29_000, 43_000] {
            call.says(AT(at), "When do you open on Saturday mornings?");
        }
        call.says(AT(33_000), "No wait, I have another question.");
        call.run(AT(60_000));
        call.hangs_up()
    });
}
