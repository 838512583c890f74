//! The pacing of the agent's voice: frames of 20 ms leave at the pace of speech, with a small lead in the
//! gateway's playback buffer. Times are absolute, so a late wake-up is made up for. Reads no clock.

use std::collections::VecDeque;
use std::time::Duration;

use crate::audio::level::audible_span;
use crate::ids::{ChunkId, MarkId};
use crate::units::{CallTime, FRAME, FRAME_SAMPLES, PHONE_RATE, duration_of, samples_in};

/// Something to send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// One frame of samples at 8 kHz.
    Frame(Vec<i16>),
    /// The first audible sample of this chunk is in the frame that follows, and plays at this time.
    Started(ChunkId, CallTime),
    /// A mark.
    Mark(MarkId),
    /// The mark behind the first sound of a reply, and when the gateway will have played that sound.
    FirstMark(MarkId, CallTime),
}

/// The outgoing audio of one call.
#[derive(Debug)]
pub struct Pacer {
    lead: Duration,
    queue: VecDeque<Due>,
    /// When the gateway will have played all audio that was sent.
    buffered_until: CallTime,
    queued_samples: usize,
    /// Back-pressure: nothing leaves until the gateway reports room, or until this timeout.
    held_until: Option<CallTime>,
}

impl Pacer {
    /// A pacer that keeps at most `lead` in the gateway's buffer.
    #[must_use]
    pub fn new(lead: Duration) -> Self {
        let buffered_until = CallTime::ZERO;
        Self { lead, queue: VecDeque::new(), buffered_until, queued_samples: 0, held_until: None }
    }

    /// Queues `silence`, then the samples of a chunk, then its mark. `first_mark` goes behind the frame in
    /// which the sound begins.
    pub fn push(
        &mut self,
        chunk: ChunkId,
        samples: &[i16],
        silence: Duration,
        mark: MarkId,
        first_mark: Option<MarkId>,
    ) {
        let pause = samples_in(silence, PHONE_RATE);
        let first = pause + audible_span(samples, PHONE_RATE).map_or(0, |span| span.start);
        let mut audio = vec![0; pause];
        audio.extend_from_slice(samples);
        self.queued_samples += audio.len();
        for (i, frame) in audio.chunks(FRAME_SAMPLES).enumerate() {
            let start = i * FRAME_SAMPLES;
            let begins = (start..start + FRAME_SAMPLES).contains(&first);
            if begins {
                // For now the time within the frame; `poll` adds the time of the frame.
                let within = CallTime::ZERO + duration_of(first - start, PHONE_RATE);
                self.queue.push_back(Due::Started(chunk, within));
            }
            let mut frame = frame.to_vec();
            frame.resize(FRAME_SAMPLES, 0);
            self.queue.push_back(Due::Frame(frame));
            if let Some(mark) = first_mark.filter(|_| begins) {
                // `poll` fills in the time.
                self.queue.push_back(Due::FirstMark(mark, CallTime::ZERO));
            }
        }
        self.queue.push_back(Due::Mark(mark));
    }

    /// Drops all queued audio. The caller of this function clears the gateway's buffer.
    pub fn clear(&mut self, now: CallTime) {
        self.queue.clear();
        self.queued_samples = 0;
        self.buffered_until = now;
        self.held_until = None;
    }

    /// The gateway's buffer is full: nothing leaves until [`Self::go_on`], or `until`.
    pub fn hold(&mut self, until: CallTime) {
        self.held_until.get_or_insert(until);
    }

    /// There is room again.
    pub fn go_on(&mut self) {
        self.held_until = None;
    }

    /// True once if the wait for room timed out by `now`; audio then leaves again.
    pub fn gives_up_waiting(&mut self, now: CallTime) -> bool {
        self.held_until.take_if(|until| *until <= now).is_some()
    }

