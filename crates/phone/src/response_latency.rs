//! The caller's stopwatch for responses: from the last sound of the caller's speech to the first sound of the
//! answer, both on the timeline of the recording, so that anyone can measure it again there. PURE: it is
//! given the timeline. Must not know sockets or servers.

use std::time::Duration;

use offhook_core::audio::level::audible_span;
use offhook_core::units::{PHONE_RATE, samples_in};

/// The agent speaks at a position if it is heard within this time before and after it.
const AROUND: Duration = Duration::from_millis(100);

/// Milliseconds from the caller's last sound, at `speech_end`, to the first sound of the answer in `agent`,
/// the agent's audio since the start of the call; `None` if there was no answer.
///
/// An agent that already speaks when the caller ends has answered too early, to the beginning of the caller's
/// line. If a clear (`cuts`) ends that reply, the answer is the next sound after the clear. Otherwise that
/// reply is the answer, and the time is negative: it began that long before the caller's end, but not before
/// `from`. That is the beginning of the caller's line or, if the line cut in, the end of the old reply.
pub(crate) fn v2v_ms(agent: &[i16], cuts: &[usize], from: usize, speech_end: usize) -> Option<f64> {
    let around = samples_in(AROUND, PHONE_RATE);
    let before = (speech_end.saturating_sub(around).max(from), speech_end);
    let early = heard_in(agent, before.0, before.1).is_some()
        && heard_in(agent, speech_end, speech_end + around).is_some()
        && !cuts.iter().any(|&cut| before.0 < cut && cut <= speech_end);
    let first = if !early {
        heard_in(agent, speech_end.max(from), agent.len())?
    } else if let Some(&cut) = cuts.iter().find(|&&cut| cut > speech_end) {
        heard_in(agent, cut, agent.len())?
    } else {
        heard_in(agent, from, agent.len())?
    };
    Some(ms_between(speech_end, first))
}

/// The time from one position to another, in milliseconds.
pub(crate) fn ms_between(from: usize, to: usize) -> f64 {
    (to as f64 - from as f64) * 1000.0 / f64::from(PHONE_RATE)
}

/// The first sound from `from` to `to`.
pub(crate) fn heard_in(agent: &[i16], from: usize, to: usize) -> Option<usize> {
    let slice = agent.get(from..to.min(agent.len()))?;
    audible_span(slice, PHONE_RATE).map(|span| from + span.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five seconds of silence with tones from and to these times, in milliseconds.
    fn agent(tones: &[(usize, usize)]) -> Vec<i16> {
        let mut samples = vec![0; 40_000];
        for &(from, to) in tones {
            for (n, sample) in samples[from * 8..to * 8].iter_mut().enumerate() {
                *sample = if n % 8 < 4 { 8000 } else { -8000 };
            }
        }
        samples
    }

    fn about(measured: Option<f64>, ms: f64) {
        let measured = measured.unwrap();
        assert!((measured - ms).abs() <= 5.0, "{measured} is not about {ms}");
    }

    #[test]
    fn the_time_runs_from_the_last_sound_to_the_first() {
        about(v2v_ms(&agent(&[(100, 800), (2500, 3000)]), &[], 8000, 16_000), 500.0);
    }

    #[test]
    fn silence_is_no_answer() {
        assert_eq!(v2v_ms(&agent(&[(100, 800)]), &[], 8000, 16_000), None);
        assert_eq!(v2v_ms(&[], &[], 8000, 16_000), None);
    }

    #[test]
    fn an_early_reply_that_stopped_before_the_end_does_not_count() {
        let timeline = agent(&[(1500, 1950), (2600, 3000)]);
        about(v2v_ms(&timeline, &[1950 * 8], 8000, 16_000), 600.0);
    }

    #[test]
    fn an_early_reply_that_is_cut_makes_room_for_the_answer() {
        let timeline = agent(&[(1500, 2200), (2900, 3500)]);
        about(v2v_ms(&timeline, &[2200 * 8], 8000, 16_000), 900.0);
        assert_eq!(v2v_ms(&agent(&[(1500, 2200)]), &[2200 * 8], 8000, 16_000), None);
    }

    #[test]
    fn a_reply_that_the_caller_cut_into_is_not_its_answer() {
        let timeline = agent(&[(500, 2200), (2900, 3500)]);
        about(v2v_ms(&timeline, &[], 2200 * 8, 16_000), 900.0);
        assert_eq!(v2v_ms(&agent(&[(500, 2200)]), &[], 2200 * 8, 16_000), None);
    }

    #[test]
    fn an_early_reply_that_goes_on_is_an_answer_before_the_end() {
        about(v2v_ms(&agent(&[(1500, 3000)]), &[], 8000, 16_000), -500.0);
    }
}
