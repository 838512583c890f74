//! MCP servers that are processes: they answer, hang, flood, lie and die.

use std::path::Path;
use std::time::Duration;

use offhook_tools::{Limits, McpOptions, McpReach, McpServer, Network, Retries, Secret, ToolError};
use serde_json::{Value, json};

use crate::support::{asked, hasty, mcp_server, network};

const SECRET: &str = "sk-abcdef123456";

fn nowhere() -> Network {
    network(&[], false)
}

fn soon() -> Retries {
    Retries {
        first: Duration::from_millis(10),
        longest: Duration::from_millis(50),
        steady: Duration::from_secs(60),
    }
}

fn command(command: &str, arguments: &[&str]) -> McpOptions {
    let reach = McpReach::Command {
        command: command.to_owned(),
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        variables: vec![
            ("API_TOKEN".to_owned(), Secret::new(SECRET)),
            ("COLOUR".to_owned(), Secret::new("turquoise")),
        ],
    };
    McpOptions { retries: soon(), ..McpOptions::new("tested", reach) }
}

fn ours() -> McpOptions {
    command(&mcp_server(), &[])
}

async fn started(options: McpOptions) -> McpServer {
    McpServer::connect(options, &nowhere()).await.unwrap()
}

async fn call(server: &McpServer, tool: &str) -> Result<String, ToolError> {
    server.call(tool, &asked(&json!({ "text": "hello" }))).await
}

