//! The caller's turn, as events: speech that starts and stops, words, the item that the turn becomes. Must
//! not know what is answered.

use serde_json::{Value, json};

use super::names::Names;
use super::response::Event;

/// The caller's turn, as far as the client was told of it.
#[derive(Debug, Default)]
pub(super) struct Caller {
    /// The item that the turn will become.
    item: Option<String>,
    /// The client was told that the caller speaks, and not yet that they paused.
    speaks: bool,
    /// The caller began to speak over the agent, who has not given way yet, and paused again.
    over_the_agent: Option<(u64, Option<u64>)>,
    /// Where the first sound began and the last one ended, in milliseconds of the caller's audio.
    from_ms: Option<u64>,
    until_ms: u64,
    /// The stable words that the client was told.
    words: String,
}

impl Caller {
    /// A sound begins. If the agent is heard, its client would fall silent at the event, so it is told only
    /// when the agent gives way.
    pub(super) fn begins(&mut self, at_ms: u64, agent_is_heard: bool, names: &mut Names) -> Option<Event> {
        self.from_ms = self.from_ms.or(Some(at_ms));
        if agent_is_heard {
            self.over_the_agent = Some((at_ms, None));
            return None;
        }
        let item = self.item.get_or_insert_with(|| names.of("item"));
        self.speaks = true;
        Some(("input_audio_buffer.speech_started", json!({"audio_start_ms": at_ms, "item_id": item})))
    }

    /// The agent, who is heard, gives way to the sound: whether or not it was told, the client falls silent
    /// now.
    pub(super) fn cuts_in(&mut self, names: &mut Names) -> Vec<Event> {
        let told_before = self.from_ms.filter(|_| self.speaks).map(|from| (from, None));
        let Some((from, until)) = self.over_the_agent.take().or(told_before) else { return Vec::new() };
        let begins = self.begins(from, false, names);
        begins.into_iter().chain(until.and_then(|until| self.pauses(until))).collect()
    }

    /// The sound pauses.
    pub(super) fn pauses(&mut self, at_ms: u64) -> Option<Event> {
        self.until_ms = at_ms;
        if let Some((_, until)) = &mut self.over_the_agent {
            *until = Some(at_ms);
        }
        let told = std::mem::take(&mut self.speaks);
        let body = json!({"audio_end_ms": at_ms, "item_id": self.item});
        told.then_some(("input_audio_buffer.speech_stopped", body))
    }

    /// Words are known; only those that will not change, since what is told cannot be taken back.
    pub(super) fn says(&mut self, stable: &str) -> Option<Event> {
        let item = self.item.as_ref()?;
        let delta = stable.strip_prefix(self.words.as_str()).filter(|delta| !delta.is_empty())?;
        let body = json!({"item_id": item, "content_index": 0, "delta": delta});
        stable.clone_into(&mut self.words);
        Some(("conversation.item.input_audio_transcription.delta", body))
    }

    /// True if there was a sound since the last turn.
    pub(super) fn was_heard(&self) -> bool {
        self.from_ms.is_some()
    }

    /// The turn is over and becomes an item behind `previous`: its name, and the events.
    pub(super) fn has_spoken(
        &mut self,
        text: &str,
        previous: Option<&str>,
        names: &mut Names,
    ) -> (String, Vec<Event>) {
        let from = self.from_ms.unwrap_or_default();
        let lasted = self.until_ms.saturating_sub(from);
        let goes_on = self.speaks || self.over_the_agent.is_some_and(|(_, until)| until.is_none());
        let mut events = Vec::new();
        // A sound over the last words of the agent was not told, and one that was cut off has not paused.
        if self.item.is_none() {
            events.extend(self.begins(from, false, names));
        }
        events.extend(self.pauses(self.until_ms.max(from)));
        let item = self.item.take().unwrap_or_else(|| names.of("item"));
        *self = Self { from_ms: goes_on.then_some(self.until_ms), ..Self::default() };
        let told = |transcript: Value| {
            json!({"previous_item_id": previous, "item": {
                "object": "realtime.item", "id": item, "type": "message", "role": "user",
                "status": "completed", "content": [{"type": "input_audio", "transcript": transcript}],
            }})
        };
        events.extend([
            ("input_audio_buffer.committed", json!({"previous_item_id": previous, "item_id": item})),
            ("conversation.item.added", told(Value::Null)),
            (
                "conversation.item.input_audio_transcription.completed",
                json!({
                    "item_id": item, "content_index": 0, "transcript": text,
                    "usage": {"type": "duration", "seconds": lasted as f64 / 1000.0},
                }),
            ),
            ("conversation.item.done", told(json!(text))),
        ]);
        (item, events)
    }
}
