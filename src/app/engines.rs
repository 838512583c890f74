//! Builds the engines from the configuration: sets the options of each, then loads, warms up and starts them.
//! Must not know calls.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub use super::start_error::StartError;

use super::voices;
use super::wards::Wards;
use crate::answers::Patterns;
use crate::config::{Config, Llm, Stt};
use crate::dialogue::CountTokens;
use crate::engine::arbiter::Work;
use crate::engine::cores::{Cores, Now};
use crate::engine::engines::Engines;
use crate::engine::faults::{Faults, Faulty};
use crate::engine::generating::{self, Steps};
use crate::engine::grammars::Grammars;
use crate::engine::guarded;
use crate::engine::ladder::Ladder;
use crate::engine::llm::{self, Guides, LlmOptions, Opened};
use crate::engine::measures::Measures;
use crate::engine::ports::Think;
use crate::engine::requests::{self, Requests};
use crate::engine::route::Route;
use crate::engine::scripted::{ScriptedHear, ScriptedThink};
use crate::engine::threads::lower_priority;
use crate::engine::tool_answers;
use crate::engine::voice::OpenError;
use crate::engine::voices::VoiceName;
use crate::engine::whisper::{self, TOKENS_PER_SECOND, WhisperModel, WhisperOptions, languages};
use crate::engine::{CancelFlag, Effort, EngineError, Generator, LoadError, Recognizer, Synthesizer};
use crate::engine::{transcribing, voice};
use crate::runtime::clock::since_1970;
use crate::telemetry::metrics::EngineMetrics;
use crate::turns::with_tools;
use crate::units::WHISPER_RATE;

/// The configured options of Whisper, for the weights in this file.
#[must_use]
pub fn whisper_options(stt: &Stt, model: &Path) -> WhisperOptions {
    WhisperOptions {
        model: model.to_owned(),
        window: None,
        margin: stt.window_margin,
        language: stt.language.clone(),
        initial_prompt: stt.initial_prompt.clone(),
        second_look: stt.second_look,
        tokens_per_second: TOKENS_PER_SECOND,
    }
}

/// The configured options of a language model, for the weights in this file.
#[must_use]
pub fn llm_options(llm: &Llm, model: &Path) -> LlmOptions {
    let Llm { threads, kernels, context_tokens, cache_mb, thinking, .. } = *llm;
    let chat_template = llm.template_of(model).cloned();
    LlmOptions {
        model: model.to_owned(),
        threads,
        kernels,
        context_tokens,
        cache_mb,
        chat_template,
        thinking,
        date: since_1970,
    }
}

/// Opens all language models that the configuration names, in its order.
///
/// # Errors
/// The error of the first model that cannot be used.
pub fn open_models(config: &Config) -> Result<Vec<(String, Opened)>, LoadError> {
    let opened =
        |(name, path): (&str, &Path)| Ok((name.to_owned(), llm::open(llm_options(&config.llm, path))?));
    config.llm.models().map(opened).collect()
}

/// Loads, warms up and starts all engines. This takes longer the larger the models are; call it once.
/// `models` are the language models that the configuration names, in its order. `now` is the clock for the
/// meters of the cores. `counted` counts what the voice does. `faults` are injected into the engines.
///
/// # Errors
/// If a model is missing or broken.
pub fn start(
    config: &Config,
    models: Vec<(String, Opened)>,
    now: Now,
    counted: &EngineMetrics,
    faults: Option<Faults>,
) -> Result<Engines, StartError> {
    // Thread pools that the engines start while loading inherit the low priority, so load on a separate
    // thread.
    std::thread::scope(|scope| {
        let loader = std::thread::Builder::new()
            .name("load".into())
            .spawn_scoped(scope, || load(config, models, now, counted, faults))?;
        loader.join().unwrap_or_else(|_| {
            Err(StartError::Broken("loading", EngineError::Failed("the loader panicked".into())))
        })
    })
}

