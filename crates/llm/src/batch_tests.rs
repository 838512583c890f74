//! Tests of sharing between calls and of prefill: batches, words that are read while the caller speaks, the
//! end of a turn, a conversation that is rebuilt. On the demo model, whose answers have a meaning.

use std::path::PathBuf;

use super::test_model::options;
use super::{LlmEngine, LlmOptions, Reply, load};
use crate::dialogue::{Message, Role, Usage};
use crate::generator::Share;
use crate::{Generation as _, Generator as _, Sampling, Step, Task};

const DESK: &str = "You are the front desk of Maple Dental. Hours: Monday to Friday nine to five, closed \
                    Saturday and Sunday. Prices: cleaning ninety dollars, filling one hundred and fifty \
                    dollars. Parking: behind the building. Phone: five five five, two one nine, zero four \
                    four eight.";

fn engine() -> LlmEngine {
    let model = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models/demo/phi3-frontdesk.gguf");
    load(&LlmOptions { context_tokens: 1024, ..options(&model) }).unwrap()
}

fn said(lines: &[&str]) -> Vec<Message> {
    let roles = [Role::User, Role::Assistant].into_iter().cycle();
    let talk = roles.zip(lines).map(|(role, text)| Message { role, text: (*text).to_owned() });
    std::iter::once(Message { role: Role::System, text: DESK.to_owned() }).chain(talk).collect()
}

fn greedy() -> Sampling {
    Sampling { max_tokens: 40, ..Sampling::default() }
}

fn answer(engine: &mut LlmEngine, call: &str, lines: &[&str]) -> (String, Usage) {
    let mut reply = engine.begin(call, &said(lines), Task::Answer, &greedy()).unwrap();
    let mut text = String::new();
    loop {
        match reply.step().unwrap() {
            Step::Prefilled => {}
            Step::Text(piece) => text.push_str(&piece),
            Step::Done(_) => return (text, reply.usage()),
        }
    }
}

/// Reads the caller's words so far. Returns the probability that the turn ends with them.
fn listen(engine: &mut LlmEngine, call: &str, lines: &[&str]) -> f32 {
    let mut reply = engine.begin(call, &said(lines), Task::Listen, &greedy()).unwrap();
    while !matches!(reply.step().unwrap(), Step::Done(_)) {}
    reply.end_of_turn().unwrap()
}

const QUESTIONS: [&str; 8] = [
    "How much is a cleaning?",
    "Where can I park?",
    "What are your hours on Saturday?",
    "How much is a filling?",
    "What is your phone number?",
    "Are you open on Monday?",
    "Hello.",
    "Do you take dogs?",
];

#[test]
fn a_call_gets_the_same_text_alone_and_among_seven_others_however_their_prompts_are_cut() {
    let alone: Vec<String> =
        QUESTIONS.iter().map(|question| answer(&mut engine(), "alone", &[question]).0).collect();
    for slice in [1, 7, 64] {
        let mut engine = engine();
        let calls = QUESTIONS.iter().enumerate();
        let mut replies: Vec<Reply> = calls
            .map(|(i, q)| engine.begin(&i.to_string(), &said(&[q]), Task::Answer, &greedy()).unwrap())
            .collect();
        let mut texts = vec![String::new(); QUESTIONS.len()];
        let mut over = 0;
        while over < texts.len() {
            let share = |(i, generation)| Share { generation, most: slice + i };
            let mut batch: Vec<Share<'_, Reply>> = replies.iter_mut().enumerate().map(share).collect();
            let results = engine.step(&mut batch);
            over = 0;
            for (text, result) in texts.iter_mut().zip(results) {
                match result.unwrap() {
                    Step::Prefilled => {}
                    Step::Text(piece) => text.push_str(&piece),
                    Step::Done(_) => over += 1,
                }
            }
        }
        assert_eq!(texts, alone, "slices of {slice}");
    }
    assert!(alone[0].contains("ninety"), "{alone:?}");
}

#[test]
fn words_that_were_read_while_the_caller_spoke_are_not_read_again() {
    let mut engine = engine();
    let whole = "Hello, how much is a cleaning at your place on Monday?";
    let (fresh, _) = answer(&mut engine, "other", &[whole]);
    for partial in ["Hello", "Hello, how much", "Hello, how much is a cleaning at your place"] {
        listen(&mut engine, "call", &[partial]);
    }
    let (text, usage) = answer(&mut engine, "call", &[whole]);
    assert_eq!(text, fresh);
    // "on Monday?", the end of the turn, and the beginning of the answer.
    assert!(usage.prompt - usage.reused <= 6, "{usage:?}");
    assert_eq!(usage.read_in_vain, 0, "{usage:?}");
    assert!(usage.read_ahead >= 8, "{usage:?}");
}

