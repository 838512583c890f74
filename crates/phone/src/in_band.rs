//! jambonz' playback buffer: marks travel among the samples, as the sample -1, and audio is held back until
//! there is enough of it. PURE: it is given the time; positions are samples at 8 kHz since the start of the
//! call. Must not know the wire format.
//!
//! Source: `lws_glue.cpp` of FreeSWITCH's mod_audio_fork, which speaks for jambonz.

use std::collections::VecDeque;

use super::buffer::{Buffer, TEN_MINUTES, Told};
use super::playout::Playout;
use super::rates::Down;
use offhook_core::units::FRAME_SAMPLES;

/// Audio is held back until there are 160 ms of it at the beginning of a call, and 80 ms from then on.
const HELD_AT_FIRST: usize = 1280;
const HELD: usize = 640;

/// The most marks that wait; more are dropped silently.
const MOST_MARKS: usize = 30;

/// The sample that stands for a mark.
const MARKER: i16 = -1;

/// A playback buffer with marks in band.
#[derive(Debug)]
pub(crate) struct InBand {
    down: Down,
    playout: Playout,
    /// The audio that is held back, and the positions of the markers in it.
    held: Vec<i16>,
    held_markers: Vec<usize>,
    threshold: usize,
    /// The positions of the markers that will be played.
    markers: VecDeque<usize>,
    /// Marks that wait for the next audio, and when the first may be reported because no audio comes.
    waiting: VecDeque<String>,
    idle_at: usize,
    /// Marks that have a marker.
    placed: VecDeque<String>,
    /// Marks that were cleared. Each silences one marker: its own or, if that was discarded with the audio,
    /// the marker of a later mark.
    stale: usize,
    /// When a clear takes effect.
    kill_at: Option<usize>,
    told: Vec<Told>,
}

impl InBand {
    /// An empty buffer of a connection at `rate`.
    pub(crate) fn new(rate: u32) -> Self {
        Self {
            down: Down::from(rate),
            playout: Playout::default(),
            held: Vec::new(),
            held_markers: Vec::new(),
            threshold: HELD_AT_FIRST,
            markers: VecDeque::new(),
            waiting: VecDeque::new(),
            idle_at: 0,
            placed: VecDeque::new(),
            stale: 0,
            kill_at: None,
            told: Vec::new(),
        }
    }

    /// When the first mark is reported because no audio comes.
    fn idle(&self) -> Option<usize> {
        let idle = !self.waiting.is_empty() && self.placed.is_empty() && self.stale == 0;
        idle.then(|| self.idle_at.max(self.playout.end_of_audio()).next_multiple_of(FRAME_SAMPLES))
    }

    /// Handles everything that is due by `now`.
    fn pass(&mut self, now: usize) {
        while let Some(&at) = self.markers.front().filter(|at| **at <= now.min(self.kill_at.unwrap_or(now))) {
            debug_assert!(at <= now);
            self.markers.pop_front();
            if self.stale > 0 {
                self.stale -= 1;
            } else if let Some(name) = self.placed.pop_front() {
                self.told.push(Told::Played(name));
            }
        }
        if let Some(at) = self.kill_at.filter(|at| *at <= now) {
            self.kill_at = None;
            self.playout.clear(at);
            // A clear does not reach the audio that is held back.
            self.markers.clear();
            self.stale += self.placed.len();
            let thrown = self.placed.drain(..).chain(self.waiting.drain(..));
            self.told.extend(thrown.map(Told::Thrown));
            self.told.push(Told::Cleared);
        }
        while let Some(at) = self.idle().filter(|at| *at <= now) {
            self.idle_at = at + FRAME_SAMPLES;
            self.told.extend(self.waiting.pop_front().map(Told::Played));
        }
    }

    /// Holds samples back. Samples that are taken for marks are not heard. True if there were any.
    fn hold(&mut self, samples: &[i16]) -> bool {
        let pending = !self.placed.is_empty() || self.stale > 0;
        for _ in self.waiting.drain(..).map(|name| self.placed.push_back(name)) {
            self.held_markers.push(self.held.len());
        }
        let pending = pending || !self.placed.is_empty();
        let mut taken = false;
        for (n, part) in samples.split(|sample| pending && *sample == MARKER).enumerate() {
            if n > 0 {
                self.held_markers.push(self.held.len());
                taken = true;
            }
            self.held.extend(self.down.push(part));
        }
        taken
    }
}

impl Buffer for InBand {
    fn play(&mut self, now: usize, samples: &[i16]) -> Result<(), String> {
        self.pass(now);
        if self.playout.end_of_audio().saturating_sub(now) >= TEN_MINUTES {
            return Err("more than ten minutes of audio wait: the rest is discarded".to_owned());
        }
        let taken = self.hold(samples);
        if self.held.len() >= self.threshold {
            self.threshold = HELD;
            let start = self.playout.end_of_audio().max(now);
            self.markers.extend(self.held_markers.drain(..).map(|at| start + at));
            self.playout.play(now, &self.held);
            self.held.clear();
        }
        if taken {
            return Err("a sample of -1 while a mark is pending: jambonz takes it for the mark".to_owned());
        }
        Ok(())
    }

    fn mark(&mut self, now: usize, name: String) -> Result<(), String> {
        self.pass(now);
        if self.waiting.len() + self.placed.len() >= MOST_MARKS {
            return Err(format!("more than {MOST_MARKS} marks wait: jambonz drops the rest"));
        }
        if self.waiting.is_empty() {
            self.idle_at = now + 1;
        }
        self.waiting.push_back(name);
        Ok(())
    }

    fn clear(&mut self, now: usize) {
        self.pass(now);
        // The clear takes effect at the next frame of the call.
        self.kill_at = Some(now.next_multiple_of(FRAME_SAMPLES));
    }