    /// The next thing that is due at `now`, if any.
    pub fn poll(&mut self, now: CallTime) -> Option<Due> {
        if self.next_deadline()? > now {
            return None;
        }
        let due = self.queue.pop_front()?;
        match due {
            Due::Frame(frame) => {
                self.buffered_until = self.plays_at(now) + FRAME;
                self.queued_samples = self.queued_samples.saturating_sub(frame.len());
                Some(Due::Frame(frame))
            }
            Due::Started(chunk, within) => {
                Some(Due::Started(chunk, self.plays_at(now) + (within - CallTime::ZERO)))
            }
            Due::Mark(mark) => Some(Due::Mark(mark)),
            Due::FirstMark(mark, _) => Some(Due::FirstMark(mark, self.buffered_until)),
        }
    }

    /// When [`Self::poll`] next returns something.
    #[must_use]
    pub fn next_deadline(&self) -> Option<CallTime> {
        let due = match self.queue.front()? {
            Due::Frame(_) | Due::Started(..) => (self.buffered_until + FRAME).back(self.lead),
            Due::Mark(_) | Due::FirstMark(..) => CallTime::ZERO,
        };
        Some(self.held_until.map_or(due, |until| until.max(due)))
    }

    /// The length of the audio that is queued and not yet sent.
    #[must_use]
    pub fn queued(&self) -> Duration {
        duration_of(self.queued_samples, PHONE_RATE)
    }

    /// When the gateway will have played all audio, both sent and queued.
    #[must_use]
    pub fn plays_until(&self) -> CallTime {
        self.buffered_until + self.queued()
    }

