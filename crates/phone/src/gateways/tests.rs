//! The simulated gateways against the server's codecs, which were written independently: each understands
//! every message of the other.

use serde_json::json;

use super::*;
use offhook_core::streams::detect::Context;
use offhook_core::streams::dialect::Dialect;
use offhook_core::streams::{Gateway as Codec, Inbound, Media, Wire, WireOut};

const ALL: [Gateway; 8] = [
    Gateway::Twilio,
    Gateway::Telnyx,
    Gateway::Plivo,
    Gateway::Vonage,
    Gateway::Jambonz,
    Gateway::Asterisk,
    Gateway::AsteriskText,
    Gateway::Offhook,
];

/// Every gateway at each of its rates.
fn lines() -> impl Iterator<Item = Line> {
    let of = |gateway: Gateway| gateway.rates().iter().map(move |&rate| Line { gateway, rate });
    ALL.into_iter().flat_map(of)
}

fn server(line: Line) -> Box<dyn Codec> {
    let dialect = match line.gateway {
        Gateway::Twilio => Dialect::Twilio,
        Gateway::Telnyx => Dialect::Telnyx,
        Gateway::Plivo => Dialect::Plivo,
        Gateway::Vonage => Dialect::Vonage,
        Gateway::Jambonz => Dialect::Jambonz,
        Gateway::Asterisk | Gateway::AsteriskText => Dialect::Asterisk,
        Gateway::Offhook => Dialect::Native,
    };
    dialect.codec(&Context::default())
}

fn heard_by(server: &mut dyn Codec, messages: &[Message]) -> Vec<Inbound> {
    let one = |message: &Message| {
        let data = message.clone().into_data();
        let wire =
            if message.is_text() { Wire::Text(message.to_text().unwrap()) } else { Wire::Binary(&data) };
        server.decode(wire).unwrap()
    };
    messages.iter().flat_map(one).collect()
}

/// A phone whose call the server has accepted.
fn talking(line: Line) -> (Phone, Box<dyn Codec>) {
    let (mut phone, mut server) = (Phone::new(line), server(line));
    let opening = heard_by(&mut *server, &phone.opening());
    let [Inbound::Started(start)] = &opening[..] else { panic!("{line:?}: {opening:?}") };
    assert_eq!(start.format.rate, line.rate, "{line:?}");
    (phone, server)
}

fn say(phone: &mut Phone, server: &mut dyn Codec, out: &Media<'_>) -> Vec<Heard> {
    let wire = server.encode(out).into_iter().map(|out| match out {
        WireOut::Text(text) => Message::text(text),
        WireOut::Binary(bytes) => Message::binary(bytes),
    });
    wire.flat_map(|message| phone.read(&message)).collect()
}

#[test]
fn the_path_chooses_the_gateway() {
    for gateway in ALL {
        let url = format!("ws://127.0.0.1:1{}/?x=/offhook#twilio", gateway.path());
        let asterisk = gateway == Gateway::AsteriskText;
        let expected = if asterisk { Gateway::Asterisk } else { gateway };
        assert_eq!(Gateway::of_url(&url), expected, "{url}");
    }
    assert_eq!(Gateway::of_url("ws://127.0.0.1:1/vonage/a-token"), Gateway::Vonage);
    for url in ["ws://127.0.0.1:1/call", "ws://127.0.0.1:1", "ws://offhook/call?x=/vonage"] {
        assert_eq!(Gateway::of_url(url), Gateway::Twilio, "{url}");
    }
}

#[test]
fn a_gateway_is_chosen_by_the_name_that_it_tells() {
    use clap::ValueEnum as _;
    assert_eq!(Gateway::value_variants(), ALL);
    for gateway in ALL {
        assert_eq!(Gateway::from_str(gateway.name(), false), Ok(gateway));
    }
}

#[test]
fn a_rate_that_the_gateway_does_not_have_is_refused_with_those_it_has() {
    let error = Line::new(Gateway::Plivo, Some(24_000)).unwrap_err().to_string();
    assert!(error.contains("24000") && error.contains("plivo speaks at 8000, 16000"), "{error}");
    assert!(Line::new(Gateway::Twilio, Some(16_000)).is_err());
    assert_eq!(Line::new(Gateway::Vonage, None).unwrap().rate, 8000);
}

