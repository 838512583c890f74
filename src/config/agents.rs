//! `[agents]`: several agents in one server. Each is a table of what is its own; whatever it leaves out is as
//! in `[agent]` and in the sections of turn-taking. Must not know how a call comes to its agent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::{Table, Value};

use super::persona::{Persona, key_of_agent, name_problem, persona_key};
use super::problems::Problem;
use super::toml_reader::Reader;
use super::{Config, agent, speech, turn_taking};

/// The most agents beside the one of `[agent]`.
const MOST: usize = 32;

/// The sections of which an agent may have keys of its own.
const SECTIONS: [&str; 8] = ["agent", "tts", "vad", "endpoint", "barge_in", "speculation", "manners", "keys"];

/// Keys of `[agent]` that another agent does not take over where it leaves them out.
const NOT_SHARED: [&str; 4] = ["name", "description", "numbers", "tools"];

/// Keys that all agents share: the provider's API is opened with the keys, and the detector of speech with
/// the rest.
const SHARED: [&str; 6] = [
    "agent.opening_keys",
    "vad.detector",
    "vad.threshold",
    "vad.aggressiveness",
    "vad.pre_roll_ms",
    "barge_in.echo_loss_db",
];

impl Persona {
    /// Reads the sections of which an agent may have keys of its own.
    pub(super) fn read(r: &mut Reader, base: &Path) -> Self {
        Self {
            agent: agent::agent(r, base),
            tts: speech::tts(r, base),
            vad: speech::vad(r),
            endpoint: turn_taking::endpoint(r),
            barge_in: turn_taking::barge_in(r),
            speculation: turn_taking::speculation(r),
            manners: turn_taking::manners(r),
            keys: turn_taking::keys(r),
        }
    }
}

/// Reads all agents: this one of `[agent]`, and those of `[agents]`.
pub(super) fn agents(r: &mut Reader, base: &Path, first: &Persona) -> BTreeMap<String, Persona> {
    let tables = r.children("agents");
    if tables.len() > MOST {
        r.refuse("agents", format!("{} agents", tables.len()), format!("at most {MOST}"));
    }
    let shared = r.sections(&SECTIONS);
    let known = read(shared.clone(), r, base).1;
    let mut all = BTreeMap::from([(first.agent.name.clone(), first.clone())]);
    for (name, table) in tables.into_iter().take(MOST) {
        let refuse = |r: &mut Reader, what: String| {
            r.refuse_in("agents", Problem::about(&name, what));
        };
        if let Some(allowed) = name_problem(&name) {
            refuse(r, format!("the name of an agent is {allowed}"));
            continue;
        }
        if all.contains_key(&name) {
            refuse(r, "is the name of the agent in [agent], too (agent.name): give it another".to_owned());
            continue;
        }
        if table.contains_key("name") {
            let what = format!("the name of an agent is that of its table, [agents.{name}]");
            r.refuse_in("agents", Problem::about(&format!("{name}.name"), what));
        }
        let (own, problems) = laid_over(&shared, &table);
        for key in problems {
            let what = "all agents share it: it belongs into its own section".to_owned();
            r.refuse_in("agents", Problem::about(&format!("{name}.{}", key_of_agent(key)), what));
        }
        let (mut persona, problems) = read(own, r, base);
        for problem in problems.into_iter().filter(|problem| !known.contains(problem)) {
            let key = format!("{name}.{}", key_of_agent(&problem.key));
            r.refuse_in("agents", Problem { key, ..problem });
        }
        persona.agent.name.clone_from(&name);
        all.insert(name, persona);
    }
    all
}

/// Checks of agents against each other, and against the rest.
pub(super) fn check_together(r: &mut Reader, c: &Config) {
    let tools: Vec<&str> = c.tools.iter().map(|tool| tool.name.as_str()).collect();
    let models: Vec<&str> = c.llm.models().map(|(name, _)| name).collect();
    let mut numbers = BTreeSet::new();
    for (name, Persona { agent, .. }) in &*c.agents {
        let key = |key: &str| persona_key(c, name, &format!("agent.{key}"));
        if let Some(unknown) = agent.tools.iter().flatten().find(|tool| !tools.contains(&tool.as_str())) {
            let allowed = format!("the tables of [tools]: {}", tools.join(", "));
            r.refuse(&key("tools"), format!("{unknown:?}"), allowed);
        }
        if let Some(unknown) = agent.model.as_deref().filter(|model| !models.contains(model)) {
            let allowed = format!("the name of a model (llm.name, llm.stand_ins): {}", models.join(", "));
            r.refuse(&key("model"), format!("{unknown:?}"), allowed);
        }
        for number in &agent.numbers {
            if !numbers.insert(number) {
                r.refuse(&key("numbers"), format!("{number:?}"), "a number of one agent alone".to_owned());
            }
        }
    }
}

/// The persona that these sections say, and what is wrong with them.
fn read(sections: Table, parent: &Reader, base: &Path) -> (Persona, Vec<Problem>) {
    let mut r = parent.over(sections);
    let persona = Persona::read(&mut r, base);
    turn_taking::check_persona(&mut r, &persona);
    (persona, r.finish())
}

/// The shared sections with an agent's table over them, and the keys in it that all agents share.
fn laid_over<'t>(shared: &Table, own: &'t Table) -> (Table, Vec<&'t str>) {
    let mut sections = shared.clone();
    if let Some(Value::Table(agent)) = sections.get_mut("agent") {
        NOT_SHARED.iter().for_each(|key| drop(agent.remove(*key)));
    }
    let mut put = |section: &str, key: &str, value: &Value| {
        let keys = sections.entry(section.to_owned()).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(keys) = keys {
            keys.insert(key.to_owned(), value.clone());
        }
    };
    let mut misplaced = Vec::new();
    for (name, value) in own {
        match (name.as_str(), value) {
            ("voice" | "speed" | "pronounce", value) => put("tts", name, value),
            ("vad" | "endpoint" | "barge_in" | "speculation" | "manners" | "keys", Value::Table(keys)) => {
                keys.iter().for_each(|(key, value)| put(name, key, value));
            }
            (_, value) => put("agent", name, value),
        }
    }
    for key in SHARED {
        let (section, name) = key.split_once('.').unwrap_or_default();
        let own = if section == "agent" { Some(own) } else { own.get(section).and_then(Value::as_table) };
        if own.is_some_and(|keys| keys.contains_key(name)) {
            misplaced.push(key);
        }
    }
    (sections, misplaced)
}
