//! Properties of calls whose engines fail: whoever spoke soon hears something, and a call in which no turn
//! can be answered ends.

use std::time::Duration;

use offhook_core::report::Stages;
use offhook_core::turns::{Farewell, Settings};
use proptest::prelude::*;

use super::against_a_model::any_marks;
use crate::support::cases::cases;
use crate::support::simulation::{AT, Broken, Fault, Faults, MS, Simulation, settings, tries};

/// What a caller waits at most before something is heard, beyond the time that a language model has. The
/// longest wait is for the silence that ends a turn (2 s), a stand-in (1 s), and a voice that hangs (5 s).
const A_FEW_SECONDS: Duration = Duration::from_secs(5);

fn any_words() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("No."),
        Just("When do you open?"),
        Just("My number is"),
        Just("five five five"),
        Just("and then I would like to book an appointment on Friday."),
    ]
}

/// The outcomes of jobs, in their order. Prepared phrases are always spoken.
fn any_faults() -> impl Strategy<Value = Faults> {
    let fault = prop_oneof![3 => Just(Fault::None), 2 => Just(Fault::Fails), 1 => Just(Fault::Hangs)];
    prop::collection::vec(fault, 1..20).prop_map(Faults::new)
}

fn any_dead_engine() -> impl Strategy<Value = Broken> {
    prop_oneof![
        Just(Broken::Recognizer),
        Just(Broken::SilentRecognizer),
        Just(Broken::Generator),
        Just(Broken::SilentGenerator),
        Just(Broken::EmptyGenerator),
        Just(Broken::Synthesizer),
        Just(Broken::SilentSynthesizer),
        Just(Broken::SynthesizerOfNewTexts),
        Just(Broken::SilentSynthesizerOfNewTexts),
    ]
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whoever_spoke_hears_something_within_seconds_although_engines_fail(
        sounds in prop::collection::vec(
            (prop_oneof![60..3000u64, 9000..14_000u64], 200..2500u64, any_words()), 1..7),
        faults in any_faults(),
        marks in any_marks(),
        max_tries in 0..3u32,
        models in 1..3usize,
        filler in prop::option::of(300..2000u64),
        give_up_after in 0..4u32,
    ) {
        let mut settings = Settings { models, speculation: tries(max_tries), ..settings() };
        settings.manners.filler_after = filler.map(MS);
        settings.manners.give_up_after = give_up_after;
        let patience = settings.first_token_timeout + A_FEW_SECONDS;
        let mut call = Simulation::new(settings);
        call.delays.marks = marks;
        call.run(AT(4000));
        call.faults = faults;
        let mut at = AT(4000);
        let mut spoke = Vec::new();
        for (silence, length, words) in sounds {
            let from = at + MS(silence);
            at = from + MS(length);
            call.caller_says(from, MS(length), words);
            spoke.push((from, at));
        }
        let reports = call.run(at + MS(40_000));
        for stages in reports.iter().flat_map(|report| [report.stages, report.answer_stages]).flatten() {
            let Stages { endpoint_ms, stt_ms, llm_first_token_ms, tts_first_audio_ms, first_frame_ms } = stages;
            let all = [endpoint_ms, stt_ms, llm_first_token_ms, tts_first_audio_ms, first_frame_ms];
            prop_assert!(all.iter().all(|ms| *ms >= 0.0), "{stages:?}");
        }
        let heard = call.sounds();
        for (i, (_, end)) in spoke.iter().enumerate() {
            let goes_on = spoke.get(i + 1).is_some_and(|(next, _)| *next < *end + patience);
            let over = call.hung_up().is_some_and(|(over, _)| over < *end + patience);
            let something = heard.iter().any(|(from, until)| *until > *end && *from <= *end + patience);
            prop_assert!(goes_on || over || something, "silence after {end}: {heard:?}");
        }
    }

    #[test]
    fn a_call_in_which_no_turn_can_be_answered_ends(
        sounds in prop::collection::vec((20_000..30_000u64, 200..2500u64, any_words()), 6),
        broken in any_dead_engine(),
        marks in any_marks(),
        max_tries in 0..3u32,
        models in 1..3usize,
        filler in prop::option::of(300..2000u64),
        give_up_after in 1..6u32,
    ) {
        let mut settings = Settings { models, speculation: tries(max_tries), ..settings() };
        settings.manners.filler_after = filler.map(MS);
        settings.manners.give_up_after = give_up_after;
        let mut call = Simulation::new(settings);
        call.delays.marks = marks;
        call.run(AT(4000));
        call.broken = Some(broken);
        let (mut at, mut ends) = (AT(4000), Vec::new());
        for (silence, length, words) in sounds {
            at += MS(silence);
            call.caller_says(at, MS(length), words);
            at += MS(length);
            ends.push(at);
        }
        call.run(at + MS(40_000));
        let (over, why) = call.hung_up().expect("an end");
        prop_assert_eq!(why, Farewell::CannotAnswer);
        let last = ends[give_up_after as usize - 1];
        prop_assert!(over > last && over < last + MS(20_000), "{} for {}", over, last);
    }
}
