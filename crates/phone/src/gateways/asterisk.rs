//! Asterisk's `chan_websocket`, the gateway's side: binary messages in the channel's codec, commands as JSON
//! or plain words. It sends no message at the end of a call, and nothing while the caller is silent. Must not
//! know sockets or time.
//!
//! Source: `channels/chan_websocket.c`, and observation of the real program.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::wire::{Codec, parse, text, token};
use super::{Heard, Provider, Said};
use crate::buffer::{Buffer, Levels, Marks, Queue, Rules, Told};
use offhook_core::audio::level::{AUDIBLE_DBFS, rms_dbfs};
use offhook_core::units::FRAME_SAMPLES;

/// Whether frames are sent while the caller is silent. Asterisk makes none of its own: if nobody speaks into
/// the bridge, there are none.
const SILENCE_IS_SENT: bool = false;

/// The number of frames that are still sent after the last sound.
const AFTER_SOUND: u32 = 10;

/// The longest command, in bytes. Longer ones are dropped, with a warning in Asterisk's log and no answer.
const MAX_COMMAND: usize = 128;

/// The longest audio message, in bytes. A longer one ends the call.
const MAX_BINARY: usize = 65_535;

/// The most frames that wait, and the fill levels at which Asterisk sends that it is full and that there is
/// room again.
const MOST: usize = 1000;
const FULL: usize = 900;
const ROOM: usize = 800;

/// The form of commands and events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Plain,
}

/// One call.
#[derive(Debug)]
pub(crate) struct Asterisk {
    form: Form,
    rate: u32,
    codec: Codec,
    /// The name of the channel.
    call_id: String,
    /// Frames since the last sound of the caller.
    quiet: u32,
}

impl Asterisk {
    pub(crate) fn new(form: Form, rate: u32) -> Self {
        let number = u32::from_str_radix(&token()[..8], 16).unwrap_or_default();
        let codec = Codec::of_rate(rate);
        Self { form, rate, codec, call_id: format!("1790000000.{number}"), quiet: AFTER_SOUND }
    }

    /// An event, with an id if it has one.
    fn event(&self, event: &str, id: Option<&str>) -> Message {
        match (self.form, id) {
            (Form::Plain, None) => Message::text(event.to_owned()),
            (Form::Plain, Some(id)) => Message::text(format!("{event} {id}").trim_end().to_owned()),
            (Form::Json, None) => text(&json!({"event": event, "channel_id": self.call_id})),
            (Form::Json, Some(id)) => {
                text(&json!({"event": event, "channel_id": self.call_id, "correlation_id": id}))
            }
        }
    }

    /// A command and its id.
    fn command(&self, text: &str) -> Result<(String, String), String> {
        match self.form {
            Form::Plain if text.trim_start().starts_with('{') => {
                Err("JSON on a channel that speaks plain words and ignores JSON".to_owned())
            }
            Form::Plain => {
                let (command, id) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
                Ok((command.to_owned(), id.to_owned()))
            }
            Form::Json => {
                let value: Value = parse(text)?;
                let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
                Ok((field("command"), field("correlation_id")))
            }
        }
    }
}

