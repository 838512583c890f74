//! The measurements of `offhook doctor`, seconds each: the configuration's own engines, with several numbers
//! of threads where one is to be chosen. Must not print.

use std::time::Duration;

use crate::app::engines::{llm_options, whisper_options};
use crate::audio::g711::Law;
use crate::audio::resample::resample_i16;
use crate::audio::to_f32;
use crate::cli::bench::timing::{ms, now};
use crate::cli::bench::{stt, tts};
use crate::config::Config;
use crate::engine::llm::{LlmEngine, decode_together, load};
use crate::engine::whisper::{self, WhisperOptions, WhisperRecognizer, Window as Cut, WindowRule};
use crate::engine::{CancelFlag, Effort, Recognizer as _, voice as voices};
use crate::scoring::Score;
use crate::stats::median;
use crate::units::{PHONE_RATE, WHISPER_RATE};

/// The length of the speech that is transcribed.
pub(super) const SPEECH_SECONDS: u16 = 2;
const ROUNDS: usize = 3;
/// Tokens of a prompt, of a question alone, and of an answer.
const PROMPT: usize = 128;
const QUESTION: usize = 24;
const ANSWER: usize = 16;
/// More threads must win this much, because they are taken from other calls.
const WORTH: f64 = 0.85;

/// The windows that are tried, in milliseconds after the speech.
const MARGINS: [u64; 4] = [320, 640, 960, 1280];
/// What is said for it: short and longer turns of callers.
const SENTENCES: [&str; 8] = [
    "Yes, please.",
    "When are you open on Friday?",
    "I would like to know how much a cleaning costs.",
    "Tuesday afternoon.",
    "My number is five five five, one two three four.",
    "Do you have a car park behind the building?",
    "No, that is wrong.",
    "Can I speak to somebody about my last invoice, please?",
];

/// How the recogniser does.
#[derive(Debug, serde::Serialize)]
pub(super) struct Recogniser {
    pub(super) threads: usize,
    pub(super) transcript_ms: f64,
}

/// How the language model does.
#[derive(Debug, serde::Serialize)]
pub(super) struct Language {
    pub(super) threads: usize,
    pub(super) prefill_tokens_per_s: f64,
    pub(super) tokens_per_s: f64,
    /// A question is read.
    pub(super) question_ms: f64,
}

/// How the voice does.
#[derive(Debug, serde::Serialize)]
pub(super) struct Voice {
    pub(super) first_audio_ms: f64,
    pub(super) real_time_factor: f64,
}

/// The fastest of several, in the order of their threads; a later one must be worth its threads.
fn best<T>(all: Vec<T>, cost: impl Fn(&T) -> f64) -> Option<T> {
    all.into_iter().reduce(|best, next| if cost(&next) < cost(&best) * WORTH { next } else { best })
}

fn or_configured(threads: &[usize], configured: usize) -> Vec<usize> {
    if threads.is_empty() { vec![configured] } else { threads.to_vec() }
}

/// Transcribes speech of the built-in voice with the configuration's window.
pub(super) fn recogniser(config: &Config, threads: &[usize]) -> anyhow::Result<Recogniser> {
    let options = whisper_options(&config.stt, &config.stt.model);
    let mut recogniser = whisper::load(&options)?.recognizer()?;
    let audio = stt::speech(Duration::from_secs(SPEECH_SECONDS.into()))?;
    let mut all = Vec::new();
    for threads in or_configured(threads, config.stt.threads) {
        let effort = Effort { threads, second_try: false };
        stt::time(&mut recogniser, &audio, effort)?;
        let times: anyhow::Result<Vec<f64>> =
            (0..ROUNDS).map(|_| stt::time(&mut recogniser, &audio, effort)).collect();
        all.push(Recogniser { threads, transcript_ms: median(times?).unwrap_or_default() });
    }
    best(all, |found| found.transcript_ms).ok_or_else(|| anyhow::anyhow!("there is nothing to measure"))
}