#[test]
fn the_server_understands_every_message_of_the_phone() {
    for line in lines() {
        let (mut phone, mut server) = talking(line);
        let audio: Vec<Message> = (0..3).flat_map(|n| phone.audio(n * 160, &[5000; 160])).collect();
        let audio = heard_by(&mut *server, &audio);
        let samples = line.rate as usize / 50;
        assert_eq!(audio.len(), 3, "{line:?}");
        assert!(
            audio
                .iter()
                .all(|heard| matches!(heard, Inbound::Audio { samples: s, .. } if s.len() == samples)),
            "{line:?}"
        );
        let mark = say(&mut phone, &mut *server, &Media::Mark { name: "m1", within: false });
        let Some(Ok(Said::Mark(name))) = mark.into_iter().find(|heard| matches!(heard, Ok(Said::Mark(_))))
        else {
            panic!("{line:?}: no mark")
        };
        let back = phone.tell(&Told::Played(name)).unwrap();
        assert_eq!(heard_by(&mut *server, &[back]), [Inbound::Mark { name: "m1".into() }], "{line:?}");
        for told in [Told::Cleared, Told::Full, Told::Room, Told::Drained] {
            let messages: Vec<Message> = phone.tell(&told).into_iter().collect();
            let heard = heard_by(&mut *server, &messages);
            let known = |heard: &Inbound| match told {
                Told::Full => *heard == Inbound::Full,
                Told::Room => *heard == Inbound::Room,
                Told::Cleared | Told::Drained | Told::Played(_) | Told::Thrown(_) => {
                    matches!(heard, Inbound::Ignored { .. })
                }
            };
            assert!(heard.iter().all(known), "{line:?}: {heard:?}");
        }
        let end = heard_by(&mut *server, &phone.hang_up());
        let told = matches!(&end[..], [] | [Inbound::Stopped | Inbound::EndRequested]);
        assert!(told, "{line:?}: {end:?}");
    }
}

#[test]
fn the_phone_understands_every_message_of_the_server() {
    for line in lines() {
        let (mut phone, mut server) = talking(line);
        let samples = vec![5000; line.rate as usize / 50];
        let audio = say(&mut phone, &mut *server, &Media::Audio { samples: &samples });
        let [Ok(Said::Audio(heard))] = &audio[..] else { panic!("{line:?}: {audio:?}") };
        assert_eq!(heard.len(), samples.len(), "{line:?}");
        for out in [Media::Mark { name: "m1", within: false }, Media::Clear, Media::Hangup] {
            let heard = say(&mut phone, &mut *server, &out);
            assert!(heard.iter().all(Result::is_ok), "{line:?} {out:?}: {heard:?}");
            let cleared = heard.contains(&Ok(Said::Clear));
            assert_eq!(cleared, out == Media::Clear, "{line:?} {out:?}: {heard:?}");
        }
    }
}

#[test]
fn messages_of_another_stream_are_not_played() {
    for (gateway, clear, ours) in [
        (Gateway::Twilio, json!({"event": "clear", "streamSid": "MZ0"}), "streamSid"),
        (Gateway::Plivo, json!({"event": "clearAudio", "streamId": "0"}), "streamId"),
    ] {
        let mut phone = Phone::new(Line::new(gateway, None).unwrap());
        let heard = phone.read(&Message::text(clear.to_string()));
        assert!(matches!(&heard[..], [Err(wrong)] if wrong.contains(ours)), "{heard:?}");
    }
}

#[test]
fn what_the_gateway_does_not_know_is_a_violation() {
    for gateway in ALL.into_iter().filter(|gateway| *gateway != Gateway::Offhook) {
        let mut phone = Phone::new(Line::new(gateway, None).unwrap());
        phone.opening();
        for text in [r#"{"event":"x","action":"x","type":"x","command":"x"}"#, "{", "[]"] {
            let heard = phone.read(&Message::text(text));
            assert!(matches!(&heard[..], [Err(_)]), "{gateway:?} {text}: {heard:?}");
        }
    }
    for gateway in [Gateway::Twilio, Gateway::Telnyx, Gateway::Plivo] {
        let mut phone = Phone::new(Line::new(gateway, None).unwrap());
        assert!(matches!(&phone.read(&Message::binary(vec![0; 160]))[..], [Err(_)]));
    }
}
