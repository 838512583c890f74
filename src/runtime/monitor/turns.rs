//! The turns of the last minute, for how quick answers are now, and sums over all turns, for advice. Must not
//! know what follows from them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::quality::advice::Figures;
use crate::quality::pressure::Recent;
use crate::report::{ReportedTurn, Speculation, Stages, Summary};

/// "Lately" is this long.
const WINDOW: Duration = Duration::from_secs(60);

/// The most turns that are kept of it.
const MOST: usize = 4096;

/// The turns of a server.
#[derive(Debug, Default)]
pub(super) struct Turns {
    lately: VecDeque<(Duration, Stages)>,
    /// When a measure was taken or withdrawn for the last time.
    anew: Duration,
    turns: u64,
    fillers: u64,
    interruptions: u64,
    false_interruptions: u64,
    drafts_used: u64,
    drafts_wasted: u64,
    prompt_tokens: u64,
    reused_tokens: u64,
    heard_s: f64,
    spoken_s: f64,
}

impl Turns {
    /// A turn is over.
    pub(super) fn add(&mut self, now: Duration, ReportedTurn { turn, .. }: &ReportedTurn) {
        self.interruptions += u64::from(turn.interrupted);
        self.false_interruptions += u64::from(turn.hiccups);
        self.drafts_used += u64::from(turn.speculation == Speculation::Used);
        self.drafts_wasted += u64::from(turn.speculation == Speculation::Wasted);
        if let Some(tokens) = &turn.tokens {
            self.prompt_tokens += tokens.prompt as u64;
            self.reused_tokens += tokens.reused as u64;
        }
        // A filler is no answer: how late that is must not hide behind it.
        let Some(stages) = turn.answer_stages.or(turn.stages) else { return };
        self.turns += 1;
        if turn.failed {
            // An apology shows how long an engine was waited for, and not how quick answers are.
            return;
        }
        self.fillers += u64::from(turn.answer_stages.is_some());
        self.lately.push_back((now, stages));
        if self.lately.len() > MOST {
            self.lately.pop_front();
        }
    }

    /// A measure was taken or withdrawn.
    pub(super) fn begin_anew(&mut self, now: Duration) {
        self.anew = now;
    }

    /// A call is over.
    pub(super) fn ended(&mut self, summary: &Summary) {
        self.heard_s += summary.consumed.caller_audio_s;
        self.spoken_s += summary.consumed.agent_audio_s;
    }

    /// How quick answers were lately.
    pub(super) fn lately(&mut self, now: Duration) -> Lately {
        let old = now.saturating_sub(WINDOW);
        while self.lately.pop_front_if(|(at, _)| *at < old).is_some() {}
        self.since(Duration::ZERO)
    }

    /// How quick answers were since the last measure was taken or withdrawn, which is judged by them.
    pub(super) fn since_measure(&self) -> Lately {
        self.since(self.anew)
    }

    fn since(&self, from: Duration) -> Lately {
        let turns = || self.lately.iter().filter(|(at, _)| *at > from).map(|(_, stages)| stages);
        let of = |figure: fn(&Stages) -> f64, share: f64| {
            let mut all: Vec<f64> = turns().map(figure).collect();
            let place = (all.len() as f64 * share).ceil() as usize;
            let place = place.clamp(1, all.len().max(1)) - 1;
            (place < all.len()).then(|| *all.select_nth_unstable_by(place, f64::total_cmp).1)
        };
        Lately {
            turns: turns().count() as u64,
            v2v_ms: of(Stages::total_ms, 0.95),
            silence_ms: of(|stages| stages.endpoint_ms, 0.5),
            computing_ms: of(|stages| stages.total_ms() - stages.endpoint_ms, 0.95),
            stt_ms: of(|stages| stages.stt_ms, 0.95),
            llm_first_token_ms: of(|stages| stages.llm_first_token_ms, 0.95),
            tts_first_audio_ms: of(|stages| stages.tts_first_audio_ms, 0.95),
        }
    }

    /// The sums, as far as advice needs them.
    pub(super) fn figures(&self) -> Figures {
        let share = |count: u64| count as f64 / self.turns.max(1) as f64;
        Figures {
            turns: self.turns,
            fillers: share(self.fillers),
            interruptions: share(self.interruptions),
            false_interruptions: self.false_interruptions,
            drafts_used: self.drafts_used,
            drafts_wasted: self.drafts_wasted,
            prompt_tokens: self.prompt_tokens,
            reused_tokens: self.reused_tokens,
            ..Figures::default()
        }
    }

    /// Seconds of callers' audio and of the agent's speech, in calls that are over.
    pub(super) fn audio_s(&self) -> (f64, f64) {
        (self.heard_s, self.spoken_s)
    }
}

/// How quick answers were lately: the 95th percentile of each figure in milliseconds, and the median of the
/// silence.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Lately {
    pub(super) turns: u64,
    pub(super) v2v_ms: Option<f64>,
    /// The silence that ends a turn: no computing makes it shorter.
    pub(super) silence_ms: Option<f64>,
    /// All after it.
    pub(super) computing_ms: Option<f64>,
    pub(super) stt_ms: Option<f64>,
    pub(super) llm_first_token_ms: Option<f64>,
    pub(super) tts_first_audio_ms: Option<f64>,
}

impl Lately {
    /// The same for the judge of pressure, with the share of cores in use and the longest wait for them.
    pub(super) fn recent(&self, busy: f64, waiting_ms: f64) -> Recent {
        Recent {
            // A caller who speaks in unfinished sentences does not press the machine.
            v2v_ms: self.typical_v2v_ms(),
            stt_ms: self.stt_ms,
            llm_first_token_ms: self.llm_first_token_ms,
            tts_first_audio_ms: self.tts_first_audio_ms,
            turns: self.turns,
            busy,
            waiting_ms,
        }
    }

    /// What 95 of 100 answers take with the silence of a usual turn.
    pub(super) fn typical_v2v_ms(&self) -> Option<f64> {
        Some(self.silence_ms? + self.computing_ms?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::TurnReport;

    fn turn(endpoint_ms: f64, stt_ms: f64) -> ReportedTurn {
        let stages = Some(Stages { endpoint_ms, stt_ms, ..Stages::default() });
        let turn = TurnReport { stages, ..TurnReport::default() };
        ReportedTurn { turn, ..ReportedTurn::default() }
    }

    #[test]
    fn a_turn_counts_for_a_minute_and_a_long_silence_is_no_slowness() {
        let (mut turns, second) = (Turns::default(), Duration::from_secs);
        assert_eq!(turns.lately(second(0)), Lately::default());
        for at in 0..100 {
            turns.add(second(at), &turn(if at % 10 == 0 { 1500.0 } else { 250.0 }, at as f64));
        }
        let lately = turns.lately(second(100));
        assert_eq!((lately.turns, lately.stt_ms), (60, Some(96.0)));
        assert_eq!(lately.typical_v2v_ms(), Some(346.0));
        assert!(lately.v2v_ms > Some(1500.0));
        assert_eq!(turns.lately(second(1000)).turns, 0);
        assert_eq!(turns.figures().turns, 100);
    }
}
