//! The echo guard: takes the agent's own voice out of the caller's audio. It only knows samples and times;
//! must not know words, detectors or the conversation.
//!
//! The agent's audio is kept by the time at which it plays. The delay at which it comes back is searched by
//! correlation; then a filter subtracts it, and what is left is judged frame by frame. As long as no echo is
//! found, the samples pass as they are.

use super::canceller::{Canceller, TAPS};
use super::delay::{CONTEXT, DelaySearch, LONGEST, Look};
use super::doubts::Doubts;
use super::judge::{Judge, Powers, Verdict};
use super::noise_floor::NoiseFloor;
use super::power::{dbfs, floats, of_dbfs, power};
use super::reference::Reference;
use super::stream_clock::StreamClock;
use super::tracker::DelayTracker;
use crate::units::{CallTime, FRAME_SAMPLES};

/// The part of the filter that lies before the delay: 16 ms. The strongest reflection, which is found, is not
/// always the first.
const BEFORE: i64 = 128;

/// The agent speaks in a frame of at least this level, in dBFS.
const SPEAKS_DBFS: f32 = -50.0;

/// After this many frames of the agent's speech (5 s) without an echo, the line has none, and nothing is
/// suspected any more. An echo that comes later is still found.
const CLEAN_AFTER: u32 = 250;

/// A frame is more than the noise of the line if it has this many times its power (2 dB).
const SOUND_OVER_NOISE: f32 = 1.6;
/// And if it is above this level, in dBFS: an echo below it is far from audible.
const SOUND_DBFS: f32 = -70.0;

/// How far around the known delay the correlation is read, in samples (8 ms).
const NEAR: usize = 64;
/// A delay that changes by at most this many samples (2 ms) is left to the filter.
const LEFT_TO_THE_FILTER: usize = 16;
/// A filter whose echo wandered by more than this many samples (8 ms) is moved after it.
const OUT_OF_THE_MIDDLE: usize = 64;
/// The filter works if it leaves less than this share of the power of a frame. If not, the delays are tried
/// at which the agent's voice is seen with this likeness, and an echo has jumped to where the filter leaves
/// less than this share of the power that it leaves here.
const WORKS: f32 = 0.25;
const SEEN: f32 = 0.4;
const BETTER_THERE: f32 = 0.35;

/// The gain changes by this much per sample: 5 ms from echo to caller, without a click.
const FADE: f32 = 0.025;

/// Figures of an echo are known after this many frames of it (0.5 s).
const KNOWN_AFTER: u32 = 25;

/// The echo of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Echo {
    /// How long after it was to be played the agent's voice comes back, in milliseconds.
    pub delay_ms: f32,
    /// How much quieter it comes back, in dB: the echo return loss.
    pub loss_db: f32,
    /// How much of it the filter takes away, in dB: the echo return loss enhancement.
    pub enhancement_db: f32,
}

/// The guard of one call.
#[derive(Debug)]
pub(super) struct EchoGuard {
    reference: Reference,
    clock: StreamClock,
    search: DelaySearch,
    tracker: DelayTracker,
    /// In samples; `None` while no echo was found.
    delay: Option<usize>,
    canceller: Canceller,
    judge: Judge,
    noise: NoiseFloor,
    /// The frame that is being filled, with the [`CONTEXT`] samples before it; and what the canceller left.
    heard: Vec<f32>,
    left: Vec<f32>,
    verdict: Verdict,
    /// The canceller added to the last frame instead of taking away.
    harms: bool,
    gain: f32,
    /// Nothing of the agent can be heard: the search rests.
    rests: bool,
    agent_frames: u32,
    doubts: Doubts,
    echo: Sums,
}

/// Energies over all frames of echo.
#[derive(Debug, Default)]
struct Sums {
    frames: u32,
    sent: f64,
    heard: f64,
    left: f64,
}

