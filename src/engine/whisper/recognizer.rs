//! A recogniser: an utterance in, its words out, with a second look if the first result is doubtful. Knows
//! the windows of the weights and the words that Whisper makes up; nothing of calls, and not the client that
//! waits for the text.

use std::sync::Arc;
use std::time::Duration;

use whisper_rs::{FullParams, WhisperState, WhisperTokenId};

use super::window::Window;
use super::words::Token;
use super::{ffi, guard, repeats, words};
use crate::audio::level::audible_span;
use crate::audio::to_i16;
use crate::engine::{CancelFlag, Effort, EngineError, HeardWord, Recognizer, Transcript};
use crate::units::{WHISPER_RATE, duration_of, samples_in};
use crate::vad;

/// The shortest audio given to whisper.cpp; shorter audio is padded with silence. whisper.cpp ignores audio
/// under 100 ms and is unsure below a second.
const SHORTEST: Duration = Duration::from_secs(1);

/// The silence put before the audio: speech that begins with the first sample loses its first sound.
const LEAD_IN: Duration = Duration::from_millis(100);

/// The number of tokens that a transcript may have in addition to those for its length, for the shortest
/// audio.
const SPARE_TOKENS: f32 = 16.0;

/// With at least this much voice, an answer without words is doubtful. A cough or a click has less.
const VOICE: Duration = Duration::from_millis(200);

/// Transcribes one utterance after another.
pub struct WhisperRecognizer {
    pub(super) state: WhisperState,
    pub(super) window: Window,
    /// The number of positions of the whole window.
    pub(super) positions: u64,
    pub(super) second_look: bool,
    pub(super) tokens_per_second: f32,
    /// The parameters that are equal for all audio.
    pub(super) in_language: FullParams<'static, 'static>,
    pub(super) prompt: Arc<[WhisperTokenId]>,
    pub(super) start_of_transcript: WhisperTokenId,
    pub(super) end_of_text: WhisperTokenId,
    pub(super) no_speech_token: WhisperTokenId,
    /// The audio for whisper.cpp; kept to reuse its memory.
    pub(super) audio: Vec<f32>,
    /// The duration of the voice in the audio; computed only for doubtful answers.
    pub(super) voiced: Option<Duration>,
}

/// The answer of whisper.cpp, before it is checked.
#[derive(Debug, Default)]
struct Answer {
    words: Vec<HeardWord>,
    avg_logprob: f32,
    no_speech: f32,
    /// Some words were repeated more often than fits the duration of the voice. The remaining words were
    /// perhaps said.
    repeats_itself: bool,
    /// The answer is a loop.
    loops: bool,
}

impl Answer {
    /// True if a second look may give a better result; without words, only if there is `voice`.
    fn is_doubtful(&self, voice: impl FnOnce() -> Duration) -> bool {
        match self.words.is_empty() {
            true => voice() >= VOICE,
            false => self.avg_logprob < guard::UNSURE || self.repeats_itself,
        }
    }

    /// True if these words of a second look are more likely right than the first ones. If both have words,
    /// the second look must be sure: weights tuned for short windows are less accurate with the whole window.
    fn is_better_than(&self, first: &Self) -> bool {
        let made_up = |answer: &Self| answer.words.is_empty() || answer.is_made_up();
        match (made_up(self), made_up(first)) {
            (true, _) => false,
            (false, true) => true,
            (false, false) if self.repeats_itself != first.repeats_itself => first.repeats_itself,
            (false, false) => self.avg_logprob >= guard::UNSURE.max(first.avg_logprob),
        }
    }

    fn is_made_up(&self) -> bool {
        self.no_speech > guard::NO_SPEECH || self.avg_logprob < guard::MADE_UP
    }

