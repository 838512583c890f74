//! A server in the test's own process, with scripted engines, for tests of sockets, which need no model.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use offhook::app::App;
use offhook::config::{self, DEFAULT_CONFIG};
use offhook::dialogue::{CountTokens, Message, Usage};
use offhook::engine::cores::Cores;
use offhook::engine::engines::Engines;
use offhook::engine::generating::Steps;
use offhook::engine::grammars::Grammars;
use offhook::engine::ladder::Ladder;
use offhook::engine::measures::Measures;
use offhook::engine::voices::Voices;
use offhook::engine::{
    CancelFlag, Effort, EngineError, Generation, Generator, Recognizer, Rendering, Sampling, Share, Speech,
    Step, StopReason, Synthesizer, Task, Transcript, Whole,
};
use offhook::engine::{generating, requests, synthesizing, transcribing};
use offhook::http::listen::{self, Limits};
use offhook::http::router;
use offhook::runtime::clock::uptime;
use offhook::runtime::provider_api::ProviderApi;
use offhook::runtime::records::Records;
use offhook::runtime::toolbox::Toolbox;
use offhook::runtime::webhooks::Webhooks;
use tokio::net::TcpListener;

use super::server::root;

/// What the scripted engines hear and say. By itself, they hear and say nothing.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// The transcript of every utterance.
    pub heard: &'static str,
    /// The answer to a conversation.
    pub answer: Option<fn(&[Message]) -> String>,
    /// How long the voice takes for what no call waits for, such as a briefing.
    pub voice_takes: Duration,
}

/// Engines that follow a script, and speak a tenth of a second of silence.
#[derive(Debug, Clone, Default)]
struct Scripted {
    script: Script,
    /// What is still to be said.
    rest: Option<String>,
}

impl Recognizer for Scripted {
    fn transcribe(&mut self, _: &[f32], _: Effort, _: &CancelFlag) -> Result<Transcript, EngineError> {
        Ok(Transcript { text: self.script.heard.to_owned(), ..Transcript::default() })
    }
}

impl Synthesizer for Scripted {
    fn begin(&mut self, _: &str, _: &CancelFlag) -> Result<Box<dyn Rendering>, EngineError> {
        Ok(Box::new(Whole(Speech { samples: vec![0; 800], rate: 8000, words: Vec::new() })))
    }
}

impl Generation for Scripted {
    fn unread(&self) -> usize {
        0
    }

    fn end_of_turn(&mut self) -> Option<f32> {
        None
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }
}

impl Generator for Scripted {
    type Generation = Self;

    fn begin(
        &mut self,
        _: &str,
        messages: &[Message],
        task: Task,
        _: &Sampling,
    ) -> Result<Self, EngineError> {
        let rest = self.script.answer.filter(|_| task == Task::Answer).map(|answer| answer(messages));
        Ok(Self { rest, ..self.clone() })
    }

    fn step(&mut self, batch: &mut [Share<'_, Self>]) -> Vec<Result<Step, EngineError>> {
        let step = |share: &mut Share<'_, Self>| match share.generation.rest.take() {
            Some(text) => Ok(Step::Text(text)),
            None => Ok(Step::Done(StopReason::EndOfText)),
        };
        batch.iter_mut().map(step).collect()
    }

    fn end_session(&mut self, _: &str) {}

    fn count_tokens(&self, text: &str) -> usize {
        text.len()
    }
}

fn engines(script: &Script) -> Engines {
    let scripted = || Scripted { script: script.clone(), rest: None };
    let steps = Steps { threads: 1, longest: Duration::from_millis(50) };
    let count = CountTokens::new(|text| text.split_whitespace().count());
    let cores = Cores::of_this_machine(uptime());
    let (model, _) = generating::start("main", scripted(), steps, &cores).unwrap();
    let (hear, _) = transcribing::start(vec![Box::new(scripted())], 1, &cores).unwrap();
    let (voice_takes, voice) = (script.voice_takes, scripted());
    let open = move |_: &str, _: f32| {
        std::thread::sleep(voice_takes);
        Ok(Box::new(voice.clone()) as Box<dyn Synthesizer>)
    };
    let no_ears = || Err(EngineError::Cancelled);
    let (requests, _) = requests::start(Box::new(no_ears), Box::new(open), &cores).unwrap();
    Engines {
        hear,
        models: Ladder::new(vec![("main".to_owned(), model)]),
        speak: synthesizing::start(Box::new(scripted()), &cores).unwrap(),
        grammars: Grammars::new(cores.clone()),
        cores,
        count,
        route: None,
        answers: Arc::default(),
        guides: Arc::default(),
        measures: Measures::default(),
        voices: Voices::default(),
        requests: Some(requests),
        health: Arc::new([]),
        watch: None,
        faults: None,
    }
}

/// A server with the shipped configuration, in which some texts are replaced. It runs until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub app: App,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    /// Every text to replace must be found, or the test would test nothing.
    pub fn start(replacements: &[(&str, &str)]) -> Self {
        let mut text = DEFAULT_CONFIG.to_owned();
        for (old, new) in replacements {
            assert!(text.contains(old), "config.toml does not say {old}");
            text = text.replace(old, new);
        }
        Self::following(&Script::default(), &text)
    }

    /// A server with this configuration, records, webhooks, summaries and tools included.
    pub fn following(script: &Script, text: &str) -> Self {
        let config = Arc::new(config::parse(text, "config.toml", root()).unwrap());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let limits =
            Limits { connections: config.server.max_connections, patience: config.server.start_timeout };
        let mut app = App::new(config.clone(), true);
        if let Some(records) = Records::open(&config.records).unwrap() {
            app = app.recorded_by(Arc::new(records));
        }
        if let Some(webhooks) = Webhooks::open(&config.webhooks).unwrap() {
            app = app.notified_by(Arc::new(webhooks));
        }
        app = app.summarising();
        let toolbox = Arc::new(Toolbox::open(&config.tools).unwrap());
        app = app.equipped_with(toolbox);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(listen::serve(listener, router(app.clone()), limits, None));
        let _inside = runtime.enter();
        app.ready(engines(script), ProviderApi::new().ok());
        drop(_inside);
        Self { address, app, _runtime: runtime }
    }
}
