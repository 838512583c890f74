//! Vonage Voice WebSockets, the gateway's side: binary linear audio, 20 ms per message, JSON text messages
//! for control. It sends no message at the end of a call. Must not know sockets or time.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::wire::{Codec, parse, text, token, unknown};
use super::{Heard, Provider, Said};
use crate::buffer::{Buffer, Marks, Queue, Rules, Told};
use offhook_core::units::FRAME_SAMPLES;

/// The most audio messages that wait; more are discarded.
const MOST_MESSAGES: usize = 1024;

/// One call.
#[derive(Debug)]
pub(crate) struct Vonage {
    rate: u32,
    call_id: String,
}

impl Vonage {
    pub(crate) fn new(rate: u32) -> Self {
        Self { rate, call_id: token() }
    }
}

impl Provider for Vonage {
    fn call_id(&self) -> &str {
        &self.call_id
    }

    fn buffer(&self) -> Box<dyn Buffer> {
        let limit = MOST_MESSAGES * FRAME_SAMPLES;
        Box::new(Queue::new(self.rate, Rules { marks: Marks::Lost, limit, ..Rules::default() }))
    }

    fn opening(&mut self) -> Vec<Message> {
        vec![text(&json!({
            "event": "websocket:connected",
            "content-type": format!("audio/l16;rate={}", self.rate),
            "call_id": self.call_id,
            "from": "offhook call",
            "to": "offhook",
        }))]
    }

    fn audio(&mut self, _position: usize, samples: &[i16]) -> Vec<Message> {
        vec![Message::binary(Codec::Linear.encode(samples))]
    }

    fn tell(&mut self, told: &Told) -> Option<Message> {
        match told {
            Told::Played(payload) => {
                let payload: Value = serde_json::from_str(payload).unwrap_or_default();
                Some(text(&json!({"event": "websocket:notify", "payload": payload})))
            }
            Told::Cleared => Some(text(&json!({"event": "websocket:cleared"}))),
            Told::Thrown(_) | Told::Full | Told::Room | Told::Drained => None,
        }
    }

    fn text(&mut self, text: &str) -> Heard {
        let value = parse(text)?;
        match value["action"].as_str() {
            // The payload is the name of the mark: it is returned unchanged.
            Some("notify") if value["payload"].is_object() => Ok(Said::Mark(value["payload"].to_string())),
            Some("notify") => Err("notify without an object for a payload".to_owned()),
            Some("clear") => Ok(Said::Clear),
            other => Err(unknown("action", other, "Vonage")),
        }
    }

    fn binary(&mut self, bytes: &[u8]) -> Vec<Heard> {
        let frame = Codec::Linear.frame(self.rate);
        let wrong = (bytes.len() != frame)
            .then(|| Err(format!("audio of a length other than {frame} bytes, which are 20 ms")));
        wrong.into_iter().chain([Codec::Linear.decode(bytes).map(Said::Audio)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_of_audio_must_be_twenty_milliseconds() {
        for (rate, bytes) in [(8000, 320), (16_000, 640), (24_000, 960)] {
            let mut vonage = Vonage::new(rate);
            assert!(matches!(&vonage.binary(&vec![0; bytes])[..], [Ok(Said::Audio(_))]));
            let short = vonage.binary(&vec![0; bytes - 2]);
            assert!(matches!(&short[..], [Err(_), Ok(Said::Audio(_))]), "{short:?}");
            assert!(matches!(&vonage.binary(&vec![0; bytes * 2])[..], [Err(_), Ok(Said::Audio(_))]));
        }
    }

    #[test]
    fn a_mark_is_given_back_as_it_came() {
        let mut vonage = Vonage::new(8000);
        let payload = json!({"mark": "m1", "any": [1, 2]});
        let Ok(Said::Mark(name)) = vonage.text(&json!({"action": "notify", "payload": payload}).to_string())
        else {
            panic!("no mark")
        };
        let back = vonage.tell(&Told::Played(name.clone())).unwrap();
        let back: Value = serde_json::from_str(back.to_text().unwrap()).unwrap();
        assert_eq!(back, json!({"event": "websocket:notify", "payload": payload}));
        assert_eq!(vonage.tell(&Told::Thrown(name)), None);
        assert!(vonage.text(r#"{"action":"notify"}"#).is_err());
    }

    #[test]
    fn a_clear_is_confirmed() {
        let message = Vonage::new(8000).tell(&Told::Cleared).unwrap();
        assert_eq!(message.to_text().unwrap(), r#"{"event":"websocket:cleared"}"#);
    }
}
