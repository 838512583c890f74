//! `offhook bench tts`: how soon a voice is heard, how much faster than speech it is, and how soon a phrase
//! is heard that was spoken before. Measured behind the port, where a call asks: at the phone's rate.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::timing::{ms, now};
use crate::cli::output::outln;
use crate::config::Config;
use crate::engine::cores::Cores;
use crate::engine::phrase_cache::PhraseCache;
use crate::engine::ports::{Speak, SpeakRequest, SpeakSink};
use crate::engine::{EngineError, Speech, synthesizing, voice};
use crate::runtime::clock::uptime;
use crate::stats::median;
use crate::units::{PHONE_RATE, duration_of};

/// A first clause, and a sentence of twelve words.
const CLAUSE: &str = "On Friday we are open,";
const SENTENCE: &str = "We are open on Friday from nine in the morning until five.";

/// Arguments of `offhook bench tts`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A voice; may be given more than once, and they take turns. `tts.voice` if none is given.
    #[arg(long, value_name = "NAME")]
    voice: Vec<String>,
    /// Number of rounds; the medians count.
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Print one JSON object per voice.
    #[arg(long)]
    json: bool,
}

/// The figures of one voice.
#[derive(Debug, serde::Serialize)]
pub(in crate::cli) struct Row {
    voice: String,
    /// From the text to the first audio, of a clause and of a sentence.
    pub(in crate::cli) clause_ms: f64,
    sentence_ms: f64,
    /// From the text to the last audio of the sentence, and how long the sentence lasts.
    whole_ms: f64,
    speech_ms: f64,
    /// The time of one core for a second of speech.
    pub(in crate::cli) real_time_factor: f64,
    /// From the text to the first audio of a phrase that was spoken before.
    cached_ms: f64,
    /// From the name of the voice to its first sound.
    load_ms: f64,
}

struct Measured {
    name: String,
    load_ms: f64,
    voice: Arc<dyn Speak>,
    cache: PhraseCache,
    clause: Vec<f64>,
    sentence: Vec<f64>,
    whole: Vec<f64>,
    speech: Vec<f64>,
    cached: Vec<f64>,
}

/// Measures and prints.
pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let names = if args.voice.is_empty() { std::slice::from_ref(&config.tts.voice) } else { &args.voice };
    let cores = Cores::of_this_machine(uptime());
    let mut voices = Vec::new();
    for name in names {
        voices.push(Measured::open(name, config.tts.speed, &cores)?);
    }
    for _ in 0..args.rounds {
        for voice in &mut voices {
            voice.round()?;
        }
    }
    let rows: Vec<Row> = voices.into_iter().map(Measured::row).collect();
    if args.json {
        for row in &rows {
            outln!("{}", crate::cli::json::line(row)?)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    print(&rows)?;
    Ok(ExitCode::SUCCESS)
}

/// Measures one voice.
pub(in crate::cli) fn measure(name: &str, speed: f32, rounds: usize) -> anyhow::Result<Row> {
    let mut voice = Measured::open(name, speed, &Cores::of_this_machine(uptime()))?;
    for _ in 0..rounds {
        voice.round()?;
    }
    Ok(voice.row())
}

impl Measured {
    fn open(name: &str, speed: f32, cores: &Cores) -> anyhow::Result<Self> {
        let start = now();
        let synthesizer = voice::open(name, speed)?;
        let voice = synthesizing::start(synthesizer, cores)?;
        speak(&*voice, CLAUSE)?;
        let load_ms = ms(start);
        let cache = PhraseCache::new(voice.clone());
        speak(&cache, CLAUSE)?;
        let name = name.to_owned();
        let [clause, sentence, whole, speech, cached] = Default::default();
        Ok(Self { name, load_ms, voice, cache, clause, sentence, whole, speech, cached })
    }

    fn round(&mut self) -> anyhow::Result<()> {
        self.clause.push(speak(&*self.voice, CLAUSE)?.first_ms);
        let sentence = speak(&*self.voice, SENTENCE)?;
        self.sentence.push(sentence.first_ms);
        self.whole.push(sentence.whole_ms);
        self.speech.push(sentence.speech_ms);
        self.cached.push(speak(&self.cache, CLAUSE)?.first_ms);
        Ok(())
    }

    fn row(self) -> Row {
        let of = |times: Vec<f64>| median(times).unwrap_or_default();
        let (whole_ms, speech_ms) = (of(self.whole), of(self.speech));
        Row {
            voice: self.name,
            clause_ms: of(self.clause),
            sentence_ms: of(self.sentence),
            whole_ms,
            speech_ms,
            real_time_factor: whole_ms / speech_ms.max(1.0),
            cached_ms: of(self.cached),
            load_ms: self.load_ms,
        }
    }
}

/// How a text was spoken.
struct Spoken {
    first_ms: f64,
    whole_ms: f64,
    speech_ms: f64,
}

/// Passes on how many samples come, and the error.
struct Samples(Sender<Result<usize, EngineError>>);

impl SpeakSink for Samples {
    fn part(&mut self, part: Speech) {
        self.0.send(Ok(part.samples.len())).ok();
    }

    fn done(&mut self, outcome: Result<Speech, EngineError>) {
        self.0.send(outcome.map(|part| part.samples.len())).ok();
    }
}

fn speak(voice: &dyn Speak, text: &str) -> anyhow::Result<Spoken> {
    let (told, samples): (_, Receiver<Result<usize, EngineError>>) = channel();
    let request = SpeakRequest { first: true, ..SpeakRequest::prepared(text) };
    request.wanted.set();
    let start = now();
    voice.speak(request, Box::new(Samples(told))).map_err(|full| anyhow::anyhow!("{full}"))?;
    let (mut first, mut all) = (None, 0);
    // The sink is dropped after the last part.
    for part in samples {
        let count = part?;
        if count > 0 {
            first.get_or_insert_with(|| ms(start));
        }
        all += count;
    }
    let whole_ms = ms(start);
    Ok(Spoken {
        first_ms: first.unwrap_or(whole_ms),
        whole_ms,
        speech_ms: duration_of(all, PHONE_RATE).as_secs_f64() * 1000.0,
    })
}

fn print(rows: &[Row]) -> anyhow::Result<()> {
    let width = rows.iter().map(|row| row.voice.chars().count()).max().unwrap_or(0).max(5);
    outln!("{:width$}  first audio of                all of the sentence            of a phrase", "")?;
    outln!(
        "{:<width$}    a clause  a sentence     takes  and lasts     factor  spoken before   loading",
        "voice"
    )?;
    for row in rows {
        outln!(
            "{:<width$}  {:>7.1} ms  {:>7.1} ms  {:>4.0} ms  {:>6.0} ms  {:>9.3}  {:>10.2} ms  {:>5.0} ms",
            row.voice,
            row.clause_ms,
            row.sentence_ms,
            row.whole_ms,
            row.speech_ms,
            row.real_time_factor,
            row.cached_ms,
            row.load_ms
        )?;
    }
    Ok(())
}
