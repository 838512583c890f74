//! Plivo audio streaming, the gateway's side: JSON text messages whose numbers are JSON numbers, mu-law or
//! L16 in base64. It sends no message at the end of a call. Must not know sockets or time.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::wire::{Codec, base64, name_of, parse, payload, text, token, unknown};
use super::{Heard, Provider, Said};
use crate::buffer::{Buffer, Marks, Queue, Rules, Told};

/// The time of the first sample, in milliseconds since 1970: any plausible time will do.
const BEGAN_MS: usize = 1_764_000_000_000;

/// One call.
#[derive(Debug)]
pub(crate) struct Plivo {
    rate: u32,
    codec: Codec,
    stream_id: String,
    call_id: String,
    sequence: u64,
    chunk: u64,
}

impl Plivo {
    pub(crate) fn new(rate: u32) -> Self {
        let codec = Codec::of_rate(rate);
        Self { rate, codec, stream_id: token(), call_id: token(), sequence: 0, chunk: 0 }
    }

    fn encoding(&self) -> &'static str {
        match self.codec {
            Codec::Mulaw => "audio/x-mulaw",
            Codec::Linear => "audio/x-l16",
        }
    }

    /// A message may omit the stream's id, but must not name another stream.
    fn is_ours(&self, message: &Value) -> Result<(), String> {
        match message.get("streamId") {
            Some(id) if id != self.stream_id.as_str() => Err("a message of another streamId".to_owned()),
            Some(_) | None => Ok(()),
        }
    }

    fn play(&self, media: &Value) -> Heard {
        let (encoding, rate) = (self.encoding(), self.rate);
        if media["contentType"] != encoding || media["sampleRate"] != rate {
            return Err(format!("playAudio in a format other than {encoding} at {rate}, as in the call"));
        }
        payload(media).and_then(|bytes| self.codec.decode(&bytes)).map(Said::Audio)
    }
}

impl Provider for Plivo {
    fn call_id(&self) -> &str {
        &self.call_id
    }

    fn buffer(&self) -> Box<dyn Buffer> {
        Box::new(Queue::new(self.rate, Rules { marks: Marks::Lost, ..Rules::default() }))
    }

    fn opening(&mut self) -> Vec<Message> {
        self.sequence += 1;
        let start = json!({
            "callId": self.call_id,
            "streamId": self.stream_id,
            "accountId": "offhook-call",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": self.encoding(), "sampleRate": self.rate},
        });
        let extra = "from=offhook call;to=offhook";
        vec![text(
            &json!({"event": "start", "sequenceNumber": self.sequence, "start": start, "extra_headers": extra}),
        )]
    }

    fn audio(&mut self, position: usize, samples: &[i16]) -> Vec<Message> {
        self.sequence += 1;
        self.chunk += 1;
        let media = json!({
            "track": "inbound",
            "timestamp": (BEGAN_MS + position / 8).to_string(),
            "chunk": self.chunk,
            "payload": base64(&self.codec.encode(samples)),
        });
        let number = self.sequence;
        vec![text(
            &json!({"event": "media", "sequenceNumber": number, "streamId": self.stream_id, "media": media}),
        )]
    }

    fn tell(&mut self, told: &Told) -> Option<Message> {
        match told {
            Told::Played(name) => {
                Some(text(&json!({"event": "playedStream", "streamId": self.stream_id, "name": name})))
            }
            Told::Cleared => Some(text(&json!({"event": "clearedAudio", "streamId": self.stream_id}))),
            Told::Thrown(_) | Told::Full | Told::Room | Told::Drained => None,
        }
    }

    fn text(&mut self, text: &str) -> Heard {
        let value = parse(text)?;
        self.is_ours(&value)?;
        match value["event"].as_str() {
            Some("playAudio") => self.play(&value["media"]),
            Some("checkpoint") => name_of(&value).map(Said::Mark),
            Some("clearAudio") => Ok(Said::Clear),
            other => Err(unknown("event", other, "Plivo")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_numbers_and_the_time_is_a_text() {
        let mut plivo = Plivo::new(8000);
        plivo.opening();
        let message = plivo.audio(160, &[0; 160]).remove(0);
        let value: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        assert_eq!((&value["sequenceNumber"], &value["media"]["chunk"]), (&json!(2), &json!(1)));
        assert_eq!(value["media"]["timestamp"], "1764000000020");
    }

    #[test]
    fn a_clear_is_confirmed_and_a_mark_that_was_cleared_is_not_sent() {
        let mut plivo = Plivo::new(8000);
        let message = plivo.tell(&Told::Cleared).unwrap();
        assert!(message.to_text().unwrap().contains("clearedAudio"));
        assert_eq!(plivo.tell(&Told::Thrown("m1".into())), None);
        assert!(plivo.hang_up().is_empty(), "only the socket tells the end");
    }

    #[test]
    fn audio_in_another_form_than_the_calls_is_not_taken() {
        let mut plivo = Plivo::new(16_000);
        let mut play = |content: &str, rate: u32| {
            let media = json!({"contentType": content, "sampleRate": rate, "payload": base64(&[0; 640])});
            plivo.text(&json!({"event": "playAudio", "media": media}).to_string())
        };
        assert!(matches!(play("audio/x-l16", 16_000), Ok(Said::Audio(samples)) if samples.len() == 320));
        assert!(play("audio/x-mulaw", 8000).is_err());
        assert!(play("audio/x-l16", 8000).is_err());
    }
}
