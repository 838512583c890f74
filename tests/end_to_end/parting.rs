//! The end of a socket: a close frame is answered, the server ends the connection, and no reset destroys the
//! last messages.

use std::io::Read as _;
use std::time::Duration;

use super::websockets::call;
use crate::support::raw::{CLOSE, Ended, FIN, Frame, PING, Peer, TEXT, close, frame, text};
use crate::support::scripted::Server;

/// Fault: after its own close frame, offhook ended the connection without waiting for the peer's.
#[test]
fn after_its_own_close_frame_the_server_waits_for_the_peers() {
    let server = Server::start(&[]);
    let mut peer = call(&server, "/offhook");
    peer.send(&text(r#"{"type":"session.end"}"#));
    peer.hear_text("session.summary").unwrap();
    assert_eq!(peer.hear(CLOSE).as_ref().map(Frame::code), Ok(Some(1000)));
    peer.stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(peer.stream.read(&mut [0]).is_err(), "it did not wait");
    peer.stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    peer.send(&close(1000, b""));
    assert_eq!(peer.next(), Err(Ended::Eof));
}

/// The wait for the peer's close frame is bounded, and the call's place is free at once.
#[test]
fn a_peer_that_never_answers_the_close_frame_is_left() {
    let server = Server::start(&[("max_calls = 8", "max_calls = 1")]);
    let mut peer = call(&server, "/offhook");
    peer.send(&text(r#"{"type":"session.end"}"#));
    peer.hear(CLOSE).unwrap();
    // The peer does not answer, and another call gets its place.
    let _other = call(&server, "/offhook");
    assert_eq!(peer.next(), Err(Ended::Eof));
}

/// Fault: in 8 of 297 refusals the close frame was lost to a reset, because more messages were on their way.
#[test]
fn the_reason_arrives_although_the_peer_still_sends() {
    let server = Server::start(&[]);
    let more = text(&format!(r#"{{"type":"unknown","note":"{}"}}"#, "*".repeat(30_000)));
    let ends = [(text(r#"{"type":"session.end"}"#), 1000), (frame(FIN | 0x40 | TEXT, b"{}"), 1002)];
    for (end, code) in ends.iter().cycle().take(20) {
        let mut peer = call(&server, "/offhook");
        peer.send(&[end.clone(), more.repeat(10)].concat());
        peer.send(&more);
        assert_eq!(peer.hear(CLOSE).as_ref().map(Frame::code), Ok(Some(*code)));
        peer.send(&[more.clone(), close(*code, b"")].concat());
        assert_eq!(peer.next(), Err(Ended::Eof));
    }
}

/// Before a call has started, the closing handshake is the same.
#[test]
fn a_socket_that_never_says_who_calls_is_parted_from_in_order() {
    let server = Server::start(&[("start_timeout_ms = 10000", "start_timeout_ms = 200")]);
    let mut peer = Peer::open(server.address, "/twilio");
    assert_eq!(peer.hear(CLOSE).as_ref().map(Frame::code), Ok(Some(1008)));
    peer.send(&close(1008, b""));
    assert_eq!(peer.next(), Err(Ended::Eof));
}

/// A peer that closes before it has started a call gets its close frame as well.
#[test]
fn goodbye_before_the_call_is_answered() {
    let server = Server::start(&[]);
    for path in ["/twilio", "/offhook", "/call"] {
        let mut peer = Peer::open(server.address, path);
        peer.send(&[frame(FIN | PING, b""), close(1001, b"away")].concat());
        assert_eq!(peer.hear(CLOSE).as_ref().map(Frame::code), Ok(Some(1001)), "{path}");
        assert_eq!(peer.next(), Err(Ended::Eof), "{path}");
    }
}

/// A server that stops sends a close frame to all peers, waits for theirs, and then has no socket left.
#[test]
fn a_server_that_stops_parts_from_everybody() {
    let server = Server::start(&[]);
    let mut peers =
        [call(&server, "/offhook"), call(&server, "/twilio"), Peer::open(server.address, "/twilio")];
    server.app.stop_calls();
    for peer in &mut peers {
        assert_eq!(peer.hear(CLOSE).as_ref().map(Frame::code), Ok(Some(1001)));
    }
    assert!(!server.app.sockets_are_gone());
    for peer in &mut peers {
        peer.send(&close(1001, b""));
        assert_eq!(peer.next(), Err(Ended::Eof));
    }
    while !server.app.sockets_are_gone() {
        std::thread::sleep(Duration::from_millis(5));
    }
}
