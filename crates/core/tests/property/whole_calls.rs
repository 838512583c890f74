//! Properties of every whole call with audio: whatever the caller says and when, whatever the engines do,
//! with every kind of peer.

use std::collections::VecDeque;
use std::time::Duration;

use offhook_core::call::again::run_again;
use offhook_core::call::{Ending, capture};
use offhook_core::report::Happened;
use offhook_core::turns::replay::Trace;
use offhook_core::units::CallTime;
use proptest::prelude::*;

use crate::support::settings::lively;
use crate::support::simulation::{AT, MS};
use crate::support::whole_call::{Engines, Peer, WholeCall};

/// A caller, engines and a connection.
#[derive(Debug, Clone)]
struct Scene {
    peer: Peer,
    is_deaf: bool,
    engines: Engines,
    /// Pauses in ms, and the text spoken after each; `None` is a cough.
    says: Vec<(u64, Option<&'static str>)>,
    lost: Vec<(u64, u64)>,
    held_up: Vec<(u64, u64)>,
    keys: Vec<u64>,
}

/// An answer whose words are unique to it.
const ANSWER: &str = "That is answer{n}u answer{n}v, answer{n}w. And answer{n}x answer{n}y answer{n}z.";

const TEXTS: [&str; 8] = [
    "When do you open?",
    "No.",
    "Mm-hm.",
    "Wait, stop, I have another question for you.",
    "My number is five five five",
    "Yes, that is right, thank you.",
    "I would like to",
    "Could you say that again please, I did not catch it.",
];

fn any_scene() -> impl Strategy<Value = Scene> {
    let peer = prop_oneof![
        4 => Just(Peer::Native(8000)),
        1 => Just(Peer::Native(16_000)),
        2 => Just(Peer::Realtime),
        2 => Just(Peer::Asterisk(MS(15_000))),
        1 => Just(Peer::Asterisk(MS(100))),
    ];
    let says = prop::collection::vec(
        (0..4000u64, prop_oneof![4 => (0..TEXTS.len()).prop_map(|i| Some(TEXTS[i])), 1 => Just(None)]),
        0..7,
    );
    let spans = || prop::collection::vec((0..20_000u64, 40..900u64), 0..3);
    let fails = prop::collection::btree_set(1..60u32, 0..6);
    // In parts, some of which take longer than they last.
    let parts = prop::option::of((30..700u64, 5..500u64).prop_map(|(length, takes)| (MS(length), MS(takes))));
    let breaks_off_after = prop::option::weighted(0.2, 0..4usize);
    let engines =
        ((10..900u64, 10..2500u64, 1..200u64, 5..400u64, 0..2u32), (fails, parts, breaks_off_after));
    let engines = engines.prop_map(|(delays, (fails, parts, breaks_off_after))| {
        let (transcript, first_token, token, synthesis, silent_answers) = delays;
        let [transcript, first_token, token, synthesis] = [transcript, first_token, token, synthesis].map(MS);
        Engines {
            transcript,
            first_token,
            token,
            synthesis,
            parts,
            breaks_off_after,
            silent_answers,
            tool: MS(500),
            tool_fails: false,
            fails,
            speaks_only: None,
            answer: Some(ANSWER.into()),
            answers: VecDeque::new(),
            cut: false,
        }
    });
    let keys = prop::collection::vec(0..20_000u64, 0..3);
    let is_deaf = prop::bool::weighted(0.1);
    (peer, is_deaf, engines, says, spans(), spans(), keys).prop_map(
        |(peer, is_deaf, engines, says, lost, held_up, keys)| Scene {
            peer,
            is_deaf,
            engines,
            says,
            lost,
            held_up,
            keys,
        },
    )
}

/// True if a text cannot be a backchannel.
fn takes_the_turn(text: &str) -> bool {
    ["When", "Wait", "Could"].iter().any(|word| text.starts_with(word))
}

/// Plays the scene. Returns the call, and the spans in which the caller wanted the turn.
fn play(scene: &Scene) -> (WholeCall, Vec<(CallTime, CallTime)>) {
    let mut call = WholeCall::with(lively(), scene.peer, scene.engines.clone());
    call.expects_errors = true;
    call.is_deaf = scene.is_deaf;
    let span = |&(from, length): &(u64, u64)| (AT(from), AT(from + length));
    call.lost = scene.lost.iter().map(span).collect();
    call.held_up = scene.held_up.iter().map(span).collect();
    let (mut at, mut spoke) = (AT(0), Vec::new());
    for (pause, text) in &scene.says {
        at += MS(*pause);
        match text {
            Some(text) => {
                let end = call.says(at, text);
                if takes_the_turn(text) {
                    spoke.push((at, end));
                }
                at = end;
            }
            None => {
                call.coughs(at, MS(240));
                at += MS(240);
            }
        }
    }
    for at in &scene.keys {
        let key = match scene.peer {
            Peer::Native(_) => serde_json::json!({"type": "dtmf", "digit": "5"}).to_string(),
            Peer::Asterisk(_) => "DTMF_END digit:5".to_owned(),
            // It has no keys; the word waits for an answer that is asked for.
            Peer::Realtime => serde_json::json!({"type": "conversation.item.create", "item": {
                "role": "user", "content": [{"type": "input_text", "text": "five"}]}})
            .to_string(),
        };
        call.sends_text(AT(*at), key);
    }
    call.run(AT(45_000));
    (call, spoke)
}

/// True if the words of `part` are in `all`, in order.
fn is_in(part: &str, all: &[&str]) -> bool {
    let mut all = all.iter();
    part.split_whitespace().all(|word| all.any(|heard| *heard == word))
}

/// Fewer cases, because whole calls take longer than conversations.
fn cases() -> ProptestConfig {
    let cases = crate::support::cases::cases();
    ProptestConfig { cases: cases.cases / 50, max_shrink_iters: 200, ..cases }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn nothing_is_told_as_said_that_did_not_sound(scene in any_scene()) {
        let (mut call, _) = play(&scene);
        let summary = call.hangs_up();
        let heard = call.heard();
        let heard: Vec<&str> = heard.iter().map(|(_, word)| word.as_str()).collect();
        let lines: Vec<&str> = summary
            .transcript
            .iter()
            .filter(|line| line.speaker == offhook_core::report::Speaker::Agent)
            .map(|line| line.text.as_str())
            .collect();
        prop_assert!(is_in(&lines.join(" "), &heard), "told {lines:?}\nheard {heard:?}");
    }

    #[test]
    fn no_word_of_a_turn_begins_to_sound_after_the_turn_is_over(scene in any_scene()) {
        let (mut call, _) = play(&scene);
        call.hangs_up();
        let heard = call.heard();
        for (over, happened) in &call.happened {
            let Happened::Turn(report) = happened else { continue };
            // Each answer has unique words.
            for word in report.turn.reply.split(' ').filter(|word| word.starts_with("answer")) {
                let late = heard.iter().find(|(at, heard)| heard == word && at > over);
                prop_assert_eq!(late, None, "turn over at {}", over);
            }
        }
    }

    #[test]
    fn every_job_is_done_or_broken_off_and_the_call_is_summed_up_once(scene in any_scene()) {
        let (mut call, _) = play(&scene);
        let summary = call.hangs_up();
        prop_assert_eq!(call.unfinished(), 0);
        let ends = call.happened.iter().filter(|(_, happened)| matches!(happened, Happened::Ended(_))).count();
        let failed = call.happened.iter().filter(|(_, happened)| matches!(happened, Happened::Failed(..))).count();
        prop_assert_eq!((ends, summary.errors.len()), (1, failed));
    }

    #[test]
    fn the_same_call_takes_the_same_course_and_its_trace_plays_again(scene in any_scene()) {
        let (first, second) = (play(&scene).0, play(&scene).0);
        prop_assert_eq!(&first.told, &second.told);
        prop_assert_eq!(&first.sent, &second.sent);
        let replay = Trace::new(first.trace()).unwrap().replay();
        prop_assert_eq!(replay.difference, None);
    }

    #[test]
    fn a_captured_call_sends_the_same_bytes_again(scene in any_scene()) {
        let (mut call, _) = play(&scene);
        call.hangs_up();
        let (begun, lines) = call.captured();
        let text: Vec<String> = lines.iter().map(capture::Line::to_text).collect();
        let read: Vec<_> = text.iter().map(|line| capture::Line::read(line).unwrap()).collect();
        let again = run_again(begun, &read).unwrap();
        prop_assert!(again.sent > 10 && again.received > 10, "{:?}", again);
        prop_assert_eq!(again.difference, None);
    }

    #[test]
    fn nobody_who_wants_the_turn_is_talked_over(scene in any_scene()) {
        // Only on a connection that delivers all audio, with engines that work.
        let scene = Scene { lost: Vec::new(), held_up: Vec::new(), ..scene };
        let quick = scene.engines.transcript.min(MS(300));
        let (fails, breaks_off_after) = (Default::default(), None);
        let engines = Engines { transcript: quick, fails, breaks_off_after, ..scene.engines };
        let (call, spoke) = play(&Scene { engines, ..scene });
        // Partials are asked for every 400 ms and take up to 300 ms.
        let known: Duration = MS(1800);
        for (from, until) in spoke {
            let over = call.sent.iter().find(|(at, _)| *at > from + known && *at < until);
            prop_assert_eq!(over, None, "from {} to {}", from, until);
        }
    }

    #[test]
    fn a_call_goes_on_until_somebody_ends_it(scene in any_scene()) {
        let (call, _) = play(&scene);
        if let Some((_, ending)) = &call.ended {
            prop_assert!(matches!(ending, Ending::SaidGoodbye(_)), "{ending}");
        }
    }
}
