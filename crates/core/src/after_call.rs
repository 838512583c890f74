//! What a language model is asked about a call after its end, and what is taken from its answers. The words
//! of a call are data: each line is one speaker's, nothing in it can end the transcript, and a long call
//! loses its middle. Must not know models, or who asks them.

use serde_json::{Map, Value, json};

use crate::dialogue::{CountTokens, Message, Role};
use crate::language::AfterCallWords;
use crate::report::{Speaker, TranscriptLine};

/// The longest line of a transcript, in bytes: a minute of speech.
const LONGEST_LINE: usize = 1000;

/// The longest transcript that waits for a model, in bytes: some two hours of talk.
const LONGEST_TALK: usize = 96 << 10;

/// The longest summary, in words and in bytes. The model is asked for less.
const MOST_WORDS: usize = 100;
const LONGEST_SUMMARY: usize = 1000;

/// What a chat template writes around a prompt of two messages, in tokens, at most.
const AROUND: usize = 32;

/// Shortens a text that was cut.
const ELLIPSIS: &str = "…";

/// The words of a call, bounded and in lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talk {
    lines: Vec<String>,
    caller_spoke: bool,
    words: &'static AfterCallWords,
}

/// What a model is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wanted<'a> {
    /// A summary.
    Summary,
    /// The fields of this JSON schema.
    Fields(&'a Value),
}

/// How many tokens there are for a prompt and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Budget<'a> {
    /// The context of the model.
    pub context: usize,
    /// The most tokens of the answer.
    pub answer: usize,
    /// Counts tokens as the model does.
    pub count: &'a CountTokens,
}

/// Why an answer is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// There are no words in it.
    #[error("the language model wrote nothing")]
    Empty,
    /// It is no JSON object, or not a whole one.
    #[error(
        "the language model wrote no whole JSON object: raise after_call.max_tokens, or ask for fewer fields"
    )]
    NoObject,
}

impl Talk {
    /// The words of a transcript.
    #[must_use]
    pub fn of(transcript: &[TranscriptLine], words: &'static AfterCallWords) -> Self {
        let caller_spoke =
            transcript.iter().any(|line| line.speaker == Speaker::Caller && !line.text.trim().is_empty());
        let mut lines: Vec<String> = transcript.iter().filter_map(|line| written(line, words)).collect();
        let sizes: Vec<usize> = lines.iter().map(String::len).collect();
        if let Some((front, back)) = without_middle(&sizes, LONGEST_TALK) {
            drop(lines.splice(front..back, [words.left_out.to_owned()]));
        }
        Self { lines, caller_spoke, words }
    }

    /// Whether the caller said anything: if not, there is nothing to ask a model for.
    #[must_use]
    pub fn caller_spoke(&self) -> bool {
        self.caller_spoke
    }

    /// The messages that ask a model; `None` if its context has no room for them.
    #[must_use]
    pub fn asking(&self, wanted: Wanted<'_>, budget: Budget<'_>) -> Option<Vec<Message>> {
        let AfterCallWords { role, summary, fields, left_out, .. } = self.words;
        let asked = match wanted {
            Wanted::Summary => (*summary).to_owned(),
            Wanted::Fields(schema) => format!("{fields}\n{schema}"),
        };
        let Budget { context, answer, count } = budget;
        let around =
            count.of(role) + count.of(&asked) + count.of("<transcript>\n\n</transcript>\n\n") + AROUND;
        let room = context.checked_sub(answer)?.checked_sub(around)?;
        let sizes: Vec<usize> = self.lines.iter().map(|line| count.of(line) + 1).collect();
        let talk = match without_middle(&sizes, room.saturating_sub(count.of(left_out) + 1)) {
            Some(_) if sizes.iter().sum::<usize>() <= room => self.lines.join("\n"),
            None => self.lines.join("\n"),
            // Neither the first nor the last line fits.
            Some((0, back)) if back == self.lines.len() => return None,
            Some((front, back)) => {
                let (begin, end) = (self.lines.get(..front)?, self.lines.get(back..)?);
                [begin, &[(*left_out).to_owned()], end].concat().join("\n")
            }
        };
        let text = format!("<transcript>\n{talk}\n</transcript>\n\n{asked}");
        Some(vec![
            Message { role: Role::System, text: (*role).to_owned() },
            Message { role: Role::User, text },
        ])
    }
}

