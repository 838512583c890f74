//! The ear of a call: voice activity on the caller's audio, and the audio of the open utterance. It gives
//! edges and samples, reads no clock, and must not know the conversation.

use std::collections::VecDeque;
use std::time::Duration;

use super::dtx_clock::{GapClock, LATE};
use super::media_clock::MediaClock;
use crate::audio::level::{AUDIBLE_BELOW_PEAK_DB, AUDIBLE_DBFS, SILENCE_DBFS, audible_span, rms_dbfs};
use crate::units::{CallTime, FRAME, FRAME_SAMPLES, PHONE_RATE, duration_of, samples_in};
use crate::vad::{Detector, Edge, Hysteresis, HysteresisSettings};

/// How much audio is kept while nobody speaks: the pre-roll and the longest start of speech.
const KEPT: Duration = Duration::from_secs(2);

/// How much audio of an utterance is kept beyond `max_piece`: speech that arrives while an earlier transcript
/// is awaited, or the silence of a long pause.
const MEANWHILE: Duration = Duration::from_secs(6);

/// The reference loudness for speech fades by this much per frame (3 dB a second), so that one shout does not
/// make the rest of the call inaudible.
const FADE_DB: f32 = 0.06;

/// One caller's ear.
pub struct Listener {
    detector: Box<dyn Detector>,
    hysteresis: Hysteresis,
    clock: MediaClock,
    /// The clock of a connection that sends nothing in silence; all others use `clock`.
    gaps: Option<GapClock>,
    pre_roll: Duration,
    max_samples: usize,
    /// Samples that do not fill a frame yet.
    partial: Vec<i16>,
    /// The newest samples; while an utterance is open, all samples from its start.
    kept: VecDeque<i16>,
    /// When the newest sample was spoken.
    heard_until: CallTime,
    /// The length of the last message; the next message may come that much later.
    last_message: Duration,
    open: bool,
    loudest: f32,
    /// The loudest voiced frame of the current sound, in dBFS.
    sound: f32,
}

impl Listener {
    /// `max_piece` is the most audio of one utterance that is transcribed at once. The audio that follows is
    /// kept while the transcript is awaited.
    #[must_use]
    pub fn new(
        detector: Box<dyn Detector>,
        hysteresis: Hysteresis,
        pre_roll: Duration,
        max_piece: Duration,
    ) -> Self {
        Self {
            detector,
            hysteresis,
            clock: MediaClock::new(PHONE_RATE),
            gaps: None,
            pre_roll,
            max_samples: samples_in(max_piece + MEANWHILE, PHONE_RATE),
            partial: Vec::new(),
            kept: VecDeque::new(),
            heard_until: CallTime::ZERO,
            last_message: Duration::ZERO,
            open: false,
            loudest: SILENCE_DBFS,
            sound: SILENCE_DBFS,
        }
    }

    /// This listener for a connection that sends nothing while nobody speaks: from `now` on, missing audio is
    /// silence.
    #[must_use]
    pub fn on_a_line_with_gaps(self, now: CallTime) -> Self {
        Self { gaps: Some(GapClock::new(now)), heard_until: now, ..self }
    }

    /// Goes on with other lengths of speech and silence.
    pub const fn retune(&mut self, settings: HysteresisSettings) {
        self.hysteresis.retune(settings);
    }

    /// Takes any number of samples at 8 kHz that arrived at `arrival`. Returns their edges, on media time.
    pub fn hear(&mut self, samples: &[i16], arrival: CallTime) -> Vec<Edge> {
        self.last_message = duration_of(samples.len(), PHONE_RATE);
        let Some(gaps) = &mut self.gaps else {
            let until = self.clock.arrived(samples.len(), arrival);
            return self.take(samples, until);
        };
        let (silence, until) = gaps.arrived(samples.len(), arrival, self.open);
        let mut edges = self.take(&vec![0; silence], until.back(self.last_message));
        edges.extend(self.take(samples, until));
        edges
    }

