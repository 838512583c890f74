//! The settings of a session: what a client may change of them, and how they are told. Must not know the
//! conversation.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::functions;
use crate::dialogue::tools::Tools;
use crate::streams::fields::Fields;
use crate::streams::{AudioFormat, Encoding, Refusal, RefusalCode};
use crate::units::PHONE_RATE;

/// The rate of linear samples: the only one of this protocol.
const LINEAR_RATE: u32 = 24_000;

/// The most characters of instructions.
const LONGEST_INSTRUCTIONS: usize = 20_000;

/// What may be said of the most tokens of an answer.
const MOST_TOKENS: RangeInclusive<u64> = 1..=4096;

/// The settings of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) id: String,
    model: String,
    /// The client's own system prompt; empty for the configured one.
    pub(super) instructions: String,
    pub(super) format: AudioFormat,
    /// The functions that the client carries out.
    pub(super) tools: Tools,
    /// The most tokens of an answer; `None` for as many as the server allows.
    pub(super) most_tokens: Option<u64>,
}

impl Session {
    /// A session before its client has asked for anything.
    pub(super) fn new(id: &str, model: &str) -> Self {
        Self {
            id: id.to_owned(),
            model: model.to_owned(),
            instructions: String::new(),
            format: AudioFormat { encoding: Encoding::Pcm16le, rate: LINEAR_RATE },
            tools: Tools::default(),
            most_tokens: None,
        }
    }

    /// The settings after `changes`. Once it is `running`, its audio stays as it is.
    ///
    /// # Errors
    /// If a change is none that this server makes. Then nothing is changed.
    pub(super) fn changed(&self, changes: &Fields<'_>, running: bool) -> Result<Self, Refusal> {
        if let Some(kind) = changes.optional_id("type")?.filter(|kind| *kind != "realtime") {
            return Err(Refusal::not_done(
                "session.type",
                format!("{kind:?}: only \"realtime\" sessions are served"),
            ));
        }
        not_given(changes, "prompt", "stored prompts are not served: send instructions")?;
        only_audio(changes)?;
        let instructions = instructions(changes)?;
        let tools = functions::tools(changes, &self.tools)?;
        let most_tokens = most_tokens(changes, self.most_tokens)?;
        let mut input = self.format;
        let mut output = self.format;
        if let Some(audio) = changes.optional_object("audio", "session.audio")? {
            if let Some(of) = audio.optional_object("input", "session.audio.input")? {
                input = format(&of, "session.audio.input.format")?.unwrap_or(input);
                turn_detection(&of)?;
            }
            if let Some(of) = audio.optional_object("output", "session.audio.output")? {
                output = format(&of, "session.audio.output.format")?.unwrap_or(output);
                if of.get("speed").is_some_and(|speed| speed.as_f64() != Some(1.0)) {
                    let problem = "the pace of calls is the configured one (tts.speed)";
                    return Err(Refusal::not_done("session.audio.output.speed", problem));
                }
            }
        }
        if input != output {
            let problem = "is not the format of session.audio.input: both must be the same";
            return Err(Refusal::not_done("session.audio.output.format", problem));
        }
        if running && input != self.format {
            return Err(Refusal::not_done(
                "session.audio.input.format",
                "cannot change once the session runs",
            ));
        }
        let instructions = instructions.filter(|text| !text.is_empty());
        let instructions = instructions.unwrap_or_else(|| self.instructions.clone());
        Ok(Self { instructions, format: input, tools, most_tokens, ..self.clone() })
    }

    /// The settings, as clients are told them.
    pub(super) fn told(&self) -> Value {
        let format = match self.format.encoding {
            Encoding::Mulaw => json!({"type": "audio/pcmu"}),
            Encoding::Alaw => json!({"type": "audio/pcma"}),
            Encoding::Pcm16le | Encoding::Pcm16be => json!({"type": "audio/pcm", "rate": self.format.rate}),
        };
        let (tools, tool_choice) = functions::told(&self.tools);
        json!({
            "type": "realtime",
            "object": "realtime.session",
            "id": self.id,
            "model": self.model,
            "output_modalities": ["audio"],
            "instructions": self.instructions,
            "audio": {
                "input": {
                    "format": format,
                    "transcription": {"model": "whisper-1"},
                    "turn_detection": {
                        "type": "server_vad", "create_response": true, "interrupt_response": true,
                    },
                },
                "output": {"format": format, "voice": "configured", "speed": 1.0},
            },
            "tools": tools,
            "tool_choice": tool_choice,
            "max_output_tokens": self.most_tokens.map_or_else(|| json!("inf"), |most| json!(most)),
        })
    }
}