impl EchoGuard {
    /// The guard of a call that begins; `gaps` if the connection sends nothing in silence.
    #[must_use]
    pub(super) fn new(gaps: bool) -> Self {
        Self {
            reference: Reference::default(),
            clock: StreamClock::new(gaps),
            search: DelaySearch::default(),
            tracker: DelayTracker::default(),
            delay: None,
            canceller: Canceller::default(),
            judge: Judge::default(),
            noise: NoiseFloor::default(),
            heard: vec![0.0; CONTEXT],
            left: Vec::with_capacity(FRAME_SAMPLES),
            verdict: Verdict::Caller,
            harms: false,
            gain: 1.0,
            rests: true,
            agent_frames: 0,
            doubts: Doubts::default(),
            echo: Sums::default(),
        }
    }

    /// Notes samples of the agent, of which the first plays at `plays_at`.
    pub(super) fn sent(&mut self, plays_at: CallTime, samples: &[i16]) {
        self.reference.sent(plays_at, samples);
    }

    /// What was to play after `now` is not played.
    pub(super) fn clear(&mut self, now: CallTime) {
        self.reference.clear(now);
    }

    /// The echo, once it is known.
    #[must_use]
    pub(super) fn echo(&self) -> Option<Echo> {
        let Sums { frames, sent, heard, left } = &self.echo;
        let db = |over: f64, under: f64| (10.0 * (over.max(1.0) / under.max(1.0)).log10()) as f32;
        let delay_ms = self.delay? as f32 / 8.0;
        let (loss_db, enhancement_db) = (db(*sent, *heard), db(*heard, *left));
        (*frames >= KNOWN_AFTER).then_some(Echo { delay_ms, loss_db, enhancement_db })
    }

    /// Takes the echo out of samples of the caller that came at `arrival`, in place.
    pub(super) fn hear(&mut self, samples: &mut [i16], arrival: CallTime) {
        let placed = self.clock.arrived(samples.len(), arrival);
        if let Some(delay) = &mut self.delay {
            let corrected = (*delay as i64 + placed.corrected).max(0);
            *delay = usize::try_from(corrected).unwrap_or(0).min(LONGEST);
        }
        self.silence(placed.from, placed.silence);
        if placed.jumped {
            self.restart(placed.from);
        }
        let mut at = placed.from;
        let mut rest = samples;
        while !rest.is_empty() {
            let room = FRAME_SAMPLES.saturating_sub(self.left.len()).clamp(1, rest.len());
            let (piece, others) = rest.split_at_mut(room);
            self.piece(piece, at);
            at += piece.len() as i64;
            rest = others;
        }
    }

    /// The connection sends nothing from now on, because nothing sounds.
    pub(super) fn gap_begins(&mut self) {
        self.noise.hear(0.0);
    }

    /// The connection sent nothing in this many samples until `until`. If the agent spoke, nothing is the
    /// best proof that it does not come back.
    fn silence(&mut self, until: i64, samples: i64) {
        let frames = (samples / FRAME_SAMPLES as i64).clamp(0, i64::from(CLEAN_AFTER));
        for frame in 1..=frames {
            let mut sent = [0.0; FRAME_SAMPLES];
            self.reference.read(until - frame * FRAME_SAMPLES as i64, &mut sent);
            if dbfs(power(&sent)) > SPEAKS_DBFS {
                self.agent_frames = self.agent_frames.saturating_add(1);
            }
        }
    }

    /// The caller's audio goes on at another position.
    fn restart(&mut self, from: i64) {
        self.heard.clear();
        self.heard.resize(CONTEXT, 0.0);
        self.left.clear();
        self.tracker.restart();
        self.search_from(from);
    }

    fn search_from(&mut self, from: i64) {
        let mut past = vec![0.0; LONGEST + CONTEXT];
        self.reference.read(from - past.len() as i64, &mut past);
        self.search.restart(&past);
    }

