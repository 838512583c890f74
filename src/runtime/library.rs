//! The folders that agents know, read and indexed: each once, whoever has it. Must not know calls.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::persona::persona_key;
use crate::config::{Agent, Config, Problem};
use crate::dialogue::Message;
use crate::knowledge::{Folder, FolderError, IndexError, Knowledge, LookedUp, read_folder};

/// The folders of all agents.
#[derive(Debug, Default)]
pub struct Library {
    shelves: BTreeMap<PathBuf, Shelf>,
}

/// A folder.
#[derive(Debug)]
struct Shelf {
    knowledge: Arc<Knowledge>,
    /// Its files that are no texts.
    skipped: Vec<String>,
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
enum ShelfError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("it cannot be indexed: {0}")]
    Index(#[from] IndexError),
}

impl Library {
    /// Reads the folders of all agents of this configuration.
    ///
    /// # Errors
    /// The keys whose folders cannot be read, and why.
    pub fn open(config: &Config) -> Result<Self, Vec<Problem>> {
        let mut library = Self::default();
        let mut problems = Vec::new();
        for (name, persona) in &*config.agents {
            let Some(folder) = &persona.agent.knowledge else { continue };
            if library.shelves.contains_key(folder) {
                continue;
            }
            match shelf(folder) {
                Ok(shelf) => drop(library.shelves.insert(folder.clone(), shelf)),
                Err(error) => {
                    let key = persona_key(config, name, "agent.knowledge");
                    problems.push(Problem::about(&key, error.to_string()));
                }
            }
        }
        if problems.is_empty() { Ok(library) } else { Err(problems) }
    }

    /// What this agent knows; `None` if it has no folder.
    #[must_use]
    pub fn of(&self, agent: &Agent) -> Option<Arc<Knowledge>> {
        Some(self.shelves.get(agent.knowledge.as_ref()?)?.knowledge.clone())
    }

    /// The keys of agents whose folders say something else than before.
    pub fn changed_since(&self, before: &Self, config: &Config) -> impl Iterator<Item = String> {
        let says = |library: &Self, agent: &Agent| {
            library.of(agent).map(|knowledge| knowledge.passages().to_vec()).unwrap_or_default()
        };
        let changed = move |agent: &Agent| says(self, agent) != says(before, agent);
        let changed = config.agents.iter().filter(move |(_, persona)| changed(&persona.agent));
        changed.map(|(name, _)| persona_key(config, name, "agent.knowledge"))
    }

    /// What is to be said of the folders: which files are not read, and what they say differently.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        self.shelves.iter().flat_map(|(folder, shelf)| {
            let folder = folder.display();
            let skipped = (!shelf.skipped.is_empty()).then(|| {
                format!("{folder}: only .md and .txt are read, and not {}", shelf.skipped.join(", "))
            });
            let conflicts = shelf.knowledge.conflicts().iter();
            skipped.into_iter().chain(conflicts.map(move |conflict| format!("{folder}: {conflict}")))
        })
    }
}

/// A conversation with what was looked up for its last question, at most so many characters, and where that
/// stands. Without knowledge, or if it fails, the conversation stays as it is.
#[must_use]
pub fn informed(
    knowledge: Option<&Knowledge>,
    messages: Vec<Message>,
    most: usize,
) -> (Vec<Message>, Vec<String>) {
    let Some(knowledge) = knowledge else { return (messages, Vec::new()) };
    let looked_up = knowledge.look_up(&messages, most).unwrap_or_else(|error| {
        tracing::error!(%error, "nothing was looked up in the agent's knowledge");
        LookedUp::default()
    });
    (looked_up.inform(messages), looked_up.sources)
}

fn shelf(folder: &Path) -> Result<Shelf, ShelfError> {
    let Folder { documents, skipped } = read_folder(folder)?;
    let knowledge = Arc::new(Knowledge::new(&documents)?);
    tracing::info!(
        folder = %folder.display(),
        documents = documents.len(),
        passages = knowledge.passages().len(),
        "the agent's knowledge was read"
    );
    Ok(Shelf { knowledge, skipped })
}
