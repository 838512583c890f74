//! What the callers of one step measured, folded into its result. PURE. Must not know how anything was
//! measured, nor how it is shown.

use serde::Serialize;

use crate::continuity::Continuity;
use crate::slack::{Slack, Slacks};
use crate::violations::Violations;
use offhook_core::stats::Distribution;
use offhook_core::streams::native::StagesWire;
use offhook_core::units::tenths;

/// The most turns whose times are kept, for exact percentiles.
const MOST_TURNS: usize = 200_000;

/// The most sentences of a kind that are told.
const MOST_SENTENCES: usize = 20;

/// What one turn measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct TurnMeasures {
    /// From the caller's last sound to the agent's first; `None` without an answer.
    pub(crate) v2v_ms: Option<f64>,
    /// From the caller's first sound to the last of the reply that it cut.
    pub(crate) silent_after_ms: Option<f64>,
    /// The server's report of the same turn.
    pub(crate) reported: Option<Reported>,
}

/// The server's own figures of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Reported {
    pub(crate) v2v_ms: Option<f64>,
    pub(crate) answer_ms: Option<f64>,
    pub(crate) stages: StagesWire,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ended {
    /// The caller had no more to say.
    Completed,
    /// The server refused it, with this reason.
    Refused { why: String, after_ms: f64 },
    /// It did not come about, or broke.
    Failed { why: String },
    /// It was ended with the load.
    Stopped,
}

/// What one call measured.
#[derive(Debug, Clone)]
pub(crate) struct CallMeasures {
    pub(crate) ended: Ended,
    pub(crate) turns: Vec<TurnMeasures>,
    pub(crate) continuity: Continuity,
    pub(crate) slacks: Slacks,
    /// The greatest lateness of the caller's own frames while the stopwatch ran.
    pub(crate) late_ms: f64,
    pub(crate) violations: Violations,
    /// Errors that the server told.
    pub(crate) errors: Vec<String>,
}

impl CallMeasures {
    /// A call that did not come about.
    pub(crate) fn without_a_word(ended: Ended) -> Self {
        Self {
            ended,
            turns: Vec::new(),
            continuity: Continuity::default(),
            slacks: Slacks::default(),
            late_ms: 0.0,
            violations: Violations::default(),
            errors: Vec::new(),
        }
    }
}

/// The calls of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Calls {
    /// Calls that were begun. Each is one of the next four.
    pub begun: u64,
    /// The caller hung up, because everything had been said or the time of the step was over.
    pub completed: u64,
    /// The server refused the call: an HTTP status, or a close before it said anything.
    pub refused: u64,
    /// The server was not reached, or the call broke before the caller had said everything.
    pub failed: u64,
    /// Calls in progress when the load was stopped early.
    pub stopped: u64,
    /// Callers who came at random and did not call, because as many calls as allowed were in progress.
    pub turned_away: u64,
}

/// The distribution of a time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Spread {
    /// The number of values.
    pub count: usize,
    /// The median.
    pub p50: f64,
    /// 95 of 100 values are at most this.
    pub p95: f64,
    /// 99 of 100 values are at most this.
    pub p99: f64,
    /// The largest value.
    pub max: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Option<Self> {
        let values: Distribution = values.iter().copied().collect();
        let at = |percent| values.percentile(percent).map(tenths);
        Some(Self { count: values.count(), p50: at(50.0)?, p95: at(95.0)?, p99: at(99.0)?, max: at(100.0)? })
    }
}

/// The server's own time less the caller's, paired turn by turn, in milliseconds. It is negative where the
/// server leaves out a part of the caller's wait.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Deviation {
    /// The number of turns with both times.
    pub pairs: usize,
    /// The median of the differences.
    pub median: f64,
    /// 95 of 100 differences are at most this, whatever their sign.
    pub p95_of_absolute: f64,
}

/// What the server used during a step. The command that started the server fills it in.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct ServerUse {
    /// Processor time, in seconds.
    pub cpu_seconds: f64,
    /// The cores that were busy on average.
    pub cores: f64,
    /// The most memory that was resident, in MB.
    pub peak_rss_mb: f64,
    /// The resident memory that each call added, in MB.
    pub rss_mb_per_call: Option<f64>,
    /// The median of the server's own `v2v_ms`, in milliseconds.
    pub reported_v2v_p50_ms: Option<f64>,
    /// The 95th percentile of the server's own `v2v_ms`, in milliseconds.
    pub reported_v2v_p95_ms: Option<f64>,
}