/// Reads and writes tokens for one call.
pub(super) fn language(config: &Config, threads: &[usize]) -> anyhow::Result<Language> {
    let mut all = Vec::new();
    for threads in or_configured(threads, config.llm.threads) {
        let in_use = config.llm.models().find(|(name, _)| *name == config.llm.in_use);
        let model = in_use.map_or(config.llm.model.as_path(), |(_, path)| path);
        let mut options = llm_options(&config.llm, model);
        options.threads = threads;
        let engine = load(&options)?;
        engine.warm_up("")?;
        all.push(measured(&engine, threads)?);
    }
    best(all, |found| found.question_ms + ANSWER as f64 / found.tokens_per_s * 1000.0)
        .ok_or_else(|| anyhow::anyhow!("there is nothing to measure"))
}

fn measured(engine: &LlmEngine, threads: usize) -> anyhow::Result<Language> {
    let [mut prompt, mut question, mut answer]: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        let start = now();
        let mut sequence = engine.bench_sequence(PROMPT)?;
        prompt.push(ms(start));
        let start = now();
        for _ in 0..ANSWER {
            decode_together(engine, std::slice::from_mut(&mut sequence))?;
        }
        answer.push(ms(start));
        let start = now();
        engine.bench_sequence(QUESTION)?;
        question.push(ms(start));
    }
    let of = |times: Vec<f64>| median(times).unwrap_or(f64::MAX).max(1e-3);
    Ok(Language {
        threads,
        prefill_tokens_per_s: PROMPT as f64 / of(prompt) * 1000.0,
        tokens_per_s: ANSWER as f64 / of(answer) * 1000.0,
        question_ms: of(question),
    })
}

/// Speaks a clause and a sentence.
pub(super) fn voice(config: &Config) -> anyhow::Result<Voice> {
    let row = tts::measure(&config.tts.voice, config.tts.speed, ROUNDS)?;
    Ok(Voice { first_audio_ms: row.clause_ms, real_time_factor: row.real_time_factor })
}

/// A window with which no more words are wrong than with the whole one.
pub(super) enum Window {
    /// The one that the weights have already.
    Own,
    /// The shortest margin behind the speech, in milliseconds.
    Margin(u64),
    NoneIsGood,
}

/// Looks for a good window, with sentences of the configuration's voice over the telephone.
pub(super) fn window(config: &Config) -> anyhow::Result<Window> {
    let mut voice = voices::open(&config.tts.voice, config.tts.speed)?;
    let mut clips = Vec::new();
    for sentence in SENTENCES {
        let spoken = voice.synthesize(sentence, &CancelFlag::default())?;
        let phone = resample_i16(&spoken.samples, spoken.rate, PHONE_RATE)?;
        let phone = Law::Mu.decode_all(&Law::Mu.encode_all(&phone));
        clips.push((sentence, to_f32(&resample_i16(&phone, PHONE_RATE, WHISPER_RATE)?)));
    }
    let options = whisper_options(&config.stt, &config.stt.model);
    let wrong = |window: Cut| -> anyhow::Result<usize> {
        let options = WhisperOptions { window: Some(window), ..options.clone() };
        words_wrong(&mut whisper::load(&options)?.recognizer()?, &clips)
    };
    let whole = wrong(Cut::Whole)?;
    let own = WindowRule::of(&options.model).map_err(anyhow::Error::msg)?;
    if wrong(Cut::Cut(own.clone()))? <= whole {
        return Ok(Window::Own);
    }
    for margin in MARGINS {
        let rule = WindowRule { margin: Duration::from_millis(margin), ..own.clone() };
        if wrong(Cut::Cut(rule))? <= whole {
            return Ok(Window::Margin(margin));
        }
    }
    Ok(Window::NoneIsGood)
}

fn words_wrong(recogniser: &mut WhisperRecognizer, clips: &[(&str, Vec<f32>)]) -> anyhow::Result<usize> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut score = Score::default();
    for (said, audio) in clips {
        let effort = Effort { threads: cores, second_try: false };
        score.add(said, &recogniser.transcribe(audio, effort, &CancelFlag::default())?.text);
    }
    Ok(score.wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_threads_are_taken_only_where_they_are_worth_it() {
        let chosen = |times: &[(usize, f64)]| best(times.to_vec(), |found| found.1).map(|found| found.0);
        assert_eq!(chosen(&[(1, 100.0), (2, 60.0)]), Some(2));
        assert_eq!(chosen(&[(1, 100.0), (2, 90.0), (4, 80.0)]), Some(4));
        assert_eq!(chosen(&[(1, 100.0), (2, 90.0)]), Some(1));
        assert_eq!(chosen(&[]), None);
    }
}
