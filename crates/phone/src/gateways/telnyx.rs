//! Telnyx media streaming in RTP mode, the gateway's side: JSON text messages in snake_case, PCMU or L16
//! in base64, now and then out of order. Must not know sockets or time.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::wire::{Codec, base64, name_of, parse, payload, text, token, unknown};
use super::{Heard, Provider, Said};
use crate::buffer::{Buffer, Marks, Queue, Rules, Told};

/// Telnyx promises no order of its messages: one in this many arrives after the next one.
const SWAPPED: u64 = 25;

/// The longest audio in one message, in seconds.
const LONGEST: usize = 30;

/// One call.
#[derive(Debug)]
pub(crate) struct Telnyx {
    rate: u32,
    codec: Codec,
    stream_id: String,
    call_id: String,
    sequence: u64,
    chunk: u64,
    /// A message that is overtaken by the next.
    late: Option<Message>,
}

impl Telnyx {
    pub(crate) fn new(rate: u32) -> Self {
        Self {
            rate,
            codec: Codec::of_rate(rate),
            stream_id: token(),
            call_id: format!("v3:{}", token()),
            sequence: 0,
            chunk: 0,
            late: None,
        }
    }

    fn event(&mut self, event: &str, body: Value) -> Message {
        self.sequence += 1;
        text(&json!({
            "event": event,
            "sequence_number": self.sequence.to_string(),
            event: body,
            "stream_id": self.stream_id,
        }))
    }

    /// The problem of audio of this length, if any.
    fn misfit(&self, bytes: usize) -> Option<String> {
        let frame = self.codec.frame(self.rate);
        if bytes < frame {
            Some("media of less than 20 ms, which Telnyx does not accept".to_owned())
        } else if bytes > frame * 50 * LONGEST {
            Some(format!("media of more than {LONGEST} s, which Telnyx does not accept"))
        } else {
            None
        }
    }
}

impl Provider for Telnyx {
    fn call_id(&self) -> &str {
        &self.call_id
    }

    fn buffer(&self) -> Box<dyn Buffer> {
        Box::new(Queue::new(self.rate, Rules { marks: Marks::Echoed, ..Rules::default() }))
    }

    fn opening(&mut self) -> Vec<Message> {
        let encoding = match self.codec {
            Codec::Mulaw => "PCMU",
            Codec::Linear => "L16",
        };
        let start = json!({
            "user_id": "offhook-call",
            "call_control_id": self.call_id,
            "call_session_id": token(),
            "from": "offhook call",
            "to": "offhook",
            "tags": [],
            "client_state": base64(b"offhook call"),
            "custom_parameters": {},
            "media_format": {"encoding": encoding, "sample_rate": self.rate, "channels": 1},
        });
        vec![text(&json!({"event": "connected", "version": "1.0.0"})), self.event("start", start)]
    }

    fn audio(&mut self, position: usize, samples: &[i16]) -> Vec<Message> {
        self.chunk += 1;
        let media = json!({
            "track": "inbound",
            "chunk": self.chunk.to_string(),
            "timestamp": (position / 8).to_string(),
            "payload": base64(&self.codec.encode(samples)),
        });
        let message = self.event("media", media);
        if self.late.is_none() && self.chunk.is_multiple_of(SWAPPED) {
            self.late = Some(message);
            return Vec::new();
        }
        std::iter::once(message).chain(self.late.take()).collect()
    }

    fn tell(&mut self, told: &Told) -> Option<Message> {
        match told {
            Told::Played(name) | Told::Thrown(name) => Some(self.event("mark", json!({"name": name}))),
            Told::Cleared | Told::Full | Told::Room | Told::Drained => None,
        }
    }

    fn hang_up(&mut self) -> Vec<Message> {
        let stop = json!({"user_id": "offhook-call", "call_control_id": self.call_id});
        let late = self.late.take();
        late.into_iter().chain([self.event("stop", stop)]).collect()
    }

    fn text(&mut self, text: &str) -> Heard {
        let value = parse(text)?;
        match value["event"].as_str() {
            Some("media") => {
                let bytes = payload(&value["media"])?;
                if let Some(misfit) = self.misfit(bytes.len()) {
                    return Err(misfit);
                }
                self.codec.decode(&bytes).map(Said::Audio)
            }
            Some("mark") => name_of(&value["mark"]).map(Said::Mark),
            Some("clear") => Ok(Said::Clear),
            other => Err(unknown("event", other, "Telnyx")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(message: &Message) -> String {
        let value: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        value["media"]["chunk"].as_str().unwrap().to_owned()
    }

    #[test]
    fn now_and_then_a_message_is_overtaken_by_the_next_and_none_is_lost() {
        let mut telnyx = Telnyx::new(8000);
        let sent: Vec<String> =
            (0..60).flat_map(|n| telnyx.audio(n * 160, &[0; 160])).map(|m| chunk(&m)).collect();
        assert_eq!(sent[23..27], ["24", "26", "25", "27"]);
        assert_eq!(sent.len(), 60);
    }

    #[test]
    fn what_was_overtaken_comes_before_the_end_of_the_call() {
        let mut telnyx = Telnyx::new(8000);
        for n in 0..25 {
            telnyx.audio(n * 160, &[0; 160]);
        }
        let end = telnyx.hang_up();
        assert_eq!(chunk(&end[0]), "25");
        assert!(end[1].to_text().unwrap().contains("\"stop\""));
    }

    #[test]
    fn less_than_twenty_milliseconds_are_not_taken() {
        for (rate, bytes) in [(8000, 160), (16_000, 640)] {
            let mut telnyx = Telnyx::new(rate);
            let mut media = |bytes: usize| {
                telnyx.text(
                    &json!({"event": "media", "media": {"payload": base64(&vec![0; bytes])}}).to_string(),
                )
            };
            assert!(matches!(media(bytes), Ok(Said::Audio(_))));
            assert!(media(bytes - 2).unwrap_err().contains("less than 20 ms"));
            assert!(media(bytes * 50 * 31).unwrap_err().contains("more than 30 s"));
        }
    }
}
