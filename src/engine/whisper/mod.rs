//! Whisper, through whisper.cpp: one utterance in, its text out. The weights are loaded once and shared;
//! each recogniser has a state of its own. Knows no calls, and nothing of who is waiting for the text.
//!
//! How it is asked (measured in ARCHITECTURE.md): greedy, one segment, no timestamps, nothing carried
//! over from one utterance to the next, no second try at a higher temperature, and a window cut to the
//! speech. No flash attention: with a cut window whisper.cpp pads the keys to a multiple of 256 with
//! zeros and does not mask them, which gives wrong words, and on a CPU it is slower.

mod ffi;
mod guard;
mod header;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState, WhisperTokenId,
};

use self::words::Token;
use super::{CancelFlag, Effort, EngineError, HeardWord, LoadError, Recognizer, Transcript};
use crate::config::{self, whisper_model};
use crate::units::{WHISPER_RATE, duration_of, samples_in};

/// Positions of the encoder for each second of audio: two mel frames of 10 ms each.
const POSITIONS_PER_SECOND: u64 = 50;

/// Shortest audio given to whisper.cpp, which ignores what is shorter than 100 ms and is unsure below
/// a second; silence fills it up.
const SHORTEST: Duration = Duration::from_secs(1);

/// Longest audio that fits in one window.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(30);

/// Silence put before the audio: speech that begins with the first sample loses its first sound.
const LEAD_IN: Duration = Duration::from_millis(100);

/// Tokens that a transcript may have for each second: fast speech is about 5 words and 1.5 tokens a
/// word, digits are more; and a few for a short one. What runs on beyond is a loop.
pub const TOKENS_PER_SECOND: f32 = 12.0;
const SPARE_TOKENS: f32 = 16.0;

/// Most tokens of the prompt: whisper.cpp uses half of the text context at most.
const MAX_PROMPT_TOKENS: usize = 224;

/// Which model, and how it is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct WhisperOptions {
    /// A Whisper model in whisper.cpp's GGML format.
    pub model: PathBuf,
    /// Silence after the audio that stays in the window.
    pub window_margin: Duration,
    /// Words to expect (names, terms); empty for none.
    pub initial_prompt: String,
    /// Always the whole window of 30 s, as Whisper was trained: slower, for comparison.
    pub full_window: bool,
    /// A doubtful transcript is made again with at least this window; zero does not.
    pub second_window: Duration,
    /// Most tokens a second; [`TOKENS_PER_SECOND`] but for benchmarks.
    pub tokens_per_second: f32,
}

impl From<&config::Stt> for WhisperOptions {
    fn from(stt: &config::Stt) -> Self {
        Self::of(&stt.model, stt)
    }
}

impl WhisperOptions {
    /// Those of the configuration, but for this model: the margin is its own.
    #[must_use]
    pub fn of(model: &Path, stt: &config::Stt) -> Self {
        Self {
            model: model.to_owned(),
            window_margin: stt.window_margin.unwrap_or(whisper_model::margin(model).0),
            initial_prompt: stt.initial_prompt.clone(),
            full_window: false,
            second_window: stt.second_window,
            tokens_per_second: TOKENS_PER_SECOND,
        }
    }
}

/// The weights, and how they are asked. Makes recognisers.
#[derive(Debug)]
pub struct WhisperModel {
    context: WhisperContext,
    options: WhisperOptions,
    prompt: Arc<[WhisperTokenId]>,
}

/// Loads a model.
///
/// # Errors
/// If the file is missing, damaged or something else; the text names it and the remedy.
pub fn load(options: &WhisperOptions) -> Result<WhisperModel, LoadError> {
    ffi::log_through_tracing();
    let remedy = whisper_model::how_to_get(&options.model);
    let error = |problem: String| LoadError {
        kind: "speech-to-text",
        path: options.model.display().to_string(),
        problem,
        remedy: remedy.clone().unwrap_or_else(|| {
            format!(
                "set stt.model to a ggml file of whisper.cpp, or to one of {}",
                whisper_model::NAMES.join(", ")
            )
        }),
    };
    header::check(&options.model).map_err(error)?;
    let mut parameters = WhisperContextParameters::default();
    parameters.use_gpu(false).flash_attn(false);
    let context = WhisperContext::new_with_params(&options.model, parameters)
        .map_err(|_| error("whisper.cpp cannot load it (its tensors do not fit its head)".to_owned()))?;
    let prompt = tokens_of(&context, &options.initial_prompt)
        .ok_or_else(|| error("its vocabulary cannot write stt.initial_prompt".to_owned()))?;
    Ok(WhisperModel { context, options: options.clone(), prompt })
}

