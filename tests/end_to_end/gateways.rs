//! One short call through every provider but Twilio: the call is answered, the greeting comes in the
//! provider's form with its mark, and the end of the call is understood.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use offhook::audio::g711::Law;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::strangers::{Socket, closed, hear, open, run, say};
use crate::support::server::{Server, configuration};

/// Opens a socket with a sub-protocol, which the server must grant.
pub async fn open_as(server: &Server, path: &str, protocol: &'static str) -> Socket {
    let mut request = server.url(path).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(protocol));
    let (socket, response) = connect_async(request).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], protocol);
    socket
}

/// The audio of a message, if it is audio.
fn audio(message: &Message) -> Option<Vec<u8>> {
    match message {
        Message::Binary(bytes) => Some(bytes.to_vec()),
        Message::Text(text) => {
            let message: Value = serde_json::from_str(text).ok()?;
            Some(STANDARD.decode(message["media"]["payload"].as_str()?).unwrap())
        }
        other => panic!("neither audio nor text: {other:?}"),
    }
}

/// The audio up to the mark of the first chunk, message by message, and that mark. Another mark comes before
/// it, after the first 20 ms.
async fn first_piece(socket: &mut Socket) -> (Vec<Vec<u8>>, String) {
    let mut heard = Vec::new();
    let mut marks = Vec::new();
    while marks.len() < 2 {
        let message = socket.next().await.unwrap().unwrap();
        match audio(&message) {
            Some(bytes) => heard.push(bytes),
            // Our own protocol tells the words first.
            None if message.to_text().is_ok_and(|text| text.contains("\"saying\"")) => {}
            None => {
                // Silence may come before the first sound, and no converter holds anything back.
                assert!(!heard.is_empty(), "a mark before any audio");
                assert!(heard.len() <= 2 || marks.len() == 1, "{} messages before a mark", heard.len());
                marks.push(message.into_text().unwrap().to_string());
            }
        }
    }
    assert!(marks[0].contains("m1"), "{}", marks[0]);
    (heard, marks.remove(1))
}

