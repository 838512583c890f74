//! Asterisk's `chan_websocket`: binary messages in the channel's codec, and text messages for control. These
//! are JSON or, in older versions and by default, plain words. PURE; must not know sockets, pacing or the
//! conversation.
//!
//! Source: Asterisk's documentation, "WebSocket channel driver", and its source code where the two differ.

mod plain;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::iter;

use serde_json::{Map, Value, json};

use super::dialect::Dialect;
use super::fields::{self, Fields};
use super::framer::Framer;
use super::lifecycle::Stage;
use super::query;
use super::{AudioFormat, Encoding, Gateway, Inbound, Media, Overrides, Refusal, Start, Wire, WireOut};

/// The sub-protocol that the upgrade asks for.
pub const SUBPROTOCOL: &str = "media";

/// The first message, in both forms.
pub(super) const MEDIA_START: &str = "MEDIA_START";

/// The most bytes in a mark's name: Asterisk silently drops a command of more than 128 bytes.
const MAX_MARK_BYTES: usize = 60;

/// The most early audio that is kept. In some calls, audio comes before [`MEDIA_START`].
const MAX_EARLY_SECONDS: usize = 2;

/// The same in bytes, in the widest format.
const MAX_EARLY_BYTES: usize = MAX_EARLY_SECONDS * 2 * 16_000;

/// The parameter of `v(...)` for a channel that waits to be answered (`Dial`'s option `n` of the channel).
const ANSWER_PARAMETER: &str = "answer";

/// The channel codecs that can be cut anywhere. All other codecs pass through Asterisk untouched, so this
/// server would have to frame and time them.
const SPOKEN: [(&str, Encoding, u32); 4] = [
    ("ulaw", Encoding::Mulaw, 8000),
    ("alaw", Encoding::Alaw, 8000),
    ("slin", Encoding::Pcm16le, 8000),
    ("slin16", Encoding::Pcm16le, 16_000),
];

/// One call's codec.
#[derive(Debug)]
pub struct Asterisk {
    stage: Stage<Channel>,
    /// The parameters that the dialplan gave the call with `v(...)`.
    parameters: BTreeMap<String, String>,
    /// Audio that came before the message that names its format.
    early: Vec<u8>,
    /// True if this server answers the channel.
    answers: bool,
}

#[derive(Debug)]
struct Channel {
    format: AudioFormat,
    form: Form,
    /// Asterisk would drop the tail of a message if it fills no frame.
    frames: Framer,
}

/// The form of control messages. It must be right, because a channel of plain words ignores JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Plain,
}

impl Form {
    fn of(text: &str) -> Self {
        if text.trim_start().starts_with('{') { Self::Json } else { Self::Plain }
    }

    fn parse(self, text: &str) -> Result<Map<String, Value>, Refusal> {
        match self {
            Self::Json => fields::parse(text),
            Self::Plain => Ok(plain::parse(text)),
        }
    }

    fn command(self, command: &str) -> WireOut {
        WireOut::Text(match self {
            Self::Json => json!({"command": command}).to_string(),
            Self::Plain => command.to_owned(),
        })
    }

    fn mark(self, name: &str) -> WireOut {
        WireOut::Text(match self {
            Self::Json => json!({"command": "MARK_MEDIA", "correlation_id": name}).to_string(),
            Self::Plain => format!("MARK_MEDIA {name}"),
        })
    }
}

impl Default for Asterisk {
    fn default() -> Self {
        Self::new()
    }
}

impl Asterisk {
    /// A codec for a socket that has just opened.
    #[must_use]
    pub const fn new() -> Self {
        Self { stage: Stage::Waiting, parameters: BTreeMap::new(), early: Vec::new(), answers: false }
    }

    /// A codec for a socket whose address has this query, without its question mark: the parameters of
    /// `v(...)`.
    #[must_use]
    pub fn with_parameters(query: &str) -> Self {
        let mut parameters = query::parse(query);
        let answers = parameters.remove(ANSWER_PARAMETER).is_some_and(|value| value == "yes");
        Self { parameters, answers, ..Self::new() }
    }

    /// Keeps audio whose format is not known yet. Above the limit, the newest audio is kept.
    fn keep_early(&mut self, bytes: &[u8]) {
        self.early.extend_from_slice(bytes);
        // The cut is a whole number of samples in the widest encoding.
        let excess = self.early.len().saturating_sub(MAX_EARLY_BYTES).next_multiple_of(2);
        self.early.drain(..excess.min(self.early.len()));
    }

    /// The audio that was kept, now that its format is known: no more than a second at a time.
    fn early_audio(&mut self) -> Vec<Inbound> {
        let early = std::mem::take(&mut self.early);
        let Some(Channel { format, .. }) = self.stage.speaking() else { return Vec::new() };
        let second = format.rate as usize * format.encoding.bytes();
        let whole = early.len() / format.encoding.bytes() * format.encoding.bytes();
        let newest = &early[whole.saturating_sub(MAX_EARLY_SECONDS * second)..whole];
        let samples = newest.chunks(second).filter_map(|part| format.samples(part, "binary message").ok());
        samples.map(|samples| Inbound::Audio { samples, position_ms: None }).collect()
    }