    fn forget_marks(&mut self) {
        self.stale += self.placed.len() + self.waiting.len();
        self.placed.clear();
        self.waiting.clear();
    }

    fn due(&mut self, now: usize) -> Vec<Told> {
        self.pass(now);
        std::mem::take(&mut self.told)
    }

    fn next_due(&self) -> Option<usize> {
        [self.markers.front().copied(), self.kill_at, self.idle()].into_iter().flatten().min()
    }

    fn playout(&self) -> &Playout {
        &self.playout
    }

    fn playout_mut(&mut self) -> &mut Playout {
        &mut self.playout
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_core::units::PHONE_RATE;

    fn played(names: &[&str]) -> Vec<Told> {
        names.iter().map(|name| Told::Played((*name).to_owned())).collect()
    }

    /// A buffer that has begun to play: it holds back 80 ms from here on.
    fn begun() -> InBand {
        let mut buffer = InBand::new(PHONE_RATE);
        buffer.play(0, &[5000; HELD_AT_FIRST]).unwrap();
        buffer
    }

    #[test]
    fn audio_is_held_back_until_there_is_enough() {
        let mut buffer = InBand::new(16_000);
        buffer.play(0, &[5000; 2 * HELD_AT_FIRST - 2]).unwrap();
        assert_eq!(buffer.playout().heard().len(), 0);
        buffer.play(0, &[5000; 2]).unwrap();
        assert_eq!(buffer.playout().heard().len(), HELD_AT_FIRST);
        buffer.play(0, &[5000; 2 * HELD]).unwrap();
        assert_eq!(buffer.playout().heard().len(), HELD_AT_FIRST + HELD);
    }

    #[test]
    fn a_mark_lies_before_the_audio_that_follows_it() {
        let mut buffer = begun();
        buffer.play(0, &[5000; 300]).unwrap();
        buffer.mark(0, "m1".into()).unwrap();
        buffer.play(0, &[0; 339]).unwrap();
        assert_eq!(buffer.next_due(), None, "held back with the audio around it");
        buffer.play(0, &[0; 1]).unwrap();
        assert_eq!((buffer.due(1579), buffer.due(1580)), (vec![], played(&["m1"])));
    }

    #[test]
    fn a_mark_for_which_no_audio_comes_is_told_when_all_has_played() {
        let mut buffer = begun();
        buffer.mark(0, "m1".into()).unwrap();
        assert_eq!(buffer.due(HELD_AT_FIRST - 1), []);
        assert_eq!(buffer.due(HELD_AT_FIRST), played(&["m1"]));
    }

    #[test]
    fn minus_one_while_a_mark_is_pending_is_taken_for_it() {
        let mut buffer = begun();
        buffer.play(1, &[-1; HELD]).unwrap();
        buffer.mark(1, "m1".into()).unwrap();
        let mut audio = [100; HELD + 1];
        audio[10] = -1;
        assert!(buffer.play(1, &audio).unwrap_err().contains("-1"));
        let end = HELD_AT_FIRST + HELD;
        assert_eq!(buffer.playout().heard().len(), end + HELD, "it is not heard");
        assert_eq!(buffer.due(end), played(&["m1"]));
    }

    #[test]
    fn no_more_than_thirty_marks_wait() {
        let mut buffer = begun();
        for n in 0..30 {
            buffer.mark(0, n.to_string()).unwrap();
        }
        assert!(buffer.mark(0, "31".into()).unwrap_err().contains("30"));
    }

    #[test]
    fn a_clear_takes_effect_at_the_next_frame_and_tells_that_the_marks_were_cleared() {
        let mut buffer = begun();
        buffer.mark(0, "m1".into()).unwrap();
        buffer.play(0, &[5000; HELD]).unwrap();
        buffer.mark(0, "m2".into()).unwrap();
        buffer.clear(330);
        assert_eq!(buffer.due(479), []);
        let thrown = [Told::Thrown("m1".into()), Told::Thrown("m2".into()), Told::Cleared];
        assert_eq!(buffer.due(480), thrown);
        assert_eq!((buffer.playout().heard().len(), buffer.playout().cuts()), (480, &[480][..]));
    }

    #[test]
    fn marks_that_are_forgotten_before_that_are_not_told() {
        let mut buffer = begun();
        buffer.mark(0, "m1".into()).unwrap();
        buffer.clear(330);
        buffer.forget_marks();
        assert_eq!(buffer.due(480), [Told::Cleared]);
    }

    #[test]
    fn what_is_held_back_survives_a_clear() {
        let mut buffer = begun();
        buffer.play(0, &[5000; HELD - 160]).unwrap();
        buffer.clear(320);
        assert_eq!(buffer.due(320), [Told::Cleared]);
        buffer.play(8000, &[0; 160]).unwrap();
        assert_eq!(buffer.playout().audible_end(), Some(8000 + HELD - 160));
    }

    #[test]
    fn a_cleared_mark_eats_a_later_one() {
        let mut buffer = begun();
        buffer.mark(0, "cleared".into()).unwrap();
        buffer.play(0, &[5000; HELD]).unwrap();
        buffer.clear(320);
        assert_eq!(buffer.due(320), [Told::Thrown("cleared".into()), Told::Cleared]);
        for name in ["m1", "m2"] {
            buffer.mark(1600, name.into()).unwrap();
            buffer.play(1600, &[0; HELD]).unwrap();
        }
        assert_eq!(buffer.due(1600), [], "the marker of m1 is taken for the cleared one's");
        assert_eq!(buffer.due(1600 + HELD), played(&["m1"]), "so m1 comes with the marker of m2");
    }
}
