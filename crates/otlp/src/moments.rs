//! Moments in nanoseconds since 1970, and spans of time in whole microseconds, as the clock of a call counts:
//! sums of them are exact. Figures of any size are taken, and none panics. Must not know what is measured.

use std::time::Duration;

use offhook_core::report::Stages;

/// The longest time that a figure may say: a day, in microseconds. More is a mistake of whoever measured.
const LONGEST: f64 = 86_400_000_000.0;

/// The nanoseconds of a time since 1970; as many as the protocol can hold, if there are more.
pub(crate) fn nanos(since_1970: Duration) -> u64 {
    u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX)
}

/// The microseconds of a figure in milliseconds; 0 of what is no number.
pub(crate) fn micros(ms: f64) -> i64 {
    // A float becomes the nearest integer that there is, and NaN becomes 0.
    (ms * 1000.0).clamp(-LONGEST, LONGEST).round() as i64
}

/// The microseconds of a figure in milliseconds that cannot be negative.
pub(crate) fn length(ms: f64) -> u64 {
    u64::try_from(micros(ms)).unwrap_or_default()
}

/// The moment so many microseconds after another.
pub(crate) fn after(moment: u64, micros: u64) -> u64 {
    moment.saturating_add(micros.saturating_mul(1000))
}

/// The moment so many microseconds before another.
pub(crate) fn before(moment: u64, micros: u64) -> u64 {
    moment.saturating_sub(micros.saturating_mul(1000))
}

/// One stage: its name, and its beginning and end in microseconds after the caller's last sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// The name, without a unit.
    pub(crate) name: &'static str,
    /// The beginning.
    pub(crate) from: u64,
    /// The end.
    pub(crate) to: u64,
}

/// The stages one behind the other, without a gap, from 0 to their sum. A negative stage takes from the one
/// before it, so that the sum stays what it is.
pub(crate) fn waterfall(stages: &Stages) -> [Step; 5] {
    let stages = stages.named().map(|(name, ms)| (name, micros(ms)));
    let total = stages.iter().map(|(_, micros)| micros).sum::<i64>().max(0);
    let (mut sum, mut from) = (0, 0);
    stages.map(|(name, micros)| {
        sum += micros;
        let to = sum.clamp(from, total);
        let step = Step {
            name: name.strip_suffix("_ms").unwrap_or(name),
            from: u64::try_from(from).unwrap_or_default(),
            to: u64::try_from(to).unwrap_or_default(),
        };
        from = to;
        step
    })
}

/// Where the last stage ends, in microseconds after the caller's last sound.
pub(crate) fn total(waterfall: &[Step; 5]) -> u64 {
    let [.., last] = waterfall;
    last.to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(ms: [f64; 5]) -> Stages {
        let [endpoint_ms, stt_ms, llm_first_token_ms, tts_first_audio_ms, first_frame_ms] = ms;
        Stages { endpoint_ms, stt_ms, llm_first_token_ms, tts_first_audio_ms, first_frame_ms }
    }

    fn ends(ms: [f64; 5]) -> [u64; 5] {
        waterfall(&stages(ms)).map(|step| step.to)
    }

    #[test]
    fn stages_follow_each_other_and_add_up() {
        let steps = waterfall(&stages([250.0, 0.0, 80.123, 40.1, 0.007]));
        assert_eq!(steps.map(|step| step.to), [250_000, 250_000, 330_123, 370_223, 370_230]);
        assert!(steps.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!(
            steps.map(|step| step.name).join(" "),
            "endpoint stt llm_first_token tts_first_audio first_frame"
        );
        assert_eq!(total(&steps), 370_230);
    }

    #[test]
    fn odd_figures_keep_the_order() {
        assert_eq!(ends([100.0, 0.0, 0.0, -30.0, 5.0]), [75_000; 5]);
        assert_eq!(ends([-1.0, 2.0, f64::NAN, 0.0, 0.0]), [0, 1000, 1000, 1000, 1000]);
        assert_eq!(ends([-5.0; 5]), [0; 5]);
        assert_eq!(ends([f64::INFINITY; 5])[4], 5 * 86_400_000_000);
        assert_eq!((length(-1.0), length(f64::MAX)), (0, 86_400_000_000));
        assert_eq!((after(u64::MAX, 1), before(5, u64::MAX)), (u64::MAX, 0));
    }
}
