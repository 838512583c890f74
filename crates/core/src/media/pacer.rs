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
    /// The next part of this chunk came too late: what follows plays this much later than it should.
    Stalled(ChunkId, Duration),
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
    /// The chunk whose audio may still grow.
    open: Option<Open>,
    /// The chunk of which audio was sent, and not all of it.
    playing: Option<ChunkId>,
    /// When the gateway will have played all audio that was sent.
    buffered_until: CallTime,
    queued_samples: usize,
    /// Back-pressure: nothing leaves until the gateway reports room, or until this timeout.
    held_until: Option<CallTime>,
}

/// A chunk that was begun and has not ended.
#[derive(Debug)]
struct Open {
    chunk: ChunkId,
    mark: MarkId,
    first_mark: Option<MarkId>,
    start: Start,
    /// Samples that do not fill a frame yet.
    rest: Vec<i16>,
}

/// Where the sound of an open chunk begins.
#[derive(Debug, Clone, Copy)]
enum Start {
    /// No samples have come yet.
    Unknown,
    /// At this sample of those that do not fill a frame yet.
    InRest(usize),
    /// In a frame that is queued.
    Queued,
}

impl Pacer {
    /// A pacer that keeps at most `lead` in the gateway's buffer.
    #[must_use]
    pub fn new(lead: Duration) -> Self {
        Self {
            lead,
            queue: VecDeque::new(),
            open: None,
            playing: None,
            buffered_until: CallTime::ZERO,
            queued_samples: 0,
            held_until: None,
        }
    }

    /// Begins a chunk after `silence`. A chunk that is still open ends before it. `mark` follows the end of
    /// the chunk, and `first_mark` the frame in which its sound begins.
    pub fn begin(&mut self, chunk: ChunkId, silence: Duration, mark: MarkId, first_mark: Option<MarkId>) {
        self.end_open();
        let rest = vec![0; samples_in(silence, PHONE_RATE)];
        self.open = Some(Open { chunk, mark, first_mark, start: Start::Unknown, rest });
    }

    /// Queues the next samples of `chunk`, if it is the one that was begun.
    pub fn extend(&mut self, chunk: ChunkId, samples: &[i16]) {
        let Some(open) = self.open.as_mut().filter(|open| open.chunk == chunk) else { return };
        if samples.is_empty() {
            return;
        }
        if let Start::Unknown = open.start {
            let silent = audible_span(samples, PHONE_RATE).map_or(0, |span| span.start);
            open.start = Start::InRest(open.rest.len() + silent);
        }
        open.rest.extend_from_slice(samples);
        let rest = open.rest.split_off(open.rest.len() - open.rest.len() % FRAME_SAMPLES);
        let frames = std::mem::replace(&mut open.rest, rest);
        let mut begins = None;
        if let Start::InRest(at) = open.start {
            open.start = match at.checked_sub(frames.len()) {
                Some(later) => Start::InRest(later),
                None => Start::Queued,
            };
            begins = Some((chunk, at, open.first_mark));
        }
        self.queue_frames(&frames, begins);
    }

    /// `chunk` is complete, if it is the one that was begun.
    pub fn end(&mut self, chunk: ChunkId) {
        if self.open.as_ref().is_some_and(|open| open.chunk == chunk) {
            self.end_open();
        }
    }

    fn end_open(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        if !open.rest.is_empty() {
            open.rest.resize(open.rest.len().next_multiple_of(FRAME_SAMPLES), 0);
            let begins = match open.start {
                Start::InRest(at) => Some((open.chunk, at, open.first_mark)),
                Start::Unknown | Start::Queued => None,
            };
            self.queue_frames(&open.rest, begins);
        }
        self.queue.push_back(Due::Mark(open.mark));
    }