/// The result of a step. Times are in milliseconds; what was not measured is `null`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct StepResult {
    /// Callers at once; of callers who come at random, the most calls at once.
    pub callers: u32,
    /// Of callers who come at random: how many in a minute, on average.
    pub calls_a_minute: Option<f64>,
    /// From the first call to the end of the last, in seconds.
    pub seconds: f64,
    /// Whether the step was stopped before its time.
    pub stopped: bool,
    /// The calls in progress on average.
    pub mean_at_once: f64,
    /// How the calls ended.
    pub calls: Calls,
    /// Lines that callers said.
    pub turns: u64,
    /// Lines without an answer.
    pub unanswered: u64,
    /// Turns whose times are not in the distributions, because there were too many.
    pub turns_left_out: u64,
    /// From the caller's last sound to the agent's first.
    pub v2v_ms: Option<Spread>,
    /// The percentiles of `v2v_ms` from 0 to 100; empty without an answer.
    pub v2v_percentiles_ms: Vec<f64>,
    /// The same time by the server's reports.
    pub reported_v2v_ms: Option<Spread>,
    /// The server's time to the first sound of the answer itself, behind any filler, by its reports.
    pub answer_ms: Option<Spread>,
    /// The server's reports less the caller's stopwatch.
    pub reported_minus_measured_ms: Option<Deviation>,
    /// The medians of the stages, by the server's reports.
    pub stages_ms: StagesWire,
    /// Holes of at least 20 ms in the agent's speech.
    pub underruns: u64,
    /// Frames of 20 ms of the agent's audio that were played.
    pub frames: u64,
    /// Frames of 20 ms that had to be played and had not arrived.
    pub late_frames: u64,
    /// The share of the frames to be played that had arrived: `frames` of `frames` and `late_frames`.
    pub on_time: Option<f64>,
    /// The audio that was left to play when more arrived, over all calls.
    pub slack_ms: Option<Slack>,
    /// From a caller's first sound to the last sound of the reply that it cut.
    pub silent_after_ms: Option<Spread>,
    /// How long a refusal took.
    pub refused_after_ms: Option<Spread>,
    /// The greatest lateness of the callers' own frames while a stopwatch ran: the times above are no more
    /// accurate than this.
    pub caller_late_ms: f64,
    /// Why calls were refused, each reason once.
    pub refusals: Vec<String>,
    /// Why calls failed.
    pub failures: Vec<String>,
    /// Errors that the server told.
    pub errors: Vec<String>,
    /// How the server broke the gateway's protocol.
    pub violations: Vec<String>,
    /// The server's own figures.
    pub server: Option<ServerUse>,
}

impl StepResult {
    /// The size of the load: callers at once, or callers in a minute.
    pub fn size(&self) -> f64 {
        self.calls_a_minute.unwrap_or(f64::from(self.callers))
    }

    /// The load in words.
    pub fn name(&self) -> String {
        match self.calls_a_minute {
            Some(calls) => format!("{calls} calls a minute"),
            None if self.callers == 1 => "1 caller".to_owned(),
            None => format!("{} callers", self.callers),
        }
    }
}

/// The step that was run, without what was measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ran {
    pub(crate) callers: u32,
    pub(crate) calls_a_minute: Option<f64>,
    pub(crate) seconds: f64,
    pub(crate) stopped: bool,
    pub(crate) mean_at_once: f64,
    pub(crate) turned_away: u64,
}

/// The sum of the calls of a step.
#[derive(Debug, Default)]
pub(crate) struct Measures {
    pub(crate) calls: Calls,
    turns: u64,
    unanswered: u64,
    left_out: u64,
    kept: usize,
    v2v: Vec<f64>,
    reported: Vec<f64>,
    answer: Vec<f64>,
    difference: Vec<f64>,
    silent_after: Vec<f64>,
    stages: [Vec<f64>; 5],
    refused_after: Vec<f64>,
    underruns: u64,
    frames: u64,
    late_frames: u64,
    slacks: Slacks,
    late_ms: f64,
    refusals: Violations,
    failures: Violations,
    errors: Violations,
    violations: Violations,
}

