//! Functions that a client offers, and the results of their calls.

use super::*;
use crate::dialogue::tools::ToolCall;
use crate::ids::ToolCallId;
use crate::report::CalledTool;

fn function(name: &str) -> Value {
    json!({"type": "function", "name": name, "description": "Books.", "parameters": {"type": "object"}})
}

#[test]
fn functions_of_a_session_are_the_tools_of_the_call() {
    let mut codec = codec();
    let session = json!({"tools": [function("book"), {"type": "function", "name": "hold-on"}],
        "tool_choice": {"type": "function", "name": "book"}});
    let (meaning, told) = tell(&mut codec, &update(&session));
    let [Inbound::Started(_), Inbound::ToolsGiven { tools, system_prompt: None }] = &meaning.unwrap()[..]
    else {
        panic!("no tools")
    };
    assert_eq!(tools.all[1].parameters, json!({"type": "object", "properties": {}}));
    assert!(tools.may_call("book") && !tools.may_call("hold-on"));
    assert_eq!(told[0]["session"]["tools"][0], function("book"));
    assert_eq!(told[0]["session"]["tool_choice"], session["tool_choice"]);

    let (meaning, _) = tell(&mut codec, &update(&json!({"instructions": "Be kind."})));
    assert_eq!(meaning.unwrap().len(), 1, "the tools have not changed");
    let (meaning, _) = tell(&mut codec, &update(&json!({"tool_choice": "none"})));
    let [Inbound::ToolsGiven { tools, system_prompt }] = &meaning.unwrap()[..] else { panic!("no tools") };
    assert!(tools.are_idle());
    // They may have found no room before: there is room for both or for neither.
    assert_eq!(system_prompt.as_deref(), Some("Be kind."));
}

#[test]
fn functions_that_cannot_be_offered_are_refused_by_name() {
    let with = |schema: &Value| json!({"type": "function", "name": "a", "parameters": schema});
    let large = |n: usize| {
        let schema = json!({"x": "y".repeat(14_000), "n": 0});
        json!({"type": "function", "name": format!("f{n}"), "parameters": schema})
    };
    let wrong = [
        (json!({"tools": {}}), "session.tools: is not a list"),
        (json!({"tools": [7]}), "session.tools: is not a list of objects"),
        (json!({"tools": [{"type": "mcp"}]}), "session.tools.type: \"mcp\": only \"function\" is served"),
        (json!({"tools": [{"type": "function"}]}), "session.tools.name: is missing"),
        (
            json!({"tools": [function("a b")]}),
            "session.tools.name: a name has up to 64 letters, digits, - and _",
        ),
        (json!({"tools": [function("a"), function("a")]}), "session.tools.name: \"a\" is there twice"),
        (json!({"tools": vec![function("a"); 65]}), "session.tools: 65 functions, at most 64 are taken"),
        (
            json!({"tools": [{"type": "function", "name": "a", "parameters": {"x": "y".repeat(20_000)}}]}),
            "session.tools: 20008 bytes of \"a\", at most 16384 are taken",
        ),
        (
            json!({"tools": [with(&json!({"minItems": 10_001}))]}),
            "session.tools.parameters: of \"a\": minItems at # is more than 10000",
        ),
        (
            json!({"tools": [with(&json!({"items": {"$ref": "https://example.com"}}))]}),
            "session.tools.parameters: of \"a\": $ref at #/items leads out of the schema; only those that \
             begin with # are followed",
        ),
        (
            json!({"tools": (0..20).map(large).collect::<Vec<_>>()}),
            "session.tools: 280280 bytes of schemas, at most 262144 are taken",
        ),
        (
            json!({"tool_choice": "required"}),
            "session.tool_choice: \"required\", and there are no session.tools",
        ),
        (
            json!({"tool_choice": {"type": "function", "name": "b"}}),
            "session.tool_choice: \"b\" is none of session.tools",
        ),
    ];
    for (session, problem) in wrong {
        let (_, told) = tell(&mut codec(), &update(&session));
        assert_eq!(told[0]["error"]["message"], problem);
        assert_eq!(told[0]["error"]["event_id"], "e7");
    }
}

#[test]
fn a_result_is_taken_once_and_only_of_a_call_that_was_made() {
    let mut codec = codec();
    tell(&mut codec, &update(&json!({"tools": [function("book")]}))).0.unwrap();
    let call = ToolCall { name: "book".to_owned(), arguments: "{}".to_owned() };
    let calls = [CalledTool { id: ToolCallId(3), call }];
    let events = told(codec.report(&Report::ToolsCalled { turn: TurnId(1), calls: &calls }));
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "conversation.item.done",
        ]
    );
    assert_eq!((&events[4]["call_id"], &events[4]["arguments"]), (&json!("call_3"), &json!("{}")));

    let result = |name: &str| {
        json!({"type": "conversation.item.create",
            "item": {"type": "function_call_output", "call_id": name, "output": "{\"ok\": true}"}})
    };
    assert!(tell(&mut codec, &result("call_4")).0.is_err());
    let (meaning, told) = tell(&mut codec, &result("call_3"));
    let output = "{\"ok\": true}".to_owned();
    assert_eq!(meaning.unwrap(), [Inbound::ToolReturned { call: ToolCallId(3), output }]);
    assert_eq!(told[0]["item"]["call_id"], "call_3");
    assert!(tell(&mut codec, &result("call_3")).0.is_err(), "it was taken already");
    let (meaning, _) = tell(&mut codec, &json!({"type": "response.create"}));
    assert_eq!(meaning.unwrap(), [Inbound::AnswerRequested { instructions: String::new() }]);
}