    /// Queues whole frames. If the sound of a chunk begins at a sample in them, its start and its first mark
    /// are queued with that frame.
    fn queue_frames(&mut self, audio: &[i16], begins: Option<(ChunkId, usize, Option<MarkId>)>) {
        self.queued_samples += audio.len();
        for (i, frame) in audio.chunks(FRAME_SAMPLES).enumerate() {
            let from = i * FRAME_SAMPLES;
            let here = begins.filter(|(_, first, _)| (from..from + FRAME_SAMPLES).contains(first));
            if let Some((chunk, first, _)) = here {
                // For now the time within the frame; `poll` adds the time of the frame.
                let within = CallTime::ZERO + duration_of(first - from, PHONE_RATE);
                self.queue.push_back(Due::Started(chunk, within));
            }
            self.queue.push_back(Due::Frame(frame.to_vec()));
            if let Some(mark) = here.and_then(|(.., first_mark)| first_mark) {
                // `poll` fills in the time.
                self.queue.push_back(Due::FirstMark(mark, CallTime::ZERO));
            }
        }
    }

    /// Drops all queued audio. The caller of this function clears the gateway's buffer.
    pub fn clear(&mut self, now: CallTime) {
        self.queue.clear();
        self.open = None;
        self.playing = None;
        self.queued_samples = 0;
        self.buffered_until = now;
        self.held_until = None;
    }

    /// The gateway's buffer is full: nothing leaves until [`Self::go_on`], or `until`.
    pub fn hold(&mut self, until: CallTime) {
        self.held_until.get_or_insert(until);
    }

    /// There is room again by `now`. Until now the gateway had audio, whatever was known of it here.
    pub fn go_on(&mut self, now: CallTime) {
        if self.held_until.take().is_some() {
            self.buffered_until = self.plays_at(now);
        }
    }

    /// True once if the wait for room timed out by `now`; audio then leaves again.
    pub fn gives_up_waiting(&mut self, now: CallTime) -> bool {
        let gives_up = self.held_until.is_some_and(|until| until <= now);
        if gives_up {
            self.go_on(now);
        }
        gives_up
    }

    /// The next thing that is due at `now`, if any.
    pub fn poll(&mut self, now: CallTime) -> Option<Due> {
        if self.next_deadline()? > now {
            return None;
        }
        if let (Some(chunk), Some(Due::Frame(_))) = (self.playing, self.queue.front())
            && now > self.buffered_until
        {
            let late = now - self.buffered_until;
            self.buffered_until = now;
            return Some(Due::Stalled(chunk, late));
        }
        let due = self.queue.pop_front()?;
        match due {
            Due::Frame(frame) => {
                self.buffered_until = self.plays_at(now) + FRAME;
                self.queued_samples = self.queued_samples.saturating_sub(frame.len());
                Some(Due::Frame(frame))
            }
            Due::Started(chunk, within) => {
                self.playing = Some(chunk);
                self.buffered_until = self.plays_at(now);
                Some(Due::Started(chunk, self.buffered_until + (within - CallTime::ZERO)))
            }
            Due::Mark(mark) => {
                self.playing = None;
                Some(Due::Mark(mark))
            }
            // Only `poll` makes these, on the way.
            Due::Stalled(..) => Some(due),
            Due::FirstMark(mark, _) => Some(Due::FirstMark(mark, self.buffered_until)),
        }
    }

    /// When [`Self::poll`] next returns something.
    #[must_use]
    pub fn next_deadline(&self) -> Option<CallTime> {
        let due = match self.queue.front()? {
            Due::Frame(_) | Due::Started(..) => (self.buffered_until + FRAME).back(self.lead),
            Due::Mark(_) | Due::FirstMark(..) | Due::Stalled(..) => CallTime::ZERO,
        };
        Some(self.held_until.map_or(due, |until| until.max(due)))
    }

    /// The length of the audio that is queued and not yet sent.
    #[must_use]
    pub fn queued(&self) -> Duration {
        duration_of(self.queued_samples, PHONE_RATE)
    }

    /// When the gateway will have played all audio that was sent.
    #[must_use]
    pub fn sent_until(&self) -> CallTime {
        self.buffered_until
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
mod tests;
