//! The end of the caller's turn: whether it is answered, and which words the answer is to. Must not know
//! how the words were recognised, nor how an answer is spoken.

use std::time::Duration;

use super::Conversation;
use super::barge_in::Meaning;
use super::event::Farewell;
use super::latency::Milestones;
use super::reply::{Purpose, Reply};
use super::timers::Timer;
use super::utterance::Utterance;
use crate::report::Speculation;
use crate::units::CallTime;

/// The shortest sound without words that counts as an attempt to say something.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(600);

impl Conversation {
    pub(super) fn end_turn(&mut self, now: CallTime, utterance: Utterance) {
        self.close(&utterance);
        let last = utterance.transcript.as_ref().map_or("", |(last, _)| last);
        let said = utterance.words(last);
        let keys = self.take_keys();
        let doubtful = utterance.doubtful && keys.is_none();
        let text = joined([Some(said), keys]);
        self.settle_what_is_over(now);
        match self.reply_to_words() {
            Some(_) if utterance.is_echo => self.resume(now),
            Some(_) if self.is_ending() => {}
            Some(_) if self.is_protected() => self.owe(now, &utterance, text),
            // While the agent is heard, "mm-hm" is no turn; afterwards, "yeah" is an answer.
            Some(_) if doubtful || self.meaning_now(&text) != Meaning::TakesTheTurn => self.resume(now),
            Some(_) => {
                self.interrupt(now);
                self.answer_utterance(now, &utterance, text);
            }
            None if utterance.is_echo => self.nothing_to_answer(now),
            // "Okay" to "I connect you" is no new wish.
            None if self.promised.is_some() && self.meaning_now(&text) != Meaning::TakesTheTurn => {
                self.nothing_to_answer(now);
            }
            None if text.is_empty()
                && self.owed.is_none()
                && self.history.pending_caller_text().is_empty() =>
            {
                self.nothing_was_understood(now, &utterance);
            }
            None if doubtful && self.not_understood == 0 && self.may_ask_again() => self.ask_again(now),
            // Even without words: if a noise broke off the answer to a question, that answer is still owed.
            None => self.answer_utterance(now, &utterance, text),
        }
        self.listen_on(now);
    }

    /// A caller who was cut off at the longest utterance is still speaking: the next utterance begins here.
    fn listen_on(&mut self, now: CallTime) {
        if self.speaking {
            self.listen_from(now, now);
        }
    }

    /// Words spoken over a protected reply are answered once it has been spoken.
    fn owe(&mut self, now: CallTime, utterance: &Utterance, text: String) {
        if self.settings.barge_in.meaning(&text) == Meaning::TakesTheTurn {
            let before = self.owed.take().map(|(_, before)| before);
            self.owed = Some((milestones(now, utterance), joined([before, Some(text)])));
        }
    }

    /// Settles a reply that has been played to its end but whose mark is not back yet: the caller did not
    /// talk over it.
    fn settle_what_is_over(&mut self, now: CallTime) {
        let over =
            |reply: &mut Reply| !matches!(reply.purpose, Purpose::Goodbye(_)) && !reply.lasts_beyond(now);
        if let Some(mut reply) = self.reply.take_if(over) {
            let turn = reply.turn;
            let behind = self.promises_of(now, &mut reply);
            self.settle(now, &reply, false);
            if !behind.is_empty() {
                self.promised = Some((turn, behind));
            }
        }
    }

    fn nothing_was_understood(&mut self, now: CallTime, utterance: &Utterance) {
        let lasted = utterance.paused_at.is_some_and(|end| end - utterance.began >= SHORTEST_ATTEMPT);
        // A capped utterance without a word (a minute by default) was nobody's attempt to speak.
        if lasted && utterance.lasted && !utterance.capped && self.may_ask_again() {
            self.ask_again(now);
        } else {
            self.nothing_to_answer(now);
        }
    }

    fn nothing_to_answer(&mut self, now: CallTime) {
        self.wait_in_vain(now);
        if self.keep_promises(now) {
            return self.after(now, Purpose::Goodbye(Farewell::AllWasSaid));
        }
        if self.reply.is_none() {
            // An answer may be owed to what was typed.
            self.after(now, Purpose::Phrase);
        }
    }

    fn answer_utterance(&mut self, now: CallTime, utterance: &Utterance, text: String) {
        self.not_understood = 0;
        self.the_caller_cancels_tools();
        let owed = self.owed.take().map(|(_, owed)| owed);
        self.answer(now, milestones(now, utterance), &joined([owed, Some(text)]));
        if let Some(reply) =
            self.reply.as_mut().filter(|r| r.speculation == Speculation::Off && utterance.tries > 0)
        {
            reply.speculation = Speculation::Wasted;
        }
    }

    /// Answers the caller's turn: with the draft if it fits, or by asking the language model.
    pub(super) fn answer(&mut self, now: CallTime, milestones: Milestones, text: &str) {
        if self.reply_to_words().is_some() {
            self.interrupt(now);
        }
        self.the_caller_is_there();
        self.timers.cancel(Timer::IdleDue);
        self.history.caller_said(text);
        if !self.release(now, milestones) {
            let heard = self.history.pending_caller_text().to_owned();
            let milestones = Milestones { asked: Some(now), ..milestones };
            let turn = self.take_up(Purpose::Answer, &heard, milestones);
            self.generate(now, turn, self.failover.first());
        }
        self.expect_filler(now);
    }

    /// The caller's words could not be transcribed: the turn cannot be answered, unless the agent speaks
    /// anyway.
    pub(super) fn answer_with_fallback(&mut self, now: CallTime) {
        let Some(utterance) = self.utterance.take() else { return };
        self.close(&utterance);
        let milestones = milestones(now, &utterance);
        self.settle_what_is_over(now);
        // A reply that broke off because its voice hangs is nothing to go on with.
        let broke_off = |reply: &Reply| reply.sounded && reply.ledger.stands_still(now);
        if self.reply.as_ref().is_some_and(broke_off) && !self.is_protected() {
            self.interrupt(now);
        }
        if let Some(keys) = self.take_keys() {
            self.the_caller_cancels_tools();
            self.answer(now, milestones, &keys);
        } else if self.reply_to_words().is_some() {
            self.resume(now);
        } else if utterance.is_echo {
            // An answer to the agent's own voice would come back, too, and so for ever.
            self.nothing_to_answer(now);
        } else {
            let heard = self.history.pending_caller_text().to_owned();
            self.take_up(Purpose::Answer, &heard, milestones);
            self.speak_fallback(now);
        }
        self.listen_on(now);
    }
}

/// The parts that are there and not empty, joined by spaces.
fn joined<const N: usize>(parts: [Option<String>; N]) -> String {
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

/// The milestones that are known when a turn is over.
pub(super) fn milestones(now: CallTime, utterance: &Utterance) -> Milestones {
    let known_at = utterance.transcript.as_ref().map(|(_, known_at)| *known_at);
    Milestones {
        speech_end: utterance.paused_at,
        endpoint: utterance.decided_at.or(Some(now)),
        end_of_turn: utterance.end,
        transcript_asked: utterance.last_asked,
        transcript: known_at.or(Some(now)),
        ..Milestones::default()
    }
}
