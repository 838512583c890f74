//! offhook's own protocol, the client's side: binary mu-law, JSON text messages. Shares the form of the
//! reports with the server and nothing else. Must not know sockets or time.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::wire::{Codec, name_of, parse, text, token};
use super::{Heard, Provider, Said};
use crate::buffer::{Buffer, Marks, Queue, Rules, Told};
use offhook_core::units::PHONE_RATE;

/// One call.
#[derive(Debug)]
pub(crate) struct Native {
    /// The client's own id, until the server has sent its id.
    call_id: String,
}

impl Native {
    pub(crate) fn new() -> Self {
        Self { call_id: token() }
    }
}

impl Provider for Native {
    fn call_id(&self) -> &str {
        &self.call_id
    }

    fn reports(&self) -> bool {
        true
    }

    fn buffer(&self) -> Box<dyn Buffer> {
        Box::new(Queue::new(PHONE_RATE, Rules { marks: Marks::Echoed, ..Rules::default() }))
    }

    fn opening(&mut self) -> Vec<Message> {
        let audio = json!({"encoding": "mulaw", "sample_rate": 8000, "transport": "binary"});
        vec![text(&json!({"type": "session.start", "version": 1, "audio": audio, "caller": "offhook call"}))]
    }

    fn audio(&mut self, _position: usize, samples: &[i16]) -> Vec<Message> {
        vec![Message::binary(Codec::Mulaw.encode(samples))]
    }

    fn tell(&mut self, told: &Told) -> Option<Message> {
        match told {
            Told::Played(name) | Told::Thrown(name) => Some(text(&json!({"type": "mark", "name": name}))),
            Told::Cleared | Told::Full | Told::Room | Told::Drained => None,
        }
    }

    fn hang_up(&mut self) -> Vec<Message> {
        vec![text(&json!({"type": "session.end"}))]
    }

    fn text(&mut self, text: &str) -> Heard {
        let value = parse(text)?;
        let part = |e: serde_json::Error| format!("a report in the wrong form: {e}");
        match value["type"].as_str() {
            Some("session.started") => {
                let id = value["call_id"].as_str().ok_or("session.started without a call_id")?;
                id.clone_into(&mut self.call_id);
                Ok(Said::Other)
            }
            Some("mark") => name_of(&value).map(Said::Mark),
            Some("clear") => Ok(Said::Clear),
            Some("turn") => serde_json::from_value(value).map(|t| Said::Turn(Box::new(t))).map_err(part),
            Some("session.summary") => {
                serde_json::from_value(value).map(|s| Said::Summary(Box::new(s))).map_err(part)
            }
            Some("error") => Ok(Said::Error(format!(
                "{}: {}",
                value["code"].as_str().unwrap_or("error"),
                value["message"].as_str().unwrap_or("no message")
            ))),
            Some(_) => Ok(Said::Other),
            None => Err("a message without a type".to_owned()),
        }
    }

    fn binary(&mut self, bytes: &[u8]) -> Vec<Heard> {
        vec![Codec::Mulaw.decode(bytes).map(Said::Audio)]
    }
}