/// The instructions, if they are given.
///
/// # Errors
/// If there are too many of them.
pub(super) fn instructions(of: &Fields<'_>) -> Result<Option<String>, Refusal> {
    let Some(text) = of.optional_text("instructions")? else { return Ok(None) };
    let count = text.chars().count();
    if count > LONGEST_INSTRUCTIONS {
        let name = of.name("instructions");
        let reason = format!("{name}: {count} characters, at most {LONGEST_INSTRUCTIONS} are taken");
        return Err(Refusal::new(RefusalCode::TooLarge, reason));
    }
    Ok(Some(text.trim().to_owned()))
}

/// The most tokens of an answer, which were `before`; `None` for no limit of the client's.
fn most_tokens(of: &Fields<'_>, before: Option<u64>) -> Result<Option<u64>, Refusal> {
    const FIELD: &str = "max_output_tokens";
    match of.get(FIELD) {
        None => Ok(before),
        Some(Value::String(text)) if text == "inf" => Ok(None),
        Some(given) => match given.as_u64().filter(|most| MOST_TOKENS.contains(most)) {
            Some(most) => Ok(Some(most)),
            None => {
                let (least, most) = (MOST_TOKENS.start(), MOST_TOKENS.end());
                let problem = format!("is none of {least} to {most}, and not \"inf\"");
                Err(Refusal::malformed(&of.name(FIELD), problem))
            }
        },
    }
}

/// The format of audio in one direction, if it is given.
fn format(of: &Fields<'_>, name: &'static str) -> Result<Option<AudioFormat>, Refusal> {
    let Some(format) = of.optional_object("format", name)? else { return Ok(None) };
    let encoding = match format.id("type")? {
        "audio/pcm" => Encoding::Pcm16le,
        "audio/pcmu" => Encoding::Mulaw,
        "audio/pcma" => Encoding::Alaw,
        other => {
            let problem = format!("{other:?} is not one of audio/pcm, audio/pcmu, audio/pcma");
            return Err(format.unsupported("type", problem));
        }
    };
    let rate = if encoding == Encoding::Pcm16le { LINEAR_RATE } else { PHONE_RATE };
    if let Some(asked) = format.optional_number("rate")?.filter(|asked| *asked != u64::from(rate)) {
        return Err(format.unsupported("rate", format!("{asked}: it is spoken at {rate}")));
    }
    Ok(Some(AudioFormat { encoding, rate }))
}

/// Turns are taken by this server: by its own measure, whatever thresholds a client asks for.
fn turn_detection(input: &Fields<'_>) -> Result<(), Refusal> {
    const NAME: &str = "session.audio.input.turn_detection";
    if input.is_null("turn_detection") {
        return Err(Refusal::not_done(
            NAME,
            "null: turns are taken by the server, it cannot be switched off",
        ));
    }
    let Some(detection) = input.optional_object("turn_detection", NAME)? else { return Ok(()) };
    let switched_off =
        ["create_response", "interrupt_response"].into_iter().find(|name| detection.is_false(name));
    match switched_off {
        Some(name) => {
            Err(Refusal::not_done(&detection.name(name), "false: the server answers and gives way by itself"))
        }
        None => Ok(()),
    }
}

/// Refuses a field that says something: more than an empty list.
pub(super) fn not_given(of: &Fields<'_>, field: &str, problem: &str) -> Result<(), Refusal> {
    let given = of.get(field).is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty()));
    if given { Err(Refusal::not_done(&of.name(field), problem)) } else { Ok(()) }
}

/// Refuses text as output. What was given may be of any length, and is not repeated.
pub(super) fn only_audio(of: &Fields<'_>) -> Result<(), Refusal> {
    const FIELD: &str = "output_modalities";
    let other = of.get(FIELD).is_some_and(|given| *given != json!(["audio"]));
    let problem = "the agent always speaks, so only [\"audio\"] is taken";
    if other { Err(Refusal::not_done(&of.name(FIELD), problem)) } else { Ok(()) }
}
