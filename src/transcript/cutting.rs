//! Cuts a recording into utterances by voice, and long ones at a quiet moment. Takes samples and the edges of
//! speech in them; knows no file and no recogniser.

use std::ops::Range;
use std::time::Duration;

use crate::units::{CallTime, WHISPER_RATE, duration_of, samples_in};
use crate::vad::Edge;

/// The audio kept while nobody speaks, because the detector reports a start of speech late.
const KEPT: Duration = Duration::from_secs(2);

/// The stretch at the end of a too long utterance in which a place to cut is sought.
const SEARCH: Duration = Duration::from_secs(10);

/// A cut is made in the middle of the quietest stretch of this length, about that of a pause between words.
const PAUSE: Duration = Duration::from_millis(200);

/// The rules by which pieces are cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Audio kept before the voice, so that its first sound is not lost.
    pub(crate) pre_roll: Duration,
    /// Audio kept after the voice.
    pub(crate) tail: Duration,
    /// A shorter pause does not end an utterance.
    pub(crate) gap: Duration,
    /// The longest piece.
    pub(crate) longest: Duration,
}

/// A stretch of audio that is transcribed on its own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Piece {
    /// The time of its first sample in the recording.
    pub(crate) from: Duration,
    /// From the first sound of its voice to the last, as times in the recording.
    pub(crate) voice: Range<Duration>,
    /// Mono audio at 16 kHz.
    pub(crate) samples: Vec<f32>,
}

/// An utterance that has begun. Places are counted in samples of the recording.
#[derive(Debug, Clone, Copy)]
struct Open {
    from: usize,
    voice_from: usize,
    /// The end of the voice, during a pause.
    paused: Option<usize>,
}

/// Cuts one channel, from its first sample to its last. No sample of the voice is left out, and none is in
/// two pieces.
#[derive(Debug)]
pub(crate) struct Cutter {
    rules: Rules,
    /// The newest samples, at 16 kHz.
    kept: Vec<f32>,
    /// The place of the first kept sample.
    first: usize,
    /// The end of the last piece.
    done: usize,
    open: Option<Open>,
}

impl Cutter {
    /// Cuts by the edges of speech.
    pub(crate) fn by_voice(rules: Rules) -> Self {
        Self { rules, kept: Vec::new(), first: 0, done: 0, open: None }
    }

    /// Cuts whatever is longer than `longest`, without regard to voices.
    pub(crate) fn by_length(longest: Duration) -> Self {
        let rules = Rules { pre_roll: Duration::ZERO, tail: Duration::ZERO, gap: Duration::MAX, longest };
        let open = Some(Open { from: 0, voice_from: 0, paused: None });
        Self { open, ..Self::by_voice(rules) }
    }

    /// Takes the next samples.
    pub(crate) fn take(&mut self, samples: &[f32]) {
        self.kept.extend_from_slice(samples);
    }

    /// Speech began or paused.
    pub(crate) fn edge(&mut self, edge: Edge) {
        match (edge, &mut self.open) {
            (Edge::Started(_), Some(open)) => open.paused = None,
            (Edge::Started(at), None) => {
                let from = place(at.back(self.rules.pre_roll)).max(self.done);
                let voice_from = place(at).max(from);
                self.open = Some(Open { from, voice_from, paused: None });
            }
            // The voice ended before the last cut, so nothing of it is left.
            (Edge::Paused(at), Some(open)) if place(at) <= open.voice_from => self.open = None,
            (Edge::Paused(at), Some(open)) => open.paused = Some(place(at)),
            (Edge::Paused(_), None) | (Edge::Sustained, _) => {}
        }
    }

    /// Returns the piece that is complete by `now`, if any. All edges before `now` must be known.
    pub(crate) fn next(&mut self, now: CallTime) -> Option<Piece> {
        let now = place(now).min(self.end());
        let Some(open) = self.open else {
            let unused = now.saturating_sub(samples_in(KEPT + self.rules.pre_roll, WHISPER_RATE));
            self.let_go(unused.max(self.done));
            return None;
        };
        if now - open.from.min(now) > self.longest() {
            return Some(self.cut(open));
        }
        let paused = open.paused?;
        let over = now.saturating_sub(paused) >= samples_in(self.rules.gap, WHISPER_RATE);
        over.then(|| self.close(open, paused, now))
    }

    /// Returns the rest, piece by piece. Call it after the last sample, once all edges are known.
    pub(crate) fn finish(&mut self) -> Option<Piece> {
        let open = self.open?;
        let end = self.end();
        if end - open.from.min(end) > self.longest() {
            return Some(self.cut(open));
        }
        let piece = self.close(open, open.paused.unwrap_or(end).min(end), end);
        Some(piece).filter(|piece| !piece.samples.is_empty())
    }

    /// The start of the utterance that is not complete yet.
    pub(crate) fn open_since(&self) -> Option<Duration> {
        self.open.map(|open| time(open.voice_from))
    }

    fn longest(&self) -> usize {
        samples_in(self.rules.longest, WHISPER_RATE)
    }

    fn end(&self) -> usize {
        self.first + self.kept.len()
    }

    /// Ends an utterance whose voice ended at `paused`.
    fn close(&mut self, open: Open, paused: usize, now: usize) -> Piece {
        let end = (paused + samples_in(self.rules.tail, WHISPER_RATE)).min(now).max(open.from);
        self.open = None;
        self.piece(open, end, paused)
    }

    /// Cuts off the beginning of an utterance, at a quiet moment.
    fn cut(&mut self, open: Open) -> Piece {
        let longest = self.longest();
        let at = open.from.saturating_sub(self.first);
        let cut = open.from + quietest(&self.kept[at..at + longest]);
        let silent_from = open.paused.filter(|&paused| paused <= cut);
        // The rest of it may be nothing but silence.
        self.open = silent_from.is_none().then_some(Open { from: cut, voice_from: cut, ..open });
        self.piece(open, cut, silent_from.unwrap_or(cut))
    }

    fn piece(&mut self, open: Open, end: usize, voice_until: usize) -> Piece {
        let range = open.from - self.first..end - self.first;
        let samples = self.kept[range].to_vec();
        self.let_go(end);
        self.done = end;
        let voice = time(open.voice_from)..time(voice_until.max(open.voice_from));
        Piece { from: time(open.from), voice, samples }
    }

    /// Drops all samples before `place`.
    fn let_go(&mut self, place: usize) {
        let excess = place.saturating_sub(self.first).min(self.kept.len());
        self.kept.drain(..excess);
        self.first += excess;
    }
}

fn place(at: CallTime) -> usize {
    samples_in(at.since(CallTime::ZERO), WHISPER_RATE)
}

fn time(place: usize) -> Duration {
    duration_of(place, WHISPER_RATE)
}

/// The middle of the quietest pause near the end.
fn quietest(audio: &[f32]) -> usize {
    let pause = samples_in(PAUSE, WHISPER_RATE).min(audio.len());
    let search = samples_in(SEARCH, WHISPER_RATE).min(audio.len() / 2).max(pause);
    let power = |at: usize| audio[at..at + pause].iter().map(|s| s * s).sum::<f32>();
    (audio.len() - search..=audio.len() - pause)
        .step_by((pause / 4).max(1))
        .map(|at| (at, power(at)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(audio.len(), |(at, _)| at + pause / 2)
}

#[cfg(test)]
mod tests;
