//! Asterisk's control messages as words: an event, then `name:value` pairs or one bare value. Must not
//! know what they mean.

use serde_json::{Map, Value};

/// The name under which a value without a name is kept.
pub(super) const BARE: &str = "parameter";

/// Parses one line into the fields that its JSON form would have. Values have no blanks. Of a value that has
/// some, only the first word is kept, and nobody here needs the rest.
pub(super) fn parse(line: &str) -> Map<String, Value> {
    let mut words = line.split_whitespace();
    let mut map = Map::new();
    map.insert("event".to_owned(), Value::from(words.next().unwrap_or_default()));
    for word in words {
        let (name, value) = word.split_once(':').unwrap_or((BARE, word));
        // The first value of a name stands: no later word changes the event.
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
