//! Drafts: answers that are prepared in a pause, before the end of the turn is certain, then released or
//! rolled back. A draft is never heard and never in the history. Must not know when a turn ends.

use super::latency::Milestones;
use super::reply::{Purpose, Reply};
use super::timers::Timer;
use super::turn_detection::completeness::OPEN;
use super::{Action, Conversation};
use crate::ids::Asked;
use crate::report::{Speculation, SpeculationCount};
use crate::units::CallTime;

impl Conversation {
    /// The words before a pause are known: begins a draft, if they are likely to be the whole turn.
    pub(super) fn speculate(&mut self, now: CallTime, text: &str) {
        let tries = self.settings.speculation.max_tries;
        let idle = self.reply.is_none() && self.draft.is_none() && !self.stalled && self.keys.is_empty();
        let Some(utterance) =
            self.utterance.as_mut().filter(|u| idle && u.tries < tries && !u.awaits_piece())
        else {
            return;
        };
        if utterance.score() < OPEN || text.is_empty() || utterance.doubtful {
            return;
        }
        utterance.tries += 1;
        let (messages, heard) = self.prompt_with(text);
        let turn = self.next_turn;
        self.next_turn = turn.next();
        let milestones = Milestones { asked: Some(now), ..Milestones::default() };
        let rung = self.failover.first();
        self.prefills.given(Asked::Turn(turn), &heard);
        self.draft = Some(Reply {
            rung,
            tools: self.tools(),
            ..Reply::new(turn, Purpose::Answer, &heard, milestones, self.settings.language)
        });
        self.speculated.started += 1;
        self.actions.push_back(Action::Generate { turn, messages, speculative: true, rung });
    }

    /// The turn is over, and the history holds the caller's words. True if the draft answers exactly these
    /// words: it is spoken now.
    pub(super) fn release(&mut self, now: CallTime, milestones: Milestones) -> bool {
        let heard = self.history.pending_caller_text();
        if self.draft.as_ref().is_none_or(|draft| draft.heard != heard) {
            self.roll_back();
            return false;
        }
        let Some(mut reply) = self.draft.take() else { return false };
        let Milestones { asked, first_token, first_audio, answer_audio, .. } = reply.milestones;
        reply.milestones = Milestones { asked, first_token, first_audio, answer_audio, ..milestones };
        reply.speculation = Speculation::Used;
        self.speculated.used += 1;
        self.tool_calls.answered();
        let turn = reply.turn;
        if !reply.complete && reply.tokens == 0 {
            self.expect_an_answer(now, reply.rung, reply.asks);
        } else if !reply.complete {
            self.timers.set(Timer::TokenDue, now + self.settings.first_token_timeout);
        }
        self.reply = Some(reply);
        self.actions.push_back(Action::Release { turn });
        self.call_tools(now);
        self.room_after_the_answer();
        self.send_what_is_due();
        self.expect_playback(now);
        self.finish_if_over(now);
        true
    }

    /// Drops the draft: the caller goes on, or said something else. Nothing of the draft was ever heard.
    pub(super) fn roll_back(&mut self) {
        self.roll_back_if(|_| true);
    }

    /// Drops the draft if `such` is true of it.
    pub(super) fn roll_back_if(&mut self, such: impl Fn(&Reply) -> bool) -> bool {
        let Some(draft) = self.draft.take_if(|draft| such(draft)) else { return false };
        self.speculated.thrown_away += 1;
        self.speculated.tokens_wasted += draft.tokens;
        self.speculated.audio_wasted_ms += draft.ledger.unplayed().as_secs_f64() * 1000.0;
        self.actions.push_back(Action::Cancel { turn: draft.turn });
        true
    }

    /// The use and the cost of drafts so far.
    #[must_use]
    pub fn speculated(&self) -> SpeculationCount {
        self.speculated
    }
}
