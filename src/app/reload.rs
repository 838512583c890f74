//! What a running server reads again, on SIGHUP or when an administrator asks: the certificate, which
//! language model is in use, and for new calls the agent and its turn-taking. Everything else stays as it was
//! at startup.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::signal::unix::Signal;

use super::App;
use super::certificates::{Certificates, TlsError};
use super::voices::prepare;
use crate::config::keys::{Keys, is_taken_over};
use crate::config::persona::persona_key;
use crate::config::{Config, ConfigError, Persona, Problem, parse, unspeakable};
use crate::runtime::library::Library;

/// The key that names the language model in use. It is not for new calls alone.
const MODEL: &str = "llm.use";

/// A file that can be used, and the folders that it names.
struct Read {
    config: Config,
    text: String,
    library: Library,
}

/// What came of reading again. A key is named if its value changed.
#[derive(Debug, Default)]
pub(crate) struct Reloaded {
    /// The keys that count from now on.
    pub(crate) taken_over: BTreeSet<String>,
    /// The keys that count when the server starts again.
    pub(crate) after_a_restart: BTreeSet<String>,
    /// Whether a certificate was read again.
    pub(crate) certificate: bool,
}

/// Why nothing was taken over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReloaded {
    /// The engines are not there yet.
    #[error("the models are still being loaded: ask again")]
    NotReady,
    /// The configuration is wrong.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// The certificate is wrong.
    #[error(transparent)]
    Certificate(#[from] TlsError),
}

impl App {
    /// Reloads on SIGHUP, the usual signal for daemons to read their files again. A new certificate does not
    /// wait for a configuration that is right.
    pub(crate) async fn reload_on(self, mut hangups: Signal) {
        while hangups.recv().await.is_some() {
            // It may wait for a disk.
            let app = self.clone();
            let read = move || {
                match app.certificates.as_ref().map(Certificates::reload) {
                    None => {}
                    Some(Ok(())) => tracing::info!("the certificate was reloaded"),
                    Some(Err(error)) => {
                        tracing::error!(%error, "reload failed: the certificate in use stays")
                    }
                }
                match app.reload_configuration() {
                    Ok(_) => {}
                    Err(error @ NotReloaded::NotReady) => {
                        tracing::warn!(%error, "the configuration was not reloaded");
                    }
                    Err(error @ (NotReloaded::Configuration(_) | NotReloaded::Certificate(_))) => {
                        tracing::error!(%error, "the configuration was not reloaded");
                    }
                }
            };
            if tokio::task::spawn_blocking(read).await.is_err() {
                tracing::error!("the configuration was not reloaded");
            }
        }
    }

    /// Reads the certificate and the configuration again, and takes over both or neither.
    ///
    /// # Errors
    /// Why nothing has changed.
    pub(crate) fn reload(&self) -> Result<Reloaded, NotReloaded> {
        let fresh = self.certificates.as_ref().map(Certificates::read_again).transpose()?;
        let reloaded = self.reload_configuration()?;
        let certificate = fresh.is_some();
        if let Some(fresh) = fresh {
            fresh.put_in_use();
            tracing::info!("the certificate was reloaded");
        }
        Ok(Reloaded { certificate, ..reloaded })
    }

