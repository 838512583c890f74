//! `offhook knowledge`: what an agent would look up for a question. Must not know calls.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde::Serialize;

use crate::cli::output::{noteln, outln};
use crate::config::Config;
use crate::knowledge::{Folder, Found, Knowledge, read_folder};

/// Arguments of `offhook knowledge`.
#[derive(Debug, clap::Args)]
#[command(
    about = "Say what an agent finds in its folder for a question",
    long_about = "Say what an agent finds in its folder for a question, and where it stands. Without a question: what \
    is in the folder, which of its files are not read, and what two of them say differently. Exit code 1 if a \
    question finds nothing."
)]
pub struct Args {
    /// The question of a caller
    #[arg(value_name = "QUESTION")]
    question: Option<String>,
    /// A folder instead of that of the configuration (agent.knowledge)
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// The agent whose folder it is [default: that of the section agent]
    #[arg(long, value_name = "NAME", conflicts_with = "folder")]
    agent: Option<String>,
    /// Print JSON: an object for each passage, or for each document
    #[arg(long)]
    json: bool,
}

/// A document, as it is listed.
#[derive(Debug, Serialize)]
struct Row<'k> {
    document: &'k str,
    passages: usize,
    words: usize,
}

/// A passage that was found.
#[derive(Debug, Serialize)]
struct Hit<'k> {
    source: String,
    text: &'k str,
}

/// Looks a question up, or lists the folder.
///
/// # Errors
/// If there is no folder, or it cannot be read.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let folder = folder(args, config)?;
    let Folder { documents, skipped } = read_folder(&folder)?;
    let knowledge = Knowledge::new(&documents)?;
    match &args.question {
        Some(question) => look_up(&knowledge, question, args.json),
        None => list(&knowledge, &skipped, args.json),
    }
}

fn folder(args: &Args, config: &Config) -> anyhow::Result<PathBuf> {
    if let Some(folder) = &args.folder {
        return Ok(folder.clone());
    }
    let name = args.agent.as_ref().unwrap_or(&config.agent.name);
    let persona = config
        .agents
        .get(name)
        .with_context(|| format!("there is no agent {name:?}; there are: {}", config.names_of_agents()))?;
    let Some(folder) = &persona.agent.knowledge else {
        bail!("the agent {name} has no folder: set agent.knowledge, or name one with --folder");
    };
    Ok(folder.clone())
}

fn look_up(knowledge: &Knowledge, question: &str, json: bool) -> anyhow::Result<ExitCode> {
    let passages = match knowledge.find(question)? {
        Found::Passages(passages) => passages,
        Found::Nothing => {
            noteln!("nothing: the agent is told that no document says it");
            return Ok(ExitCode::FAILURE);
        }
        Found::NotAsked => {
            noteln!("nothing: these words ask for nothing that could be looked up");
            return Ok(ExitCode::FAILURE);
        }
    };
    for (n, passage) in passages.iter().enumerate() {
        let hit = Hit { source: passage.source(), text: &passage.text };
        if json {
            outln!("{}", crate::cli::json::line(&hit)?)?;
        } else {
            let gap = if n > 0 { "\n" } else { "" };
            outln!("{gap}{}\n  {}", hit.source, hit.text.replace('\n', "\n  "))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(knowledge: &Knowledge, skipped: &[String], json: bool) -> anyhow::Result<ExitCode> {
    let mut documents = BTreeMap::<&str, (usize, usize)>::new();
    for passage in knowledge.passages() {
        let (passages, words) = documents.entry(&passage.document).or_default();
        *passages += 1;
        *words += passage.text.split_whitespace().count();
    }
    let rows = documents.iter().map(|(document, (passages, words))| Row {
        document,
        passages: *passages,
        words: *words,
    });
    if json {
        for row in rows {
            outln!("{}", crate::cli::json::line(&row)?)?;
        }
    } else {
        let width = documents.keys().map(|name| name.chars().count()).max().unwrap_or(0).max(8);
        outln!("{:<width$}  passages   words", "document")?;
        for Row { document, passages, words } in rows {
            outln!("{document:<width$}  {passages:>8}  {words:>6}")?;
        }
    }
    for name in skipped {
        noteln!("not read: {name} (only .md and .txt are)");
    }
    for conflict in knowledge.conflicts() {
        noteln!("two values: {conflict}");
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn args(agent: Option<&str>, folder: Option<&str>) -> Args {
        let (agent, folder) = (agent.map(str::to_owned), folder.map(PathBuf::from));
        Args { question: None, folder, agent, json: false }
    }

    #[test]
    fn the_folder_is_the_one_that_is_named_or_the_agents() {
        let text = "[agent]\nknowledge = \"a\"\n[agents.billing]\nknowledge = \"b\"\n[agents.shop]\nknowledge = \"\"";
        let config = crate::config::parse(text, "test", Path::new("/etc")).expect("a configuration");
        let found = |args: &Args| folder(args, &config).map_err(|error| error.to_string());
        assert_eq!(found(&args(None, None)), Ok(PathBuf::from("/etc/a")));
        assert_eq!(found(&args(Some("billing"), None)), Ok(PathBuf::from("/etc/b")));
        assert_eq!(found(&args(None, Some("c"))), Ok(PathBuf::from("c")));
        let none = found(&args(Some("shop"), None));
        assert!(none.as_ref().is_err_and(|told| told.contains("agent.knowledge")), "{none:?}");
        let unknown = found(&args(Some("bar"), None));
        assert!(unknown.as_ref().is_err_and(|told| told.contains("billing, main, shop")), "{unknown:?}");
    }
}