    /// When a frame sent now will be played.
    fn plays_at(&self, now: CallTime) -> CallTime {
        self.buffered_until.max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> CallTime = CallTime::from_millis;

    fn frames(pacer: &mut Pacer, now: CallTime) -> usize {
        std::iter::from_fn(|| pacer.poll(now)).filter(|due| matches!(due, Due::Frame(_))).count()
    }

    fn second_of_speech() -> Pacer {
        let mut pacer = Pacer::new(Duration::from_millis(160));
        pacer.push(ChunkId(1), &[5000; 8000], Duration::ZERO, MarkId(1), None);
        pacer
    }

    #[test]
    fn the_lead_leaves_at_once_and_then_a_frame_every_twenty_milliseconds() {
        let mut pacer = second_of_speech();
        assert_eq!(frames(&mut pacer, MS(1000)), 8);
        assert_eq!(pacer.next_deadline(), Some(MS(1020)));
        assert_eq!(frames(&mut pacer, MS(1019)), 0);
        assert_eq!(frames(&mut pacer, MS(1020)), 1);
    }

    #[test]
    fn a_late_wake_up_is_made_good() {
        let mut pacer = second_of_speech();
        frames(&mut pacer, MS(1000));
        assert_eq!(frames(&mut pacer, MS(1100)), 5);
    }

    #[test]
    fn never_more_than_the_lead_lies_in_the_buffer() {
        let mut pacer = second_of_speech();
        let mut sent = 0;
        for now in (1000..2000).step_by(7) {
            sent += frames(&mut pacer, MS(now));
            assert!(sent as u64 * 20 <= now - 1000 + 160);
        }
        assert_eq!(sent, 50);
        assert_eq!(pacer.queued(), Duration::ZERO);
    }

    #[test]
    fn nothing_leaves_after_a_clear() {
        let mut pacer = second_of_speech();
        frames(&mut pacer, MS(1000));
        pacer.clear(MS(1010));
        assert_eq!(pacer.poll(MS(5000)), None);
        pacer.push(ChunkId(2), &[5000; 160], Duration::ZERO, MarkId(2), None);
        assert!(matches!(pacer.poll(MS(1010)), Some(Due::Started(ChunkId(2), at)) if at == MS(1010)));
    }

    #[test]
    fn nothing_leaves_while_the_buffer_is_full_and_then_all_of_it_in_order() {
        let mut pacer = second_of_speech();
        frames(&mut pacer, MS(1000));
        pacer.hold(MS(6000));
        // A second hold does not extend the first.
        pacer.hold(MS(9000));
        assert_eq!((pacer.poll(MS(2000)), pacer.next_deadline()), (None, Some(MS(6000))));
        pacer.go_on();
        let mut left = Vec::new();
        for now in (2000..4000).step_by(20) {
            left.extend(std::iter::from_fn(|| pacer.poll(MS(now))));
        }
        assert_eq!(left.len(), 43);
        assert_eq!(left.last(), Some(&Due::Mark(MarkId(1))));
        assert!(left[..42].iter().all(|due| matches!(due, Due::Frame(_))));
    }

    #[test]
    fn a_mark_waits_with_the_audio_before_it() {
        let mut pacer = Pacer::new(Duration::from_millis(160));
        pacer.hold(MS(6000));
        pacer.push(ChunkId(1), &[], Duration::ZERO, MarkId(1), None);
        assert_eq!(pacer.poll(MS(1000)), None);
        pacer.go_on();
        assert_eq!(pacer.poll(MS(1000)), Some(Due::Mark(MarkId(1))));
    }

    #[test]
    fn a_buffer_that_stays_full_is_not_believed_for_ever() {
        let mut pacer = second_of_speech();
        pacer.hold(MS(6000));
        assert!(!pacer.gives_up_waiting(MS(5999)));
        assert_eq!(frames(&mut pacer, MS(5999)), 0);
        assert!(pacer.gives_up_waiting(MS(6000)));
        assert!(!pacer.gives_up_waiting(MS(6000)));
        assert_eq!(frames(&mut pacer, MS(6000)), 8);
    }

    #[test]
    fn what_is_cleared_while_the_buffer_is_full_makes_room() {
        let mut pacer = second_of_speech();
        pacer.hold(MS(6000));
        pacer.clear(MS(1000));
        assert_eq!(pacer.next_deadline(), None);
        pacer.push(ChunkId(2), &[5000; 160], Duration::ZERO, MarkId(2), None);
        assert_eq!(frames(&mut pacer, MS(1000)), 1);
    }

    #[test]
    fn the_first_mark_follows_the_frame_in_which_the_sound_begins_and_knows_when_it_is_over() {
        let mut pacer = Pacer::new(Duration::from_millis(160));
        pacer.push(ChunkId(1), &[5000; 800], Duration::ZERO, MarkId(1), None);
        let speech = [vec![0; 170], vec![5000; 800]].concat();
        pacer.push(ChunkId(2), &speech, Duration::ZERO, MarkId(3), Some(MarkId(2)));
        let left: Vec<Due> = std::iter::from_fn(|| pacer.poll(MS(1000))).collect();
        // Before the mark lie 100 ms of the first chunk, 20 ms of silence, and the frame itself.
        let at = left.iter().position(|due| *due == Due::FirstMark(MarkId(2), MS(1140)));
        assert!(matches!(left[at.expect("the mark") - 1], Due::Frame(_)), "{left:?}");
        assert!(matches!(left[at.expect("the mark") - 2], Due::Started(ChunkId(2), _)), "{left:?}");
    }

    #[test]
    fn the_start_of_a_piece_is_its_first_audible_sample() {
        let mut pacer = Pacer::new(Duration::from_millis(160));
        let mut samples = vec![0; 80];
        samples.extend([5000; 400]);
        pacer.push(ChunkId(1), &samples, Duration::from_millis(30), MarkId(1), None);
        let started = std::iter::from_fn(|| pacer.poll(MS(500))).find_map(|due| match due {
            Due::Started(_, at) => Some(at),
            Due::Frame(_) | Due::Mark(_) | Due::FirstMark(..) => None,
        });
        assert_eq!(started, Some(MS(540)));
    }
}