    /// On a connection that sends nothing in silence, puts silence in place of the audio that is missing at
    /// `now`. Returns the edges in it.
    pub fn fill(&mut self, now: CallTime) -> Vec<Edge> {
        let mut edges = Vec::new();
        while self.are_behind(now)
            && let Some(gaps) = &mut self.gaps
        {
            let until = gaps.silence();
            edges.extend(self.take(&[0; FRAME_SAMPLES], until));
        }
        edges
    }

    /// True on a connection that sends nothing in silence.
    #[must_use]
    pub fn have_gaps(&self) -> bool {
        self.gaps.is_some()
    }

    /// True if a gap has begun. No sound before a gap continues in the audio after it.
    #[must_use]
    pub fn a_gap_begins(&self, now: CallTime) -> bool {
        self.gaps.as_ref().is_some_and(|gaps| !gaps.is_silent()) && self.are_behind(now)
    }

    /// Takes samples, the last of which was spoken at `until`.
    fn take(&mut self, samples: &[i16], until: CallTime) -> Vec<Edge> {
        self.partial.extend_from_slice(samples);
        let frames = self.partial.len() / FRAME_SAMPLES;
        let rest = self.partial.split_off(frames * FRAME_SAMPLES);
        let whole = std::mem::replace(&mut self.partial, rest);
        let behind = duration_of(self.partial.len(), PHONE_RATE);
        let mut end = until.back(behind + FRAME * u32::try_from(frames).unwrap_or(u32::MAX));
        let mut edges = Vec::new();
        for frame in whole.chunks_exact(FRAME_SAMPLES) {
            let begin = end;
            end += FRAME;
            edges.extend(self.hear_frame(frame, begin, end));
        }
        edges
    }

    fn hear_frame(&mut self, frame: &[i16], begin: CallTime, end: CallTime) -> Option<Edge> {
        self.keep(frame, end);
        let level = rms_dbfs(frame);
        let speech = self.detector.is_speech(frame);
        // The detector lingers after a sound, but inaudible audio is no speech.
        let voiced = speech && level >= AUDIBLE_DBFS.max(self.loudest - AUDIBLE_BELOW_PEAK_DB);
        self.loudest = if voiced { self.loudest.max(level) } else { self.loudest - FADE_DB };
        if voiced {
            self.sound = self.sound.max(level);
        }
        match self.hysteresis.push(voiced, begin, end)? {
            Edge::Started(at) => {
                self.sound = level;
                Some(Edge::Started(at))
            }
            Edge::Sustained => Some(Edge::Sustained),
            Edge::Paused(at) => Some(Edge::Paused(self.audible_until().min(at))),
        }
    }

    fn keep(&mut self, frame: &[i16], end: CallTime) {
        self.heard_until = end;
        self.kept.extend(frame);
        let most = if self.open { self.max_samples } else { samples_in(KEPT, PHONE_RATE) };
        let excess = self.kept.len().saturating_sub(most);
        if self.open && excess > 0 {
            tracing::debug!("the utterance outgrew the audio buffer, its beginning is lost");
        }
        self.kept.drain(..excess);
    }

    /// When the last audible sound ended. The detector's frames of 20 ms are too coarse to measure how long a
    /// caller waits.
    fn audible_until(&mut self) -> CallTime {
        let samples = self.kept.make_contiguous();
        let samples = &samples[samples.len().saturating_sub(samples_in(KEPT, PHONE_RATE))..];
        let silent = audible_span(samples, PHONE_RATE).map_or(0, |span| samples.len() - span.end);
        self.heard_until.back(duration_of(silent, PHONE_RATE))
    }

    /// The peak level of the caller's current sound, in dBFS.
    #[must_use]
    pub fn sound_level(&self) -> f32 {
        self.sound
    }

    /// The moment from which audio that has not come counts as missing; `None` before the first frame.
    #[must_use]
    pub fn behind_from(&self) -> Option<CallTime> {
        (self.heard_until > CallTime::ZERO).then(|| self.heard_until + self.last_message + LATE)
    }

