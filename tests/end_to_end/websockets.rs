//! WebSockets by the book (RFC 6455), byte by byte, on a gateway's path and on the native one: the cases of
//! the Autobahn test suite, sections 1 to 7 and 10, that are not about echoes, under the numbers of the
//! suite.

use crate::support::raw::{
    BINARY, CLOSE, CONTINUATION, Ended, FIN, PING, PONG, Peer, TEXT, close, frame, text,
};
use crate::support::scripted::Server;

const PATHS: [&str; 2] = ["/offhook", "/twilio"];

/// Starts a call.
pub fn call(server: &Server, path: &str) -> Peer {
    let mut peer = Peer::open(server.address, path);
    if path == "/offhook" {
        let audio = r#"{"encoding":"mulaw","sample_rate":8000}"#;
        peer.send(&text(&format!(r#"{{"type":"session.start","version":1,"audio":{audio}}}"#)));
        peer.hear_text("session.started").unwrap();
    } else {
        let format = r#"{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}"#;
        let start = format!(r#"{{"streamSid":"MZ1","callSid":"CA1","mediaFormat":{format}}}"#);
        peer.send(&text(&format!(r#"{{"event":"start","streamSid":"MZ1","start":{start}}}"#)));
        peer.hear_text("media").unwrap();
    }
    peer
}

/// The answer that a server owes to some bytes.
enum Owed {
    /// Pongs with these payloads, and the call goes on.
    Pongs(Vec<Vec<u8>>),
    /// A close frame with this code, or without a code.
    Close(Option<u16>),
}

struct Case {
    name: String,
    sent: Vec<u8>,
    owed: Owed,
}

/// Sends a case's bytes in pieces of `piece` bytes, and checks the answer and the end.
fn tried(server: &Server, path: &str, case: &Case, piece: usize) {
    let name = format!("{} on {path}, in pieces of {piece}", case.name);
    let mut peer = call(server, path);
    case.sent.chunks(piece).for_each(|piece| peer.send(piece));
    let code = match &case.owed {
        Owed::Pongs(pongs) => {
            for pong in pongs {
                assert_eq!(peer.hear(PONG).map(|pong| pong.payload).as_ref(), Ok(pong), "{name}");
            }
            peer.send(&frame(FIN | PING, b"still there?"));
            assert_eq!(peer.hear(PONG).map(|pong| pong.payload), Ok(b"still there?".to_vec()), "{name}");
            peer.send(&close(1000, b"done"));
            &Some(1000)
        }
        Owed::Close(code) => code,
    };
    let bye = peer.hear(CLOSE).unwrap_or_else(|ended| panic!("{name}: {ended:?} without a close frame"));
    assert_eq!(bye.code(), *code, "{name}: {}", bye.text());
    // If the server closed first, the peer answers; if the peer closed first, it is done.
    if !matches!(case.owed, Owed::Pongs(_)) {
        peer.send(&close(1000, b""));
    }
    assert_eq!(peer.next(), Err(Ended::Eof), "{name}");
}

fn all_tried(cases: &[Case], piece: usize) {
    let server = Server::start(&[]);
    for case in cases {
        PATHS.iter().for_each(|path| tried(&server, path, case, piece));
    }
}

fn closes(name: &str, sent: &[Vec<u8>], code: u16) -> Case {
    Case { name: name.into(), sent: sent.concat(), owed: Owed::Close(Some(code)) }
}

fn goes_on(name: &str, sent: &[Vec<u8>], pongs: &[&[u8]]) -> Case {
    let pongs = pongs.iter().map(|pong| pong.to_vec()).collect();
    Case { name: name.into(), sent: sent.concat(), owed: Owed::Pongs(pongs) }
}

/// A text of `bytes` bytes that neither protocol knows and both tolerate.
fn unknown(bytes: usize) -> String {
    let empty = r#"{"event":"unknown","type":"unknown","note":""}"#;
    empty.replace(r#""""#, &format!("\"{}\"", "*".repeat(bytes.saturating_sub(empty.len()))))
}

/// An unknown text with these bytes in it, in frames cut between the pieces.
fn noted(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let first = [br#"{"event":"unknown","type":"unknown","note":""#, pieces[0]].concat();
    let rest = pieces.iter().skip(1).map(|piece| frame(CONTINUATION, piece));
    let last = frame(FIN | CONTINUATION, br#""}"#);
    [frame(TEXT, &first)].into_iter().chain(rest).chain([last]).collect()
}

#[test]
fn texts_pings_and_pongs_of_any_length_are_taken() {
    let ping = |payload: &[u8]| frame(FIN | PING, payload);
    let pong = |payload: &[u8]| frame(FIN | PONG, payload);
    let ten: Vec<String> = (0..10).map(|n| format!("payload-{n}")).collect();
    let pings: Vec<Vec<u8>> = ten.iter().map(|payload| ping(payload.as_bytes())).collect();
    let pongs: Vec<&[u8]> = ten.iter().map(String::as_bytes).collect();
    let longest = [0xfe; 125];
    let mut cases = vec![
        goes_on("2.1 empty ping", &[ping(b"")], &[b""]),
        goes_on("2.2 ping", &[ping(b"Hello, world!")], &[b"Hello, world!"]),
        goes_on("2.3 binary ping", &[ping(&[0, 255, 254, 0xc0])], &[&[0, 255, 254, 0xc0]]),
        goes_on("2.4 ping of 125 bytes", &[ping(&longest)], &[&longest]),
        goes_on("2.7 unasked pong", &[pong(b"")], &[]),
        goes_on("2.8 unasked pong with a payload", &[pong(b"unasked")], &[]),
        goes_on("2.9 unasked pong, ping", &[pong(b"unasked"), ping(b"asked")], &[b"asked"]),
        goes_on("2.10 ten pings", &pings, &pongs),
    ];
    for bytes in [64, 125, 126, 127, 128, 4096, 65_535, 65_536] {
        cases.push(goes_on(&format!("1.1 text of {bytes} bytes"), &[text(&unknown(bytes))], &[]));
    }
    all_tried(&cases, usize::MAX);
    // 1.1.8, 2.6, 2.11: the first cases again, cut after every byte.
    cases.truncate(8);
    all_tried(&cases, 1);
}

/// Fault: violations of the protocol were answered with close code 1000, as if the call had ended well.
#[test]
fn frames_that_must_not_be_are_closed_with_1002() {
    let mut cases = vec![
        closes("2.5 ping of 126 bytes", &[frame(FIN | PING, &[0xfe; 126])], 1002),
        closes("5.1 ping in fragments", &[frame(PING, b"frag"), frame(FIN | CONTINUATION, b"ment")], 1002),
        closes("5.2 pong in fragments", &[frame(PONG, b"frag"), frame(FIN | CONTINUATION, b"ment")], 1002),
        closes("a close frame in fragments", &[frame(CLOSE, &1000u16.to_be_bytes())], 1002),
        closes("not masked", &[vec![FIN | TEXT, 2, b'{', b'}']], 1002),
    ];
    for bits in 1..8u8 {
        for (what, kind) in [("text", TEXT), ("binary", BINARY), ("ping", PING), ("close", CLOSE)] {
            let name = format!("3.{bits} {what} with reserved bits");
            cases.push(closes(&name, &[text(&unknown(60)), frame(FIN | bits << 4 | kind, b"")], 1002));
        }
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        cases.push(closes(&format!("4. opcode {opcode}"), &[frame(FIN | opcode, b"")], 1002));
        let after = [text(&unknown(60)), frame(FIN | opcode, b"payload"), frame(FIN | PING, b"")];
        cases.push(closes(&format!("4. opcode {opcode} after a text"), &after, 1002));
    }
    all_tried(&cases, usize::MAX);
}

/// Fault: violations in fragments were answered with close code 1000 as well.
#[test]
fn fragments_are_put_together_and_stray_ones_are_closed_with_1002() {
    let all = unknown(120);
    let (one, two) = all.as_bytes().split_at(60);
    let (begin, end) = (frame(TEXT, one), frame(FIN | CONTINUATION, two));
    let stray = |fin: u8| frame(fin | CONTINUATION, b"stray");
    let ping = |payload: &[u8]| frame(FIN | PING, payload);
    let (pinged, fifth) = ([begin.clone(), ping(b"between"), end.clone()], frame(CONTINUATION, b""));
    let five = [begin.clone(), fifth.clone(), ping(b"1"), fifth.clone(), ping(b"2"), fifth, end.clone()];
    let cases = [
        goes_on("5.3 two fragments", &[begin.clone(), end.clone()], &[]),
        goes_on("5.6 a ping between fragments", &pinged, &[b"between"]),
        closes("5.9 a continuation of nothing", &[stray(FIN), text(&all)], 1002),
        closes("5.12 the same, not the last", &[stray(0), text(&all)], 1002),
        closes(
            "5.15 a continuation after the last",
            &[begin.clone(), end.clone(), stray(0), text(&all)],
            1002,
        ),
        closes("5.18 a text within a text", &[begin, text(&all)], 1002),
        goes_on("5.19 five fragments with pings", &five, &[b"1", b"2"]),
    ];
    all_tried(&cases, usize::MAX);
    all_tried(&cases, 1);
}

/// Fault: text that is not UTF-8 was answered with close code 1000.
#[test]
fn text_that_is_not_utf_8_is_closed_with_1007_as_soon_as_it_is_seen() {
    let right = "κόσμε \u{10ffff} \u{ffff} \u{d7ff}\u{e000}".as_bytes();
    let by_bytes: Vec<&[u8]> = right.chunks(1).collect();
    let mut cases = vec![
        goes_on("6.1 empty fragments", &noted(&[b"", b"", b""]), &[]),
        goes_on("6.2.2 two fragments", &noted(&[&right[..12], &right[12..]]), &[]),
        goes_on("6.2.3 a fragment for each byte", &noted(&by_bytes), &[]),
        // Nothing follows the wrong byte, but it is still detected.
        closes("6.4.1 wrong in the second fragment", &noted(&[right, b"\xf4\x90\x80\x80"])[..2], 1007),
        closes("6.4.2 wrong by the last byte", &noted(&[right, b"\xf4", b"\x90"])[..3], 1007),
    ];
    let wrong: [(&str, &[u8]); 8] = [
        ("6.3 a surrogate", b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80edited"),
        ("6.6 cut short", b"\xce\xba\xe1\xbd"),
        ("6.10 over the last code point", b"\xf4\x90\x80\x80"),
        ("6.12 five bytes", b"\xf8\x88\x80\x80\x80"),
        ("6.14 a continuation alone", b"\x80"),
        ("6.15 a beginning alone", b"\xc0 "),
        ("6.18 overlong", b"\xc0\xaf"),
        ("6.20 a byte that never is", b"\xfe"),
    ];
    for (name, bytes) in wrong {
        let whole = [br#"{"event":"unknown","type":"unknown","note":""#, bytes, br#""}"#].concat();
        cases.push(closes(name, &[frame(FIN | TEXT, &whole)], 1007));
        let by_bytes: Vec<&[u8]> = bytes.chunks(1).collect();
        cases.push(closes(&format!("{name}, byte by byte"), &noted(&by_bytes), 1007));
    }
    all_tried(&cases, usize::MAX);
}

/// Fault: a peer's close frame was never answered, so that the peer saw 1006 or a bare end of its stream.
/// Wrong codes and payloads (7.3.2, 7.3.6, 7.5.1, 7.9) did not count as violations.
#[test]
fn a_close_frame_is_answered_in_kind() {
    let bye = || close(1000, b"bye");
    let begun = frame(TEXT, b"begun");
    let large = text(&unknown(65_000));
    let mut cases = vec![
        closes("7.1.1 a text, close", &[text(&unknown(60)), bye()], 1000),
        closes("7.1.2 close twice", &[bye(), bye()], 1000),
        closes("7.1.3 a ping after it", &[bye(), frame(FIN | PING, b"late")], 1000),
        closes("7.1.4 a text after it", &[bye(), text(&unknown(60))], 1000),
        closes("7.1.5 in the middle of a message", &[begun, bye(), frame(FIN | CONTINUATION, b"late")], 1000),
        closes("7.1.6 a large text before, a ping after", &[large, bye(), frame(FIN | PING, b"late")], 1000),
        Case { name: "7.3.1 empty".into(), sent: frame(FIN | CLOSE, b""), owed: Owed::Close(None) },
        closes("7.3.2 half a code", &[frame(FIN | CLOSE, &[3])], 1002),
        closes("7.3.3 a code alone", &[close(1000, b"")], 1000),
        closes("7.3.5 a reason of 123 bytes", &[close(1000, &[b'*'; 123])], 1000),
        closes("7.3.6 a reason of 124 bytes", &[close(1000, &[b'*'; 124])], 1002),
        closes("7.5.1 a reason that is not UTF-8", &[close(1000, b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80")], 1007),
    ];
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        cases.push(closes(&format!("7.7 code {code}"), &[close(code, b"")], code));
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        cases.push(closes(&format!("7.9 code {code}"), &[close(code, b"")], 1002));
    }
    all_tried(&cases, usize::MAX);
}

/// Fault: too large messages were answered with close code 1000. Endless empty continuation frames (FIN=0,
/// then `00 80 …`) from two sockets delayed another call by seconds, because frames were not counted.
#[test]
fn messages_of_too_many_bytes_or_frames_are_closed_with_1009() {
    let large = unknown(65_537);
    let pieces: Vec<&[u8]> = large.as_bytes().chunks(1300).collect();
    let fragments = |pieces: &[&[u8]]| -> Vec<Vec<u8>> {
        let rest = pieces[1..].iter().map(|piece| frame(CONTINUATION, piece));
        [frame(TEXT, pieces[0])].into_iter().chain(rest).collect()
    };
    let without_end = vec![b"x".as_slice(); 200_000];
    let empty = vec![b"".as_slice(); 200_000];
    let endless = [vec![FIN | BINARY, 0x80 | 127], vec![0x7f; 8], vec![0; 4], vec![0; 100_000]];
    let cases = [
        closes("9. one frame", &[text(&large)], 1009),
        closes("9. in fragments", &fragments(&pieces), 1009),
        closes("9. of 64 bits", &endless, 1009),
        closes("tiny fragments without end", &fragments(&without_end), 1009),
        closes("empty fragments without end", &fragments(&empty), 1009),
    ];
    all_tried(&cases, usize::MAX);
}

/// Pings are counted as well, below the messages.
#[test]
fn pings_without_end_are_closed_with_1008() {
    let pings = frame(FIN | PING, b"").repeat(200_000);
    all_tried(&[closes("pings", &[pings], 1008)], usize::MAX);
}

#[test]
fn what_comes_in_fragments_is_understood() {
    let server = Server::start(&[]);
    let mut peer = call(&server, "/offhook");
    // 10.1.1: 65,536 bytes in frames of 1,300.
    let empty = r#"{"type":"ping","id":"fragments","note":""}"#;
    let ping = empty.replace(r#""""#, &format!("\"{}\"", "*".repeat(65_536 - empty.len())));
    let pieces: Vec<&[u8]> = ping.as_bytes().chunks(1300).collect();
    for (n, piece) in pieces.iter().enumerate() {
        let last = if n + 1 == pieces.len() { FIN } else { 0 };
        peer.send(&frame(last | if n == 0 { TEXT } else { CONTINUATION }, piece));
    }
    let pong = peer.hear_text(r#""pong""#).unwrap().text();
    assert!(pong.contains(r#""id":"fragments""#), "{pong}");
}
