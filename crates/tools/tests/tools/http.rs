//! HTTP requests, and every wrong answer to them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use offhook_tools::{HttpOptions, HttpTool, Limits, Method, Secret, ToolError};
use serde_json::{Value, json};

use crate::support::stranger::Stranger;
use crate::support::{asked, hasty, network, this_machine};

const KEY: &str = "Bearer sk-abcdef123456";

fn tool(method: Method, url: String, limits: Limits) -> HttpTool {
    let headers = vec![("Authorization".to_owned(), Secret::new(KEY))];
    let options = HttpOptions { headers, limits, ..HttpOptions::new(method, url) };
    HttpTool::new(options, &this_machine()).unwrap()
}

async fn get(stranger: &Stranger, path: &str) -> Result<String, ToolError> {
    tool(Method::Get, stranger.url(path), Limits::default()).call(&asked(&json!({}))).await
}

#[tokio::test]
async fn arguments_become_the_query_of_what_reads_and_removes() {
    let stranger = Stranger::listen().await;
    let arguments =
        json!({ "order": "a b/c", "since": "x&y=z", "tags": ["a", "b"], "none": null, "open": true });
    let read = tool(Method::Get, stranger.url("/orders/{order}?v=1"), Limits::default());
    assert_eq!(read.call(&asked(&arguments)).await.unwrap(), "{\"done\":true}");
    let request = stranger.last_request();
    let line = request.lines().next().unwrap();
    let query = line.strip_prefix("GET /orders/a%20b%2Fc?").and_then(|rest| rest.strip_suffix(" HTTP/1.1"));
    // The order of arguments is the model's, or that of their names: features of a crate decide it.
    let mut query: Vec<&str> = query.unwrap_or_else(|| panic!("{line}")).split('&').collect();
    query.sort_unstable();
    assert_eq!(query, ["open=true", "since=x%26y%3Dz", "tags=a", "tags=b", "v=1"]);
    assert!(!request.to_lowercase().contains("idempotency-key"), "{request}");
    let remove = tool(Method::Delete, stranger.url("/orders/{order}"), Limits::default());
    remove.call(&asked(&json!({ "order": 7 }))).await.unwrap();
    let request = stranger.last_request();
    assert!(request.starts_with("DELETE /orders/7 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("idempotency-key: call-1-tool-2\r\n"), "{request}");
}

#[tokio::test]
async fn arguments_become_the_body_of_what_changes() {
    let stranger = Stranger::listen().await;
    for (method, name) in [(Method::Post, "POST"), (Method::Put, "PUT"), (Method::Patch, "PATCH")] {
        let tool = tool(method, stranger.url("/orders/{order}"), Limits::default());
        tool.call(&asked(&json!({ "order": 7, "items": [{ "name": "x\r\nHost: evil" }] }))).await.unwrap();
        let request = stranger.last_request();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("{name} /orders/7 HTTP/1.1\r\n")), "{head}");
        assert!(head.contains("idempotency-key: call-1-tool-2"), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        assert_eq!(
            serde_json::from_str::<Value>(body).unwrap(),
            json!({ "items": [{ "name": "x\r\nHost: evil" }] })
        );
    }
}

#[tokio::test]
async fn hostile_arguments_stay_in_their_place_or_are_refused() {
    let stranger = Stranger::listen().await;
    let tool = tool(Method::Get, stranger.url("/orders/{order}?key=fixed"), Limits::default());
    for order in ["../admin", "..", "x\r\nX-Evil: 1", "", "..%2fadmin"] {
        let error = tool.call(&asked(&json!({ "order": order }))).await.unwrap_err();
        assert!(matches!(error, ToolError::BadArguments(_)), "{order:?}: {error}");
    }
    for arguments in [json!({}), json!({ "order": {} }), json!({ "order": 1, "key": "mine" })] {
        let error = tool.call(&asked(&arguments)).await.unwrap_err();
        assert!(matches!(error, ToolError::BadArguments(_)), "{arguments}: {error}");
    }
    let long = tool.call(&asked(&json!({ "order": 1, "x": "y".repeat(70_000) }))).await.unwrap_err();
    assert!(matches!(long, ToolError::BadArguments(_)), "{long}");
    assert_eq!(stranger.requests(), 0, "nothing was sent");
    tool.call(&asked(&json!({ "order": "x?key=mine#y", "a\r\nb": "c\r\nX-Evil: 1" }))).await.unwrap();
    let request = stranger.last_request();
    let line = "GET /orders/x%3Fkey%3Dmine%23y?key=fixed&a%0D%0Ab=c%0D%0AX-Evil%3A+1 HTTP/1.1";
    assert_eq!(request.lines().next().unwrap(), line);
    assert!(!request.to_lowercase().contains("\nx-evil"), "{request}");
}

#[tokio::test]
async fn an_idempotency_key_that_is_no_header_is_refused() {
    let stranger = Stranger::listen().await;
    let tool = tool(Method::Post, stranger.url("/x"), Limits::default());
    for key in ["", "a b", "a\r\nb", "ä", &"x".repeat(256)] {
        let (arguments, mut asked) = (json!({}), asked(&Value::Null));
        asked.arguments = arguments.as_object().unwrap();
        asked.idempotency_key = key;
        assert!(matches!(tool.call(&asked).await, Err(ToolError::BadArguments(_))), "{key:?}");
    }
    assert_eq!(stranger.requests(), 0);
}

#[tokio::test]
async fn json_and_text_are_taken_and_made_fit_to_read() {
    let stranger = Stranger::listen().await;
    for (path, expected) in [
        ("/json", "{\"b\":1,\"a\":\"x\"}"),
        ("/problem", "{}"),
        ("/text", "two\nlines [2J"),
        ("/unsaid", "hello"),
        ("/latin1", "Müller"),
        ("/empty", ""),
    ] {
        assert_eq!(get(&stranger, path).await.as_deref(), Ok(expected), "{path}");
    }
    let long = get(&stranger, "/long").await.unwrap();
    assert_eq!(long.chars().count(), Limits::default().longest_text);
    assert!(long.ends_with("[cut off here: the whole answer has 10000 characters]"), "{long}");
}

#[tokio::test]
async fn pages_pictures_and_packed_answers_are_refused() {
    let stranger = Stranger::listen().await;
    for path in ["/html", "/disguised-html", "/picture", "/disguised-binary", "/packed", "/wrong-letters"] {
        let error = get(&stranger, path).await.unwrap_err();
        assert!(matches!(error, ToolError::NoText(_)), "{path}: {error:?}");
        assert!(error.may_have_been_done());
    }
    assert!(matches!(get(&stranger, "/no-json").await, Err(ToolError::Broken(_))));
}

#[tokio::test]
async fn a_status_that_says_no_comes_with_the_beginning_of_its_text() {
    let stranger = Stranger::listen().await;
    let Err(ToolError::Refused { status, said }) = get(&stranger, "/500").await else { panic!() };
    assert_eq!(status, 500);
    assert!(said.starts_with("out of [31mpaper xxx") && said.chars().count() <= 301, "{said}");
    let page = get(&stranger, "/404-html").await.unwrap_err();
    assert_eq!(page, ToolError::Refused { status: 404, said: String::new() });
    assert_eq!(page.to_string(), "the server refused with status 404, and did not say why");
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let stranger = Stranger::listen().await;
    let error = get(&stranger, "/redirect").await.unwrap_err();
    assert_eq!(error, ToolError::Redirected(302));
    assert!(error.to_string().contains("write the final address"), "{error}");
    assert_eq!(stranger.requests(), 1);
}

#[tokio::test]
async fn a_server_that_hangs_or_drips_ends_with_the_time_out() {
    let stranger = Stranger::listen().await;
    for path in ["/hang", "/slow"] {
        let tool = tool(Method::Get, stranger.url(path), hasty());
        let error = tool.call(&asked(&json!({}))).await.unwrap_err();
        assert_eq!(error, ToolError::Late(Duration::from_millis(300)), "{path}");
    }
}

#[tokio::test]
async fn fifty_megabytes_are_not_read() {
    let stranger = Stranger::listen().await;
    let limit = Limits::default().longest_answer;
    assert_eq!(get(&stranger, "/declared").await, Err(ToolError::TooLarge(limit)));
    assert_eq!(get(&stranger, "/endless").await, Err(ToolError::TooLarge(limit)));
    while !stranger.seen.was_cut_off.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let taken = stranger.seen.taken.load(Ordering::SeqCst);
    assert!(taken < 20 << 20, "{taken} bytes were taken");
}

#[tokio::test]
async fn a_connection_that_breaks_is_told() {
    let stranger = Stranger::listen().await;
    for path in ["/closed", "/broken-off", "/no-http"] {
        let error = get(&stranger, path).await.unwrap_err();
        assert!(matches!(error, ToolError::Broken(_)), "{path}: {error:?}");
    }
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let tool = tool(Method::Post, format!("http://{free}/x?secret=in-the-address"), Limits::default());
    let error = tool.call(&asked(&json!({}))).await.unwrap_err();
    assert!(matches!(error, ToolError::Unreachable(_)), "{error:?}");
    assert!(!error.may_have_been_done());
    assert!(error.to_string().contains(&free.to_string()), "{error}");
    assert!(!error.to_string().contains("in-the-address"), "{error}");
}

#[tokio::test]
async fn secrets_are_sent_and_shown_nowhere() {
    let stranger = Stranger::listen().await;
    let error = get(&stranger, "/401").await.unwrap_err();
    assert!(stranger.last_request().contains(KEY));
    assert!(!error.to_string().contains("sk-abcdef"), "{error}");
    assert!(error.to_string().contains("[secret]"), "{error}");
    let repeated = get(&stranger, "/repeats").await.unwrap();
    assert_eq!(repeated, "authorization: [secret]");
    let headers = vec![("X-Key".to_owned(), Secret::new(KEY))];
    let url = stranger.url("/x?token=in-the-address");
    let options = HttpOptions { headers, ..HttpOptions::new(Method::Get, url) };
    let shown = format!("{options:?} {:?}", HttpTool::new(options.clone(), &this_machine()).unwrap());
    assert!(!shown.contains("sk-abcdef") && !shown.contains("in-the-address"), "{shown}");
}

#[tokio::test]
async fn one_call_too_many_is_refused_at_once() {
    let stranger = Stranger::listen().await;
    let limits = Limits { at_once: 1, ..hasty() };
    let tool = tool(Method::Get, stranger.url("/hang"), limits);
    let arguments = json!({});
    let asked = asked(&arguments);
    let (first, second) = tokio::join!(tool.call(&asked), tool.call(&asked));
    assert_eq!(first, Err(ToolError::Late(limits.timeout)));
    assert_eq!(second, Err(ToolError::Busy(1)));
    assert_eq!(tool.call(&asked).await, Err(ToolError::Late(limits.timeout)), "the place is free again");
}

#[test]
fn headers_and_limits_that_are_wrong_are_named() {
    let with = |name: &str, value: &str| {
        let headers = vec![(name.to_owned(), Secret::new(value))];
        let options = HttpOptions { headers, ..HttpOptions::new(Method::Get, "https://api.example.com/") };
        HttpTool::new(options, &network(&["api.example.com"], false)).err().map(|bad| bad.key)
    };
    assert_eq!(with("x-key", "fine"), None);
    for (name, value) in [("x key", "a"), ("x-key", "a\r\nb: c"), ("Host", "a"), ("Content-Length", "3")] {
        assert_eq!(with(name, value), Some("headers"), "{name}");
    }
    for limits in [
        Limits { timeout: Duration::ZERO, ..Limits::default() },
        Limits { longest_answer: usize::MAX, ..Limits::default() },
        Limits { longest_text: 3, ..Limits::default() },
        Limits { at_once: 0, ..Limits::default() },
    ] {
        let options = HttpOptions { limits, ..HttpOptions::new(Method::Get, "https://api.example.com/") };
        assert!(HttpTool::new(options, &network(&["api.example.com"], false)).is_err(), "{limits:?}");
    }
}
