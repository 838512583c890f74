//! Answers that are held to a form, over real connections: JSON of a schema, calls of tools, and schemas of
//! clients who mean harm.

use serde_json::{Value, json};

use super::programs::{ask, post, question};
use crate::support::server::{Server, configuration};

fn with_schema(schema: &Value) -> Value {
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "s", "schema": schema, "strict": true}});
    json!({"model": "default", "messages": question("How much is a cleaning?"), "response_format": format})
}

#[test]
fn an_answer_is_held_to_its_schema_and_calls_have_arguments_that_fit() {
    let server = Server::start(&configuration(&[]));
    let chat = |body: &Value| post(&server, "/v1/chat/completions", body);
    let schema = json!({"type": "object", "properties": {"open": {"type": "boolean"},
        "day": {"enum": ["Monday", "Sunday"]}}, "required": ["open", "day"]});
    let answer = chat(&with_schema(&schema));
    let answer = answer.json();
    let said: Value =
        serde_json::from_str(answer["choices"][0]["message"]["content"].as_str().unwrap()).unwrap();
    assert!(
        said["open"].is_boolean() && ["Monday", "Sunday"].contains(&said["day"].as_str().unwrap()),
        "{said}"
    );
    assert_eq!(
        (said.as_object().unwrap().len(), &answer["choices"][0]["finish_reason"]),
        (2, &json!("stop"))
    );
    let mut cut = with_schema(&schema);
    cut["max_tokens"] = json!(2);
    assert_eq!(chat(&cut).json()["choices"][0]["finish_reason"], "length");

    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": schema}});
    let mut calling = json!({"model": "default", "messages": question("Book me a cleaning."),
        "tools": [tool("book"), tool("cancel")], "tool_choice": "required", "parallel_tool_calls": false});
    let answer = chat(&calling).json();
    let choice = &answer["choices"][0];
    assert_eq!(
        (&choice["finish_reason"], &choice["message"]["content"]),
        (&json!("tool_calls"), &json!(null))
    );
    let call = &choice["message"]["tool_calls"][0];
    assert!(["book", "cancel"].contains(&call["function"]["name"].as_str().unwrap()), "{answer:#}");
    let arguments: Value = serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
    assert!(arguments["open"].is_boolean(), "{arguments}");
    // The result is sent back, and the answer may be streamed.
    let mut messages = calling["messages"].as_array().unwrap().clone();
    messages.push(choice["message"].clone());
    messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "Booked."}));
    calling["messages"] = json!(messages);
    calling["tool_choice"] = json!({"type": "function", "function": {"name": "cancel"}});
    calling["stream"] = json!(true);
    let events = chat(&calling).events();
    let calls = events.iter().filter_map(|event| event["choices"][0]["delta"]["tool_calls"].as_array());
    let pieces: Vec<&Value> = calls.flatten().map(|call| &call["function"]).collect();
    assert_eq!((&pieces[0]["name"], &pieces[0]["arguments"]), (&json!("cancel"), &json!("")));
    assert!(pieces.len() > 2 && pieces[1..].iter().all(|piece| piece["name"].is_null()), "{pieces:?}");
    let arguments: String = pieces.iter().map(|piece| piece["arguments"].as_str().unwrap()).collect();
    let arguments: Value = serde_json::from_str(&arguments).unwrap();
    assert!(arguments["open"].is_boolean(), "{arguments}");
    assert_eq!(events.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
}

#[test]
fn hostile_schemas_are_refused_in_the_interfaces_form_and_the_server_goes_on() {
    let server = Server::start(&configuration(&[]));
    let chat = |body: &Value| post(&server, "/v1/chat/completions", body);
    let text = |pattern: &str| json!({"type": "object", "properties": {"x": {"type": "string", "pattern": pattern}}});
    for schema in [
        json!({"$ref": "#"}),
        json!({"$ref": "https://example.com/x"}),
        text("(?=a)b"),
        text(&"(a?".repeat(170)),
        (0..40).fold(json!({}), |inner, _| json!({"type": "array", "items": inner})),
    ] {
        let refused = chat(&with_schema(&schema));
        assert_eq!(refused.error().0, 400);
        assert_eq!(refused.json()["error"]["param"], "response_format", "{}", refused.text());
    }
    // The schema is a part of the prompt.
    let long = with_schema(&json!({"type": "string", "description": "x".repeat(1 << 20)}));
    assert_eq!(chat(&long).error(), (400, "context_length_exceeded".to_owned()));
    let deep = with_schema(&json!("DEEP")).to_string();
    let deep = deep.replace("\"DEEP\"", &format!("{}1{}", "{\"items\":".repeat(10_000), "}".repeat(10_000)));
    assert_eq!(ask(&server, "POST", "/v1/chat/completions", "", deep.as_bytes()).error().0, 400);
    let tool = json!({"type": "function", "function": {"name": "f", "parameters": text("(?<=a)b")}});
    let asked = json!({"model": "default", "messages": question("Hello"), "tools": [tool]});
    assert_eq!(chat(&asked).json()["error"]["param"], "tools[0].function.parameters");
    let plain = json!({"model": "default", "messages": question("Hello"), "max_tokens": 1});
    assert_eq!(chat(&plain).status, 200);
}
