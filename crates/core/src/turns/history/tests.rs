//! Budgets, summaries and what stays of a long conversation.

use super::*;

fn history(system: &str, tokens: usize) -> History {
    History::new(
        system,
        tokens,
        CountTokens::new(|text| text.split_whitespace().count()),
        &crate::language::ENGLISH.memory,
    )
}

fn size(history: &History) -> usize {
    let words = |m: &Message| m.text.split_whitespace().count() + AROUND_A_MESSAGE;
    history.messages().iter().map(words).sum()
}

#[test]
fn what_the_caller_adds_before_hearing_anything_joins_the_line() {
    let mut history = history("You help.", 1000);
    history.caller_said("I would like to book");
    history.agent_was_heard("");
    history.caller_said("on Tuesday.");
    assert_eq!(history.pending_caller_text(), "I would like to book on Tuesday.");
    history.agent_was_heard("Sure.");
    assert_eq!(history.pending_caller_text(), "");
    assert_eq!(history.messages().len(), 3);
}

#[test]
fn the_budget_is_never_exceeded_and_the_oldest_go_in_one_block() {
    let mut history = history("You help.", 300);
    let mut blocks = Vec::new();
    for turn in 0..200 {
        let before = history.lines.len();
        history.caller_said("what does a cleaning cost on a Tuesday");
        assert!(size(&history) <= 300, "turn {turn}: {}", size(&history));
        history.agent_was_heard("It is ninety dollars.");
        if let Some((trim, messages)) = history.plan_compaction("") {
            assert!(history.compact(trim));
            assert_eq!(history.messages(), messages);
            blocks.push(before + 2 - history.lines.len());
        }
        assert!(size(&history) <= 300);
        assert_eq!(history.in_lines, history.lines.iter().map(|line| line.tokens).sum::<usize>());
    }
    assert!(blocks.len() > 5 && blocks.iter().all(|&lines| lines >= 4), "{blocks:?}");
}

#[test]
fn facts_of_what_went_live_on_in_the_summary() {
    let mut history = history("You help.", 300);
    history.caller_said("Hi. My name is Laura Miller.");
    history.agent_was_heard("Hello Laura.");
    for _ in 0..100 {
        history.caller_said("and what else is there");
        history.agent_was_heard("Nothing else.");
        let trim = history.plan_compaction("").map(|(trim, _)| trim);
        trim.map(|trim| history.compact(trim));
    }
    let system = &history.messages()[0].text;
    assert!(system.starts_with("You help.\n") && system.contains("My name is Laura Miller."), "{system}");
}

#[test]
fn whoever_talks_for_minutes_is_answered_to_what_they_said_last() {
    let mut history = history("", 100);
    let talk: Vec<String> = (0..5000).map(|n| format!("word{n}")).collect();
    history.caller_said(&talk.join(" "));
    assert!(history.pending_caller_text().ends_with("word4999"));
    assert!(size(&history) <= 100);
    assert!(history.pending_caller_text().split(' ').count() > 20);
}

#[test]
fn imagining_an_answer_leaves_no_trace() {
    let mut history = history("You help.", 1000);
    history.caller_said("Hello.");
    assert_eq!(history.messages_with("Are you there?")[1].text, "Hello. Are you there?");
    assert_eq!(history.pending_caller_text(), "Hello.");
}

/// A history that is nearly too long, with an unanswered question.
fn long() -> History {
    let mut history = history("You help.", 300);
    while history.plan_compaction("It is ninety dollars.").is_none() {
        history.agent_was_heard("It is ninety dollars.");
        history.caller_said("what does a cleaning cost on a Tuesday");
    }
    history
}

#[test]
fn room_that_was_planned_with_the_whole_reply_begins_the_same_with_half_of_it() {
    let mut history = long();
    let (trim, whole) = history.plan_compaction("It is ninety dollars.").expect("long");
    history.agent_was_heard("It is");
    assert!(history.compact(trim));
    let half = history.messages();
    assert_eq!(half[..half.len() - 1], whole[..whole.len() - 1]);
    assert_eq!(half[half.len() - 1].text, "It is");
}

#[test]
fn room_that_the_budget_forced_meanwhile_is_not_made_twice() {
    let mut history = long();
    let (trim, _) = history.plan_compaction("It is ninety dollars.").expect("long");
    while history.has_not_changed_since(&trim) {
        history.agent_was_heard("It is ninety dollars.");
        history.caller_said("what does a cleaning cost on a Tuesday");
    }
    let lines = history.lines.len();
    assert!(!history.compact(trim));
    assert_eq!(history.lines.len(), lines);
}

#[test]
fn a_budget_without_room_does_no_harm() {
    let mut history = history("one two three", 2);
    history.caller_said("Hello there.");
    history.agent_was_heard("Yes.");
    assert_eq!(history.pending_caller_text(), "");
}