    /// Takes samples of one frame. Messages need not be whole frames: the verdict on a frame holds from its
    /// last sample on, and for all of the frame if it came in one message.
    fn piece(&mut self, piece: &mut [i16], at: i64) {
        let fresh = floats(piece);
        let done = self.left.len();
        match self.delay {
            Some(delay) => {
                let sent = self.sent_at(at, delay, TAPS - 1, piece.len());
                self.canceller.cancel(&sent, &fresh, &mut self.left);
            }
            None => self.left.extend(&fresh),
        }
        self.heard.extend(&fresh);
        let is_whole = self.left.len() >= FRAME_SAMPLES;
        if is_whole {
            self.frame(at + piece.len() as i64 - FRAME_SAMPLES as i64);
        }
        let left = if self.harms { fresh.as_slice() } else { self.left.get(done..).unwrap_or_default() };
        let target = if self.verdict == Verdict::Echo { 0.0 } else { 1.0 };
        let mut comfort = self.noise.comfort();
        for (sample, left) in piece.iter_mut().zip(left) {
            self.gain = if target > self.gain {
                (self.gain + FADE).min(target)
            } else {
                (self.gain - FADE).max(target)
            };
            // `as` saturates.
            *sample = (left * self.gain + comfort() * (1.0 - self.gain)).round() as i16;
        }
        if is_whole {
            self.left.clear();
            self.heard.drain(..FRAME_SAMPLES.min(self.heard.len()));
        }
    }

    /// The agent's audio that belongs to `samples` samples of the caller from `at` on, and the audio `before`
    /// it that a filter needs.
    fn sent_at(&self, at: i64, delay: usize, before: usize, samples: usize) -> Vec<f32> {
        let mut sent = vec![0.0; before + samples];
        self.reference.read(at - delay as i64 + BEFORE - before as i64, &mut sent);
        sent
    }

    /// Judges the frame that began at `at`.
    fn frame(&mut self, at: i64) {
        let heard = power(self.heard.get(CONTEXT..).unwrap_or_default());
        self.noise.hear(heard);
        (self.verdict, self.harms) = (Verdict::Caller, false);
        let nothing_to_find = self.reference.is_silent_from(at - (LONGEST + 2 * TAPS) as i64);
        if nothing_to_find {
            self.rests = true;
            self.judge.rest();
            return;
        }
        if std::mem::take(&mut self.rests) {
            self.search_from(at);
            self.tracker.restart();
        }
        let mut sent = vec![0.0; CONTEXT + FRAME_SAMPLES];
        self.reference.read(at - CONTEXT as i64, &mut sent);
        if dbfs(power(&sent)) > SPEAKS_DBFS {
            self.agent_frames = self.agent_frames.saturating_add(1);
        }
        let look = self.search.look(&self.heard, &sent);
        let is_sound = heard > of_dbfs(SOUND_DBFS) && heard > SOUND_OVER_NOISE * self.noise.power();
        self.tracker.look(&look, is_sound);
        match self.delay {
            Some(delay) => {
                let delay = if is_sound { self.followed(at, delay, heard, &look) } else { delay };
                self.delay = Some(delay);
                let speaks = self.cancelled(at, delay, heard, &look);
                let left_share = self.canceller.left_share();
                if self.doubts.prevail(look.slow.likeness, left_share, speaks && is_sound) {
                    self.forget_echo();
                }
            }
            None => {
                let is_clean = self.agent_frames >= CLEAN_AFTER;
                if !is_clean && self.tracker.suspected(&look).is_some() {
                    self.verdict = Verdict::Echo;
                }
                self.delay = self.tracker.found();
            }
        }
    }

    /// Forgets the echo, and searches anew.
    fn forget_echo(&mut self) {
        self.delay = None;
        self.canceller = Canceller::default();
        self.judge = Judge::default();
        self.tracker.restart();
        self.search.forget();
        self.echo = Sums::default();
        // The agent has spoken for long without being heard: nothing is suspected.
        self.agent_frames = self.agent_frames.max(CLEAN_AFTER);
    }