async fn is_up(server: &McpServer) {
    while server.trouble().is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn process_of(server: &McpServer) -> u64 {
    let echo: Value = serde_json::from_str(&call(server, "echo").await.unwrap()).unwrap();
    echo["process"].as_u64().unwrap()
}

#[tokio::test]
async fn tools_are_listed_within_limits_and_called() {
    let server = started(ours()).await;
    let tools = server.tools();
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    let expected = [
        "echo",
        "slow",
        "dies",
        "floods",
        "pings",
        "fails",
        "refuses",
        "picture",
        "pretty",
        "environment",
        "talks",
        "learns",
    ];
    assert_eq!(names, expected, "without names and schemas that cannot be");
    assert_eq!(tools[0].description, "The tool that [31m echo.");
    assert_eq!(tools[0].input_schema, json!({ "type": "object", "properties": { "text": {} } }));
    assert_eq!(tools[10].description.chars().count(), 1001);
    let echo: Value = serde_json::from_str(&call(&server, "echo").await.unwrap()).unwrap();
    assert_eq!(echo["arguments"], json!({ "text": "hello" }));
    assert_eq!(echo["key"], "call-1-tool-2");
    assert_eq!(call(&server, "pretty").await.unwrap(), "{\"b\":1,\"a\":\"Müller\"}");
    assert_eq!(call(&server, "picture").await.unwrap(), "A cat:\n[an image that is not shown: image/png]");
}

#[tokio::test]
async fn only_the_wanted_tools_are_taken_and_no_more_than_the_limit() {
    let wanted = McpOptions { only: Some(vec!["pretty".to_owned(), "nothing".to_owned()]), ..ours() };
    let server = started(wanted).await;
    assert_eq!(server.tools().len(), 1);
    assert_eq!(call(&server, "echo").await, Err(ToolError::NoSuchTool("echo".to_owned())));
    let few = started(McpOptions { most_tools: 2, ..ours() }).await;
    assert_eq!(few.tools().len(), 2);
}

#[tokio::test]
async fn a_tool_that_fails_says_why() {
    let server = started(ours()).await;
    assert_eq!(call(&server, "fails").await, Err(ToolError::Failed("no such order".to_owned())));
    let refused = call(&server, "refuses").await.unwrap_err();
    assert_eq!(refused, ToolError::Failed("error -32602: `order` is missing".to_owned()));
}

#[tokio::test]
async fn the_server_gets_no_variable_of_ours_and_its_secrets_are_not_repeated() {
    let server = started(ours()).await;
    let environment = call(&server, "environment").await.unwrap();
    assert!(environment.contains("API_TOKEN=[secret]"), "{environment}");
    assert!(environment.contains("COLOUR=turquoise"), "{environment}");
    assert!(!environment.contains("CARGO"), "{environment}");
    let shown = format!("{server:?}");
    assert!(!shown.contains(SECRET) && !shown.contains("turquoise"), "{shown}");
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_is_told_and_started_again() {
    let server = started(ours()).await;
    let error = call(&server, "dies").await.unwrap_err();
    let ToolError::Broken(why) = &error else { panic!("{error:?}") };
    assert!(why.contains("exit status: 3") && why.contains("out of paper"), "{why}");
    assert!(error.may_have_been_done());
    is_up(&server).await;
    call(&server, "echo").await.unwrap();
}

#[tokio::test]
async fn a_dead_server_fails_calls_at_once() {
    let retries = Retries { first: Duration::from_secs(600), ..Retries::default() };
    let server = started(McpOptions { retries, ..ours() }).await;
    let _ = call(&server, "dies").await;
    while server.trouble().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let error = call(&server, "echo").await.unwrap_err();
    assert!(matches!(&error, ToolError::Unreachable(why) if why.contains("started again")), "{error:?}");
    assert_eq!(server.tools().len(), 12, "prompts still hold them");
}

#[tokio::test]
async fn a_tool_that_hangs_ends_with_the_time_out_and_others_go_on() {
    let server = started(McpOptions { limits: hasty(), ..ours() }).await;
    let (slow, echo) = tokio::join!(call(&server, "slow"), call(&server, "echo"));
    assert_eq!(slow, Err(ToolError::Late(hasty().timeout)));
    assert!(echo.is_ok(), "{echo:?}");
}

#[tokio::test]
async fn a_server_without_three_answers_in_a_row_is_started_again() {
    let server = started(McpOptions { limits: hasty(), ..ours() }).await;
    let before = process_of(&server).await;
    for _ in 0..3 {
        assert_eq!(call(&server, "slow").await, Err(ToolError::Late(hasty().timeout)));
    }
    while server.trouble().is_none() {
        tokio::task::yield_now().await;
    }
    is_up(&server).await;
    assert_ne!(process_of(&server).await, before);
}

#[tokio::test]
async fn a_flood_in_one_answer_ends_the_connection_and_not_the_memory() {
    let server = started(ours()).await;
    let error = call(&server, "floods").await.unwrap_err();
    assert!(matches!(&error, ToolError::Broken(why) if why.contains("no message")), "{error:?}");
    is_up(&server).await;
    call(&server, "echo").await.unwrap();
}

#[tokio::test]
async fn a_flood_of_requests_does_not_outlast_the_time_out() {
    let server = started(McpOptions { limits: hasty(), ..ours() }).await;
    let error = call(&server, "pings").await.unwrap_err();
    assert!(matches!(error, ToolError::Late(_) | ToolError::Broken(_)), "{error:?}");
}

#[tokio::test]
async fn servers_that_do_not_start_are_told_in_time() {
    let quick = |script: &str| McpOptions {
        start_timeout: Duration::from_millis(700),
        ..command("/bin/sh", &["-c", script])
    };
    for (script, reason) in [
        ("echo no licence >&2; exit 3", "exit status: 3"),
        ("echo no licence >&2; exit 3", "its last words: no licence"),
        ("echo $API_TOKEN >&2; exit 1", "its last words: [secret]"),
        ("exec sleep 1000", "within 700 ms"),
        ("yes garbage", "bytes that are no message"),
        ("cat /dev/zero", "bytes that are no message"),
        ("echo '{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{}}'; exec sleep 1000", "no handshake"),
    ] {
        let error = McpServer::connect(quick(script), &nowhere()).await.unwrap_err();
        let ToolError::Unreachable(why) = &error else { panic!("{script}: {error:?}") };
        assert!(why.contains(reason), "{script}: {why}");
    }
    for script in [
        r#"yes '{"jsonrpc":"2.0","id":1,"method":"ping"}'"#,
        r#"yes '{"jsonrpc":"2.0","method":"notifications/progress"}'"#,
        r#"yes '{"jsonrpc":"2.0","id":7,"result":{}}'"#,
        "yes ''",
    ] {
        let error = McpServer::connect(quick(script), &nowhere()).await.unwrap_err();
        assert!(matches!(error, ToolError::Unreachable(_)), "{script}: {error:?}");
    }
    let missing = McpServer::connect(command("/no/such/program", &[]), &nowhere()).await.unwrap_err();
    assert!(missing.to_string().contains("cannot be started"), "{missing}");
}

/// Fault: the list was read when the server was started, and never again.
/// Waits for the next list of tools, and not for ever.
async fn lists_beyond(server: &McpServer, known: u64) -> u64 {
    let lists = tokio::time::timeout(Duration::from_secs(20), server.lists_beyond(known));
    lists.await.unwrap_or_else(|_| panic!("{known} lists, and no more"))
}

#[tokio::test]
async fn a_server_that_says_that_its_tools_have_changed_is_asked_for_them_again() {
    let server = started(ours()).await;
    let has = |name: &str| server.tools().iter().any(|tool| tool.name == name);
    assert!(!has("learnt"));
    assert_eq!(call(&server, "learnt").await, Err(ToolError::NoSuchTool("learnt".to_owned())));
    assert_eq!(call(&server, "learns").await.unwrap(), "true");
    assert_eq!(lists_beyond(&server, 0).await, 1);
    assert!(has("learnt") && has("echo"));
    assert_eq!(call(&server, "learnt").await.unwrap(), "I know this.");
}

#[tokio::test]
async fn a_server_that_is_started_again_has_told_its_tools_again() {
    let server = started(ours()).await;
    let _ = call(&server, "dies").await;
    assert_eq!(lists_beyond(&server, 0).await, 1);
    assert!(server.tools().iter().any(|tool| tool.name == "echo"));
}

#[tokio::test]
async fn a_dropped_server_ends_with_all_that_it_started() {
    let script = format!("sleep 1000 & echo $! > \"$0\"; exec {}", mcp_server());
    let folder = std::env::temp_dir().join(format!("offhook-tools-{}", std::process::id()));
    let file = folder.to_str().unwrap();
    let server = started(command("/bin/sh", &["-c", &script, file])).await;
    let child = std::fs::read_to_string(&folder).unwrap().trim().to_owned();
    std::fs::remove_file(&folder).unwrap();
    let parent = process_of(&server).await.to_string();
    // A process that has ended and that nobody waited for is a zombie.
    let runs = |process: &str| {
        let status = std::fs::read_to_string(Path::new("/proc").join(process).join("status"));
        status.is_ok_and(|status| !status.contains("State:\tZ"))
    };
    assert!(runs(&parent) && runs(&child));
    drop(server);
    while runs(&parent) || runs(&child) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn one_call_too_many_and_options_that_are_wrong_are_refused() {
    let limits = Limits { at_once: 1, ..hasty() };
    let server = started(McpOptions { limits, ..ours() }).await;
    let (first, second) = tokio::join!(call(&server, "slow"), call(&server, "echo"));
    assert_eq!((first, second), (Err(ToolError::Late(limits.timeout)), Err(ToolError::Busy(1))));
    assert_eq!(command("", &[]).check(&nowhere()).unwrap_err().key, "command");
    let reach = McpReach::Http { url: "http://10.0.0.1/mcp".to_owned(), headers: Vec::new() };
    assert_eq!(McpOptions::new("x", reach).check(&nowhere()).unwrap_err().key, "url");
}
