//! Tests of the ledger. Must not know replies.

use super::*;

const MS: fn(u64) -> Duration = Duration::from_millis;
const AT: fn(u64) -> CallTime = CallTime::from_millis;

fn words(ends: &[u64]) -> Vec<WordTime> {
    ends.iter().map(|&e| WordTime { word: "w".into(), end: MS(e) }).collect()
}

/// Two chunks; the first plays from 5,000 to 6,000, the second 100 ms later.
fn playing() -> Ledger {
    let mut ledger = Ledger::default();
    ledger.asked(ChunkId(1), "We open at nine.", MS(0));
    ledger.asked(ChunkId(2), "Anything else?", MS(100));
    ledger.ready(ChunkId(1), MS(1000), &words(&[200, 500, 700, 1000]), false);
    ledger.ready(ChunkId(2), MS(800), &words(&[400, 800]), false);
    ledger.queued(ChunkId(1), MarkId(1));
    ledger.queued(ChunkId(2), MarkId(2));
    assert!(ledger.started(ChunkId(1), AT(5000)));
    assert!(!ledger.started(ChunkId(2), AT(5900)));
    ledger
}

fn heard(ledger: &Ledger, at: u64) -> String {
    ledger.heard(AT(at)).text
}

#[test]
fn a_word_cut_in_the_middle_was_not_heard() {
    let ledger = playing();
    assert_eq!(heard(&ledger, 5100), "");
    assert_eq!(heard(&ledger, 5699), "We open");
    assert_eq!(heard(&ledger, 5700), "We open at");
}

#[test]
fn a_piece_sent_ahead_is_heard_after_the_one_before_it() {
    let ledger = playing();
    // The second left at 5,900 but plays from 6,100 (the first ends at 6,000, and 100 ms of silence).
    assert_eq!(heard(&ledger, 6400), "We open at nine.");
    assert_eq!(heard(&ledger, 6500), "We open at nine. Anything");
    assert_eq!(ledger.plays_until(AT(5000)), AT(6900));
}

#[test]
fn a_mark_says_that_all_before_it_was_heard_and_when_that_was_expected() {
    let mut ledger = playing();
    assert_eq!(ledger.played(MarkId(2)), Some(AT(6900)));
    assert!(ledger.is_over());
    assert_eq!(heard(&ledger, 5001), "We open at nine. Anything else?");
}

#[test]
fn a_mark_nobody_sent_changes_nothing() {
    let mut ledger = playing();
    assert_eq!(ledger.played(MarkId(9)), None);
    assert_eq!(heard(&ledger, 5700), "We open at");
}

#[test]
fn what_is_held_back_goes_on_from_the_word_that_was_cut() {
    let mut ledger = playing();
    ledger.hold(AT(5600));
    assert_eq!(heard(&ledger, 9000), "We open");
    let due = ledger.due();
    assert_eq!(due[0], Due { chunk: ChunkId(1), silence: MS(0), from: MS(500) });
    assert_eq!(due[1], Due { chunk: ChunkId(2), silence: MS(100), from: MS(0) });
    // Marks from before the pause, which gateways return with a clear, belong to no chunk any more.
    assert_eq!(ledger.played(MarkId(1)), None);
    ledger.queued(ChunkId(1), MarkId(3));
    ledger.started(ChunkId(1), AT(9000));
    assert_eq!(heard(&ledger, 9199), "We open");
    assert_eq!(heard(&ledger, 9200), "We open at");
    assert_eq!(ledger.played(MarkId(3)), Some(AT(9500)));
}

#[test]
fn a_piece_that_was_over_when_the_agent_paused_is_not_said_again() {
    let mut ledger = playing();
    ledger.hold(AT(6050));
    assert_eq!(heard(&ledger, 6050), "We open at nine.");
    assert_eq!(ledger.due().len(), 1);
}

#[test]
fn a_piece_waits_for_the_one_before_it() {
    let mut ledger = Ledger::default();
    ledger.asked(ChunkId(1), "One.", MS(0));
    ledger.asked(ChunkId(2), "Two.", MS(0));
    ledger.ready(ChunkId(2), MS(300), &[], false);
    assert!(ledger.due().is_empty());
    ledger.ends_here(ChunkId(1));
    assert_eq!(ledger.due()[0].chunk, ChunkId(2));
    assert_eq!(ledger.unplayed(), MS(300));
}

