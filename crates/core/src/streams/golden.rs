//! Plays the sessions of tests/golden against a codec: one JSON object a line, each a message of the
//! wire with its meaning (`in`/`is`), a message of ours with its wire form (`out`/`wire`), or a message
//! that must be refused (`in`/`refused`/`because`). The wire forms are written from the providers'
//! documents, never by our own encoder. Must not know any provider.

use crate::ids::{MarkId, TurnId, UtteranceId};
use serde_json::{Value, json};

use super::{Gateway, Inbound, Media, Overrides, Wire, WireOut};
use crate::report::{Pong, Report, ReportedTurn, Summary};

/// The lines of a golden file.
fn lines(file: &str) -> Vec<Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{file}: {e}: {line}")))
        .collect()
}

/// Plays one session from its first line to its last.
pub(super) fn play(file: &str, gateway: &mut dyn Gateway) {
    for line in lines(file) {
        line_holds(file, gateway, &line);
    }
}

/// The incoming text messages of a session.
pub(super) fn texts(file: &str) -> Vec<String> {
    let messages = lines(file).into_iter().filter_map(|line| line.get("in").cloned());
    messages
        .filter(|m| m.get("hex").is_none())
        .map(|m| m.as_str().map_or_else(|| m.to_string(), str::to_owned))
        .collect()
}

/// Plays refusals: a line with `session` begins anew and names the messages that come before.
pub(super) fn refuse<G: Gateway>(file: &str, open: impl Fn() -> G) {
    let mut before = Vec::new();
    for line in lines(file) {
        if let Some(session) = line.get("session") {
            before = session.as_array().unwrap().clone();
            continue;
        }
        let mut gateway = open();
        for message in &before {
            decode(&mut gateway, message).unwrap_or_else(|e| panic!("{file}: {message} was refused: {e}"));
        }
        line_holds(file, &mut gateway, &line);
    }
}

