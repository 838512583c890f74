//! Twilio Media Streams, the gateway's side: JSON text messages, mu-law in base64. Shares the form of the
//! reports with the server and nothing else. Must not know sockets or time.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::wire::{Codec, base64, name_of, parse, payload, text, token, unknown};
use super::{Heard, Provider, Said};
use crate::buffer::{Buffer, Marks, Queue, Rules, Told};
use offhook_core::streams::twilio::{REPORT_PARAMETER, ReportWire};
use offhook_core::units::PHONE_RATE;

/// One call.
#[derive(Debug)]
pub(crate) struct Twilio {
    account_sid: String,
    stream_sid: String,
    call_id: String,
    sequence: u64,
    chunk: u64,
}

impl Twilio {
    pub(crate) fn new() -> Self {
        Self {
            account_sid: format!("AC{}", "0".repeat(32)),
            stream_sid: format!("MZ{}", token()),
            call_id: format!("CA{}", token()),
            sequence: 0,
            chunk: 0,
        }
    }

    /// A message with the counters it carries.
    fn event(&mut self, event: &str, body: Value) -> Message {
        self.sequence += 1;
        text(&json!({
            "event": event,
            "sequenceNumber": self.sequence.to_string(),
            "streamSid": self.stream_sid,
            event: body,
        }))
    }
}

impl Provider for Twilio {
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
        let start = json!({
            "accountSid": self.account_sid,
            "streamSid": self.stream_sid,
            "callSid": self.call_id,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"from": "offhook call", REPORT_PARAMETER: "1"},
        });
        let connected = json!({"event": "connected", "protocol": "Call", "version": "1.0.0"});
        vec![text(&connected), self.event("start", start)]
    }

    fn audio(&mut self, position: usize, samples: &[i16]) -> Vec<Message> {
        self.chunk += 1;
        let media = json!({
            "track": "inbound",
            "chunk": self.chunk.to_string(),
            "timestamp": (position / 8).to_string(),
            "payload": base64(&Codec::Mulaw.encode(samples)),
        });
        vec![self.event("media", media)]
    }

    fn tell(&mut self, told: &Told) -> Option<Message> {
        match told {
            Told::Played(name) | Told::Thrown(name) => Some(self.event("mark", json!({"name": name}))),
            Told::Cleared | Told::Full | Told::Room | Told::Drained => None,
        }
    }

    fn hang_up(&mut self) -> Vec<Message> {
        let stop = json!({"accountSid": self.account_sid, "callSid": self.call_id});
        vec![self.event("stop", stop)]
    }

    fn text(&mut self, text: &str) -> Heard {
        let value = parse(text)?;
        if let Some(report) = ReportWire::decode(text) {
            let turn = report.turn.map(|turn| Said::Turn(Box::new(turn)));
            let summary = report.summary.map(|summary| Said::Summary(Box::new(summary)));
            return Ok(turn.or(summary).unwrap_or(Said::Other));
        }
        // Twilio drops messages of other streams silently; this caller reports them.
        if value["streamSid"] != self.stream_sid.as_str() {
            return Err("a message without this call's streamSid".to_owned());
        }
        match value["event"].as_str() {
            Some("media") => payload(&value["media"]).and_then(|b| Codec::Mulaw.decode(&b)).map(Said::Audio),
            Some("mark") => name_of(&value["mark"]).map(Said::Mark),
            Some("clear") => Ok(Said::Clear),
            other => Err(unknown("event", other, "Twilio")),
        }
    }
}
