//! A day of calls at six businesses (`models/demo/train/llm/day.py`): how many questions are answered again,
//! and whether any gets the answer to another one.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use offhook_answers::{Answers, Asked, Patterns};
use offhook_core::dialogue::{Message, Role};
use serde::Deserialize;

use crate::message;

/// A caller's words, the right answer, and its words that carry the facts.
type Turn = (String, String, Vec<String>);

#[derive(Deserialize)]
struct Row {
    business: usize,
    prompt: Option<String>,
    #[serde(default)]
    call: Vec<Turn>,
}

struct Day {
    prompts: BTreeMap<usize, String>,
    calls: Vec<(usize, Vec<Turn>)>,
}

fn day() -> Day {
    let rows = include_str!("day.jsonl").lines().map(|line| serde_json::from_str::<Row>(line).unwrap());
    let (mut prompts, mut calls) = (BTreeMap::new(), Vec::new());
    for row in rows {
        match row.prompt {
            Some(prompt) => drop(prompts.insert(row.business, prompt)),
            None => calls.push((row.business, row.call)),
        }
    }
    Day { prompts, calls }
}

fn words(text: &str) -> String {
    let plain: String = text.to_lowercase().chars().filter(|c| !".,?!".contains(*c)).collect();
    format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether an answer holds all facts of the right one.
fn is_right(answer: &str, facts: &[String]) -> bool {
    facts.iter().all(|fact| words(answer).contains(&words(fact)))
}

/// The question as a caller asks it who has said nothing else.
fn alone(prompt: &str, text: &str, patterns: &Patterns) -> Option<Asked> {
    Asked::read(&[message(Role::System, prompt), message(Role::User, text)], patterns).ok()
}

#[test]
fn of_a_day_of_calls_some_are_answered_again_and_hardly_ever_wrongly() {
    let (day, patterns) = (day(), Patterns::english().unwrap());
    let mut answers = Answers::new(NonZeroUsize::new(10_000).unwrap());
    let (mut turns, mut hits, mut wrong) = (0, 0, Vec::new());
    for (business, call) in &day.calls {
        let prompt = &day.prompts[business];
        let mut messages: Vec<Message> = vec![message(Role::System, prompt)];
        for (caller, right, facts) in call {
            turns += 1;
            messages.push(message(Role::User, caller));
            if let Ok(asked) = Asked::read(&messages, &patterns) {
                if let Some(found) = answers.find(&asked, 100) {
                    hits += 1;
                    if !is_right(&found.text, facts) {
                        wrong.push(format!("{caller}\n  got  {}\n  want {right}", found.text));
                    }
                } else if let Some(alone) = alone(prompt, caller, &patterns) {
                    // It is asked once more, on its own, while nobody calls.
                    let _ = answers.keep(&alone, right, 20);
                }
            }
            messages.push(message(Role::Assistant, right));
        }
    }
    println!("{hits} of {turns} turns, {} wrong; {:?}", wrong.len(), answers.statistics());
    wrong.iter().for_each(|wrong| println!("{wrong}"));
    assert!(hits * 15 >= turns, "{hits} of {turns}");
    assert!(wrong.len() * 200 <= hits, "{} of {hits}", wrong.len());
}

/// Every question of the day on its own, and every other question of its business: two that have different
/// answers are near misses.
#[test]
fn of_thousands_of_near_misses_hardly_one_gets_the_answer_to_another_question() {
    let (day, patterns) = (day(), Patterns::english().unwrap());
    let mut questions: BTreeMap<usize, Vec<(Asked, &Turn)>> = BTreeMap::new();
    for (business, call) in &day.calls {
        let read = |turn| Some((alone(&day.prompts[business], &Turn::clone(turn).0, &patterns)?, turn));
        questions.entry(*business).or_default().extend(call.iter().filter_map(read));
    }
    let (mut misses, mut wrong) = (0, Vec::new());
    for questions in questions.values() {
        for (kept, turn) in questions {
            let mut answers = Answers::new(NonZeroUsize::new(2).unwrap());
            if answers.keep(kept, &turn.1, 20).is_err() {
                continue;
            }
            for (asked, (caller, right, facts)) in questions {
                if !is_right(&turn.1, facts) {
                    misses += 1;
                    if answers.peek(asked).is_some() {
                        wrong.push(format!("{caller}\n  got  {}\n  want {right}", turn.1));
                    }
                }
            }
        }
    }
    println!("{} of {misses} near misses", wrong.len());
    wrong.iter().take(20).for_each(|wrong| println!("{wrong}"));
    assert!(misses > 1_000 && wrong.len() * 200 <= misses, "{} of {misses}", wrong.len());
}
