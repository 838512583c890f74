//! jambonz `listen` with `bidirectionalAudio` in streaming mode: one text message that describes the
//! call, binary messages of 16-bit linear audio, JSON text messages for control. PURE; must not know
//! sockets, pacing or the conversation.
//!
//! Source: jambonz's documentation of `listen`, and FreeSWITCH's mod_audio_fork, which implements it.

#[cfg(test)]
mod tests;

use serde_json::json;

use super::dialect::Dialect;
use super::fields::{self, Fields};
use super::lifecycle::Stage;
use super::{AudioFormat, Encoding, Gateway, Inbound, Media, Overrides, Refusal, Start, Wire, WireOut};

/// The sub-protocol that the upgrade asks for.
pub const SUBPROTOCOL: &str = "audio.jambonz.org";

const FIRST: &str = "call information";

/// The number of samples, at 8 kHz, that the gateway keeps back until more arrive. A mark needs this much
/// silence behind it. Otherwise the last words of an answer would be played with the next answer, and their
/// mark would come back only then.
const KEPT_BACK: usize = 640;

/// One call's codec.
#[derive(Debug)]
pub struct Jambonz {
    stage: Stage<AudioFormat>,
}

impl Default for Jambonz {
    fn default() -> Self {
        Self::new()
    }
}

impl Jambonz {
    /// A codec for a socket that has just opened.
    #[must_use]
    pub const fn new() -> Self {
        Self { stage: Stage::Waiting }
    }

    /// The first message. It has no name, so its fields identify it.
    fn start(&mut self, message: &Fields<'_>) -> Result<Inbound, Refusal> {
        let call_id = message.id("callSid")?.to_owned();
        let rate = message.number("sampleRate")?;
        let known = (8000..=64_000).contains(&rate) && rate % 8000 == 0;
        let Some(rate) = u32::try_from(rate).ok().filter(|_| known) else {
            let problem = format!("{rate}, only multiples of 8000 up to 64000 are spoken");
            return Err(message.unsupported("sampleRate", problem));
        };
        // The agent must not hear itself, and two channels would sound like one at half the speed.
        if let Some(mix) = message.optional_id("mixType")?.filter(|mix| *mix != "mono") {
            return Err(message.unsupported("mixType", format!("{mix:?}, only \"mono\" is spoken")));
        }
        let format = AudioFormat { encoding: Encoding::Pcm16le, rate };
        let custom = message.optional_object("metadata", "metadata")?.map(|data| data.scalars(&[]));
        let from = message.remark("from");
        let to = message.remark("to");
        self.stage = Stage::Running(format);
        Ok(Inbound::Started(Box::new(Start {
            stream_id: None,
            call_id: Some(call_id),
            client_id: None,
            from,
            to,
            custom: custom.unwrap_or_default(),
            format,
            agent: Overrides::default(),
        })))
    }
}

/// A message after the first: `event` is the name of a key press, `type` of all other messages.
fn control(message: &Fields<'_>) -> Result<Inbound, Refusal> {
    let name = match message.optional_id("event")? {
        Some(event) => event,
        None => message.optional_id("type")?.unwrap_or(FIRST),
    };
    Ok(match name {
        "dtmf" => Inbound::Dtmf { digit: message.digit("dtmf")? },
        // Its `event`, `playout` or `cleared`, is not reliable: after a `killAudio`, the gateway may report
        // a later mark as cleared although it was played. The playback ledger knows what was cleared.
        "mark" => Inbound::Mark { name: message.object("data", "data")?.id("name")?.to_owned() },
        unknown => Inbound::Ignored { name: unknown.to_owned() },
    })
}

/// Replaces the sample -1 by 0. Marks travel among the samples as 0xffff, so while a mark is pending, the
/// sample -1 would be taken for one. Nobody hears the difference.
const fn speakable(sample: i16) -> i16 {
    if sample == -1 { 0 } else { sample }
}

impl Gateway for Jambonz {
    fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal> {
        let inbound = match wire {
            Wire::Binary(bytes) => {
                let samples = self.stage.running("audio", FIRST)?.samples(bytes, "binary message")?;
                Inbound::Audio { samples, position_ms: None }
            }
            Wire::Text(text) => {
                let map = fields::parse(text)?;
                let message = Fields::top(&map);
                if self.stage.speaking().is_some() { control(&message)? } else { self.start(&message)? }
            }
        };
        Ok(vec![inbound])
    }

    fn encode(&mut self, media: &Media<'_>) -> Vec<WireOut> {
        let Some(format) = self.stage.speaking() else { return Vec::new() };
        let text = |message: serde_json::Value| WireOut::Text(message.to_string());
        match *media {
            Media::Audio { samples } => {
                let samples: Vec<i16> = samples.iter().copied().map(speakable).collect();
                vec![WireOut::Binary(format.bytes(&samples))]
            }
            // The gateway puts a mark before the next audio, not behind the last.
            Media::Mark { name, within } => {
                let mark = text(json!({"type": "mark", "data": {"name": name}}));
                if within {
                    return vec![mark];
                }
                let silence = vec![0; KEPT_BACK * format.rate as usize / 8000];
                vec![mark, WireOut::Binary(format.bytes(&silence))]
            }
            Media::Clear => {
                vec![text(json!({"type": "killAudio"})), text(json!({"type": "clearMarks"}))]
            }
            Media::Hangup => vec![text(json!({"type": "disconnect"}))],
            Media::Started { .. } | Media::Transfer { .. } => Vec::new(),
        }
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Jambonz)
    }

    fn disordered(&self) -> u64 {
        0
    }
}