/// Looks over a model of `length` bytes as [`load`] does before whisper.cpp gets it; reads no weights.
///
/// # Errors
/// What is wrong with it, for a person to read.
pub fn look_over(model: impl std::io::Read + std::io::Seek, length: u64) -> Result<(), String> {
    header::check_input(model, length)
}

/// The prompt as tokens, so that it is prepared once and not for every utterance.
fn tokens_of(context: &WhisperContext, prompt: &str) -> Option<Arc<[WhisperTokenId]>> {
    let prompt = prompt.replace('\0', " ");
    if prompt.trim().is_empty() {
        return Some(Arc::new([]));
    }
    // A token is at least one byte.
    let tokens = context.tokenize(&prompt, prompt.len() + 1).ok()?;
    // whisper.cpp keeps the end of a prompt that is too long.
    Some(tokens[tokens.len().saturating_sub(MAX_PROMPT_TOKENS)..].into())
}

impl WhisperModel {
    /// A recogniser with a state of its own, for one thread. It shares the weights.
    ///
    /// # Errors
    /// If there is not enough memory for its state.
    pub fn recognizer(&self) -> Result<WhisperRecognizer, EngineError> {
        let state = self
            .context
            .create_state()
            .map_err(|e| EngineError::Failed(format!("whisper.cpp cannot make a state: {e}")))?;
        Ok(WhisperRecognizer {
            state,
            window: Window {
                margin: self.options.window_margin,
                positions: u64::try_from(self.context.n_audio_ctx()).unwrap_or(0),
                full: self.options.full_window,
                least: Duration::ZERO,
            },
            second_window: self.options.second_window,
            tokens_per_second: self.options.tokens_per_second,
            prompt: Arc::clone(&self.prompt),
            start_of_transcript: self.context.token_sot(),
            end_of_text: self.context.token_eot(),
            no_speech_token: self.context.token_nosp(),
            audio: Vec::new(),
        })
    }
}

/// Transcribes one utterance after the other.
pub struct WhisperRecognizer {
    state: WhisperState,
    window: Window,
    second_window: Duration,
    tokens_per_second: f32,
    prompt: Arc<[WhisperTokenId]>,
    start_of_transcript: WhisperTokenId,
    end_of_text: WhisperTokenId,
    no_speech_token: WhisperTokenId,
    /// The audio as whisper.cpp gets it, kept for its memory.
    audio: Vec<f32>,
}

/// What whisper.cpp answered, before it is believed.
struct Answer {
    text: String,
    words: Vec<HeardWord>,
    avg_logprob: f32,
    no_speech: f32,
    loops: bool,
}

impl Answer {
    /// True if another try may bring something better.
    fn is_doubtful(&self) -> bool {
        self.avg_logprob < guard::UNSURE || self.loops
    }

    /// The words, if they were said and not made up.
    fn believed(self) -> Transcript {
        let doubtful = self.is_doubtful();
        let made_up = self.no_speech > guard::NO_SPEECH || self.avg_logprob < guard::MADE_UP;
        let said = !made_up && !self.loops && !guard::is_annotation(&self.text);
        let (text, words) = if said { (self.text, self.words) } else { (String::new(), Vec::new()) };
        Transcript { text, words, doubtful, avg_logprob: self.avg_logprob, no_speech: self.no_speech }
    }
}

impl Recognizer for WhisperRecognizer {
    /// `no_speech` is asked for only where the words are unsure, and 0 elsewhere.
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
        let Some(answer) = self.ask(self.window, effort.threads, cancel)? else { return Ok(nothing_said()) };
        let wider = self.window.at_least(self.second_window);
        let audio_length = duration_of(self.audio.len(), WHISPER_RATE);
        let differs = wider.positions_for(audio_length) != self.window.positions_for(audio_length);
        if effort.second_try && answer.is_doubtful() && differs {
            tracing::debug!(avg_logprob = answer.avg_logprob, "a doubtful transcript is made again");
            let again = match self.ask(wider, effort.threads, cancel) {
                Err(EngineError::Cancelled) => return Err(EngineError::Cancelled),
                // Doubtful words are better than none.
                Err(_) => None,
                Ok(again) => again,
            };
            let better = again.filter(|a| !a.loops && (answer.loops || a.avg_logprob > answer.avg_logprob));
            return Ok(better.unwrap_or(answer).believed());
        }
        Ok(answer.believed())
    }
}

impl WhisperRecognizer {
    /// Asks whisper.cpp about the prepared audio; `None` if it heard no word.
    fn ask(
        &mut self,
        window: Window,
        threads: usize,
        cancel: &CancelFlag,
    ) -> Result<Option<Answer>, EngineError> {
        let prompt = Arc::clone(&self.prompt);
        let params = self.params(window, &prompt, threads);
        match ffi::full(&mut self.state, params, &self.audio, cancel) {
            Ok(()) => self.answer(threads),
            Err(_) if cancel.is_cancelled() => Err(EngineError::Cancelled),
            Err(e) => Err(EngineError::Failed(format!("whisper.cpp: {e}"))),
        }
    }

