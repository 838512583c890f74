//! Reads the tables of `[tools]`, and refuses keys that a tool of its kind has not. Must not know how a tool
//! is carried out.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use toml::Table;

use super::arguments::{keys, none, of_transfer, schema};
use super::{Does, McpReach, OwnTool};
use crate::config::persona::Persona;
use crate::config::problems::{Problem, Secrets};
use crate::config::secrets::secret_of;
use crate::config::toml_reader::{HIDDEN, Reader};
use crate::dialogue::tools::{Conduct, is_name};
use crate::streams::transfer::Destination;
use crate::tools::Secret;

/// The most tools: each takes room in every prompt, and small models choose badly among many.
const MOST: usize = 16;

/// The longest description and the longest phrase, in characters.
const LONGEST_TEXT: usize = 500;

/// The kinds, with what the model reads of one that has no description.
const KINDS: [(&str, &str); 7] = [
    ("hang_up", "End the call, once everything is said."),
    ("transfer", "Connect the caller with somebody else."),
    ("hand_over", "Let another agent go on with the call, who knows more about what the caller wants."),
    ("send_keys", "Press keys on the telephone."),
    ("note", ""),
    ("http", ""),
    ("mcp", ""),
];

/// Reads all tools. They know these agents.
pub(in crate::config) fn tools(
    r: &mut Reader,
    base: &Path,
    agents: &BTreeMap<String, Persona>,
) -> Vec<OwnTool> {
    let tables = r.children("tools");
    if tables.len() > MOST {
        r.refuse("tools", format!("{} tools", tables.len()), format!("at most {MOST}"));
    }
    let read = |(name, table): (String, Table)| {
        let (tool, problems) = One::new(&name, table, r.secrets(), base, agents).read();
        problems.into_iter().for_each(|problem| r.refuse_in("tools", problem));
        tool
    };
    tables.into_iter().take(MOST).filter_map(read).collect()
}

/// One table.
struct One<'a> {
    name: &'a str,
    base: &'a Path,
    agents: &'a BTreeMap<String, Persona>,
    r: Reader,
}

impl<'a> One<'a> {
    fn new(
        name: &'a str,
        table: Table,
        secrets: Secrets,
        base: &'a Path,
        agents: &'a BTreeMap<String, Persona>,
    ) -> Self {
        let root = Table::from_iter([(name.to_owned(), toml::Value::Table(table))]);
        let hides =
            |key: &str| key.ends_with(".headers") || key.ends_with(".variables") || key.ends_with(".url");
        Self { name, base, agents, r: Reader::new(root, hides, secrets) }
    }

