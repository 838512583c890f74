//! The upgrade of the caller's socket, and calls that the server ends.

use std::future::pending;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::*;
use crate::gateways::{self, Gateway};

const PATIENCE: Patience = Patience { gap: 800, timeout: 8000, interrupt_after: None };

/// A server that agrees to `subprotocol`, sends `messages` after the caller's first message, and returns the
/// headers that it saw and the caller's close frame.
async fn server(
    subprotocol: Option<&'static str>,
    messages: Vec<Message>,
) -> (String, JoinHandle<(HeaderMap, Option<CloseFrame>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/call", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut seen = HeaderMap::new();
        #[expect(clippy::result_large_err, reason = "the form of the callback is not ours")]
        let answer = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            seen.extend(request.headers().clone());
            if let Some(name) = subprotocol {
                response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
            }
            Ok(response)
        };
        let mut socket = accept_hdr_async(stream, answer).await.unwrap();
        let mut messages = Some(messages);
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(frame) = message {
                return (seen, frame);
            }
            for message in messages.take().into_iter().flatten() {
                socket.send(message).await.unwrap();
            }
        }
        (seen, None)
    });
    (url, task)
}

async fn dial(url: &str, gateway: Gateway, headers: &HeaderMap) -> anyhow::Result<Outcome> {
    let line = gateways::Line::new(gateway, None)?;
    let tone: Vec<i16> = (0..1600).map(|n| if n % 8 < 4 { 8000 } else { -8000 }).collect();
    let said = vec![Line::new("line", &tone).unwrap()];
    call(&Dialled { url, line, headers }, said, PATIENCE, pending(), &mut |_, _| {}).await
}

#[tokio::test]
async fn headers_and_the_sub_protocol_are_part_of_the_upgrade() {
    let (url, task) = server(Some("media"), vec![Message::text("HANGUP")]).await;
    let mut headers = HeaderMap::new();
    headers.append("authorization", HeaderValue::from_static("Basic dTpw"));
    dial(&url, Gateway::AsteriskText, &headers).await.unwrap();
    let (seen, bye) = task.await.unwrap();
    assert_eq!(seen["authorization"], "Basic dTpw");
    assert_eq!(seen["sec-websocket-protocol"], "media");
    assert_eq!(bye.unwrap().code, CloseCode::Normal);
}

#[tokio::test]
async fn a_server_that_does_not_agree_to_the_sub_protocol_is_no_server_for_this_gateway() {
    for agreed in [None, Some("media")] {
        let (url, _task) = server(agreed, Vec::new()).await;
        let error = dial(&url, Gateway::Jambonz, &HeaderMap::new()).await.unwrap_err().to_string();
        assert!(error.contains("jambonz") && error.contains("audio.jambonz.org"), "{error}");
    }
}

#[tokio::test]
async fn the_agents_hang_up_ends_the_call() {
    for (gateway, subprotocol, end) in [
        (Gateway::Asterisk, "media", r#"{"command":"HANGUP"}"#),
        (Gateway::Jambonz, "audio.jambonz.org", r#"{"type":"disconnect"}"#),
    ] {
        let (url, task) = server(Some(subprotocol), vec![Message::text(end)]).await;
        let outcome = dial(&url, gateway, &HeaderMap::new()).await.unwrap();
        assert!(outcome.turns.is_empty(), "the caller had no time to speak");
        assert_eq!(outcome.violations, [""; 0]);
        assert!(task.await.unwrap().1.is_some(), "the gateway closes the socket");
    }
}

#[tokio::test]
async fn why_the_server_refuses_the_call_is_told() {
    for (code, told) in [(CloseCode::Protocol, 1), (CloseCode::Normal, 0), (CloseCode::Away, 0)] {
        let bye = Message::Close(Some(CloseFrame { code, reason: "refused: no event".into() }));
        let (url, _task) = server(None, vec![bye]).await;
        let outcome = dial(&url, Gateway::Plivo, &HeaderMap::new()).await.unwrap();
        assert_eq!(outcome.errors.len(), told, "{code:?}");
        assert!(outcome.errors.iter().all(|error| error.contains("refused: no event (1002)")));
    }
}

#[tokio::test]
async fn what_the_server_does_wrong_is_told_with_how_often() {
    let short = || Message::binary(vec![0; 318]);
    let (url, _task) = server(None, vec![short(), short(), Message::text("{}")]).await;
    let outcome = dial(&url, Gateway::Vonage, &HeaderMap::new()).await.unwrap();
    let [length, action] = &outcome.violations[..] else { panic!("{:?}", outcome.violations) };
    assert!(length.contains("20 ms (2 times)"), "{length}");
    assert!(action.contains("without action"), "{action}");
    assert!(!outcome.reported);
}

/// Fault: after Ctrl-C, turns that were never played were reported as unanswered.
#[test]
fn who_hangs_up_on_purpose_leaves_no_turn_unanswered() {
    let turn = |v2v_ms| Turn { start: 0, speech_start: 0, speech_end: 8000, v2v_ms, silent_after_ms: None };
    let ended = |stopped| {
        let turns = vec![turn(Some(500.0)), turn(None)];
        let mut outcome = Outcome { turns, wanted: 8, stopped, ..Outcome::default() };
        outcome.leave_out_what_was_stopped();
        (outcome.turns.len(), outcome.wanted)
    };
    assert_eq!(ended(true), (1, 1));
    assert_eq!(ended(false), (2, 8), "the server ended it");
}
