//! jambonz `listen` with audio in both directions, the gateway's side: one text message that describes the
//! call, binary linear audio, JSON text messages for control. Must not know sockets or time.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::wire::{Codec, name_of, parse, text, token, unknown};
use super::{Heard, Provider, Said};
use crate::buffer::{Buffer, Told};
use crate::in_band::InBand;

/// One call.
#[derive(Debug)]
pub(crate) struct Jambonz {
    rate: u32,
    call_id: String,
    /// Half a sample, left over from a message with an odd number of bytes.
    half: Option<u8>,
}

impl Jambonz {
    pub(crate) fn new(rate: u32) -> Self {
        Self { rate, call_id: token(), half: None }
    }
}

impl Provider for Jambonz {
    fn subprotocol(&self) -> Option<&'static str> {
        Some("audio.jambonz.org")
    }

    fn call_id(&self) -> &str {
        &self.call_id
    }

    fn buffer(&self) -> Box<dyn Buffer> {
        Box::new(InBand::new(self.rate))
    }

    fn opening(&mut self) -> Vec<Message> {
        vec![text(&json!({
            "callSid": self.call_id,
            "direction": "inbound",
            "from": "offhook call",
            "to": "offhook",
            "callId": token(),
            "sampleRate": self.rate,
            "mixType": "mono",
            "metadata": {"caller": "offhook call"},
        }))]
    }

    fn audio(&mut self, _position: usize, samples: &[i16]) -> Vec<Message> {
        vec![Message::binary(Codec::Linear.encode(samples))]
    }

    fn tell(&mut self, told: &Told) -> Option<Message> {
        let mark = |name: &str, event: &str| {
            Some(text(&json!({"type": "mark", "data": {"name": name, "event": event}})))
        };
        match told {
            Told::Played(name) => mark(name, "playout"),
            Told::Thrown(name) => mark(name, "cleared"),
            Told::Cleared | Told::Full | Told::Room | Told::Drained => None,
        }
    }

    fn text(&mut self, text: &str) -> Heard {
        let value = parse(text)?;
        match value["type"].as_str() {
            Some("mark") => name_of(&value["data"]).map(Said::Mark),
            Some("killAudio") => Ok(Said::Clear),
            Some("clearMarks") => Ok(Said::ForgetMarks),
            Some("disconnect") => Ok(Said::HangUp),
            Some("playAudio") => Err("playAudio, which jambonz ignores while audio streams".to_owned()),
            other => Err(unknown("type", other, "jambonz")),
        }
    }

    fn binary(&mut self, bytes: &[u8]) -> Vec<Heard> {
        let mut bytes: Vec<u8> = self.half.take().into_iter().chain(bytes.iter().copied()).collect();
        if bytes.len() % 2 == 1 {
            self.half = bytes.pop();
        }
        vec![Codec::Linear.decode(&bytes).map(Said::Audio)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_sample_waits_for_the_next_message() {
        let mut jambonz = Jambonz::new(8000);
        assert_eq!(jambonz.binary(&[1, 0, 2]), [Ok(Said::Audio(vec![1]))]);
        assert_eq!(jambonz.binary(&[0, 3]), [Ok(Said::Audio(vec![2]))]);
        assert_eq!(jambonz.binary(&[0]), [Ok(Said::Audio(vec![3]))]);
    }

    #[test]
    fn a_mark_tells_whether_it_was_played_or_cleared() {
        let mut jambonz = Jambonz::new(8000);
        for (told, event) in [(Told::Played("m1".into()), "playout"), (Told::Thrown("m1".into()), "cleared")]
        {
            let value = json!({"type": "mark", "data": {"name": "m1", "event": event}});
            assert_eq!(jambonz.tell(&told), Some(text(&value)));
        }
    }

    #[test]
    fn disconnect_ends_the_call_and_the_caller_says_no_farewell() {
        let mut jambonz = Jambonz::new(8000);
        assert_eq!(jambonz.text(r#"{"type":"disconnect"}"#), Ok(Said::HangUp));
        assert!(jambonz.hang_up().is_empty());
    }
}
