//! `[agents]`: what an agent has of its own, what it shares, and how each mistake is told.

use std::path::Path;
use std::time::Duration;

use super::{Config, Secrets, examine_text, parse};

fn read(text: &str) -> Config {
    parse(text, "test", Path::new("")).expect("a configuration")
}

/// The problems of a text, a line each.
fn told(text: &str) -> String {
    let examined = examine_text(text, "test", Path::new(""), Secrets::Leave).expect("TOML");
    examined.checked().map_or_else(|error| error.to_string(), |_| String::new())
}

const TWO: &str = "[agent]\nname = \"reception\"\nsystem_prompt = \"You are the reception.\"\nfacts = \"Closed on \
    Sunday.\"\ngreeting = \"Hello.\"\ndescription = \"All else.\"\n[endpoint]\nopen_ms = 600\n\
    [agents.billing]\nsystem_prompt = \"You are billing.\"\nspeed = 1.2\nnumbers = [\"+1 (555) 0144\"]\n\
    endpoint = { complete_ms = 300 }\n";

#[test]
fn an_agent_has_what_it_says_and_shares_the_rest() {
    let config = read(TWO);
    let billing = config.as_agent("billing").expect("an agent");
    assert_eq!(billing.agent.prompt(), "You are billing.\nClosed on Sunday.");
    assert_eq!((billing.agent.name.as_str(), billing.agent.description.as_str()), ("billing", ""));
    assert_eq!(billing.agent.phrases.greeting, "Hello.");
    let ms = Duration::from_millis;
    assert_eq!((billing.endpoint.complete, billing.endpoint.open), (ms(300), ms(600)));
    assert_eq!((config.endpoint.complete, billing.tts.speed, config.tts.speed), (ms(250), 1.2, 1.0));
    assert_eq!(billing.as_agent("reception").expect("an agent"), config);
    assert_eq!(config.as_agent("nobody"), None);
}

#[test]
fn there_is_one_agent_by_default() {
    assert_eq!(read("").agents.keys().collect::<Vec<_>>(), ["main"]);
    assert_eq!(read("[agents]").agents.len(), 1);
}

#[test]
fn a_number_is_found_however_it_is_written() {
    let config = read(&TWO.replace("\"+1 (555) 0144\"", "\"+1 (555) 0144\", \"sip:Billing@Example.org\""));
    assert_eq!(config.agent_of_number("+15550144"), Some("billing"));
    assert_eq!(config.agent_of_number("1-555-0144"), Some("billing"));
    assert_eq!(config.agent_of_number("SIP:billing@example.org"), Some("billing"));
    assert_eq!(config.agent_of_number("5550144"), None);
}

#[test]
fn an_agent_has_the_tools_that_it_names() {
    let tools = "[tools.bye]\ndoes = \"hang_up\"\n[tools.pass]\ndoes = \"hand_over\"\n";
    let config = read(&format!("{TWO}tools = [\"bye\"]\ndescription = \"Invoices.\"\n{tools}"));
    let names = |config: &Config| config.own_tools().map(|tool| tool.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&config), ["bye", "pass"]);
    assert_eq!(names(&config.as_agent("billing").expect("an agent")), ["bye"]);
    let pass = config.told_tools().all.pop().expect("a tool");
    assert_eq!(pass.parameters["properties"]["to"]["enum"], serde_json::json!(["billing"]));
    assert_eq!(pass.parameters["properties"]["to"]["description"], "billing: Invoices.");
}

#[test]
fn each_mistake_is_told_with_its_agent_and_its_line() {
    for (text, expected) in [
        (
            "[agents.b]\ngreting = \"B.\"",
            "line 2: agents.b.greting: unknown key; did you mean agent.greeting?",
        ),
        ("[agents.b]\nspeed = 9", "line 2: agents.b.speed = 9"),
        ("[agents.b]\nendpoint = { complete_ms = 900 }", "line 2: agents.b.endpoint.open_ms = 500"),
        ("[agents.b.endpoint]\ncomplete_ms = 1", "agents.b.endpoint.complete_ms = 1"),
        ("[agents.b]\ntools = [\"fly\"]", "line 2: agents.b.tools = \"fly\""),
        ("[agents.b]\nmodel = \"big\"", "line 2: agents.b.model = \"big\": allowed is the name of a model"),
        ("[agents.b]\nopening_keys = \"1\"", "line 2: agents.b.opening_keys: all agents share it"),
        ("[agents.b]\nvad = { aggressiveness = 3 }", "agents.b.vad.aggressiveness: all agents share it"),
        ("[agents.b]\nname = \"c\"", "line 2: agents.b.name: the name of an agent is that of its table"),
        ("[agents.b]\nvad = { threshold = 0.6 }", "line 2: agents.b.vad.threshold: all agents share it"),
        ("[agents.b]\nnumbers = [\"1\"]\n[agents.c]\nnumbers = [\"+1\"]", "agents.c.numbers = \"1\""),
        ("[agents.main]\ngreeting = \"B.\"", "agents.main: is the name of the agent in [agent], too"),
        ("[agents.\"B b\"]\ngreeting = \"B.\"", "the name of an agent is 1 to 32 lower-case letters"),
        ("[agents]\nb = 1", "line 2: agents.b = 1: allowed is a table, [agents.NAME]"),
        ("[tools.pass]\ndoes = \"hand_over\"", "tools.pass.to: there is no other agent"),
        ("[agents.b]\n[tools.pass]\ndoes = \"hand_over\"\nto = [\"c\"]", "names of agents: b, main"),
    ] {
        let told = told(text);
        assert!(told.contains(expected) && told.lines().count() == 2, "{expected}: {told}");
    }
    assert_eq!(
        told("[agent]\nfallback = 1\n[agents.b]\n[agents.c]").lines().count(),
        2,
        "what is shared is told once"
    );
}

#[test]
fn a_running_server_takes_over_agents_but_not_their_voices() {
    let (old, new) =
        (read(TWO), read(&TWO.replace("1.2", "1.3").replace("are billing", "are the billing desk")));
    let live = old.with_agent_of(&new);
    let billing = &live.agents["billing"];
    assert_eq!((billing.agent.system_prompt.as_str(), billing.tts.speed), ("You are the billing desk.", 1.2));
    let more = read(&format!("{TWO}[agents.night]\ngreeting = \"Good night.\"\n"));
    assert_eq!(old.with_agent_of(&more).agents.len(), 3);
    assert_eq!(more.with_agent_of(&old).agents.len(), 2);
}