fn linear(frames: &[Vec<u8>]) -> Vec<i16> {
    frames.concat().chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// True if somebody speaks for a while, and does not shout.
fn is_speech(samples: &[i16], rate: usize) -> bool {
    let loud = samples.iter().filter(|s| s.unsigned_abs() > 1000).count();
    samples.len() > rate / 4 && loud > samples.len() / 50 && loud < samples.len() * 9 / 10
}

#[test]
fn a_telnyx_call_is_greeted() {
    let server = Server::start(&configuration(&[]));
    run(async {
        let mut socket = open(&server, "/telnyx").await;
        say(&mut socket, &json!({"event": "connected", "version": "1.0.0"})).await;
        let format = json!({"encoding": "PCMA", "sample_rate": 8000, "channels": 1});
        let start = json!({"user_id": "u", "call_control_id": "v3:1", "media_format": format});
        say(&mut socket, &json!({"event": "start", "start": start, "stream_id": "s1"})).await;
        for chunk in ["1", "3", "2"] {
            let media = json!({"track": "inbound", "chunk": chunk, "payload": STANDARD.encode([0xd5; 160])});
            say(&mut socket, &json!({"event": "media", "media": media, "stream_id": "s1"})).await;
        }
        let (heard, mark) = first_piece(&mut socket).await;
        assert!(heard.iter().all(|frame| frame.len() == 160));
        assert!(is_speech(&Law::A.decode_all(&heard.concat()), 8000));
        assert_eq!(mark, json!({"event": "mark", "mark": {"name": "m2"}}).to_string());
        say(&mut socket, &json!({"event": "stop", "stop": {}, "stream_id": "s1"})).await;
        closed(socket).await;
    });
}

#[test]
fn a_plivo_call_is_greeted() {
    let server = Server::start(&configuration(&[]));
    run(async {
        let mut socket = open(&server, "/plivo").await;
        let format = json!({"encoding": "audio/x-l16", "sampleRate": 16000});
        let start = json!({"callId": "c1", "streamId": "s1", "tracks": ["inbound"], "mediaFormat": format});
        say(&mut socket, &json!({"event": "start", "sequenceNumber": 1, "start": start})).await;
        let media = json!({"timestamp": "1764000000020", "chunk": 1, "payload": STANDARD.encode([0; 640])});
        let media = json!({"event": "media", "sequenceNumber": 2, "streamId": "s1", "media": media});
        say(&mut socket, &media).await;
        let (heard, mark) = first_piece(&mut socket).await;
        assert!(is_speech(&linear(&heard), 16_000));
        assert_eq!(mark, json!({"event": "checkpoint", "streamId": "s1", "name": "m2"}).to_string());
        say(&mut socket, &json!({"event": "stop", "streamId": "s1"})).await;
        closed(socket).await;
    });
}

#[test]
fn a_vonage_call_is_greeted() {
    let server = Server::start(&configuration(&[]));
    run(async {
        let mut socket = open(&server, "/vonage").await;
        let connected = json!({"event": "websocket:connected", "content-type": "audio/l16;rate=24000"});
        say(&mut socket, &connected).await;
        socket.send(Message::binary(vec![0; 960])).await.unwrap();
        let (heard, mark) = first_piece(&mut socket).await;
        assert!(heard.iter().all(|frame| frame.len() == 960));
        assert!(is_speech(&linear(&heard), 24_000));
        assert_eq!(mark, json!({"action": "notify", "payload": {"mark": "m2"}}).to_string());
        socket.close(None).await.unwrap();
        closed(socket).await;
    });
}

#[test]
fn a_jambonz_call_is_greeted() {
    let server = Server::start(&configuration(&[]));
    run(async {
        let mut socket = open_as(&server, "/jambonz", "audio.jambonz.org").await;
        say(&mut socket, &json!({"callSid": "c1", "sampleRate": 16000, "mixType": "mono"})).await;
        socket.send(Message::binary(vec![0; 640])).await.unwrap();
        let (heard, mark) = first_piece(&mut socket).await;
        assert!(is_speech(&linear(&heard), 16_000));
        assert!(!linear(&heard).contains(&-1));
        assert_eq!(mark, json!({"type": "mark", "data": {"name": "m2"}}).to_string());
        socket.close(None).await.unwrap();
        closed(socket).await;
    });
}

#[test]
fn an_asterisk_call_is_greeted() {
    let server = Server::start(&configuration(&[]));
    run(async {
        let mut socket = open_as(&server, "/asterisk", "media").await;
        let start = json!({"event": "MEDIA_START", "connection_id": "agent", "channel_id": "179.1",
            "format": "slin16", "optimal_frame_size": 640, "ptime": 20, "channel_variables": {}});
        say(&mut socket, &start).await;
        socket.send(Message::binary(vec![0; 640])).await.unwrap();
        let (heard, mark) = first_piece(&mut socket).await;
        assert!(heard.iter().all(|frame| frame.len() == 640));
        assert!(is_speech(&linear(&heard), 16_000));
        assert_eq!(mark, json!({"command": "MARK_MEDIA", "correlation_id": "m2"}).to_string());
        socket.close(None).await.unwrap();
        closed(socket).await;
    });
}

#[test]
fn our_own_protocol_is_spoken_at_every_rate() {
    let server = Server::start(&configuration(&[]));
    run(async {
        for rate in [8000, 16_000, 22_050, 24_000, 48_000] {
            let mut socket = open(&server, "/offhook").await;
            let audio = json!({"encoding": "pcm16le", "sample_rate": rate});
            say(&mut socket, &json!({"type": "session.start", "version": 1, "audio": audio})).await;
            assert_eq!(hear(&mut socket, "session.started").await["audio"]["sample_rate"], rate);
            socket.send(Message::binary(vec![0; rate / 50 * 2])).await.unwrap();
            let (heard, mark) = first_piece(&mut socket).await;
            assert!(is_speech(&linear(&heard), rate), "{rate}");
            assert_eq!(mark, json!({"type": "mark", "name": "m2"}).to_string());
            say(&mut socket, &json!({"type": "session.end"})).await;
            closed(socket).await;
        }
    });
}

#[test]
fn one_address_takes_every_line_and_tells_them_apart() {
    let server = Server::start(&configuration(&[]));
    run(async {
        let mut socket = open_as(&server, "/call", "media").await;
        let start = "MEDIA_START connection_id:agent channel_id:179.1 format:ulaw optimal_frame_size:160";
        socket.send(Message::text(start)).await.unwrap();
        let (heard, mark) = first_piece(&mut socket).await;
        assert!(is_speech(&Law::Mu.decode_all(&heard.concat()), 8000));
        assert_eq!(mark, "MARK_MEDIA m2");
        socket.close(None).await.unwrap();
        closed(socket).await;

        let mut socket = open(&server, "/call").await;
        say(&mut socket, &json!({"event": "connected", "protocol": "Call", "version": "1.0.0"})).await;
        let format = json!({"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1});
        let start = json!({"streamSid": "MZ1", "callSid": "CA1", "mediaFormat": format});
        say(&mut socket, &json!({"event": "start", "start": start, "streamSid": "MZ1"})).await;
        let (heard, mark) = first_piece(&mut socket).await;
        assert!(is_speech(&Law::Mu.decode_all(&heard.concat()), 8000));
        let mark: Value = serde_json::from_str(&mark).unwrap();
        assert_eq!(mark, json!({"event": "mark", "streamSid": "MZ1", "mark": {"name": "m2"}}));
        say(&mut socket, &json!({"event": "stop", "streamSid": "MZ1"})).await;
        closed(socket).await;

        let mut stranger = open(&server, "/call").await;
        say(&mut stranger, &json!({"event": "start", "start": {"stream_sid": "s1", "call_sid": "c1"}})).await;
        closed(stranger).await;
    });
}