    fn read(mut self) -> (Option<OwnTool>, Vec<Problem>) {
        let tool = self.tool();
        (tool, self.r.finish())
    }

    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }

    fn text(&mut self, key: &str) -> String {
        let key = self.key(key);
        let long = |text: &str| {
            (text.chars().count() > LONGEST_TEXT)
                .then(|| format!("a text of at most {LONGEST_TEXT} characters"))
        };
        self.r.text(&key, "", long).trim().to_owned()
    }

    fn refuse(&mut self, key: &str, allowed: &str) {
        let key = self.key(key);
        self.r.refuse(&key, String::new(), allowed.to_owned());
    }

    fn tool(&mut self) -> Option<OwnTool> {
        let kinds = KINDS.map(|(kind, _)| format!("{kind:?}")).join(", ");
        let key = self.key("does");
        let kind = self.r.text(&key, "", |kind| {
            KINDS.iter().all(|(known, _)| *known != kind).then(|| format!("one of {kinds}"))
        });
        if kind.is_empty() {
            self.refuse("does", &format!("is missing; what the tool does, one of {kinds}"));
        }
        if !is_name(self.name) {
            self.refuse("does", "the name of a tool has 1 to 64 letters, digits, _ and -");
        }
        let usual = KINDS.iter().find(|(known, _)| *known == kind)?.1;
        let (does, parameters) = self.does(&kind)?;
        let description = if kind == "mcp" { String::new() } else { self.text("description") };
        let description = if description.is_empty() { usual } else { &description };
        if description.is_empty() && kind != "mcp" {
            self.refuse("description", "is missing; what the tool is for, as the model reads it");
        }
        let conduct = self.conduct(&does);
        let key = self.key("timeout_ms");
        let timeout = self.r.millis(&key, 5000, 100..=60_000);
        let description = Some(description.to_owned()).filter(|text| !text.is_empty());
        Some(OwnTool { name: self.name.to_owned(), description, parameters, conduct, does, timeout })
    }

    /// What a tool of this kind does, and the schema of its arguments.
    fn does(&mut self, kind: &str) -> Option<(Does, Value)> {
        Some(match kind {
            "hang_up" => (Does::HangUp, none()),
            "send_keys" => (Does::SendKeys, keys()),
            "transfer" => {
                let to = self.destinations();
                let key = self.key("briefing");
                let briefed = self.r.switch(&key, false);
                let names = of_transfer(&to.keys().collect::<Vec<_>>(), briefed);
                (Does::Transfer(to), names)
            }
            "hand_over" => {
                // Which agents there are is known when a call begins.
                (Does::HandOver(self.agents_to()), none())
            }
            "note" => (Does::Note, self.parameters()),
            "http" => {
                let key = self.key("method");
                let allowed = |method: &str| {
                    let known = ["GET", "POST", "PUT", "PATCH", "DELETE"];
                    (!known.contains(&method)).then(|| known.join(", "))
                };
                let method = self.r.text(&key, "POST", allowed);
                let url = self.url();
                let headers = self.secrets("headers");
                let private = self.private();
                (Does::Http { method, url, headers, private }, self.parameters())
            }
            "mcp" => {
                let key = self.key("only");
                let only = self.r.texts(&key, &[]);
                (Does::Mcp { reach: self.reach()?, only }, Value::Null)
            }
            _ => return None,
        })
    }

    fn conduct(&mut self, does: &Does) -> Conduct {
        let say = if matches!(does, Does::SendKeys) { String::new() } else { self.text("say") };
        let mut conduct = Conduct { moment: does.moment(), say, ..Conduct::default() };
        if let Does::Http { .. } | Does::Mcp { .. } = does {
            let [cancels, repeats] = ["cancel_when_interrupted", "repeatable"].map(|key| self.key(key));
            conduct.cancelled_by_the_caller = self.r.switch(&cancels, false);
            let reads = matches!(does, Does::Http { method, .. } if method == "GET");
            conduct.repeatable = self.r.switch(&repeats, reads);
        }
        // To write the same down twice does no harm, and the caller may have changed their mind in between; a
        // call may come back to an agent.
        conduct.repeatable |= matches!(does, Does::SendKeys | Does::Note | Does::HandOver(_));
        conduct
    }

    fn parameters(&mut self) -> Value {
        let key = self.key("parameters");
        let table = self.r.table(&key, "a table such as { day = \"the day, such as Tuesday\" }");
        schema(&table).unwrap_or_else(|problem| {
            self.refuse("parameters", &problem);
            none()
        })
    }

    fn destinations(&mut self) -> BTreeMap<String, Destination> {
        let key = self.key("to");
        let pairs = self.r.pairs(&key, "a table such as { reception = \"+15550142\" }");
        if pairs.is_empty() {
            self.refuse(
                "to",
                "is missing; who callers are connected with, such as { reception = \"+15550142\" }",
            );
        }
        let mut destinations = BTreeMap::new();
        for (name, to) in pairs {
            match Destination::parse(&to) {
                Ok(to) => drop(destinations.insert(name, to)),
                Err(problem) => self.refuse("to", &format!("{name}: {problem}")),
            }
        }
        destinations
    }

    /// The agents who may get the call; none is named for all.
    fn agents_to(&mut self) -> Vec<String> {
        let key = self.key("to");
        let named = self.r.texts(&key, &[]);
        let known = || self.agents.keys().cloned().collect::<Vec<_>>();
        if let Some(unknown) = named.iter().find(|name| !self.agents.contains_key(*name)) {
            let allowed = format!("names of agents: {}", known().join(", "));
            self.r.refuse(&key, format!("{unknown:?}"), allowed);
        }
        if self.agents.len() < 2 {
            self.refuse("to", "there is no other agent: name one in [agents.NAME]");
        }
        named
    }

    fn url(&mut self) -> String {
        let key = self.key("url");
        let url = self.r.text(&key, "", |_| None);
        if url.is_empty() {
            self.refuse("url", "is missing; where the request goes, such as \"https://shop.example/orders\"");
        }
        url
    }

    fn private(&mut self) -> bool {
        let key = self.key("private_addresses");
        self.r.switch(&key, false)
    }

    fn reach(&mut self) -> Option<McpReach> {
        let [command, url] = ["command", "url"].map(|key| self.key(key));
        match (self.r.says(&command), self.r.says(&url)) {
            (true, false) => {
                let words = self.r.texts(&command, &[]);
                if words.first().is_none_or(String::is_empty) {
                    self.refuse(
                        "command",
                        "is empty; the program and its arguments, [\"uvx\", \"mcp-server-time\"]",
                    );
                }
                Some(McpReach::Command(words, self.secrets("variables")))
            }
            (false, true) => Some(McpReach::Url(self.url(), self.secrets("headers"), self.private())),
            (both, _) => {
                let what = if both { "not with url, too" } else { "is missing; or url, where the server is" };
                self.refuse("command", what);
                None
            }
        }
    }

    /// Texts, of which those that begin with `env:` or `file:` are read from there.
    fn secrets(&mut self, name: &str) -> Vec<(String, Secret)> {
        let key = self.key(name);
        let pairs = self.r.pairs(&key, "a table such as { Authorization = \"env:SHOP_KEY\" }");
        let mut read = Vec::new();
        for (name, value) in pairs {
            let refers = value.starts_with("env:") || value.starts_with("file:");
            let text = match (refers, self.r.secrets()) {
                (true, Secrets::Read) => secret_of(&value, self.base).map(|text| text.trim_end().to_owned()),
                (true, Secrets::Leave) => Ok("a secret that was not read".to_owned()),
                (false, _) => Ok(value),
            };
            match text {
                Ok(secret) => read.push((name, Secret::new(secret))),
                // The secret itself may be in the place of its name or path.
                Err(problem) => self.r.refuse(&key, HIDDEN.to_owned(), format!("{name}: {problem}")),
            }
        }
        read
    }
}
