//! A day of calls at six businesses (`models/demo/train/llm/day.py`): how many questions are answered again,
//! and whether any gets the answer to another one.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use offhook_answers::{Answers, Asked, Habits, Hard, Patterns};
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

/// What a day, or a part of it, makes of a cache.
#[derive(Debug, Default)]
struct Count {
    turns: usize,
    hits: usize,
    wrong: Vec<String>,
}

/// Callers ask, and what is not found is asked once more, on its own, while nobody calls.
fn play(
    calls: &[(usize, Vec<Turn>)],
    prompts: &BTreeMap<usize, String>,
    answers: &mut Answers,
    patterns: &Patterns,
) -> Count {
    let mut count = Count::default();
    for (business, call) in calls {
        let prompt = &prompts[business];
        let mut messages: Vec<Message> = vec![message(Role::System, prompt)];
        for (caller, right, facts) in call {
            count.turns += 1;
            messages.push(message(Role::User, caller));
            if let Ok(asked) = Asked::read(&messages, patterns) {
                if let Some(found) = answers.find(&asked, 100) {
                    count.hits += 1;
                    if !is_right(&found.text, facts) {
                        count.wrong.push(format!("{caller}\n  got  {}\n  want {right}", found.text));
                    }
                } else if let Some(alone) = alone(prompt, caller, patterns) {
                    let _ = answers.keep(&alone, right, 20);
                }
            }
            messages.push(message(Role::Assistant, right));
        }
    }
    count
}

fn empty() -> Answers {
    Answers::new(NonZeroUsize::new(10_000).unwrap())
}

#[test]
fn of_a_day_of_calls_some_are_answered_again_and_hardly_ever_wrongly() {
    let (day, patterns) = (day(), Patterns::english().unwrap());
    let mut answers = empty();
    let Count { turns, hits, wrong } = play(&day.calls, &day.prompts, &mut answers, &patterns);
    println!("{hits} of {turns} turns, {} wrong; {:?}", wrong.len(), answers.statistics());
    wrong.iter().for_each(|wrong| println!("{wrong}"));
    assert!(hits * 15 >= turns, "{hits} of {turns}");
    assert!(wrong.len() * 200 <= hits, "{} of {hits}", wrong.len());
}

/// The second half of the day, after a restart that forgets all answers: with the fifty questions of each
/// business prepared that the first half asked most often, and without.
#[test]
fn after_a_restart_prepared_answers_are_found_more_often() {
    let (day, patterns) = (day(), Patterns::english().unwrap());
    let (morning, afternoon) = day.calls.split_at(day.calls.len() / 2);
    let mut habits = BTreeMap::<usize, Habits>::new();
    // The right answers to what was asked, for the model that is asked ahead.
    let mut right_answers = BTreeMap::new();
    for (business, call) in morning {
        let habits =
            habits.entry(*business).or_insert_with(|| Habits::new(NonZeroUsize::new(1_000).unwrap()));
        let mut before = None;
        for (caller, right, _) in call {
            let Some(asked) = alone(&day.prompts[business], caller, &patterns) else { continue };
            right_answers.insert((*business, asked.question.clone()), right);
            before = Some(habits.ask(&asked, before.as_ref()));
        }
    }
    let mut answers = empty();
    let without = play(afternoon, &day.prompts, &mut answers, &patterns);
    let mut answers = empty();
    for (business, habits) in &habits {
        for question in habits.likely(None).into_iter().take(50) {
            let asked = alone(&day.prompts[business], &question, &patterns);
            if let (Some(asked), Some(right)) = (asked, right_answers.get(&(*business, question))) {
                let _ = answers.keep(&asked, right, 20);
            }
        }
    }
    let with = play(afternoon, &day.prompts, &mut answers, &patterns);
    println!(
        "{} of {} turns without, {} with, {} wrong",
        without.hits,
        with.turns,
        with.hits,
        with.wrong.len()
    );
    assert!(with.hits > without.hits);
    assert!(with.wrong.len() * 200 <= with.hits, "{:?}", with.wrong);
}

/// Callers mostly ask what a small model knows.
#[test]
fn few_turns_of_a_day_are_hard() {
    let (day, patterns) = (day(), Patterns::english().unwrap());
    let mut hard: BTreeMap<&str, usize> = BTreeMap::new();
    let turns: Vec<&Turn> = day.calls.iter().flat_map(|(_, call)| call).collect();
    for (caller, ..) in &turns {
        if let Some(why) = Hard::of(caller, &patterns) {
            *hard.entry(why.name()).or_default() += 1;
        }
    }
    println!("hard: {hard:?} of {} turns", turns.len());
    assert!(hard.values().sum::<usize>() * 10 < turns.len(), "{hard:?}");
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
