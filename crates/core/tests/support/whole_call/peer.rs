//! The other end of a whole call's connection: the caller's frames, and a gateway with a playback buffer,
//! marks and back-pressure.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_core::call::Input;
use offhook_core::streams::Wire;
use offhook_core::units::{CallTime, duration_of, samples_in};
use serde_json::{Value, json};

use super::{FRAME, Happening, WholeCall};
use crate::support::simulation::MS;

/// The peer at the other end of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Our own protocol, at this rate; sends silence too.
    Native(u32),
    /// Asterisk, at 8 kHz: sends nothing in silence, reports that its buffer is full beyond this much audio,
    /// and returns no mark that was flushed.
    Asterisk(Duration),
    /// A client of the Realtime API: falls silent when the caller is said to speak, and tells what was heard.
    Realtime,
}

impl Peer {
    pub(super) const fn rate(self) -> u32 {
        match self {
            Self::Native(rate) => rate,
            Self::Asterisk(_) => 8000,
            Self::Realtime => 24_000,
        }
    }
}

impl WholeCall {
    pub(super) fn frame(&mut self, now: CallTime, n: usize) {
        let spans = |spans: &[(CallTime, CallTime)]| {
            spans.iter().copied().find(|(from, to)| (*from..*to).contains(&now))
        };
        if spans(&self.lost).is_some() {
            return;
        }
        let samples = samples_in(FRAME, self.peer.rate());
        let mut frames = vec![n];
        if let Some((from, to)) = spans(&self.held_up) {
            let last = now + FRAME >= to;
            if !last {
                return;
            }
            let missed = ((now - from).as_millis() / FRAME.as_millis()) as usize;
            frames = (n.saturating_sub(missed)..=n).collect();
        }
        for n in frames {
            let start = n * samples;
            let mut frame = self.speech.get(start..).unwrap_or_default().to_vec();
            frame.resize(samples, 0);
            if let Some((delay, share)) = self.echo {
                let delay = samples_in(delay, self.peer.rate());
                for (at, sample) in (start..).zip(&mut frame) {
                    let back = at.checked_sub(delay).and_then(|at| self.ear.get(at)).copied().unwrap_or(0);
                    *sample = sample.saturating_add((f32::from(back) * share) as i16);
                }
            }
            let silent = frame.iter().all(|sample| *sample == 0);
            if silent && matches!(self.peer, Peer::Asterisk(_)) {
                continue;
            }
            let bytes: Vec<u8> = frame.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            if self.peer == Peer::Realtime {
                let audio = STANDARD.encode(&bytes);
                let message = json!({"type": "input_audio_buffer.append", "audio": audio}).to_string();
                self.call.handle(now, Input::Message(Wire::Text(&message)));
            } else {
                self.call.handle(now, Input::Message(Wire::Binary(&bytes)));
            }
        }
    }

    pub(super) fn plays(&mut self, now: CallTime, bytes: &[u8]) {
        let rate = self.peer.rate();
        let samples: Vec<i16> =
            bytes.as_chunks::<2>().0.iter().map(|&pair| i16::from_le_bytes(pair)).collect();
        self.sent.push((now, samples.len()));
        let start = samples_in(self.playing_until.max(now) - CallTime::ZERO, rate);
        if self.ear.len() < start {
            self.ear.resize(start, 0);
        }
        self.ear.truncate(start);
        self.ear.extend(&samples);
        self.playing_until = CallTime::ZERO + duration_of(self.ear.len(), rate);
        if let Peer::Asterisk(most) = self.peer
            && !self.full
            && self.playing_until.since(now) > most
        {
            self.full = true;
            self.call.handle(now, Input::Message(Wire::Text("MEDIA_XOFF")));
            self.timeline.at(self.playing_until.back(most / 2), Happening::Buffer);
        }
    }

    pub(super) fn look_at_the_buffer(&mut self, now: CallTime) {
        if std::mem::take(&mut self.full) {
            self.call.handle(now, Input::Message(Wire::Text("MEDIA_XON")));
        }
    }

    pub(super) fn is_told(&mut self, now: CallTime, text: &str) {
        self.told.push((now, text.to_owned()));
        match self.peer {
            Peer::Native(_) => {
                let message: Value = serde_json::from_str(text).unwrap();
                match message["type"].as_str().unwrap() {
                    "mark" => self.mark(now, message["name"].as_str().unwrap()),
                    "clear" => self.clear(now),
                    _ => {}
                }
            }
            Peer::Asterisk(_) => match text.split_once(' ') {
                Some(("MARK_MEDIA", name)) => self.mark(now, name),
                _ if text == "FLUSH_MEDIA" => self.clear(now),
                _ => {}
            },
            Peer::Realtime => self.is_told_an_event(now, &serde_json::from_str(text).unwrap()),
        }
    }

    fn is_told_an_event(&mut self, now: CallTime, event: &Value) {
        match event["type"].as_str().unwrap() {
            "response.output_audio.delta" => {
                let item = event["item_id"].as_str().unwrap();
                if self.item.as_ref().is_none_or(|(known, _)| known != item) {
                    self.item = Some((item.to_owned(), self.playing_until.max(now)));
                }
                self.plays(now, &STANDARD.decode(event["delta"].as_str().unwrap()).unwrap());
            }
            "input_audio_buffer.speech_started" if self.playing_until > now => {
                self.clear(now);
                if let Some((item, began)) = &self.item {
                    let heard = now.since(*began).saturating_sub(self.slow_ear).as_millis() as u64;
                    let told = json!({"type": "conversation.item.truncate", "item_id": item,
                        "content_index": 0, "audio_end_ms": heard});
                    self.timeline.at(now + MS(20), Happening::Message(told.to_string()));
                }
            }
            _ => {}
        }
    }

    fn mark(&mut self, now: CallTime, name: &str) {
        let at = self.playing_until.max(now) + MS(5);
        self.timeline.at(at, Happening::Mark(self.clears, name.to_owned()));
    }

    pub(super) fn mark_back(&mut self, now: CallTime, name: &str) {
        let message = match self.peer {
            Peer::Native(_) => json!({"type": "mark", "name": name}).to_string(),
            Peer::Asterisk(_) => format!("MEDIA_MARK_PROCESSED correlation_id:{name}"),
            Peer::Realtime => return,
        };
        self.call.handle(now, Input::Message(Wire::Text(&message)));
    }

    fn clear(&mut self, now: CallTime) {
        self.clears += 1;
        self.cleared.push(now);
        self.ear.truncate(self.now_in_samples());
        self.playing_until = self.playing_until.min(now);
    }
}