impl Provider for Asterisk {
    fn subprotocol(&self) -> Option<&'static str> {
        Some("media")
    }

    fn call_id(&self) -> &str {
        &self.call_id
    }

    fn buffer(&self) -> Box<dyn Buffer> {
        let levels = Levels { full: FULL * FRAME_SAMPLES, room: ROOM * FRAME_SAMPLES };
        let rules =
            Rules { limit: MOST * FRAME_SAMPLES, marks: Marks::Lost, levels: Some(levels), ticks: true };
        Box::new(Queue::new(self.rate, rules))
    }

    fn opening(&mut self) -> Vec<Message> {
        let (format, bytes) = match self.codec {
            Codec::Mulaw => ("ulaw", 160),
            Codec::Linear => ("slin16", 640),
        };
        let id = &self.call_id;
        vec![match self.form {
            Form::Json => text(&json!({
                "event": "MEDIA_START",
                "connection_id": "offhook",
                "channel": "WebSocket/offhook/0x7f2a1c0",
                "channel_id": id,
                "format": format,
                "optimal_frame_size": bytes,
                "ptime": 20,
                "channel_variables": {"from": "offhook call"},
            })),
            Form::Plain => Message::text(format!(
                "MEDIA_START connection_id:offhook channel:WebSocket/offhook/0x7f2a1c0 channel_id:{id} \
                 format:{format} optimal_frame_size:{bytes} ptime:20"
            )),
        }]
    }

    fn audio(&mut self, _position: usize, samples: &[i16]) -> Vec<Message> {
        let sounds = rms_dbfs(samples) >= AUDIBLE_DBFS;
        self.quiet = if sounds { 0 } else { self.quiet.saturating_add(1) };
        if self.quiet > AFTER_SOUND && !SILENCE_IS_SENT {
            return Vec::new();
        }
        vec![Message::binary(self.codec.encode(samples))]
    }

    fn tell(&mut self, told: &Told) -> Option<Message> {
        Some(match told {
            Told::Played(id) => self.event("MEDIA_MARK_PROCESSED", Some(id)),
            Told::Full => self.event("MEDIA_XOFF", None),
            Told::Room => self.event("MEDIA_XON", None),
            Told::Drained => self.event("QUEUE_DRAINED", None),
            Told::Thrown(_) | Told::Cleared => return None,
        })
    }

    fn text(&mut self, text: &str) -> Heard {
        if text.len() > MAX_COMMAND {
            return Err(format!("a command of more than {MAX_COMMAND} bytes, which Asterisk drops"));
        }
        let (command, id) = self.command(text)?;
        match command.as_str() {
            "MARK_MEDIA" => Ok(Said::Mark(id)),
            "FLUSH_MEDIA" => Ok(Said::Clear),
            "PAUSE_MEDIA" => Ok(Said::Pause),
            "CONTINUE_MEDIA" => Ok(Said::Resume),
            "REPORT_QUEUE_DRAINED" => Ok(Said::TellDrained),
            "HANGUP" => Ok(Said::HangUp),
            "ANSWER" | "GET_STATUS" | "SET_MEDIA_DIRECTION" => Ok(Said::Other),
            "START_MEDIA_BUFFERING" | "STOP_MEDIA_BUFFERING" => {
                Err(format!("{command}, which Asterisk knows and this caller does not simulate"))
            }
            other => Err(format!("the command {other:?}, which Asterisk does not know")),
        }
    }

    fn binary(&mut self, bytes: &[u8]) -> Vec<Heard> {
        if bytes.len() > MAX_BINARY {
            let wrong = format!("audio of more than {MAX_BINARY} bytes, for which Asterisk drops the call");
            return vec![Err(wrong), Ok(Said::HangUp)];
        }
        let whole = bytes.len() - bytes.len() % self.codec.frame(self.rate);
        let wrong = (whole < bytes.len())
            .then(|| Err("audio that does not fill its last frame, which Asterisk drops".to_owned()));
        wrong.into_iter().chain([self.codec.decode(&bytes[..whole]).map(Said::Audio)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Asterisk {
        Asterisk::new(Form::Plain, 8000)
    }

    #[test]
    fn nothing_is_sent_while_the_caller_is_silent() {
        let mut asterisk = plain();
        assert!(asterisk.audio(0, &[0; 160]).is_empty(), "nor before the first sound");
        assert_eq!(asterisk.audio(160, &[3000; 160]).len(), 1);
        let after: Vec<usize> = (0..20).map(|n| asterisk.audio(320 + n * 160, &[0; 160]).len()).collect();
        assert_eq!(after.iter().sum::<usize>(), AFTER_SOUND as usize);
        assert_eq!(after[0], 1, "a little silence belongs to the sound");
    }

    #[test]
    fn a_command_of_more_than_128_bytes_is_dropped() {
        let mut asterisk = plain();
        let fits = format!("MARK_MEDIA {}", "m".repeat(117));
        assert!(matches!(asterisk.text(&fits), Ok(Said::Mark(_))));
        assert!(asterisk.text(&format!("{fits}m")).unwrap_err().contains("128"));
    }

    #[test]
    fn the_tail_that_fills_no_frame_is_dropped() {
        let heard = plain().binary(&[0xff; 1000]);
        let [Err(_), Ok(Said::Audio(samples))] = &heard[..] else { panic!("{heard:?}") };
        assert_eq!(samples.len(), 960);
        let mut wide = Asterisk::new(Form::Json, 16_000);
        assert!(matches!(&wide.binary(&[0; 640])[..], [Ok(Said::Audio(_))]));
    }

    #[test]
    fn a_channel_of_words_does_not_understand_json_and_the_other_way_round() {
        assert!(plain().text(r#"{"command":"FLUSH_MEDIA"}"#).unwrap_err().contains("plain words"));
        assert_eq!(plain().text("FLUSH_MEDIA"), Ok(Said::Clear));
        let mut json = Asterisk::new(Form::Json, 8000);
        assert!(json.text("FLUSH_MEDIA").unwrap_err().contains("not JSON"));
        assert_eq!(json.text(r#"{"command":"FLUSH_MEDIA"}"#), Ok(Said::Clear));
        assert!(json.text(r#"{"command":"flush_media"}"#).is_err(), "capitals matter");
    }

    #[test]
    fn a_mark_is_told_in_the_form_of_the_channel() {
        let told = Told::Played("m1".into());
        assert_eq!(plain().tell(&told), Some(Message::text("MEDIA_MARK_PROCESSED m1")));
        let mut json = Asterisk::new(Form::Json, 8000);
        let value: Value = serde_json::from_str(json.tell(&told).unwrap().to_text().unwrap()).unwrap();
        assert_eq!(
            (&value["event"], &value["correlation_id"]),
            (&json!("MEDIA_MARK_PROCESSED"), &json!("m1"))
        );
        assert_eq!(json.tell(&Told::Thrown("m1".into())), None, "a flushed mark is never answered");
    }
}
