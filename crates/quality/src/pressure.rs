//! How hard a server is pressed, by what was measured lately. Must not know how it is measured, nor what is
//! done about it.

use std::fmt;

use crate::numbers::{percent, whole};

/// The fewest turns of which a 95th percentile says anything.
const ENOUGH_TURNS: u64 = 20;

/// A server with a greater share of its cores in use is pressed, whatever its answers take.
const BUSY: f64 = 0.95;

/// A server with a smaller share in use has cores to spare.
const AT_EASE: f64 = 0.75;

/// How hard a server is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressure {
    /// All figures are well below their thresholds.
    Low,
    /// Neither: as it is, it may go on.
    Between,
    /// A figure has passed its threshold.
    High,
}

/// The longest that each stage may take in 95 of 100 turns, in milliseconds; 0 is not looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// From the caller's last sound to the agent's first.
    pub v2v_ms: f64,
    /// From the end of the turn to the transcript.
    pub stt_ms: f64,
    /// From the transcript to the first token.
    pub llm_first_token_ms: f64,
    /// From the first token to the first speech.
    pub tts_first_audio_ms: f64,
    /// The pressure is low when all figures are below this share of their thresholds.
    pub low_share: f64,
}

impl Default for Thresholds {
    /// Looks at the cores alone.
    fn default() -> Self {
        Self { v2v_ms: 0.0, stt_ms: 0.0, llm_first_token_ms: 0.0, tts_first_audio_ms: 0.0, low_share: 0.6 }
    }
}

/// What was measured lately: the 95th percentile of each stage in milliseconds, if there is one, and the
/// rest.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Recent {
    /// From the caller's last sound to the agent's first.
    pub v2v_ms: Option<f64>,
    /// From the end of the turn to the transcript.
    pub stt_ms: Option<f64>,
    /// From the transcript to the first token.
    pub llm_first_token_ms: Option<f64>,
    /// From the first token to the first speech.
    pub tts_first_audio_ms: Option<f64>,
    /// Over how many turns.
    pub turns: u64,
    /// The share of all cores in use, from 0 to 1.
    pub busy: f64,
    /// The longest that any work waited for cores.
    pub waiting_ms: f64,
}

/// What presses a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strain {
    /// From the caller's last sound to the agent's first.
    VoiceToVoice,
    /// Speech to text.
    Stt,
    /// The language model.
    LlmFirstToken,
    /// The voice.
    TtsFirstAudio,
    /// The cores are all in use.
    Cores,
}

impl Strain {
    /// The name of its figure.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::VoiceToVoice => "v2v_ms",
            Self::Stt => "stt_ms",
            Self::LlmFirstToken => "llm_first_token_ms",
            Self::TtsFirstAudio => "tts_first_audio_ms",
            Self::Cores => "busy",
        }
    }
}

/// Why the pressure is high: the figure that is the furthest above its threshold. Its text is a sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reason {
    /// What the figure is about.
    pub strain: Strain,
    /// The figure: milliseconds, or for the cores the share in use.
    pub figure: f64,
    /// Its threshold, in the same unit.
    pub threshold: f64,
    /// The longest that any work waited for cores.
    pub waiting_ms: f64,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.strain {
            Strain::VoiceToVoice => "answers began",
            Strain::Stt => "transcripts came",
            Strain::LlmFirstToken => "first words of the language model came",
            Strain::TtsFirstAudio => "first sounds of the voice came",
            Strain::Cores => {
                let (busy, most) = (percent(self.figure), percent(self.threshold));
                let waiting = whole(self.waiting_ms);
                return write!(
                    f,
                    "{busy} of the cores are in use, and work waited for them for up to {waiting} ms; the \
                     threshold is {most}"
                );
            }
        };
        let (figure, threshold) = (whole(self.figure), whole(self.threshold));
        write!(
            f,
            "95 of 100 {what} within {figure} ms; the threshold is {threshold} ms ({})",
            self.strain.name()
        )
    }
}