fn load(
    config: &Config,
    models: Vec<(String, Opened)>,
    now: Now,
    counted: &EngineMetrics,
    faults: Option<Faults>,
) -> Result<Engines, StartError> {
    lower_priority();
    let cores = Cores::of_this_machine(now.clone());
    let held = cores.acquire(Work::Idle, cores.count());
    let whisper = whisper::load(&whisper_options(&config.stt, &config.stt.model))?;
    if config.stt.language != languages::ENGLISH {
        tracing::warn!(
            language = config.stt.language,
            "turn-taking is tested in English only: the ends of turns, backchannels and interruptions are \
             recognised by English words (stt.language)"
        );
    }
    let mut generators = Vec::new();
    for (name, model) in models {
        let model = model.load()?;
        model.check_conversations()?;
        generators.push((name, model));
    }
    let mut spoken = voices::load(config)?;
    // A request for more threads than there are cores would wait for the arbiter for ever.
    let of_cores = |threads: usize| threads.clamp(1, cores.count());
    let threads = of_cores(config.stt.threads);
    // A partial transcription takes one core, so as many recognisers can run at once as there are cores.
    let at_once = cores.count().clamp(1, config.server.max_calls);
    let mut recognizers: Vec<Box<dyn Recognizer>> = Vec::new();
    // A recogniser skips silence, and would not be warmed up by it.
    let hum: Vec<f32> = (0_u8..32).map(|step| 0.01 * (f32::from(step) / 16.0 - 1.0)).collect();
    let hum = hum.repeat(WHISPER_RATE as usize / hum.len());
    for _ in 0..at_once {
        let mut recognizer = whisper.recognizer().map_err(|e| StartError::Broken("the recogniser", e))?;
        recognizer
            .transcribe(&hum, Effort { threads, second_try: false }, &CancelFlag::default())
            .map_err(|e| StartError::Broken("the recogniser", e))?;
        recognizers.push(match &faults {
            Some(faults) => Box::new(Faulty::new(Box::new(recognizer) as Box<dyn Recognizer>, faults)),
            None => Box::new(recognizer),
        });
    }
    for (_, generator) in &generators {
        // The first words of every agent's calls are computed once.
        for agent in config.all_agents() {
            generator
                .warm_up(&with_tools(&agent.agent.prompt(), &agent.told_tools()))
                .map_err(|e| StartError::Broken("the language model", e))?;
        }
    }
    drop(held);
    let steps = Steps { threads: of_cores(config.llm.threads), longest: config.llm.longest_step };
    // All calls count tokens as the first model does. Another model shortens a prompt itself if it does not
    // fit.
    let counter = generators.first().map(|(_, generator)| generator.clone());
    let count =
        CountTokens::new(move |text| counter.as_ref().map_or(0, |counter| counter.count_tokens(text)));
    let guides: BTreeMap<String, Guides> =
        generators.iter().map(|(name, generator)| (name.clone(), generator.guides().clone())).collect();
    let grammars = Grammars::new(cores.clone());
    for guides in guides.values() {
        for agent in config.all_agents() {
            tool_answers::prepare(&grammars, guides, &agent.told_tools()).map_err(StartError::Tools)?;
        }
    }
    let mut wards = Wards::new(now.clone());
    let (hear, heartbeats) = transcribing::start(recognizers, threads, &cores)?;
    let hear = guarded::hear(hear, wards.admit("stt", heartbeats));
    let mut models = Vec::new();
    for (name, generator) in generators {
        let (model, heartbeat) = match &faults {
            Some(faults) => generating::start(&name, Faulty::new(generator, faults), steps, &cores)?,
            None => generating::start(&name, generator, steps, &cores)?,
        };
        let health = wards.admit(&format!("llm:{name}"), vec![heartbeat]);
        models.push((name, guarded::think(model, health)));
    }
    if let Some(faults) = &faults {
        let faulty = |(name, voice)| (name, Box::new(Faulty::new(voice, faults)) as Box<dyn Synthesizer>);
        spoken = spoken.into_iter().map(faulty).collect();
    }
    let counted = |voice| counted.speak(voice, &now);
    let (speak, voices) = voices::start(config, spoken, &cores, &mut wards, counted)?;
    let requests = start_requests(whisper, &cores, &mut wards)?;
    let (health, watch) = wards.watched(&cores)?;
    let engines = Engines {
        hear,
        models: Ladder::new(models),
        speak,
        cores,
        count,
        route: None,
        answers: Arc::default(),
        guides: Arc::new(guides),
        grammars,
        measures: Measures::default(),
        voices,
        requests: Some(requests),
        health,
        watch: Some(watch),
        faults,
    };
    if let Err(error) = engines.models.switch_to(&config.llm.in_use) {
        tracing::error!(%error, "llm.use");
    }
    Ok(engines)
}