    /// Reads the file again: for new calls, and for which language model answers.
    ///
    /// # Errors
    /// What is wrong with the file; everything then stays as it was.
    fn reload_configuration(&self) -> Result<Reloaded, NotReloaded> {
        let engines = self.engines().ok_or(NotReloaded::NotReady)?;
        let _alone = self.settings.changing();
        let Some(Read { config, text, library }) = self.read_again()? else {
            tracing::info!("no configuration file: nothing of it was reloaded");
            return Ok(Reloaded::default());
        };
        let keys = Keys::of(&text);
        let waits = keys.changed_since(self.settings.at_start()).filter(|key| !is_taken_over(key));
        let mut after_a_restart: BTreeSet<String> = waits.map(str::to_owned).collect();
        let folders: Vec<String> = library.changed_since(&self.settings.library(), &config).collect();
        let before = self.take_over(&config, library, keys.clone());
        let live = keys.changed_since(&before).filter(|key| is_taken_over(key));
        let mut taken_over: BTreeSet<String> = live.map(str::to_owned).chain(folders).collect();
        match engines.models.switch_to(&config.llm.in_use) {
            Ok(is_another) => {
                after_a_restart.remove(MODEL);
                taken_over.extend(is_another.then(|| MODEL.to_owned()));
                tracing::info!(model = engines.models.in_use(), "language model in use");
            }
            Err(error) => {
                after_a_restart.insert(MODEL.to_owned());
                tracing::error!(
                    %error, in_use = engines.models.in_use(), "llm.use: models load only at startup"
                );
            }
        }
        Ok(Reloaded { taken_over, after_a_restart, certificate: false })
    }

    /// New calls get the agent and the turn-taking of this configuration, which these keys say, and its
    /// folders. Returns what the keys said before.
    pub(crate) fn take_over(&self, new: &Config, library: Library, keys: Keys) -> Keys {
        let live = Arc::new(self.config.with_agent_of(new));
        library.notes().for_each(|note| tracing::warn!("{note}"));
        let before = self.settings.swap(live.clone(), library, keys);
        if let Some(engines) = self.engines() {
            prepare(&live, &engines.voices);
        }
        tracing::info!("new calls have the agent and the turn-taking of the configuration");
        before
    }

    /// What is wrong with the system prompt for the language models that run, whatever the file says of them.
    /// One that `is_new` must leave room to talk; an old one must leave any at all.
    pub(crate) fn prompt_problem(&self, new: &Config, is_new: bool) -> Option<Problem> {
        let llm = &self.config.llm;
        let most = llm.context_tokens.saturating_sub(llm.sampling.max_tokens);
        let count = &self.engines()?.count;
        new.agents.iter().find_map(|(name, Persona { agent, .. })| {
            // One that another agent has for itself was not changed.
            let is_new = is_new && agent.system_prompt == new.agent.system_prompt;
            let most = if is_new { most / 2 } else { most };
            let prompt = new.lookup.prompt(&agent.prompt(), &new.lookup.default);
            let tokens = count.of(&prompt);
            let told =
                || format!("it has {tokens} tokens, and at most {most} are taken while this server runs");
            let key = persona_key(new, name, "agent.system_prompt");
            (tokens > most).then(|| Problem::about(&key, told()))
        })
    }

    /// What the file says now, if it can be used. `None` if there is none.
    ///
    /// # Errors
    /// What is wrong with the file.
    fn read_again(&self) -> Result<Option<Read>, ConfigError> {
        let file = &self.settings.file;
        let source = file.path().display().to_string();
        let failed = |problems| ConfigError { source: source.clone(), problems };
        let contents = match file.read() {
            Ok(contents) if !contents.exists => return Ok(None),
            Ok(contents) => contents,
            Err(error) => {
                let told = format!("cannot be read again ({error})");
                return Err(failed(vec![Problem::about("file", told)]));
            }
        };
        let config = parse(&contents.text, &source, file.folder())?;
        let mut problems: Vec<Problem> = self.prompt_problem(&config, false).into_iter().collect();
        let cannot = |(key, phrase): (String, &str)| {
            Problem::of(
                &key,
                format!("{phrase:?}"),
                "a text in Latin letters: the voice speaks no others".to_owned(),
            )
        };
        problems.extend(unspeakable(&config).into_iter().map(cannot));
        let library = Library::open(&config).unwrap_or_else(|unread| {
            problems.extend(unread);
            Library::default()
        });
        let read = || Some(Read { config, text: contents.text, library });
        if problems.is_empty() { Ok(read()) } else { Err(failed(problems)) }
    }
}
