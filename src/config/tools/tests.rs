//! `[tools]`: what is read, and how each mistake is told.

use std::path::Path;

use serde_json::json;

use super::*;
use crate::config::{Secrets, examine_text, parse};

fn read(text: &str) -> Vec<OwnTool> {
    parse(text, "test", Path::new("")).expect("a configuration").tools
}

/// The problems of a text, a line each.
fn told(text: &str) -> String {
    let examined = examine_text(text, "test", Path::new(""), Secrets::Leave).expect("TOML");
    examined.checked().map_or_else(|error| error.to_string(), |_| String::new())
}

#[test]
fn each_tool_is_a_table_and_none_is_there_by_default() {
    assert_eq!(read(""), []);
    assert_eq!(read("[tools]"), []);
    let tools = read(
        "[tools.bye]\ndoes = \"hang_up\"\nsay = \"Goodbye.\"\n\
         [tools.connect]\ndoes = \"transfer\"\nto = { front = \"+15550142\", doctor = \"+15550143\" }\n",
    );
    assert_eq!(
        tools[0].conduct,
        Conduct { moment: Moment::HangsUp, say: "Goodbye.".to_owned(), ..Conduct::default() }
    );
    let connect = tools[1].tool().expect("a tool");
    assert_eq!(connect.parameters["properties"]["to"]["enum"], json!(["doctor", "front"]));
    assert_eq!(connect.own.map(|own| own.moment), Some(Moment::BehindTheWords));
    assert_eq!(told_names(&tools), ["bye", "connect"]);
}

#[test]
fn a_transfer_has_a_briefing_if_that_is_set() {
    let arguments = |more: &str| {
        let text = format!("[tools.t]\ndoes = \"transfer\"\nto = {{ front = \"+15550142\" }}\n{more}");
        read(&text)[0].parameters.clone()
    };
    assert_eq!(arguments("")["required"], json!(["to"]));
    let briefed = arguments("briefing = true");
    assert_eq!(briefed["required"], json!(["to", "briefing"]));
    assert_eq!(briefed["properties"]["briefing"]["maxLength"], json!(500));
}

fn told_names(tools: &[OwnTool]) -> Vec<String> {
    tools.iter().filter_map(OwnTool::tool).map(|tool| tool.name).collect()
}

#[test]
fn arguments_are_names_with_what_they_mean_or_a_schema() {
    let short = read(
        "[tools.n]\ndoes = \"note\"\ndescription = \"Note it.\"\n\
         parameters = { day = \"the day\", guests = { type = \"integer\" } }",
    );
    let expected = json!({"type": "object", "required": ["day", "guests"], "additionalProperties": false,
        "properties": {"day": {"type": "string", "description": "the day"}, "guests": {"type": "integer"}}});
    assert_eq!(short[0].parameters, expected);
    let whole = read(
        "[tools.n]\ndoes = \"note\"\ndescription = \"Note it.\"\n\
         parameters = { type = \"object\", properties = { day = { enum = [\"Monday\"] } } }",
    );
    assert_eq!(whole[0].parameters, json!({"type": "object", "properties": {"day": {"enum": ["Monday"]}}}));
}

#[test]
fn only_what_reads_is_carried_out_again() {
    let http = |method: &str| {
        let text = format!(
            "[tools.t]\ndoes = \"http\"\ndescription = \"Ask.\"\nmethod = \"{method}\"\nurl = \"https://shop.example/\""
        );
        read(&text)[0].conduct.repeatable
    };
    assert_eq!((http("GET"), http("POST")), (true, false));
}

#[test]
fn every_mistake_is_told_with_its_key_and_what_to_do() {
    for (text, expected) in [
        ("[tools.x]\nsay = \"Hm.\"", "tools.x.does: is missing; what the tool does, one of"),
        ("[tools.x]\ndoes = \"dance\"", "tools.x.does = \"dance\": allowed is one of"),
        ("[tools]\nx = 1", "tools.x = 1: allowed is a table, [tools.NAME]"),
        ("[tools.x]\ndoes = \"hang_up\"\nurl = \"https://a.example\"", "tools.x.url: unknown key"),
        ("[tools.x]\ndoes = \"transfer\"", "tools.x.to: is missing"),
        ("[tools.x]\ndoes = \"transfer\"\nto = { front = \"911;\" }", "tools.x.to: front: "),
        ("[tools.x]\ndoes = \"note\"", "tools.x.description: is missing"),
        ("[tools.x]\ndoes = \"http\"\ndescription = \"d\"", "tools.x.url: is missing"),
        ("[tools.x]\ndoes = \"mcp\"", "tools.x.command: is missing; or url"),
        ("[tools.\"a b\"]\ndoes = \"hang_up\"", "the name of a tool has 1 to 64 letters"),
    ] {
        let told = told(text);
        assert!(told.contains(expected), "{text}\n{told}\nand not {expected}");
    }
    // A mistake is in its line.
    assert!(
        told("[tools.x]\ndoes = \"dance\"").contains("line 2: tools.x.does"),
        "{}",
        told("[tools.x]\ndoes = \"dance\"")
    );
}

#[test]
fn a_header_is_read_from_where_it_is_kept_and_shown_nowhere() {
    let text = |value: &str| {
        format!(
            "[tools.t]\ndoes = \"http\"\ndescription = \"Ask.\"\nurl = \"https://shop.example/\"\n\
             headers = {{ Authorization = \"{value}\" }}"
        )
    };
    let tools = read(&text("Bearer abcdefgh"));
    assert!(!format!("{tools:?}").contains("abcdefgh"));
    let missing = parse(&text("env:OFFHOOK_NOT_SET"), "test", Path::new("")).expect_err("no such variable");
    assert!(missing.to_string().contains("tools.t.headers"), "{missing}");
    assert_eq!(told(&text("env:OFFHOOK_NOT_SET")), "", "a configuration is checked without its secrets");
}

#[test]
fn there_are_at_most_so_many_tools() {
    let many: String = (0..17).map(|n| format!("[tools.t{n}]\ndoes = \"hang_up\"\n")).collect();
    assert!(told(&many).contains("at most 16"), "{}", told(&many));
}