/// Engines without a recogniser and without a language model, whose words come from a script. The voice is
/// the built-in one. For measurements.
///
/// # Errors
/// If the voice does not start.
pub fn without_models(config: &Config, now: Now, counted: &EngineMetrics) -> Result<Engines, StartError> {
    let cores = Cores::of_this_machine(now.clone());
    let name = VoiceName { voice: config.tts.voice.clone(), speed: config.tts.speed };
    let spoken = vec![(name, voices::built_in(config.tts.speed)?)];
    let mut wards = Wards::new(now.clone());
    let counted = |voice| counted.speak(voice, &now);
    let (speak, voices) = voices::start(config, spoken, &cores, &mut wards, counted)?;
    let model: Arc<dyn Think> = Arc::new(ScriptedThink::new(None));
    let (health, watch) = wards.watched(&cores)?;
    Ok(Engines {
        hear: Arc::new(ScriptedHear::new(None)),
        models: Ladder::new(vec![(config.llm.name.clone(), model)]),
        speak,
        grammars: Grammars::new(cores.clone()),
        cores,
        count: CountTokens::new(|text| text.split_whitespace().count()),
        route: None,
        answers: Arc::default(),
        guides: Arc::default(),
        measures: Measures::default(),
        voices,
        requests: None,
        health,
        watch: Some(watch),
        faults: None,
    })
}

/// The same engines, which compute all that they did, with words from a script. For measurements.
#[must_use]
pub fn with_scripted_words(engines: Engines) -> Engines {
    let scripted = |_: &str, model| -> Arc<dyn Think> { Arc::new(ScriptedThink::new(Some(model))) };
    Engines {
        hear: Arc::new(ScriptedHear::new(Some(engines.hear))),
        models: engines.models.wrapped(scripted),
        ..engines
    }
}

/// The same engines, with answers of the language models that are kept, as far as the configuration wants it.
///
/// # Errors
/// Never: a test reads the patterns.
pub fn caching_answers(
    engines: Engines,
    config: &Config,
    counted: &EngineMetrics,
) -> Result<Engines, StartError> {
    let Some(most) = config.llm.cached_answers else { return Ok(engines) };
    let patterns = Arc::new(Patterns::english()?);
    let answers = Mutex::new(BTreeMap::new());
    let models = engines.models.wrapped(|name, model| {
        let cache = counted.cached_answers().around(name, model, patterns.clone(), most);
        answers.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), cache.clone());
        cache
    });
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Engines { models, answers: Arc::new(answers), ..engines })
}

/// The same engines, with a way for hard questions, if the configuration names a model for them.
///
/// # Errors
/// Never: a test reads the patterns.
pub fn routing(engines: Engines, config: &Config) -> Result<Engines, StartError> {
    let Some(smart) = config.llm.smart.clone() else { return Ok(engines) };
    let route = Some(Arc::new(Route::to(smart, Patterns::english()?)));
    Ok(Engines { route, ..engines })
}

/// The same engines, with answers of the language models that calls share.
#[must_use]
pub fn sharing_answers(engines: Engines, counted: &EngineMetrics) -> Engines {
    Engines { models: engines.models.wrapped(|name, model| counted.share(name, model)), ..engines }
}

/// Starts the engines for what no call waits for. Their weights are those of the calls' recogniser.
fn start_requests(whisper: WhisperModel, cores: &Cores, wards: &mut Wards) -> Result<Requests, StartError> {
    let make = move || -> Result<Box<dyn Recognizer>, EngineError> { Ok(Box::new(whisper.recognizer()?)) };
    let open = |name: &str, speed: f32| {
        voice::open(name, speed).map_err(|error| match error {
            OpenError::Voice(error) => error,
            OpenError::File(error) => EngineError::Failed(error.to_string()),
        })
    };
    let (requests, [ears, mouth]) = requests::start(Box::new(make), Box::new(open), cores)?;
    let health = wards.admit("api:stt", vec![ears]);
    // The health of the voice only tells whether its thread comes back.
    wards.admit("api:tts", vec![mouth]);
    Ok(requests.heard_through(|ears| guarded::hear(ears, health)))
}