    /// The transcript; its words only if they are not made up.
    fn believed(self, voice: impl FnOnce() -> Duration) -> Transcript {
        let text: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        let text = text.join(" ");
        // A loop without voice comes from noise.
        let said = !self.is_made_up() && (!self.loops || voice() >= VOICE);
        let (avg_logprob, no_speech) = (self.avg_logprob, self.no_speech);
        // Without words, there is nothing to doubt.
        let doubtful = !self.words.is_empty() && (self.avg_logprob < guard::UNSURE || self.loops);
        let (text, words) = if said { (text, self.words) } else { (String::new(), Vec::new()) };
        Transcript { text, words, doubtful, avg_logprob, no_speech }
    }
}

impl Recognizer for WhisperRecognizer {
    /// `no_speech` is computed only if the words are unsure, and is 0 elsewhere.
    fn transcribe(
        &mut self,
        audio: &[f32],
        effort: Effort,
        cancel: &CancelFlag,
    ) -> Result<Transcript, EngineError> {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        if guard::is_silent(audio) {
            return Ok(nothing_said());
        }
        self.prepare(audio);
        let first = self.ask(&self.window.clone(), effort.threads, cancel)?;
        let whole_is_wider = self.positions_of(&Window::Whole) != self.positions_of(&self.window);
        let another = effort.second_try && self.second_look && whole_is_wider;
        if !(another && first.is_doubtful(|| self.voiced())) {
            return Ok(first.believed(|| self.voiced()));
        }
        tracing::debug!(avg_logprob = first.avg_logprob, "the transcript is doubtful: transcribing again");
        match self.ask(&Window::Whole, effort.threads, cancel) {
            Ok(second) if second.is_better_than(&first) => Ok(second.believed(|| self.voiced())),
            Err(EngineError::Cancelled) => Err(EngineError::Cancelled),
            // Doubtful words are better than none.
            Ok(_) | Err(EngineError::BadInput(_) | EngineError::Failed(_)) => {
                Ok(first.believed(|| self.voiced()))
            }
        }
    }
}

impl WhisperRecognizer {
    /// Runs whisper.cpp on the prepared audio.
    fn ask(&mut self, window: &Window, threads: usize, cancel: &CancelFlag) -> Result<Answer, EngineError> {
        let prompt = Arc::clone(&self.prompt);
        let params = self.params(window, &prompt, threads);
        match ffi::full(&mut self.state, params, &self.audio, cancel) {
            Ok(()) => self.answer(threads),
            Err(_) if cancel.is_cancelled() => Err(EngineError::Cancelled),
            Err(e) => Err(EngineError::Failed(format!("whisper.cpp: {e}"))),
        }
    }

    /// The number of encoder positions for the prepared audio; 0 means all of them to whisper.cpp.
    fn positions_of(&self, window: &Window) -> i32 {
        let heard = duration_of(self.audio.len(), WHISPER_RATE);
        let positions = window.positions_for(heard, self.positions).unwrap_or(0);
        i32::try_from(positions).unwrap_or(0)
    }

