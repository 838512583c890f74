//! What a running server reads again on SIGHUP: the certificate, which language model is in use, and for new
//! calls the agent and its turn-taking.
//! Everything else stays as it was at startup.

use std::sync::Arc;

use tokio::signal::unix::Signal;

use super::App;
use super::certificates::Certificates;
use super::engines::prepare;
use crate::config::{Config, ConfigError, Problem, parse, unspeakable};

/// The parts that are read again.
pub(crate) struct Reload {
    pub(crate) certificates: Option<Certificates>,
    pub(crate) app: App,
}

impl Reload {
    /// Reloads on SIGHUP, the usual signal for daemons to read their files again.
    pub(crate) async fn on_hangup(self, mut hangups: Signal) {
        while hangups.recv().await.is_some() {
            match self.certificates.as_ref().map(Certificates::reload) {
                None => {}
                Some(Ok(())) => tracing::info!("the certificate was reloaded"),
                Some(Err(error)) => tracing::error!(%error, "reload failed: the certificate in use stays"),
            }
            // It may wait for a disk.
            let app = self.app.clone();
            if tokio::task::spawn_blocking(move || read_configuration(&app)).await.is_err() {
                tracing::error!("the configuration was not reloaded");
            }
        }
    }
}

fn read_configuration(app: &App) {
    let Some(engines) = app.engines() else {
        tracing::warn!("models are still being loaded: the configuration was not reloaded");
        return;
    };
    let models = &engines.models;
    let wanted = match app.read_again() {
        None => {
            tracing::info!("no configuration file: nothing of it was reloaded");
            return;
        }
        Some(Ok(config)) => config.llm.in_use,
        Some(Err(error)) => {
            tracing::error!(%error, in_use = models.in_use(), "the configuration was not reloaded");
            return;
        }
    };
    match models.switch_to(&wanted) {
        Ok(()) => tracing::info!(model = models.in_use(), "language model in use"),
        Err(error) => {
            tracing::error!(%error, in_use = models.in_use(), "llm.use: models load only at startup")
        }
    }
}

impl App {
    /// New calls get the agent and the turn-taking of this configuration.
    pub(crate) fn take_over(&self, new: &Config) {
        let live = Arc::new(self.config.with_agent_of(new));
        self.settings.swap(live.clone());
        if let Some(phrases) = self.engines().and_then(|engines| engines.phrases.as_ref()) {
            prepare(&live, phrases);
        }
        tracing::info!("new calls have the agent and the turn-taking of the configuration");
    }

    /// What is wrong with the system prompt for the language models that run, whatever the file says of them.
    /// One that `is_new` must leave room to talk; an old one must leave any at all.
    pub(crate) fn prompt_problem(&self, new: &Config, is_new: bool) -> Option<Problem> {
        let llm = &self.config.llm;
        let most = llm.context_tokens.saturating_sub(llm.sampling.max_tokens);
        let most = if is_new { most / 2 } else { most };
        let prompt = new.lookup.prompt(&new.agent.system_prompt, &new.lookup.default);
        let tokens = self.engines()?.count.of(&prompt);
        let told = || format!("it has {tokens} tokens, and at most {most} are taken while this server runs");
        (tokens > most).then(|| Problem::about("agent.system_prompt", told()))
    }

    /// Reads the file again, for new calls. `None` if there is none.
    ///
    /// # Errors
    /// What is wrong with the file; new calls then have what they had.
    fn read_again(&self) -> Option<Result<Config, ConfigError>> {
        let _alone = self.settings.changing();
        let file = &self.settings.file;
        let source = file.path().display().to_string();
        let failed = |problems| ConfigError { source: source.clone(), problems };
        let contents = match file.read() {
            Ok(contents) if !contents.exists => return None,
            Ok(contents) => contents,
            Err(error) => {
                let told = format!("cannot be read again ({error})");
                return Some(Err(failed(vec![Problem::about("file", told)])));
            }
        };
        let read = parse(&contents.text, &source, file.folder()).and_then(|config| {
            let mut problems: Vec<Problem> = self.prompt_problem(&config, false).into_iter().collect();
            let cannot = |(key, phrase)| {
                Problem::of(
                    key,
                    format!("{phrase:?}"),
                    "a text in Latin letters: the voice speaks no others".to_owned(),
                )
            };
            problems.extend(unspeakable(&config).into_iter().map(cannot));
            if problems.is_empty() { Ok(config) } else { Err(failed(problems)) }
        });
        Some(read.inspect(|config| self.take_over(config)))
    }
}