impl Measures {
    /// Adds a call that has ended.
    pub(crate) fn add(&mut self, call: CallMeasures) {
        self.calls.begun += 1;
        match call.ended {
            Ended::Completed => self.calls.completed += 1,
            Ended::Refused { why, after_ms } => {
                self.calls.refused += 1;
                self.refusals.add(why);
                if self.refused_after.len() < MOST_TURNS {
                    self.refused_after.push(after_ms);
                }
            }
            Ended::Failed { why } => {
                self.calls.failed += 1;
                self.failures.add(why);
            }
            Ended::Stopped => self.calls.stopped += 1,
        }
        for turn in call.turns {
            self.add_turn(turn);
        }
        self.underruns += call.continuity.glitches as u64;
        self.frames += call.continuity.frames() as u64;
        self.late_frames += call.continuity.late_frames as u64;
        self.slacks.merge(&call.slacks);
        self.late_ms = self.late_ms.max(call.late_ms);
        self.violations.merge(call.violations);
        for error in call.errors {
            self.errors.add(error);
        }
    }

    fn add_turn(&mut self, turn: TurnMeasures) {
        self.turns += 1;
        self.unanswered += u64::from(turn.v2v_ms.is_none());
        if self.kept == MOST_TURNS {
            self.left_out += 1;
            return;
        }
        self.kept += 1;
        self.v2v.extend(turn.v2v_ms);
        self.silent_after.extend(turn.silent_after_ms);
        let Some(reported) = turn.reported else { return };
        self.reported.extend(reported.v2v_ms);
        self.answer.extend(reported.answer_ms);
        self.difference.extend(reported.v2v_ms.zip(turn.v2v_ms).map(|(told, measured)| told - measured));
        for (values, (_, ms)) in self.stages.iter_mut().zip(reported.stages.named()) {
            values.extend(ms);
        }
    }

    /// The result of the step.
    pub(crate) fn result(self, ran: Ran) -> StepResult {
        let percentiles: Distribution = self.v2v.iter().copied().collect();
        let [endpoint_ms, stt_ms, llm_first_token_ms, tts_first_audio_ms, first_frame_ms] =
            self.stages.map(|values| offhook_core::stats::median(values).map(tenths));
        let due = self.frames + self.late_frames;
        let few = |kinds: Violations| kinds.sentences().into_iter().take(MOST_SENTENCES).collect();
        StepResult {
            callers: ran.callers,
            calls_a_minute: ran.calls_a_minute,
            seconds: tenths(ran.seconds),
            stopped: ran.stopped,
            mean_at_once: (ran.mean_at_once * 100.0).round() / 100.0,
            calls: Calls { turned_away: ran.turned_away, ..self.calls },
            turns: self.turns,
            unanswered: self.unanswered,
            turns_left_out: self.left_out,
            v2v_ms: Spread::of(&self.v2v),
            v2v_percentiles_ms: (0..=100)
                .filter_map(|percent| percentiles.percentile(f64::from(percent)).map(tenths))
                .collect(),
            reported_v2v_ms: Spread::of(&self.reported),
            answer_ms: Spread::of(&self.answer),
            reported_minus_measured_ms: deviation(&self.difference),
            stages_ms: StagesWire {
                endpoint_ms,
                stt_ms,
                llm_first_token_ms,
                tts_first_audio_ms,
                first_frame_ms,
            },
            underruns: self.underruns,
            frames: self.frames,
            late_frames: self.late_frames,
            on_time: (due > 0).then(|| self.frames as f64 / due as f64),
            slack_ms: self.slacks.figures(),
            silent_after_ms: Spread::of(&self.silent_after),
            refused_after_ms: Spread::of(&self.refused_after),
            caller_late_ms: tenths(self.late_ms),
            refusals: few(self.refusals),
            failures: few(self.failures),
            errors: few(self.errors),
            violations: few(self.violations),
            server: None,
        }
    }
}

fn deviation(differences: &[f64]) -> Option<Deviation> {
    let signed: Distribution = differences.iter().copied().collect();
    let absolute: Distribution = differences.iter().map(|ms| ms.abs()).collect();
    Some(Deviation {
        pairs: signed.count(),
        median: tenths(signed.median()?),
        p95_of_absolute: tenths(absolute.percentile(95.0)?),
    })
}

#[cfg(test)]
mod tests;