    /// True if audio is missing at `now`, so that it is unknown whether the caller speaks.
    #[must_use]
    pub fn are_behind(&self, now: CallTime) -> bool {
        self.behind_from().is_some_and(|from| now >= from)
    }

    /// When the last sample so far was spoken.
    #[must_use]
    pub fn heard_until(&self) -> CallTime {
        self.heard_until
    }

    /// The position in the caller's stream of the sample that was spoken at `at`.
    #[must_use]
    pub fn position_of(&self, at: CallTime) -> Duration {
        self.gaps.as_ref().map_or_else(|| self.clock.position_of(at), |gaps| gaps.position_of(at))
    }

    /// Drops the audio of the open utterance up to `until`, and all audio that lies longer than the pre-roll
    /// before `from`.
    pub fn let_go(&mut self, until: CallTime, from: CallTime) {
        self.keep_from(from.back(self.pre_roll).max(until));
    }

    /// Keeps all audio from `from` on, and the pre-roll before `from`, until [`Self::close`].
    pub fn open(&mut self, from: CallTime) {
        self.keep_from(from.back(self.pre_roll));
        self.open = true;
    }

    fn keep_from(&mut self, from: CallTime) {
        let wanted = samples_in(self.heard_until.since(from), PHONE_RATE);
        let excess = self.kept.len().saturating_sub(wanted);
        self.kept.drain(..excess);
    }

    /// The audio of the open utterance, at 8 kHz, and the moment when it ends.
    #[must_use]
    pub fn utterance(&self) -> (Vec<i16>, CallTime) {
        (self.kept.iter().copied().collect(), self.heard_until)
    }

    /// Cuts the utterance at the quietest moment of its last two seconds. Returns the audio before the cut
    /// and the moment of the cut, and keeps the audio after it.
    pub fn cut(&mut self) -> (Vec<i16>, CallTime) {
        let samples = self.kept.make_contiguous();
        let first = samples.len().saturating_sub(samples_in(KEPT, PHONE_RATE));
        let quietest = samples[first..]
            .windows(2 * FRAME_SAMPLES)
            .step_by(FRAME_SAMPLES)
            .map(rms_dbfs)
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let cut = quietest.map_or(samples.len(), |(i, _)| first + (i + 1) * FRAME_SAMPLES);
        let before = self.kept.drain(..cut).collect();
        (before, self.heard_until.back(duration_of(self.kept.len(), PHONE_RATE)))
    }