    /// The parameters of whisper.cpp for the prepared audio.
    pub(super) fn params<'p>(
        &self,
        window: &Window,
        prompt: &'p [WhisperTokenId],
        threads: usize,
    ) -> FullParams<'static, 'p> {
        let heard = duration_of(self.audio.len(), WHISPER_RATE);
        let mut params = self.in_language.clone();
        params.set_n_threads(i32::try_from(threads.clamp(1, 64)).unwrap_or(1));
        params.set_audio_ctx(self.positions_of(window));
        params.set_max_tokens((SPARE_TOKENS + self.tokens_per_second * heard.as_secs_f32()) as i32);
        params.set_tokens(prompt);
        params.set_no_context(true);
        params.set_single_segment(true);
        // Without this setting, whisper.cpp can loop for ever when `max_tokens` cuts a segment short.
        params.set_no_timestamps(true);
        params.set_temperature_inc(0.0);
        // Audio that the detector took for speech may hold no word. Then the right answer is none, which this
        // setting would forbid.
        params.set_suppress_blank(false);
        // Above any probability, so that it never applies: whisper.cpp reads the probability from the wrong
        // place, see `no_speech`.
        params.set_no_speech_thold(2.0);
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_special(false);
        params.set_print_timestamps(false);
        params
    }

    /// The duration of the voice in the prepared audio.
    fn voiced(&mut self) -> Duration {
        *self.voiced.get_or_insert_with(|| vad::voiced_in(&self.audio))
    }

    /// How long somebody spoke in the prepared audio.
    fn spoken(&mut self) -> repeats::Spoken {
        let span = audible_span(&to_i16(&self.audio), WHISPER_RATE).map_or(0, |span| span.len());
        repeats::Spoken { voiced: self.voiced(), span: duration_of(span, WHISPER_RATE) }
    }

    /// Copies the audio with silence before it, and after it if the audio is very short.
    pub(super) fn prepare(&mut self, audio: &[f32]) {
        self.voiced = None;
        self.audio.clear();
        self.audio.resize(samples_in(LEAD_IN, WHISPER_RATE), 0.0);
        self.audio.extend(audio.iter().map(|s| if s.is_finite() { s.clamp(-1.0, 1.0) } else { 0.0 }));
        let shortest = samples_in(SHORTEST, WHISPER_RATE);
        if self.audio.len() < shortest {
            self.audio.resize(shortest, 0.0);
        }
    }

    /// Reads the result out of the state.
    fn answer(&mut self, threads: usize) -> Result<Answer, EngineError> {
        let mut text = String::new();
        let mut tokens = Vec::new();
        let (mut sum, mut count) = (0.0, 0_u16);
        for segment in self.state.as_iter() {
            text.push_str(&segment.to_str_lossy().unwrap_or_default());
            for token in (0..segment.n_tokens()).filter_map(|n| segment.get_token(n)) {
                let data = token.token_data();
                sum += data.plog;
                count = count.saturating_add(1);
                if data.id < self.end_of_text {
                    let text = token.to_str_lossy().unwrap_or_default().into_owned();
                    tokens.push(Token { text, probability: data.p });
                }
            }
        }
        // A description of a sound is not words: "[BLANK_AUDIO]".
        if guard::is_annotation(&text) {
            return Ok(Answer { no_speech: 1.0, ..Answer::default() });
        }
        let avg_logprob = sum / f32::from(count.max(1));
        let no_speech = if avg_logprob < guard::UNSURE { self.no_speech(threads)? } else { 0.0 };
        let mut words = words::words(&tokens);
        let taken_out = repeats::fit(&mut words, || self.spoken());
        let loops = taken_out > 2 * words.len()
            || (guard::is_repetitive(&text) && !repeats::fits(&words, self.voiced()));
        // Only the remaining words get a share of the time.
        let lead_in = samples_in(LEAD_IN, WHISPER_RATE).min(self.audio.len());
        words::time(&mut words, &self.audio[lead_in..], WHISPER_RATE);
        Ok(Answer { words, avg_logprob, no_speech, repeats_itself: taken_out > 0 || loops, loops })
    }

    /// Computes the probability of no speech with the decoder, at the place where Whisper was trained to give
    /// it: right after the start token (OpenAI's `decoding.py`).
    ///
    /// whisper.cpp 1.8 has a number of that name, but reads it from the first row of the logits, while only
    /// the last row of the prompt was computed. So the number is left over from an earlier job.
    pub(super) fn no_speech(&mut self, threads: usize) -> Result<f32, EngineError> {
        let failed = |e| EngineError::Failed(format!("whisper.cpp: {e}"));
        self.state.decode(&[self.start_of_transcript], 0, threads).map_err(failed)?;
        let logits = self.state.get_logits().map_err(failed)?;
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let all: f32 = logits.iter().map(|l| (l - largest).exp()).sum();
        let no_speech = usize::try_from(self.no_speech_token).ok().and_then(|n| logits.get(n));
        Ok(no_speech.map_or(0.0, |l| (l - largest).exp() / all))
    }
}

fn nothing_said() -> Transcript {
    Transcript { no_speech: 1.0, ..Transcript::default() }
}
