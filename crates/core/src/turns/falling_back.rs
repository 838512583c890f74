//! When a language model fails or is late, the next one is asked; if there is none, the turn cannot be
//! answered. Must not know how an answer becomes sound.

use super::event::Awaited;
use super::failover::ModelFailover;
use super::reply::{Purpose, Reply};
use super::timers::Timer;
use super::{Action, Conversation};
use crate::dialogue::tools::{MOST_CALLS, Tools};
use crate::ids::TurnId;
use crate::units::CallTime;

impl Conversation {
    /// Asks the language model at `rung` to answer the history, and sets the deadline for a stand-in.
    pub(super) fn generate(&mut self, now: CallTime, turn: TurnId, rung: usize) {
        let messages = self.history.messages();
        let tools = self.tools();
        // What came while another reply was heard is not in these messages.
        if self.tool_calls.returned.is_empty() {
            self.tool_calls.answered();
        }
        let exhausted = self.tool_calls.are_exhausted();
        let asks = self.reply_of(turn).map_or(1, |reply| {
            reply.rung = rung;
            reply.tools = tools;
            reply.most_calls = if exhausted { 0 } else { MOST_CALLS };
            reply.asks
        });
        self.actions.push_back(Action::Generate { turn, messages, speculative: false, rung });
        self.expect_an_answer(now, rung, asks);
    }

    /// Sets the deadlines of the first token: one for this model, and one for all models together.
    pub(super) fn expect_an_answer(&mut self, now: CallTime, rung: usize, asks: usize) {
        // A stand-in has only the time that is left.
        if !self.failover.has_others() || !self.timers.is_set(Timer::TokenDue) {
            self.timers.set(Timer::TokenDue, now + self.settings.first_token_timeout);
        }
        if self.failover.has_stand_in(rung, asks) {
            self.timers.set(Timer::StandInDue, now + self.settings.fallback_after);
        } else {
            self.timers.cancel(Timer::StandInDue);
        }
    }

    /// Another model is in use: the failures of the old order no longer count.
    pub(super) fn models_switched(&mut self) {
        self.failover = ModelFailover::new(self.settings.models);
    }

    pub(super) fn generation_failed(&mut self, now: CallTime, turn: TurnId) {
        if self.generating(turn).is_some() {
            self.generation_brought_nothing(now, turn);
        }
    }

    /// No model can be held to the tools: they are gone, and the answer is asked for without them.
    pub(super) fn tools_refused(&mut self, now: CallTime, turn: TurnId) {
        // A draft goes with them.
        self.equip(Tools::default(), None);
        if let Some(reply) = self.generating(turn) {
            let rung = reply.rung;
            self.ask_again_of(now, turn, rung);
        }
    }

    /// The model that was asked has not begun: another stands in.
    pub(super) fn stand_in_due(&mut self, now: CallTime) {
        let waits = self.reply.as_ref().filter(|reply| !reply.complete && reply.tokens == 0);
        if let Some(turn) = waits.map(|reply| reply.turn) {
            self.actions.push_back(Action::TimedOut { on: Awaited::StandIn });
            self.generation_brought_nothing(now, turn);
        }
    }

    /// A draft is dropped; its answer is asked for when it is due. For an answer that is due, each of the
    /// other models is asked once, or a single model once more; then the caller is asked.
    pub(super) fn generation_brought_nothing(&mut self, now: CallTime, turn: TurnId) {
        let Some(reply) = self.reply_of(turn) else { return };
        let rung = reply.rung;
        self.failover.failed(rung);
        if self.roll_back_if(|draft| draft.turn == turn) {
            return;
        }
        let Some(reply) = self.reply.as_ref() else { return };
        let next = self.failover.after(rung, reply.asks);
        match next.filter(|_| can_be_begun_again(reply)) {
            Some(next) => self.ask_again_of(now, turn, next),
            None => self.speak_fallback(now),
        }
    }

    fn ask_again_of(&mut self, now: CallTime, turn: TurnId, rung: usize) {
        let again = self.next_turn;
        let Some(reply) = self.reply.as_mut() else { return };
        reply.asks += 1;
        reply.complete = false;
        reply.turn = again;
        reply.tokens = 0;
        reply.forget_the_text();
        // Cancelling the generation also cancels the synthesis of its chunks.
        reply.ledger.abandon();
        self.next_turn = again.next();
        self.actions.push_back(Action::Cancel { turn });
        self.generate(now, again, rung);
    }

    /// The language model has stopped in the middle, or no model ever began.
    pub(super) fn token_overdue(&mut self, now: CallTime) {
        let Some(reply) = &mut self.reply else { return };
        let (turn, rung, asks) = (reply.turn, reply.rung, reply.asks);
        // A model that has begun had the whole timeout to itself.
        let began = reply.tokens > 0 && can_be_begun_again(reply);
        if began && self.failover.has_stand_in(rung, asks) {
            self.actions.push_back(Action::TimedOut { on: Awaited::StandIn });
            return self.generation_brought_nothing(now, turn);
        }
        reply.ledger.abandon();
        self.failover.failed(rung);
        self.actions.push_back(Action::TimedOut { on: Awaited::Token });
        self.actions.push_back(Action::Cancel { turn });
        self.speak_fallback(now);
    }
}

/// True if nothing of an answer was given to the voice: another answer may take its place.
fn can_be_begun_again(reply: &Reply) -> bool {
    reply.ledger.is_without_answer() && reply.purpose == Purpose::Answer
}
