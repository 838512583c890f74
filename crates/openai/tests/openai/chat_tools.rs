//! Tools and schemas in requests, calls in messages and in answers, and what is refused of them.

use offhook_openai::ApiError;
use offhook_openai::chat::{Call, ChatRequest, Chunks, Completion, Finish, Format, Role, ToolChoice};
use serde_json::{Value, json};

use super::chat_answers::completion;
use super::{data, json as read_json, refused};

/// A request with one message, and with these fields.
fn with(fields: Value) -> Result<ChatRequest, ApiError> {
    let mut request = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    let Value::Object(fields) = fields else { panic!("no object") };
    request.as_object_mut().unwrap().extend(fields);
    ChatRequest::read(request.to_string().as_bytes())
}

fn saying(messages: Value) -> Result<ChatRequest, ApiError> {
    ChatRequest::read(json!({"model": "m", "messages": messages}).to_string().as_bytes())
}

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name}})
}

#[test]
fn tools_are_read_with_the_fields_of_their_schemas_in_order() {
    let parameters = json!({"type": "object", "properties": {"z": {}, "a": {}}});
    let first = json!({"type": "function", "function":
        {"name": "f_1-x", "description": "Does it.", "parameters": parameters, "strict": true}});
    let request = with(json!({"tools": [first, tool("g")], "parallel_tool_calls": false})).unwrap();
    let [f, g] = &request.tools[..] else { panic!("{:?}", request.tools) };
    assert_eq!((f.name.as_str(), f.description.as_deref()), ("f_1-x", Some("Does it.")));
    assert_eq!(f.parameters.to_string(), parameters.to_string());
    assert_eq!(g.parameters, json!({"type": "object", "properties": {}}));
    assert_eq!((&request.tool_choice, request.parallel_calls), (&ToolChoice::Auto, false));
}

#[test]
fn a_choice_is_read_and_must_be_one_of_the_tools() {
    let choice = |choice: Value| with(json!({"tools": [tool("f")], "tool_choice": choice}));
    let named = |name: &str| json!({"type": "function", "function": {"name": name}});
    for (text, expected) in
        [("none", ToolChoice::Never), ("auto", ToolChoice::Auto), ("required", ToolChoice::Required)]
    {
        assert_eq!(choice(json!(text)).unwrap().tool_choice, expected);
    }
    assert_eq!(choice(named("f")).unwrap().tool_choice, ToolChoice::Named("f".to_owned()));
    refused(choice(named("g")), Some("tool_choice.function.name"), &["'g'", "no such tool"]);
    refused(choice(json!("any")), Some("tool_choice"), &["'any'", "'required'"]);
    refused(choice(json!(3)), Some("tool_choice"), &["a number"]);
    refused(with(json!({"tool_choice": "required"})), Some("tool_choice"), &["no 'tools'"]);
    assert_eq!(with(json!({"tool_choice": "auto"})).unwrap().tool_choice, ToolChoice::Never);
}

#[test]
fn what_is_wrong_with_a_tool_is_told_at_its_place() {
    let tools = |tools: Value| with(json!({"tools": tools}));
    refused(tools(json!([{"type": "web_search"}])), Some("tools[0].type"), &["web_search", "'function'"]);
    refused(tools(json!([{"type": "function"}])), Some("tools[0].function"), &["missing"]);
    refused(tools(json!([tool("a b")])), Some("tools[0].function.name"), &["letters"]);
    refused(tools(json!([tool(&"a".repeat(65))])), Some("tools[0].function.name"), &["64"]);
    refused(tools(json!([tool("f"), tool("f")])), Some("tools[1].function.name"), &["two tools", "'f'"]);
    let parameters = json!([{"type": "function", "function": {"name": "f", "parameters": []}}]);
    refused(tools(parameters), Some("tools[0].function.parameters"), &["schema", "a list"]);
    let many: Vec<Value> = (0..65).map(|n| tool(&format!("f{n}"))).collect();
    refused(tools(json!(many)), Some("tools"), &["65", "64"]);
}