    fn start(&mut self, message: &Fields<'_>, form: Form) -> Result<Inbound, Refusal> {
        self.stage.waits(MEDIA_START)?;
        let asked = message.id("format")?;
        let Some(&(_, encoding, rate)) = SPOKEN.iter().find(|(name, ..)| *name == asked) else {
            let known = SPOKEN.map(|(name, ..)| name).join(", ");
            return Err(message.unsupported("format", format!("{asked:?} is not one of {known}")));
        };
        let format = AudioFormat { encoding, rate };
        let frame = match message.optional_number("optimal_frame_size")? {
            None => format.frame(),
            Some(bytes) => usize::try_from(bytes)
                .ok()
                .filter(|bytes| *bytes > 0 && bytes % encoding.bytes() == 0)
                .map(|bytes| bytes / encoding.bytes())
                // A frame is at most a second long, like the audio in a message.
                .filter(|samples| *samples <= rate as usize)
                .ok_or_else(|| message.unsupported("optimal_frame_size", format!("{bytes}")))?,
        };
        let variables = message.optional_object("channel_variables", "channel_variables")?;
        let mut custom = variables.map(|variables| variables.scalars(&[])).unwrap_or_default();
        custom.append(&mut self.parameters);
        let start = Start {
            stream_id: message.optional_id("connection_id")?.map(str::to_owned),
            // On a connection that Asterisk opens, `connection_id` is a section of its configuration.
            call_id: Some(message.id("channel_id")?.to_owned()),
            client_id: None,
            from: custom.get("from").cloned(),
            to: custom.get("to").cloned(),
            custom,
            format,
            agent: Overrides::default(),
        };
        self.stage = Stage::Running(Channel { format, form, frames: Framer::new(frame) });
        Ok(Inbound::Started(Box::new(start)))
    }

    fn text(&mut self, text: &str) -> Result<Inbound, Refusal> {
        let form = self.stage.speaking().map_or_else(|| Form::of(text), |channel| channel.form);
        let map = form.parse(text)?;
        let message = Fields::top(&map);
        let event = message.id("event")?;
        Ok(match event {
            MEDIA_START => self.start(&message, form)?,
            "DTMF_END" => {
                self.stage.running(event, MEDIA_START)?;
                Inbound::Dtmf { digit: message.digit(named_or_bare(&message, "digit"))? }
            }
            "MEDIA_MARK_PROCESSED" => {
                self.stage.running(event, MEDIA_START)?;
                match message.optional_id(named_or_bare(&message, "correlation_id"))? {
                    Some(name) => Inbound::Mark { name: name.to_owned() },
                    None => Inbound::Ignored { name: event.to_owned() },
                }
            }
            // Asterisk's queue takes 1000 frames: it sends XOFF at 900, and XON at 800 again.
            "MEDIA_XOFF" => {
                self.stage.running(event, MEDIA_START)?;
                Inbound::Full
            }
            "MEDIA_XON" => {
                self.stage.running(event, MEDIA_START)?;
                Inbound::Room
            }
            // Such as QUEUE_DRAINED.
            unknown => Inbound::Ignored { name: unknown.to_owned() },
        })
    }
}

/// The field that has a parameter: plain words may leave out the parameter's name.
fn named_or_bare(message: &Fields<'_>, name: &'static str) -> &'static str {
    if message.get(name).is_some() { name } else { plain::BARE }
}

impl Gateway for Asterisk {
    fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal> {
        match wire {
            Wire::Text(text) => {
                let inbound = self.text(text)?;
                Ok(iter::once(inbound).chain(self.early_audio()).collect())
            }
            Wire::Binary(bytes) => {
                let Some(format) = self.stage.speaking().map(|channel| channel.format) else {
                    self.keep_early(bytes);
                    return Ok(Vec::new());
                };
                let samples = format.samples(bytes, "binary message")?;
                Ok(vec![Inbound::Audio { samples, position_ms: None }])
            }
        }
    }

    fn encode(&mut self, media: &Media<'_>) -> Vec<WireOut> {
        let Some(channel) = self.stage.speaking() else { return Vec::new() };
        let (format, form) = (channel.format, channel.form);
        let audio = |frame: Vec<i16>| WireOut::Binary(format.bytes(&frame));
        match *media {
            Media::Audio { samples } => channel.frames.cut(samples).into_iter().map(audio).collect(),
            Media::Mark { name, within: true } if name.len() <= MAX_MARK_BYTES => vec![form.mark(name)],
            Media::Mark { name, within: false } if name.len() <= MAX_MARK_BYTES => {
                channel.frames.fill().map(audio).into_iter().chain([form.mark(name)]).collect()
            }
            Media::Clear => {
                channel.frames.clear();
                // A flush drops the marks, too: they never come back. A pause lasts beyond a flush, although
                // the documentation says otherwise.
                vec![form.command("FLUSH_MEDIA"), form.command("CONTINUE_MEDIA")]
            }
            Media::Started { .. } if self.answers => vec![form.command("ANSWER")],
            Media::Hangup => vec![form.command("HANGUP")],
            Media::Mark { .. } | Media::Started { .. } | Media::Transfer { .. } => Vec::new(),
        }
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Asterisk)
    }

    fn disordered(&self) -> u64 {
        0
    }
}