#[test]
fn without_word_times_the_cut_is_estimated_and_marked_so() {
    let mut ledger = Ledger::default();
    ledger.asked(ChunkId(1), "one two three four", MS(0));
    ledger.ready(ChunkId(1), MS(1800), &[], false);
    ledger.queued(ChunkId(1), MarkId(1));
    ledger.started(ChunkId(1), AT(0));
    let cut = ledger.heard(AT(800));
    assert_eq!((cut.text.as_str(), cut.estimated), ("one two", true));
    assert_eq!(heard(&ledger, 10), "");
    assert!(!ledger.heard(AT(1800)).estimated);
}

#[test]
fn a_filler_is_heard_but_is_no_part_of_the_answer() {
    let mut ledger = playing();
    ledger.pieces[0].filler = true;
    let heard = ledger.heard(AT(6500));
    assert_eq!((heard.text.as_str(), heard.answer.as_str()), ("We open at nine. Anything", "Anything"));
}

/// A chunk of which 600 ms have come and play from 5,000.
fn growing() -> Ledger {
    let mut ledger = Ledger::default();
    ledger.asked(ChunkId(1), "We open at nine.", MS(0));
    ledger.asked(ChunkId(2), "Anything else?", MS(100));
    ledger.ready(ChunkId(2), MS(800), &words(&[400, 800]), false);
    ledger.ready(ChunkId(1), MS(600), &words(&[200, 500]), true);
    ledger
}

#[test]
fn the_beginning_of_a_chunk_is_due_at_once_and_the_next_chunk_after_its_end() {
    let mut ledger = growing();
    assert_eq!(ledger.due(), [Due { chunk: ChunkId(1), silence: MS(0), from: MS(0) }]);
    ledger.queued(ChunkId(1), MarkId(1));
    assert!(ledger.due().is_empty() && ledger.expects(ChunkId(1)) && ledger.awaits_sound());
    ledger.ready(ChunkId(1), MS(1000), &words(&[200, 500, 700, 1000]), false);
    assert_eq!(ledger.due(), [Due { chunk: ChunkId(2), silence: MS(100), from: MS(0) }]);
    assert!(!ledger.expects(ChunkId(1)));
}

#[test]
fn of_a_chunk_that_grows_the_words_are_heard_whose_end_is_known() {
    let mut ledger = growing();
    ledger.queued(ChunkId(1), MarkId(1));
    ledger.started(ChunkId(1), AT(5000));
    assert_eq!(heard(&ledger, 5550), "We open");
    // The voice does not keep up: nothing more has sounded.
    assert_eq!(heard(&ledger, 9000), "We open");
    assert!(ledger.lasts_beyond(AT(9000)));
    ledger.stalled(ChunkId(1), MS(3400));
    ledger.ready(ChunkId(1), MS(1000), &words(&[200, 500, 700, 1000]), false);
    assert_eq!(heard(&ledger, 9099), "We open");
    assert_eq!(heard(&ledger, 9100), "We open at");
    assert_eq!(ledger.plays_until(AT(9000)), AT(9400));
}

#[test]
fn a_chunk_that_was_cut_while_it_grew_goes_on_from_the_word_that_was_cut() {
    let mut ledger = growing();
    ledger.queued(ChunkId(1), MarkId(1));
    ledger.started(ChunkId(1), AT(5000));
    ledger.hold(AT(8000));
    assert_eq!(ledger.due(), [Due { chunk: ChunkId(1), silence: MS(0), from: MS(500) }]);
    ledger.ready(ChunkId(1), MS(1000), &words(&[200, 500, 700, 1000]), false);
    assert_eq!(ledger.due()[0].from, MS(500));
    assert_eq!(heard(&ledger, 9000), "We open");
}

#[test]
fn of_a_voice_that_fails_in_the_middle_the_words_that_it_brought_were_said() {
    let mut ledger = growing();
    ledger.queued(ChunkId(1), MarkId(1));
    ledger.started(ChunkId(1), AT(5000));
    ledger.ends_here(ChunkId(1));
    assert_eq!(heard(&ledger, 9000), "We open");
    assert_eq!(ledger.whole_answer(), "We open Anything else?");
    assert_eq!(ledger.played(MarkId(1)), Some(AT(5600)));
    assert_eq!(ledger.due()[0].chunk, ChunkId(2));
}

#[test]
fn of_a_chunk_that_grows_without_word_times_no_word_is_sure_before_its_end() {
    let mut ledger = Ledger::default();
    ledger.asked(ChunkId(1), "one two three four", MS(0));
    ledger.ready(ChunkId(1), MS(600), &[], true);
    ledger.queued(ChunkId(1), MarkId(1));
    ledger.started(ChunkId(1), AT(0));
    assert_eq!(heard(&ledger, 600), "");
    ledger.ready(ChunkId(1), MS(1800), &[], false);
    assert_eq!((heard(&ledger, 800).as_str(), ledger.heard(AT(800)).estimated), ("one two", true));
}