/// A line, on one line and without what could be taken for a mark; `None` without words.
fn written(line: &TranscriptLine, words: &AfterCallWords) -> Option<String> {
    // It runs on the call's own task: no more is looked at than can be kept, with some white space.
    let beginning = line.text.get(..line.text.floor_char_boundary(4 * LONGEST_LINE)).unwrap_or_default();
    let said = plain(beginning);
    let name = match line.speaker {
        Speaker::Caller => words.caller,
        Speaker::Agent => words.agent,
    };
    (!said.is_empty()).then(|| format!("{name}: {}", clipped(&said, LONGEST_LINE)))
}

/// Words with single spaces, without control characters, and without the signs of marks and tags.
fn plain(text: &str) -> String {
    let sign = |c: char| match c {
        '<' => '‹',
        '>' => '›',
        c if c.is_control() => ' ',
        c => c,
    };
    let text: String = text.chars().map(sign).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The beginning of a text, of at most so many bytes.
fn clipped(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let beginning = text.get(..text.floor_char_boundary(most.saturating_sub(ELLIPSIS.len())));
    format!("{}{ELLIPSIS}", beginning.unwrap_or_default().trim_end())
}

/// The middle that is left out so that the rest takes no more than `room`: from this place, to before that
/// one. `None` if all fits. The beginning, where the caller says what they want, gets up to half of the room,
/// the end the rest.
fn without_middle(sizes: &[usize], room: usize) -> Option<(usize, usize)> {
    if sizes.iter().sum::<usize>() <= room {
        return None;
    }
    let (mut used, mut front) = (0, 0);
    for size in sizes {
        if used + size > room / 2 {
            break;
        }
        used += size;
        front += 1;
    }
    let mut back = sizes.len();
    for size in sizes.iter().skip(front).rev() {
        if used + size > room {
            break;
        }
        used += size;
        back -= 1;
    }
    Some((front, back))
}

/// The summary in an answer: plain words on one line, cut if there are too many.
///
/// # Errors
/// If there are none.
pub fn summary_of(answer: &str) -> Result<String, Unusable> {
    let said = plain(answer);
    let mut words = said.split(' ');
    let mut kept = words.by_ref().take(MOST_WORDS).collect::<Vec<_>>().join(" ");
    if words.next().is_some() {
        kept.push_str(ELLIPSIS);
    }
    if kept.chars().any(char::is_alphanumeric) {
        Ok(clipped(&kept, LONGEST_SUMMARY))
    } else {
        Err(Unusable::Empty)
    }
}

/// The fields in an answer: those of the schema and no others, null where it has none.
///
/// # Errors
/// If it is no JSON object.
pub fn fields_of(answer: &str, schema: &Value) -> Result<Map<String, Value>, Unusable> {
    let mut said: Map<String, Value> = serde_json::from_str(answer).map_err(|_| Unusable::NoObject)?;
    let fields = names(schema).map(|name| (name.clone(), said.remove(name).unwrap_or_default()));
    Ok(fields.collect())
}

/// The fields of a call that said nothing.
#[must_use]
pub fn no_fields(schema: &Value) -> Map<String, Value> {
    names(schema).map(|name| (name.clone(), Value::Null)).collect()
}

/// The schema that an answer is held to: every field is there, and may be null.
#[must_use]
pub fn held_to(schema: &Value) -> Value {
    let required: Vec<&String> = names(schema).collect();
    let nullable = |(name, of): (&String, &Value)| (name.clone(), json!({"anyOf": [of, {"type": "null"}]}));
    let mut held = schema.clone();
    if let (Some(all), Some(properties)) = (held.as_object_mut(), properties(schema)) {
        all.insert("type".to_owned(), json!("object"));
        all.insert("properties".to_owned(), Value::Object(properties.iter().map(nullable).collect()));
        all.insert("required".to_owned(), json!(required));
        all.insert("additionalProperties".to_owned(), json!(false));
    }
    held
}

/// The names of the fields of a schema.
pub fn names(schema: &Value) -> impl Iterator<Item = &String> {
    properties(schema).into_iter().flat_map(Map::keys)
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

#[cfg(test)]
mod tests;