#[test]
fn the_form_of_an_answer_is_read() {
    let format = |format: Value| with(json!({"response_format": format})).map(|request| request.format);
    assert_eq!(format(json!({"type": "text"})).unwrap(), Format::Text);
    assert_eq!(format(json!({"type": "json_object"})).unwrap(), Format::Object);
    let schema = json!({"type": "object"});
    let of = |schema: Value| json!({"type": "json_schema", "json_schema": {"name": "s", "strict": true, "schema": schema}});
    assert_eq!(format(of(schema.clone())).unwrap(), Format::Schema(schema));
    refused(format(of(json!(1))), Some("response_format.json_schema.schema"), &["schema", "a number"]);
    refused(format(json!({"type": "xml"})), Some("response_format.type"), &["'xml'", "'json_schema'"]);
    refused(format(json!({"type": "json_schema"})), Some("response_format.json_schema"), &["missing"]);
    refused(format(json!("text")), Some("response_format"), &["an object"]);
    let both = with(json!({"response_format": {"type": "json_object"}, "tools": [tool("f")]}));
    refused(both, Some("response_format"), &["'tools'", "'none'"]);
}

#[test]
fn calls_and_their_results_are_read() {
    let call = |id: &str, arguments: &str| {
        json!({"id": id, "type": "function",
        "function": {"name": "f", "arguments": arguments}})
    };
    let assistant = |calls: Value| json!({"role": "assistant", "content": null, "tool_calls": calls});
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "12 degrees"});
    let user = json!({"role": "user", "content": "Hi"});
    let request = saying(json!([user, assistant(json!([call("a", "{\"x\": 1}")])), result("a")])).unwrap();
    let expected = Call { id: "a".to_owned(), name: "f".to_owned(), arguments: "{\"x\": 1}".to_owned() };
    assert_eq!(request.messages[1].calls, [expected]);
    assert_eq!((request.messages[1].content.as_str(), request.messages[2].role), ("", Role::Tool));

    refused(saying(json!([user, result("a")])), Some("messages[1].tool_call_id"), &["no call"]);
    let broken = saying(json!([user, assistant(json!([call("a", "{\"x\":")]))]));
    refused(broken, Some("messages[1].tool_calls[0].function.arguments"), &["a JSON object"]);
    let theirs = json!([{"role": "user", "content": "x", "tool_calls": [call("a", "{}")]}]);
    refused(saying(theirs), Some("messages[0].tool_calls"), &["'assistant'"]);
    refused(saying(json!([assistant(json!([]))])), Some("messages[0].content"), &["missing"]);
    let older = json!([{"role": "assistant", "content": "x", "function_call": {"name": "f"}}]);
    refused(saying(older), Some("messages[0].function_call"), &["replaced by tools"]);
    refused(
        saying(json!([{"role": "function", "content": "x"}])),
        Some("messages[0].role"),
        &["replaced by tools"],
    );
}

#[test]
fn an_answer_has_its_calls_and_no_empty_text() {
    let calls = [Call { id: "call_1".to_owned(), name: "f".to_owned(), arguments: "{\"x\": 1}".to_owned() }];
    let answer = Completion { calls: &calls, finish: Finish::ToolCalls, ..completion("") };
    let choice = &read_json(&answer.body())["choices"][0];
    let expected = json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1}"}}]});
    assert_eq!((&choice["message"], &choice["finish_reason"]), (&expected, &json!("tool_calls")));
}

#[test]
fn a_call_is_streamed_as_its_name_and_then_its_arguments_piece_by_piece() {
    let chunks = Chunks::new("chatcmpl-1", 0, "m", false);
    let delta = |event: &str| read_json(data(event)[0])["choices"][0]["delta"].clone();
    let begins = json!({"tool_calls": [{"index": 1, "id": "call_1", "type": "function",
        "function": {"name": "f", "arguments": ""}}]});
    assert_eq!(delta(&chunks.call(1, "call_1", "f")), begins);
    let goes_on = json!({"tool_calls": [{"index": 1, "function": {"arguments": "{\"x\""}}]});
    assert_eq!(delta(&chunks.arguments(1, "{\"x\"")), goes_on);
    assert_eq!(chunks.arguments(1, ""), "");
}
