//! The reports of a call: to the peer, if its protocol has messages for them, and to the followers of calls.
//! Must not know who the peer and the followers are.

use std::collections::BTreeMap;

use super::{Call, Closing};
use crate::ids::{ChunkId, MarkId, TurnId};
use crate::report::{
    Consumption, CoreUse, Failure, Happened, Report, ReportedTurn, Summary, Trouble, TurnReport,
};
use crate::turns::Action;
use crate::units::CallTime;
use crate::vad::Edge;

impl Call {
    /// Reports to the peer, if its protocol has a message for this, and to those who watch the call.
    pub(super) fn report(&mut self, report: &Report<'_>) {
        if let Some(watch) = &self.watch {
            watch(report);
        }
        let messages = self.line.report(report);
        self.wire(messages);
    }

    /// Reports that something went wrong; the call goes on.
    pub(super) fn trouble(&mut self, trouble: Trouble, code: &str, message: String) {
        let failure = Failure { code: code.to_owned(), message };
        self.log.error(failure.clone());
        self.happened(Happened::Failed(trouble, failure));
    }

    /// Reports that the caller begins to make a sound, or pauses.
    pub(super) fn tell_edge(&mut self, edge: &Edge) {
        let at_ms = |at| u64::try_from(self.listener.position_of(at).as_millis()).unwrap_or(u64::MAX);
        let report = match *edge {
            Edge::Started(at) => Report::CallerSpeaks { at_ms: at_ms(at) },
            Edge::Paused(at) => Report::CallerPauses { at_ms: at_ms(at) },
            Edge::Sustained => return,
        };
        self.report(&report);
    }

    /// Reports the words that are answered, once the answer is certain.
    pub(super) fn tell_heard(&mut self, turn: TurnId) {
        let Some((_, text)) = self.answered.take_if(|(of, _)| *of == turn) else { return };
        if self.told != Some(turn) {
            self.told = Some(turn);
            self.report(&Report::Heard { turn, text: &text });
        }
    }

    /// Reports a chunk that is going to be played, the first time.
    pub(super) fn tell_saying(&mut self, chunk: ChunkId, mark: MarkId) {
        let Some((turn, text)) = self.voice.tell(chunk) else { return };
        self.report(&Report::Saying { turn, text: &text, mark });
    }

    pub(super) fn report_turn(&mut self, report: TurnReport) {
        // Text that is not synthesised by now is dropped: the voice is free for the next turn.
        self.give_up(report.turn);
        self.voice.over(report.turn);
        let speech_end_ms = report.speech_end.map(|at| self.listener.position_of(at).as_secs_f64() * 1000.0);
        let model = self.models.remove(&report.turn).filter(|_| !report.failed).unwrap_or_default();
        self.models.retain(|turn, _| *turn > report.turn);
        self.log.turn(report.clone());
        let turn = ReportedTurn { turn: report, model, speech_end_ms };
        self.report(&Report::Turn(&turn));
        if turn.turn.turn == TurnId::default() && !self.disclosure.is_empty() {
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let heard = words(&turn.turn.reply).starts_with(&words(&self.disclosure));
            self.disclosure.clear();
            self.happened(Happened::Disclosed { heard });
        }
        self.happened(Happened::Turn(turn));
    }

    pub(super) fn pong(
        &mut self,
        ping: String,
        mut queues: BTreeMap<String, u64>,
        cores: BTreeMap<String, CoreUse>,
        advice: Vec<String>,
    ) {
        let playback_ms = u64::try_from(self.pacer.queued().as_millis()).unwrap_or(u64::MAX);
        queues.insert("playback_ms".to_owned(), playback_ms);
        let pong = self.log.pong(ping, queues, self.line.quality(), cores, advice);
        self.report(&Report::Pong(&pong));
    }

    /// Reports the turn that was being answered when the call ended.
    pub(super) fn report_the_last_turn(&mut self, now: CallTime) {
        while let Some(action) = self.conversation.poll_action(now) {
            if let Action::TurnReport(report) = action {
                self.report_turn(*report);
            }
        }
    }

    pub(super) fn sum_up(&mut self, now: CallTime, closing: Closing) {
        let Closing { end, cpu } = closing;
        if !std::mem::take(&mut self.disclosure).is_empty() {
            self.happened(Happened::Disclosed { heard: false });
        }
        let summary = Summary {
            call_id: self.id.as_str().to_owned(),
            end,
            duration_ms: now.as_millis() as f64,
            speculation: self.conversation.speculated(),
            consumed: Consumption {
                caller_audio_s: self.tap.caller_s(),
                agent_audio_s: self.tap.agent_s(),
                cpu_s: cpu.as_secs_f64(),
                tokens: self.log.tokens(),
            },
            line: self.line.quality(),
            ..self.log.summary()
        };
        self.report(&Report::Summary(&summary));
        self.happened(Happened::Ended(summary));
    }
}