#[test]
fn a_revised_word_is_read_anew_from_where_it_changed_and_counted() {
    let mut engine = engine();
    let whole = "How much is a filling?";
    let (fresh, _) = answer(&mut engine, "other", &[whole]);
    listen(&mut engine, "call", &["How much is a feeling now"]);
    let (text, usage) = answer(&mut engine, "call", &[whole]);
    assert_eq!(text, fresh);
    assert!(usage.read_in_vain >= 1 && usage.read_in_vain < usage.read_ahead, "{usage:?}");
    // Wasted tokens of one answer do not count for the next answer.
    let (_, next) = answer(&mut engine, "call", &[whole, &text, "And a cleaning?"]);
    assert_eq!((next.read_ahead, next.read_in_vain), (0, 0));
}

#[test]
fn the_end_of_a_turn_is_likely_after_a_whole_sentence_and_not_in_the_middle_whatever_mark_is_behind_it() {
    let mut engine = engine();
    for question in ["How much is a cleaning", "Where can I park", "What are your hours on Saturday"] {
        let words: Vec<&str> = question.split(' ').collect();
        let middle = words[..words.len() - 1].join(" ");
        for mark in ["", ".", "?"] {
            let whole = listen(&mut engine, question, &[&format!("{question}{mark}")]);
            let middle = listen(&mut engine, question, &[&format!("{middle}{mark}")]);
            assert!(whole > 0.5 && middle < 0.1, "{question}{mark}: {whole} {middle}");
        }
    }
}

#[test]
fn words_that_were_read_as_part_of_others_are_asked_for_their_end_all_the_same() {
    let mut engine = engine();
    let alone = listen(&mut engine, "a", &["How much is a cleaning"]);
    listen(&mut engine, "b", &["How much is a cleaning and a filling"]);
    let part = listen(&mut engine, "b", &["How much is a cleaning?"]);
    let again = listen(&mut engine, "b", &["How much is a cleaning?"]);
    assert!((part - alone).abs() < 1e-3 && part == again, "{alone} {part} {again}");
}

#[test]
fn an_answer_tells_the_end_of_the_turn_on_its_way_and_it_is_the_same() {
    let mut engine = engine();
    let listened = listen(&mut engine, "a", &["How much is a cleaning"]);
    for most in [1, 5, 64] {
        let call = format!("b{most}");
        let mut reply =
            engine.begin(&call, &said(&["How much is a cleaning"]), Task::Answer, &greedy()).unwrap();
        let mut told = Vec::new();
        while reply.unread() > 0 {
            engine.step(&mut [Share { generation: &mut reply, most }]).remove(0).unwrap();
            told.extend(reply.end_of_turn());
        }
        assert_eq!(told.len(), 1, "slices of {most}");
        assert!((told[0] - listened).abs() < 1e-3, "{told:?} {listened}");
    }
}

#[test]
fn a_rebuilt_conversation_stands_beside_the_one_in_use_until_a_prompt_begins_with_it() {
    let mut engine = engine();
    let long = ["Hello.", "Hello.", "How much is a cleaning?", "Ninety dollars.", "Where can I park?"];
    let (text, _) = answer(&mut engine, "call", &long);
    let later = [&long[2..], &[text.as_str()]].concat();
    let mut rebuilding = engine.begin("call", &said(&later), Task::Rebuild, &greedy()).unwrap();
    while !matches!(rebuilding.step().unwrap(), Step::Done(_)) {}
    drop(rebuilding);
    // The next turn may still have the old form,
    let old = [&long[..], &[text.as_str(), "Thank you."]].concat();
    let (thanks, usage) = answer(&mut engine, "call", &old);
    assert!(usage.prompt - usage.reused < 10, "{usage:?}");
    // and one after it the new one.
    let new = [&later[..], &["Thank you.", &thanks, "And a filling?"]].concat();
    let (_, usage) = answer(&mut engine, "call", &new);
    assert!(usage.prompt - usage.reused < 25 && usage.reused > 90, "{usage:?}");
}
