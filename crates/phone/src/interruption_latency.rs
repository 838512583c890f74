//! How long the agent talks on when the caller cuts in: from the first sound of the caller's line to the last
//! sound of the reply that it cut, both on the timeline of the recording, so that anyone can measure it again
//! there. PURE: it is given the timeline. Must not know sockets or servers.

use std::time::Duration;

use super::response_latency::heard_in;
use offhook_core::audio::level::audible_span;
use offhook_core::units::{FRAME_SAMPLES, PHONE_RATE, samples_in};

/// The longest silence of the agent that is a pause inside a reply: between two chunks, or because the agent
/// listened for a moment and went on.
pub(crate) const PAUSE: Duration = Duration::from_millis(400);

/// Where the last sound of the old reply ends in `agent`, the agent's audio since the start of the call;
/// `None` if the agent was silent when the caller's line began.
///
/// `speech_start` is the beginning of the line's first sound, `speech_end` the end of its last one. The old
/// reply is the audible stretch in which the line began, with its pauses. A clear (`cuts`) ends it if nothing
/// is heard after the clear until the caller has finished; any later sound, however soon, is an answer. An
/// agent that stops and goes on while the caller speaks has not stopped.
pub(crate) fn old_reply_end(
    agent: &[i16],
    cuts: &[usize],
    speech_start: usize,
    speech_end: usize,
) -> Option<usize> {
    let pause = samples_in(PAUSE, PHONE_RATE);
    let silenced = cuts.iter().find(|&&cut| cut > speech_start && heard_in(agent, cut, speech_end).is_none());
    let limit = silenced.map_or(agent.len(), |&cut| cut.min(agent.len()));
    // One frame more than the caller's first sound: both may have begun at the same moment.
    let before = speech_start.saturating_sub(pause);
    let mut end = before + last_sound(agent, before, limit.min(speech_start + FRAME_SAMPLES))?;
    while let Some(more) = last_sound(agent, end, limit.min(end + pause)) {
        end += more;
    }
    (end > speech_start).then_some(end)
}

/// Where the last sound from `from` to `to` ends, counted from `from`.
fn last_sound(agent: &[i16], from: usize, to: usize) -> Option<usize> {
    audible_span(agent.get(from..to)?, PHONE_RATE).map(|span| span.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The end of the old reply, in milliseconds, if the agent is heard from and to these times, and is
    /// cleared at `cuts`. The caller speaks from 1000 to 2000.
    fn end(tones: &[(usize, usize)], cuts: &[usize]) -> Option<usize> {
        let mut agent = vec![0; 40_000];
        for &(from, to) in tones {
            for (n, sample) in agent[from * 8..to * 8].iter_mut().enumerate() {
                *sample = if n % 8 < 4 { 8000 } else { -8000 };
            }
        }
        let cuts: Vec<usize> = cuts.iter().map(|ms| ms * 8).collect();
        old_reply_end(&agent, &cuts, 8000, 16_000).map(|end| end / 8)
    }

    #[test]
    fn the_old_reply_ends_where_it_was_cleared() {
        assert_eq!(end(&[(200, 1230)], &[1230]), Some(1230));
    }

    #[test]
    fn an_agent_who_was_silent_was_not_cut() {
        assert_eq!(end(&[(200, 900), (2400, 3000)], &[]), None);
        assert_eq!(end(&[(200, 500), (1100, 1500)], &[]), None, "the agent began after the caller");
        assert_eq!(end(&[], &[]), None);
        assert_eq!(old_reply_end(&[], &[], 8000, 16_000), None);
    }

    #[test]
    fn a_pause_between_two_pieces_belongs_to_the_reply() {
        assert_eq!(end(&[(200, 1100), (1400, 1700), (2050, 2600)], &[]), Some(2600));
        assert_eq!(end(&[(200, 900), (1200, 1500)], &[1500]), Some(1500), "the caller began in the pause");
        assert_eq!(end(&[(200, 1100), (1550, 1900)], &[]), Some(1100), "that is too long for a pause");
    }

    #[test]
    fn an_agent_who_goes_on_while_the_caller_speaks_has_not_stopped() {
        assert_eq!(end(&[(200, 1150), (1400, 1600)], &[1150, 1600]), Some(1600));
    }

    #[test]
    fn an_answer_right_after_a_clear_is_not_the_old_reply() {
        assert_eq!(end(&[(200, 1800), (2100, 3000)], &[1800]), Some(1800));
        assert_eq!(end(&[(200, 2100), (2200, 3000)], &[2100]), Some(2100), "cleared after the caller's end");
    }

    #[test]
    fn whoever_begins_with_the_agent_cuts_in() {
        assert_eq!(end(&[(1000, 1300)], &[1300]), Some(1300));
    }

    #[test]
    fn a_reply_that_is_never_cut_goes_on_to_its_end() {
        assert_eq!(end(&[(200, 4000)], &[]), Some(4000));
    }
}