/// Judges what was measured. High pressure has a reason.
#[must_use]
pub fn judge(recent: &Recent, thresholds: &Thresholds) -> (Pressure, Option<Reason>) {
    let reason =
        |(strain, figure, threshold)| Reason { strain, figure, threshold, waiting_ms: recent.waiting_ms };
    let looked_at = [
        (Strain::VoiceToVoice, recent.v2v_ms, thresholds.v2v_ms),
        (Strain::Stt, recent.stt_ms, thresholds.stt_ms),
        (Strain::LlmFirstToken, recent.llm_first_token_ms, thresholds.llm_first_token_ms),
        (Strain::TtsFirstAudio, recent.tts_first_audio_ms, thresholds.tts_first_audio_ms),
    ];
    let stages: Vec<(Strain, f64, f64)> = looked_at
        .into_iter()
        .filter(|(.., threshold)| *threshold > 0.0 && recent.turns >= ENOUGH_TURNS)
        .filter_map(|(strain, figure, threshold)| Some((strain, figure?, threshold)))
        .collect();
    let passed = stages.iter().copied().chain([(Strain::Cores, recent.busy, BUSY)]);
    let worst = passed
        .filter(|(_, figure, threshold)| figure > threshold)
        .max_by(|(_, a, most_a), (_, b, most_b)| (a / most_a).total_cmp(&(b / most_b)));
    if let Some(worst) = worst {
        return (Pressure::High, Some(reason(worst)));
    }
    let is_low = |&(_, figure, threshold): &(Strain, f64, f64)| figure < threshold * thresholds.low_share;
    let low = recent.busy < AT_EASE && stages.iter().all(is_low);
    (if low { Pressure::Low } else { Pressure::Between }, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Thresholds = Thresholds {
        v2v_ms: 1000.0,
        stt_ms: 200.0,
        llm_first_token_ms: 500.0,
        tts_first_audio_ms: 0.0,
        low_share: 0.6,
    };

    fn quick() -> Recent {
        let (v2v_ms, stt_ms) = (Some(400.0), Some(10.0));
        Recent { v2v_ms, stt_ms, turns: 20, busy: 0.5, waiting_ms: 12.0, ..Recent::default() }
    }

    fn pressure(recent: Recent) -> Pressure {
        judge(&recent, &STRICT).0
    }

    #[test]
    fn pressure_is_high_above_a_threshold_and_low_well_below_all() {
        let v2v = |ms| pressure(Recent { v2v_ms: Some(ms), ..quick() });
        assert_eq!([599.0, 600.0, 1000.0].map(v2v), [Pressure::Low, Pressure::Between, Pressure::Between]);
        assert_eq!(v2v(1000.1), Pressure::High);
        let busy = |busy| pressure(Recent { busy, ..quick() });
        assert_eq!([0.74, 0.75, 0.95].map(busy), [Pressure::Low, Pressure::Between, Pressure::Between]);
        assert_eq!(busy(0.951), Pressure::High);
    }

    #[test]
    fn few_turns_and_stages_without_a_threshold_are_not_looked_at() {
        assert_eq!(pressure(Recent { v2v_ms: Some(9000.0), turns: 19, ..quick() }), Pressure::Low);
        assert_eq!(pressure(Recent { tts_first_audio_ms: Some(9000.0), ..quick() }), Pressure::Low);
        assert_eq!(pressure(Recent::default()), Pressure::Low, "a server without calls is at ease");
    }

    #[test]
    fn a_figure_that_is_no_number_is_neither_high_nor_low() {
        assert_eq!(pressure(Recent { v2v_ms: Some(f64::NAN), ..quick() }), Pressure::Between);
        assert_eq!(pressure(Recent { busy: f64::NAN, ..quick() }), Pressure::Between);
    }

    #[test]
    fn the_reason_is_the_figure_that_is_the_furthest_above_its_threshold() {
        let slow = Recent { v2v_ms: Some(1420.0), llm_first_token_ms: Some(900.0), ..quick() };
        let (_, reason) = judge(&slow, &STRICT);
        assert_eq!(
            reason.unwrap().to_string(),
            "95 of 100 first words of the language model came within 900 ms; the threshold is 500 ms \
             (llm_first_token_ms)"
        );
        let (_, reason) = judge(&Recent { busy: 0.98, ..quick() }, &STRICT);
        assert_eq!(
            reason.unwrap().to_string(),
            "98 % of the cores are in use, and work waited for them for up to 12 ms; the threshold is 95 %"
        );
        assert_eq!(judge(&quick(), &STRICT).1, None);
    }
}