fn line_holds(file: &str, gateway: &mut dyn Gateway, line: &Value) {
    if let Some(message) = line.get("in") {
        match (decode(gateway, message), line.get("refused")) {
            (Ok(inbound), None) => {
                let is: Vec<Value> = inbound.iter().map(described).collect();
                assert_eq!(Value::from(is), line["is"], "{file}: {line}");
            }
            (Err(refusal), Some(code)) => {
                assert_eq!(refusal.code.as_str(), code, "{file}: {line}");
                let because = line["because"].as_str().unwrap();
                assert!(refusal.reason.contains(because), "{file}: {refusal} does not say {because:?}");
            }
            (result, _) => panic!("{file}: {line}: {result:?}"),
        }
    } else {
        let mut wire: Vec<Value> = encode(gateway, &line["out"])
            .into_iter()
            .map(|message| match message {
                WireOut::Text(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
                WireOut::Binary(bytes) => json!({"hex": hex(&bytes)}),
            })
            .collect();
        // Nothing, one message, or a list of them.
        let wire = if wire.len() > 1 { Value::from(wire) } else { wire.pop().unwrap_or(Value::Null) };
        assert_eq!(wire, line["wire"], "{file}: {line}");
    }
}

fn decode(gateway: &mut dyn Gateway, message: &Value) -> Result<Vec<Inbound>, super::Refusal> {
    if let Some(text) = message.as_str() {
        gateway.decode(Wire::Text(text))
    } else if let Some(bytes) = message.get("hex") {
        gateway.decode(Wire::Binary(&unhex(bytes.as_str().unwrap())))
    } else {
        gateway.decode(Wire::Text(&message.to_string()))
    }
}

fn encode(gateway: &mut dyn Gateway, out: &Value) -> Vec<WireOut> {
    let (kind, body) = out.as_object().unwrap().iter().next().unwrap();
    let text = |field: &str| body[field].as_str().unwrap();
    let number = |field: &str| u32::try_from(body[field].as_u64().unwrap()).unwrap();
    match kind.as_str() {
        "started" => gateway
            .encode(&Media::Started { call_id: text("call_id"), client_id: body["client_id"].as_str() }),
        "audio" => {
            let samples: Vec<i16> = serde_json::from_value(body["samples"].clone()).unwrap();
            gateway.encode(&Media::Audio { samples: &samples })
        }
        "mark" => {
            let within = body.get("within").is_some_and(|within| within == true);
            gateway.encode(&Media::Mark { name: text("name"), within })
        }
        "clear" => gateway.encode(&Media::Clear),
        "hearing" => gateway.report(&Report::Hearing {
            utterance: UtteranceId(number("utterance")),
            stable: text("stable"),
            unstable: text("unstable"),
        }),
        "heard" => gateway.report(&Report::Heard { turn: TurnId(number("turn")), text: text("text") }),
        "saying" => gateway.report(&Report::Saying {
            turn: TurnId(number("turn")),
            text: text("text"),
            mark: MarkId(number("mark")),
        }),
        "turn" => {
            let turn: ReportedTurn = serde_json::from_value(body.clone()).unwrap();
            gateway.report(&Report::Turn(&turn))
        }
        "pong" => {
            let pong: Pong = serde_json::from_value(body.clone()).unwrap();
            gateway.report(&Report::Pong(&pong))
        }
        "error" => gateway.report(&Report::Error { code: text("code"), message: text("message") }),
        "summary" => {
            let summary: Summary = serde_json::from_value(body.clone()).unwrap();
            gateway.report(&Report::Summary(&summary))
        }
        "hangup" => gateway.encode(&Media::Hangup),
        "transfer" => {
            let briefing = body["briefing"].as_str();
            gateway.encode(&Media::Transfer { to: text("to"), briefing })
        }
        other => panic!("no message of ours is called {other}"),
    }
}

fn described(inbound: &Inbound) -> Value {
    match inbound {
        Inbound::Started(start) => {
            let mut told = json!({"started": {
                "stream_id": start.stream_id, "call_id": start.call_id, "from": start.from, "to": start.to,
                "custom": start.custom, "encoding": start.format.encoding.as_str(), "rate": start.format.rate,
            }});
            if let Some(client_id) = &start.client_id {
                told["started"]["client_id"] = json!(client_id);
            }
            if start.agent != Overrides::default() {
                let agent = &start.agent;
                told["started"]["agent"] =
                    json!({"system_prompt": agent.system_prompt, "greeting": agent.greeting});
            }
            told
        }
        Inbound::Audio { samples, position_ms } => {
            json!({"audio": {"samples": samples, "position_ms": position_ms}})
        }
        Inbound::Mark { name } => json!({"mark": name}),
        Inbound::Dtmf { digit } => json!({"dtmf": digit}),
        Inbound::Full => json!("full"),
        Inbound::Room => json!("room"),
        Inbound::Ping { id } => json!({"ping": id}),
        Inbound::Remembered { role, text } => json!({"remembered": role, "text": text}),
        Inbound::AnswerRequested { instructions } => json!({"answer": instructions}),
        Inbound::Instructed { system_prompt } => json!({"instructed": system_prompt}),
        Inbound::AnswersLimited { tokens } => json!({"answers_limited": tokens}),
        Inbound::ToolsGiven { tools, system_prompt: None } => json!({"tools": tools}),
        Inbound::ToolsGiven { tools, system_prompt: Some(prompt) } => {
            json!({"tools": tools, "system_prompt": prompt})
        }
        Inbound::ToolReturned { call, output } => json!({"returned": call, "output": output}),
        Inbound::HeardNoMoreThan { lasting } => json!({"heard_ms": lasting.as_millis() as u64}),
        Inbound::Interrupt => json!("interrupt"),
        Inbound::EndRequested => json!("end_requested"),
        Inbound::Stopped => json!("stopped"),
        Inbound::Ignored { name } => json!({"ignored": name}),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