    /// How whisper.cpp is asked about the prepared audio.
    fn params<'p>(
        &self,
        window: Window,
        prompt: &'p [WhisperTokenId],
        threads: usize,
    ) -> FullParams<'static, 'p> {
        let heard = duration_of(self.audio.len(), WHISPER_RATE);
        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_n_threads(i32::try_from(threads.clamp(1, 64)).unwrap_or(1));
        params.set_audio_ctx(window.positions_for(heard));
        params.set_max_tokens((SPARE_TOKENS + self.tokens_per_second * heard.as_secs_f32()) as i32);
        params.set_tokens(prompt);
        params.set_no_context(true);
        params.set_single_segment(true);
        // Without this, whisper.cpp can go round for ever when `max_tokens` cuts a segment short.
        params.set_no_timestamps(true);
        params.set_temperature_inc(0.0);
        // What the detector took for speech may hold no word: then the right answer is none, which this
        // would forbid.
        params.set_suppress_blank(false);
        // Never: whisper.cpp reads the probability from the wrong place, see `no_speech`.
        params.set_no_speech_thold(2.0);
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_special(false);
        params.set_print_timestamps(false);
        params
    }

    /// Copies the audio with silence before it, and after it if it is very short.
    fn prepare(&mut self, audio: &[f32]) {
        self.audio.clear();
        self.audio.resize(samples_in(LEAD_IN, WHISPER_RATE), 0.0);
        self.audio.extend(audio.iter().map(|s| if s.is_finite() { s.clamp(-1.0, 1.0) } else { 0.0 }));
        let shortest = samples_in(SHORTEST, WHISPER_RATE);
        if self.audio.len() < shortest {
            self.audio.resize(shortest, 0.0);
        }
    }

    /// Reads the result out of the state.
    fn answer(&mut self, threads: usize) -> Result<Option<Answer>, EngineError> {
        let mut text = String::new();
        let (mut ids, mut tokens) = (Vec::new(), Vec::new());
        let (mut sum, mut count) = (0.0, 0_u16);
        for segment in self.state.as_iter() {
            text.push_str(&segment.to_str_lossy().unwrap_or_default());
            for token in (0..segment.n_tokens()).filter_map(|n| segment.get_token(n)) {
                let data = token.token_data();
                sum += data.plog;
                count = count.saturating_add(1);
                if data.id < self.end_of_text {
                    ids.push(data.id);
                    let text = token.to_str_lossy().unwrap_or_default().into_owned();
                    tokens.push(Token { text, probability: data.p });
                }
            }
        }
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let avg_logprob = sum / f32::from(count.max(1));
        let no_speech = if avg_logprob < guard::UNSURE { self.no_speech(threads)? } else { 0.0 };
        let lead_in = samples_in(LEAD_IN, WHISPER_RATE).min(self.audio.len());
        Ok(Some(Answer {
            words: words::words(&tokens, &self.audio[lead_in..], WHISPER_RATE),
            avg_logprob,
            no_speech,
            loops: guard::is_loop(&ids) || guard::is_repetitive(text),
            text: text.to_owned(),
        }))
    }

    /// Asks the decoder for the probability of no speech, where Whisper was trained to give it: right
    /// after the start token (OpenAI's `decoding.py`).
    ///
    /// whisper.cpp 1.8 has a number of that name, but reads it from the first row of the logits while
    /// only the last row of the prompt was computed: it is what an earlier job left there.
    fn no_speech(&mut self, threads: usize) -> Result<f32, EngineError> {
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

/// How much of Whisper's window of 30 s the encoder works on.
#[derive(Debug, Clone, Copy)]
struct Window {
    margin: Duration,
    /// Positions of the whole window.
    positions: u64,
    full: bool,
    /// Of speech and margin together.
    least: Duration,
}

impl Window {
    /// The same, but for this much audio at least.
    fn at_least(self, least: Duration) -> Self {
        Self { least, ..self }
    }

    /// Positions for this much audio; 0, whisper.cpp's word for all of them, if it fills the window.
    fn positions_for(&self, audio: Duration) -> i32 {
        let micros = (audio + self.margin).max(self.least).as_micros() as u64;
        let wanted = (micros * POSITIONS_PER_SECOND).div_ceil(1_000_000);
        if self.full || wanted >= self.positions { 0 } else { i32::try_from(wanted).unwrap_or(0) }
    }
}

#[cfg(test)]
mod tests;
