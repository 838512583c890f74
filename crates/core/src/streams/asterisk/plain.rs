//! Asterisk's control messages as words: an event, then `name:value` pairs or one bare value. Must not
//! know what they mean.

use serde_json::{Map, Value};

/// The name under which a value without a name is kept.
pub(super) const BARE: &str = "parameter";

/// One line as the fields that its JSON form would have. Values have no blanks; what has is no more than
/// its first word, and nobody here needs it.
pub(super) fn parse(line: &str) -> Map<String, Value> {
    let mut words = line.split_whitespace();
    let mut map = Map::new();
    map.insert("event".to_owned(), Value::from(words.next().unwrap_or_default()));
    for word in words {
        let (name, value) = word.split_once(':').unwrap_or((BARE, word));
        // The first stands: no later word changes what the event was.
        map.entry(name).or_insert_with(|| Value::from(value));
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_become_the_fields_of_the_other_form() {
        let start = "MEDIA_START connection_id:agent channel:WebSocket/agent/0x1 channel_id:179.1 format:ulaw optimal_frame_size:160 ptime:20";
        let fields = json!({"event": "MEDIA_START", "connection_id": "agent", "channel": "WebSocket/agent/0x1",
            "channel_id": "179.1", "format": "ulaw", "optimal_frame_size": "160", "ptime": "20"});
        assert_eq!(Value::Object(parse(start)), fields);
        assert_eq!(Value::Object(parse("MEDIA_XOFF")), json!({"event": "MEDIA_XOFF"}));
        let bare = json!({"event": "MEDIA_MARK_PROCESSED", "parameter": "m1"});
        assert_eq!(Value::Object(parse("MEDIA_MARK_PROCESSED m1 event:x\n")), bare);
    }
}