    /// Judges what the canceller left of a frame, and lets it learn. Returns whether the agent speaks in it.
    fn cancelled(&mut self, at: i64, delay: usize, heard: f32, look: &Look) -> bool {
        let sent = self.sent_at(at, delay, TAPS, FRAME_SAMPLES);
        let frame = self.heard.get(CONTEXT..).unwrap_or_default();
        let alone = self.judge.is_alone();
        let could_be_left = heard * self.canceller.learn(&sent, frame, &self.left, alone);
        let left = power(&self.left);
        let predicted: Vec<f32> = frame.iter().zip(&self.left).map(|(y, e)| y - e).collect();
        let near = self.tracker.suspected(look).unwrap_or_else(|| self.search.fast_near(delay, NEAR));
        let powers = Powers {
            heard,
            left: left.min(could_be_left),
            predicted: power(&predicted),
            sent: sent.chunks(FRAME_SAMPLES / 2).map(power).fold(0.0, f32::max),
            coherence: near.likeness * near.likeness,
            elsewhere: near.delay.abs_diff(delay) > NEAR,
            left_share: self.canceller.left_share(),
        };
        self.verdict = self.judge.judge(powers, &self.noise);
        self.harms = left > heard;
        let speaks = dbfs(powers.sent) > SPEAKS_DBFS;
        if speaks && self.verdict == Verdict::Echo {
            self.echo.frames = self.echo.frames.saturating_add(1);
            self.echo.sent += f64::from(power(sent.get(TAPS - BEFORE as usize..).unwrap_or_default()));
            self.echo.heard += f64::from(heard);
            self.echo.left += f64::from(left.min(heard));
        }
        speaks
    }

    /// The delay of this frame, if the echo moved: clocks drift, messages are lost, and every reply may begin
    /// a little later than the gateway was expected to play it. What the canceller left is brought up to
    /// date.
    fn followed(&mut self, at: i64, delay: usize, heard: f32, look: &Look) -> usize {
        let left = power(&self.left);
        let found = self.tracker.found();
        if left > WORKS * heard && heard > of_dbfs(SPEAKS_DBFS) {
            let seen = [look.now, look.fast].into_iter().filter(|seen| seen.likeness > SEEN);
            // A message that is lost without a trace shortens the delay by its length; the clock of the
            // stream, once it has noticed, lengthens it again.
            let lost = [1, 2].map(|messages| messages * FRAME_SAMPLES);
            let lost = lost.into_iter().flat_map(|lost| [delay.saturating_sub(lost), delay + lost]);
            for new in lost.chain(seen.map(|seen| seen.delay)).chain(found) {
                let moved = new.abs_diff(delay);
                let there = if moved > LEFT_TO_THE_FILTER { self.left_with(at, new) } else { continue };
                if power(&there) < BETTER_THERE * left {
                    // What was seen so far was seen at the old delay.
                    self.search.forget();
                    self.tracker.restart();
                    self.left = there;
                    return new;
                }
            }
        }
        let Some(new) = found.filter(|new| new.abs_diff(delay) > OUT_OF_THE_MIDDLE) else { return delay };
        if left < heard {
            // The filter still takes echo away: it has followed, and needs room.
            self.canceller.shift(new as i64 - delay as i64);
        } else {
            self.left = self.left_with(at, new);
        }
        new
    }

    /// What the filter would leave of the frame at `at`, with this delay.
    fn left_with(&self, at: i64, delay: usize) -> Vec<f32> {
        let sent = self.sent_at(at, delay, TAPS - 1, FRAME_SAMPLES);
        let mut left = Vec::with_capacity(FRAME_SAMPLES);
        self.canceller.cancel(&sent, self.heard.get(CONTEXT..).unwrap_or_default(), &mut left);
        left
    }
}

#[cfg(test)]
mod tests;
