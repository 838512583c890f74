//! Whisper, through whisper.cpp: one utterance in, its text out. The weights are loaded once and shared; each
//! recogniser has its own state. Knows no calls, and not the client that waits for the text.
//!
//! The decoding is greedy, with one segment, no timestamps, nothing carried over from one utterance to the
//! next, and no retry at a higher temperature. The window is cut to the speech, as far as the weights
//! tolerate that (`window.rs`). Flash attention is off: with a cut window, whisper.cpp pads the keys with
//! zeros to a multiple of 256 and does not mask them, which gives wrong words. On a CPU it is also slower.

mod ffi;
mod guard;
mod header;
mod language;
pub mod languages;
pub mod published;
mod recognizer;
mod repeats;
mod window;
mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use whisper_rs::{WhisperContext, WhisperContextParameters, WhisperTokenId};

pub use self::recognizer::WhisperRecognizer;
pub use self::window::{Window, WindowRule};
use super::{EngineError, LoadError, NO_SUCH_FILE};
use crate::files::search_path;
use crate::files::{CHANGED, Look, WHEN_CHANGED};

/// The longest audio that fits into one window.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(30);

/// The maximum number of tokens of a transcript for each second. Fast speech is about 5 words a second and
/// 1.5 tokens a word; digits need more. A transcript that runs on beyond this limit is a loop.
pub const TOKENS_PER_SECOND: f32 = 12.0;

/// The maximum number of tokens of the prompt: whisper.cpp uses at most half of the text context.
const MAX_PROMPT_TOKENS: usize = 224;

/// The model and its options.
#[derive(Debug, Clone, PartialEq)]
pub struct WhisperOptions {
    /// A Whisper model in whisper.cpp's GGML format.
    pub model: PathBuf,
    /// The part of the window that is encoded; `None` is what the weights are known to tolerate.
    pub window: Option<Window>,
    /// The silence after the audio that stays in the window; `None` is what the weights are known to need.
    pub margin: Option<Duration>,
    /// The code of the spoken language, or "auto". Anything but "en" needs multilingual weights.
    pub language: String,
    /// Expected words (names, terms); empty for none.
    pub initial_prompt: String,
    /// Transcribe again with the whole window if the transcript is doubtful.
    pub second_look: bool,
    /// The maximum number of tokens a second; [`TOKENS_PER_SECOND`], except in benchmarks.
    pub tokens_per_second: f32,
}

/// The weights and the options. Makes recognisers.
#[derive(Debug)]
pub struct WhisperModel {
    context: WhisperContext,
    options: WhisperOptions,
    window: Window,
    prompt: Arc<[WhisperTokenId]>,
}

/// Loads a model.
///
/// # Errors
/// If the file is missing, damaged or of another kind; the text names the file and the remedy.
pub fn load(options: &WhisperOptions) -> Result<WhisperModel, LoadError> {
    ffi::log_through_tracing();
    let before = Look::at(&options.model);
    check(options)?;
    let error = |problem: String| refused(options, problem);
    let window = window(options).map_err(error)?;
    let mut parameters = WhisperContextParameters::default();
    parameters.use_gpu(false).flash_attn(false);
    let context = WhisperContext::new_with_params(&options.model, parameters);
    // whisper.cpp opens the file by its name, and reads whatever the file holds at each moment.
    if before.ok() != Look::at(&options.model).ok() {
        return Err(LoadError { remedy: WHEN_CHANGED.to_owned(), ..error(CHANGED.to_owned()) });
    }
    let context = context
        .map_err(|_| error("whisper.cpp cannot load it (its tensors do not fit its header)".to_owned()))?;
    let prompt = tokens_of(&context, &options.initial_prompt)
        .ok_or_else(|| error("its vocabulary cannot encode stt.initial_prompt".to_owned()))?;
    Ok(WhisperModel { context, options: options.clone(), window, prompt })
}

/// The requested window, or else the one that the weights tolerate.
fn window(options: &WhisperOptions) -> Result<Window, String> {
    if let Some(window) = &options.window {
        return Ok(window.clone());
    }
    let rule = WindowRule::of(&options.model)?;
    Ok(Window::Cut(WindowRule { margin: options.margin.unwrap_or(rule.margin), ..rule }))
}

/// Checks a model as [`load`] does first: its header, its window, and whether it knows the language. Reads no
/// weights.
///
/// # Errors
/// The errors of [`load`].
pub fn check(options: &WhisperOptions) -> Result<(), LoadError> {
    let languages = header::check(&options.model).map_err(|problem| refused(options, problem))?;
    window(options).map_err(|problem| refused(options, problem))?;
    language::problem(&options.language, languages)
        .map_or(Ok(()), |(problem, remedy)| Err(LoadError { remedy, ..refused(options, problem) }))
}

fn refused(options: &WhisperOptions, problem: String) -> LoadError {
    let remedy = published::how_to_get(&options.model).unwrap_or_else(|| {
        if problem == NO_SUCH_FILE {
            return search_path::where_to_put("stt.model");
        }
        format!("set stt.model to a ggml file of whisper.cpp, or to one of {}", published::NAMES.join(", "))
    });
    LoadError { kind: "speech-to-text", path: options.model.display().to_string(), problem, remedy }
}

/// Checks a model of `length` bytes as [`load`] does before whisper.cpp gets it. Reads no weights.
///
/// # Errors
/// The problem with the model, for a person to read.
pub fn look_over(model: impl std::io::Read + std::io::Seek, length: u64) -> Result<(), String> {
    header::check_input(model, length).map(|_| ())
}

/// The prompt as tokens, prepared once and not for every utterance.
fn tokens_of(context: &WhisperContext, prompt: &str) -> Option<Arc<[WhisperTokenId]>> {
    let prompt = prompt.replace('\0', " ");
    if prompt.trim().is_empty() {
        return Some(Arc::new([]));
    }
    // A token is at least one byte.
    let tokens = context.tokenize(&prompt, prompt.len() + 1).ok()?;
    // whisper.cpp also keeps the end of a prompt that is too long.
    Some(tokens[tokens.len().saturating_sub(MAX_PROMPT_TOKENS)..].into())
}

impl WhisperModel {
    /// Makes a recogniser with its own state, for one thread. It shares the weights.
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
            window: self.window.clone(),
            positions: u64::try_from(self.context.n_audio_ctx()).unwrap_or(0),
            second_look: self.options.second_look,
            tokens_per_second: self.options.tokens_per_second,
            in_language: language::params_in(&self.options.language),
            prompt: Arc::clone(&self.prompt),
            start_of_transcript: self.context.token_sot(),
            end_of_text: self.context.token_eot(),
            no_speech_token: self.context.token_nosp(),
            audio: Vec::new(),
            voiced: None,
        })
    }
}

#[cfg(test)]
mod noise_tests;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod tests;