    /// Closes the utterance: its audio is not needed any more.
    pub fn close(&mut self) {
        self.open = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes everything above about a tenth of full scale for speech, and lingers for five frames.
    struct Lingering(u32);

    impl Detector for Lingering {
        fn is_speech(&mut self, frame: &[i16]) -> bool {
            self.0 = if frame.iter().any(|s| s.abs() > 3000) { 6 } else { self.0.saturating_sub(1) };
            self.0 > 0
        }
    }

    fn ears() -> Listener {
        let hysteresis = Hysteresis::new(
            Duration::from_millis(60),
            Duration::from_millis(200),
            Duration::from_millis(120),
        );
        Listener::new(Box::new(Lingering(0)), hysteresis, Duration::from_millis(100), Duration::from_secs(1))
    }

    fn tone(samples: usize) -> Vec<i16> {
        (0..samples).map(|i| ((i as f64 * 0.6).sin() * 9000.0) as i16).collect()
    }

    #[test]
    fn the_end_of_speech_is_told_to_the_sample_window_in_messages_of_any_length() {
        let mut audio = vec![0; 1600];
        audio.extend(tone(2440));
        audio.extend(vec![0; 3200]);
        for length in [80, 160, 333, 800] {
            let mut ears = ears();
            let mut edges = Vec::new();
            let mut sent = 0;
            for message in audio.chunks(length) {
                sent += message.len();
                edges.extend(ears.hear(message, CallTime::from_micros(sent as u64 * 125)));
            }
            let [Edge::Started(start), Edge::Sustained, Edge::Paused(end)] = edges[..] else {
                panic!("{length}: {edges:?}")
            };
            assert_eq!(start.as_millis(), 200, "{length}");
            assert!((500..=510).contains(&end.as_millis()), "{length}: {end}");
        }
    }

    #[test]
    fn on_a_line_that_sends_nothing_in_silence_speech_ends_by_the_clock() {
        let mut ears = ears().on_a_line_with_gaps(CallTime::ZERO);
        let mut edges = Vec::new();
        // Nothing, then 400 ms of speech in frames, then nothing, twice.
        for spoken in [1013, 3007] {
            for now in (spoken - 900..spoken).step_by(20) {
                edges.extend(ears.fill(CallTime::from_millis(now)));
            }
            for frame in 1..=20 {
                edges.extend(ears.hear(&tone(160), CallTime::from_millis(spoken + frame * 20)));
            }
            for now in (spoken + 420..spoken + 1000).step_by(20) {
                edges.extend(ears.fill(CallTime::from_millis(now)));
            }
        }
        let [
            Edge::Started(a),
            Edge::Sustained,
            Edge::Paused(b),
            Edge::Started(c),
            Edge::Sustained,
            Edge::Paused(d),
        ] = edges[..]
        else {
            panic!("{edges:?}")
        };
        for (told, spoken) in [(a, 1013), (b, 1413), (c, 3007), (d, 3407)] {
            assert!(told.as_millis().abs_diff(spoken) <= 20, "{told} for {spoken}");
        }
    }

    #[test]
    fn silence_is_put_in_once_nothing_came_for_sixty_milliseconds() {
        let mut ears = ears().on_a_line_with_gaps(CallTime::ZERO);
        ears.hear(&tone(160), CallTime::from_millis(100));
        assert_eq!(ears.behind_from(), Some(CallTime::from_millis(180)));
        ears.fill(CallTime::from_millis(179));
        assert_eq!(ears.behind_from(), Some(CallTime::from_millis(180)));
        ears.fill(CallTime::from_millis(180));
        assert_eq!(ears.behind_from(), Some(CallTime::from_millis(200)));
    }

    #[test]
    fn an_utterance_holds_its_pre_roll_and_is_capped() {
        let mut ears = ears();
        ears.hear(&vec![0; 8000], CallTime::from_millis(1000));
        ears.open(CallTime::from_millis(900));
        assert_eq!(ears.utterance().0.len(), 1600);
        for second in 2..20 {
            ears.hear(&tone(8000), CallTime::from_millis(second * 1000));
        }
        assert_eq!(ears.utterance().0.len(), 7 * 8000);
        ears.close();
        ears.hear(&[0; 160], CallTime::from_millis(20_020));
        assert_eq!(ears.utterance().0.len(), 16_000);
    }

    #[test]
    fn an_utterance_is_cut_where_it_is_quiet_and_nothing_is_lost() {
        let mut ears = ears();
        ears.hear(&tone(16_000), CallTime::from_millis(2000));
        ears.open(CallTime::from_millis(100));
        ears.hear(&[0; 1600], CallTime::from_millis(2200));
        ears.hear(&tone(4000), CallTime::from_millis(2700));
        let (all, _) = ears.utterance();
        let (before, until) = ears.cut();
        let (after, _) = ears.utterance();
        assert_eq!([before, after.clone()].concat(), all);
        assert!((4000..5600).contains(&after.len()), "{}", after.len());
        assert_eq!(until, CallTime::from_millis(2700 - after.len() as u64 / 8));
    }

    #[test]
    fn committed_audio_is_let_go_and_the_pre_roll_does_not_bring_it_back() {
        let mut ears = ears();
        ears.hear(&tone(16_000), CallTime::from_millis(2000));
        ears.open(CallTime::from_millis(100));
        ears.hear(&tone(8000), CallTime::from_millis(3000));
        ears.let_go(CallTime::from_millis(2500), CallTime::from_millis(2550));
        assert_eq!(ears.utterance().0.len(), 4000);
        ears.let_go(CallTime::from_millis(2500), CallTime::from_millis(2800));
        assert_eq!(ears.utterance().0.len(), 2400);
    }
}
