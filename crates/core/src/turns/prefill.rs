//! Prefill: the language model reads the caller's words while the caller still speaks, so that little is
//! left at the end. Also the model's score of the end of the turn. Must not know how a model reads, nor its
//! answers.

use super::settings::ReadAhead;
use super::timers::Timer;
use super::turn_detection::completeness::{self, Context};
use super::turn_detection::expectation;
use super::{Action, Conversation};
use crate::dialogue::{Message, Role};
use crate::ids::{Asked, ReadingId};
use crate::report::EndOfTurn;
use crate::units::CallTime;

impl Conversation {
    // The prefills.

    /// A partial has come from a caller who still speaks: prefills its words.
    pub(super) fn read_what_was_heard(&mut self) {
        let Some((stable, unstable)) = self.utterance.as_ref().and_then(|u| u.hearing()) else { return };
        match self.settings.speculation.read_ahead {
            ReadAhead::Off => {}
            ReadAhead::Stable => self.read(&stable),
            ReadAhead::Newest => self.read(&[stable, unstable].join(" ")),
        }
    }

    /// All words before a pause are known: prefills them. If there is a draft, the model reads them for the
    /// draft.
    pub(super) fn read_what_was_said(&mut self, said: &str) {
        let sure = |u: &super::Utterance| !u.doubtful && !u.awaits_piece();
        if self.settings.speculation.read_ahead != ReadAhead::Off && self.utterance.as_ref().is_some_and(sure)
        {
            self.read(said);
        }
    }

    /// Prefills `said`, but not while the agent speaks: only once the words have interrupted the reply is
    /// it known whether they will be answered, and after how much of it. A model that is not asked prefills
    /// nothing.
    fn read(&mut self, said: &str) {
        let busy = self.reply.is_some() || self.draft.is_some() || self.failover.first() > 0;
        if busy || said.trim().is_empty() || self.utterance.as_ref().is_some_and(|u| u.is_echo) {
            return;
        }
        let (messages, heard) = self.prompt_with(said);
        if heard.is_empty() || self.prefills.newest() == Some(&heard) {
            return;
        }
        let reading = self.next_reading_id();
        self.prefills.given(Asked::Reading(reading), &heard);
        self.actions.push_back(Action::Prefill { reading, messages });
    }

    /// The prompt as it would be if the caller had said `said` and no more, and the caller's words at its
    /// end.
    pub(super) fn prompt_with(&self, said: &str) -> (Vec<Message>, String) {
        let owed = self.owed.as_ref().map_or("", |(_, owed)| owed);
        let messages = self.history.messages_with(&[owed, said].join(" "));
        let last = messages.last().filter(|last| last.role == Role::User);
        let heard = last.map_or_else(String::new, |last| last.text.clone());
        (messages, heard)
    }

    pub(super) fn next_reading_id(&mut self) -> ReadingId {
        let reading = self.next_reading;
        self.next_reading = reading.next();
        reading
    }

    pub(super) fn not_read(&mut self, reading: ReadingId) {
        self.prefills.forget(reading);
    }

    // The score of the end.

    /// When the turn is over, if the caller says no more: judged by all words of the caller to which no
    /// answer was heard (a number that is dictated in parts is one number), by what the agent asked for,
    /// and by the model's score of exactly these words.
    pub(super) fn judge_the_end(&mut self, now: CallTime, said: &str) -> Option<CallTime> {
        let all = self.prompt_with(said).1;
        let model = self.prefills.probability_of(&all);
        let policy = &self.settings.endpoint;
        let heard = self.heard_of_the_reply(now);
        let asked = if heard.is_empty() { self.history.last_of_agent() } else { &heard };
        let context = Context {
            language: self.settings.language,
            expected: expectation::after(asked, &self.settings.language.questions),
            number_lengths: &policy.number_lengths,
        };
        let unanswered = if heard.is_empty() { &all } else { said };
        let ruling = completeness::judge(unanswered, context);
        let score = policy.score(ruling, model);
        let silence = policy.silence_after(score, &self.pace);
        let utterance = self.utterance.as_mut()?;
        let wait_ms = silence.as_secs_f64() * 1000.0;
        utterance.end = Some(EndOfTurn { rules: ruling.score, model, score, wait_ms });
        Some(utterance.paused_at? + silence)
    }

    /// The words heard of a reply that is not over yet: the caller's next words may answer them.
    fn heard_of_the_reply(&self, now: CallTime) -> String {
        self.reply.as_ref().map_or_else(String::new, |reply| reply.ledger.heard(now).answer)
    }

    /// The model has scored the end of some words. In the silence after exactly these words, the score
    /// moves the deadline; once the turn is over, nothing does.
    pub(super) fn end_of_turn_scored(&mut self, now: CallTime, asked: Asked, probability: f32) {
        if !(0.0..=1.0).contains(&probability) || !self.prefills.scored(asked, probability) {
            return;
        }
        let open = self.timers.is_set(Timer::EndOfTurn);
        let Some(said) = self.utterance.as_ref().filter(|_| open).and_then(|u| u.said_before_the_end())
        else {
            return;
        };
        let Some(due) = self.judge_the_end(now, &said) else { return };
        self.timers.set(Timer::EndOfTurn, due.max(now));
        if due > now {
            self.speculate(now, &said);
        }
    }
}
