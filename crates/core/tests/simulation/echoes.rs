//! Lines on which the agent hears itself, with recordings of people, the real detector, and the ear as it is
//! shipped. `cargo run --release -p offhook-core --example echo_table` measures the same over many lines.

use offhook_core::media::ear::EarSettings;

use crate::support::echo_line::{Phrase, Way, call, recording};
use crate::support::settings::settings;
use crate::support::simulation::{AT, MS};
use crate::support::whole_call::{Engines, Peer, WholeCall};

const OFF: EarSettings = EarSettings { dc: false, echo_guard: false, noise_suppression: false, level: false };

fn agent() -> Vec<i16> {
    let sentence = |name| recording(&format!("tests/data/people/ljspeech-LJ001-{name}.wav"));
    let sentences = ["0001", "0005", "0007"].map(|name| [sentence(name), vec![0; 4000]].concat());
    sentences.concat()
}

fn callers() -> Vec<Phrase> {
    (1..=6).map(|n| (1000 + n * 500, recording(&format!("models/demo/callers/{n}.wav")))).collect()
}

#[test]
fn the_agents_own_voice_does_not_make_it_stop() {
    let agent = agent();
    for (delay_ms, gain_db) in [(50.0, -12.0), (400.0, -18.0), (150.0, -30.0)] {
        let way = Way::new(delay_ms, gain_db);
        let without = call(&agent, &[], &way, OFF);
        assert!(without.false_pauses.len() >= 3, "no echo at {gain_db} dB: {:?}", without.false_pauses);
        let with = call(&agent, &[], &way, EarSettings::default());
        assert_eq!(with.false_pauses, [0.0; 0], "{delay_ms} ms, {gain_db} dB");
        assert!(with.found_after.is_some_and(|seconds| seconds < 2.0), "{:?}", with.found_after);
        assert!((with.delay_ms - delay_ms).abs() <= 4.0, "{} for {delay_ms}", with.delay_ms);
        assert!((with.loss_db + gain_db).abs() < 4.0, "{} for {gain_db}", with.loss_db);
    }
}

#[test]
fn a_caller_who_speaks_over_the_echo_is_obeyed_as_soon_as_on_a_line_without() {
    let (agent, callers) = (agent(), callers());
    let clean = call(&agent, &callers, &Way::new(0.0, f64::NEG_INFINITY), OFF);
    for (delay_ms, gain_db) in [(250.0, -12.0), (150.0, -24.0), (50.0, -45.0)] {
        let with = call(&agent, &callers, &Way::new(delay_ms, gain_db), EarSettings::default());
        assert_eq!(with.obeyed_ms.len(), callers.len());
        for (with, clean) in with.obeyed_ms.iter().zip(&clean.obeyed_ms) {
            let (with, clean) = (with.expect("an interruption was noticed"), clean.unwrap());
            assert!(with <= clean + 400.0, "{with} ms instead of {clean} at {delay_ms} ms, {gain_db} dB");
        }
    }
}

#[test]
fn words_over_an_echo_come_out_clearer_than_they_went_in() {
    let settings = EarSettings { echo_guard: true, ..OFF };
    let way = Way::new(150.0, -12.0);
    let (without, with) = (call(&agent(), &callers(), &way, OFF), call(&agent(), &callers(), &way, settings));
    let (without, with) = (without.caller_over_rest_db, with.caller_over_rest_db);
    assert!(with > without + 3.0, "{with} dB, without the guard {without} dB");
}

#[test]
fn on_a_line_without_echo_the_guard_changes_no_sample_however_often_both_speak() {
    let settings = EarSettings { echo_guard: true, ..OFF };
    let outcome = call(&agent(), &callers(), &Way::new(0.0, f64::NEG_INFINITY), settings);
    assert_eq!(outcome.found_after, None);
    assert!(outcome.heard == outcome.came);
}

#[test]
fn an_echo_whose_delay_changes_is_followed() {
    let way = Way { jump_ms: 30.0, ..Way::new(150.0, -18.0) };
    let agent = agent();
    let (without, with) = (call(&agent, &[], &way, OFF), call(&agent, &[], &way, EarSettings::default()));
    assert!(with.false_pauses.len() <= 1, "{:?}", with.false_pauses);
    assert!(without.false_pauses.len() > 10);
}

/// The whole call on one clock: what was sent is compared with what comes back by the times of the pacer.
#[test]
fn in_a_whole_call_the_greeting_is_not_stopped_by_its_own_echo() {
    let cleared = |echo_guard| {
        let mut settings = settings();
        settings.phrases.greeting =
            "Good morning and welcome to the clinic on the corner of Market Street. How can I help you today?"
                .into();
        let ear = EarSettings { echo_guard, ..OFF };
        let mut call = WholeCall::with_ear(settings, Peer::Native(8000), Engines::default(), ear);
        call.echo = Some((MS(200), 0.3));
        call.run(AT(8000));
        (call.cleared.len(), call.heard_text())
    };
    let (without, _) = cleared(false);
    assert!(without > 0, "the echo is not loud enough to stop the agent");
    let (with, heard) = cleared(true);
    assert_eq!(with, 0);
    assert!(heard.ends_with("today?"), "{heard}");
}
