//! Escapes foreign text for the log, so that a line break in it begins no new line and an escape sequence
//! moves no cursor. Must not know what is logged.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// True if a terminal or a line reader may take `c` for something other than a letter: control characters
/// (C0, DEL, C1), the line ends of Unicode, and characters that change the direction of writing.
fn is_harmful(c: char) -> bool {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
}

/// A line of JSON, with harmful characters as JSON escapes. A JSON serialiser leaves the C1 control
/// characters as they are, and terminals obey them.
pub(super) fn json_line(line: &str) -> Cow<'_, str> {
    let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
    if !body.contains(is_harmful) {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() + 16);
    for c in body.chars() {
        if is_harmful(c) {
            // All harmful characters are among the first 65,536.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out.push_str(end);
    Cow::Owned(out)
}

/// A writer that escapes harmful characters as Rust does.
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(is_harmful) {
            let (plain, harmful) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut letters = harmful.chars();
            for c in letters.next().into_iter().flat_map(char::escape_default) {
                self.0.write_char(c)?;
            }
            rest = letters.as_str();
        }
        self.0.write_str(rest)
    }
}

/// Writes the fields of events and spans as `message name=value …`, with the values escaped. That is done
/// here and not where something is logged, so that no caller can forget it.
#[derive(Debug, Clone, Copy)]
pub(super) struct EscapedFields;

impl<'w> FormatFields<'w> for EscapedFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = Visitor { writer, first: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct Visitor<'w> {
    writer: Writer<'w>,
    first: bool,
    result: fmt::Result,
}

impl Visitor<'_> {
    fn write(&mut self, name: &str, value: &dyn fmt::Debug) -> fmt::Result {
        if !std::mem::take(&mut self.first) {
            self.writer.write_char(' ')?;
        }
        if name != "message" {
            let (before, after) = if self.writer.has_ansi_escapes() {
                ("\x1b[3m", "\x1b[0m\x1b[2m=\x1b[0m")
            } else {
                ("", "=")
            };
            write!(self.writer, "{before}{}{after}", name.trim_start_matches("r#"))?;
        }
        write!(Escaped(&mut self.writer), "{value:?}")
    }
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.record_debug(field, &format_args!("{value}"));
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // The metadata of a record of the `log` crate has been written already.
        if self.result.is_ok() && !field.name().starts_with("log.") {
            self.result = self.write(field.name(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// The text that `log` writes; with the colours of a terminal, if `ansi`.
    fn text(ansi: bool, log: impl Fn()) -> String {
        #[derive(Clone, Default)]
        struct Out(Arc<Mutex<Vec<u8>>>);
        impl std::io::Write for Out {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let out = Out::default();
        let writer = out.clone();
        let lines = tracing_subscriber::fmt()
            .fmt_fields(EscapedFields)
            .without_time()
            .with_target(false)
            .with_ansi(ansi)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(lines, log);
        String::from_utf8(out.0.lock().unwrap().clone()).unwrap()
    }

    const FOREIGN: &str = "a\nWARN forged\r\x1b[2J\u{9b}31m\u{7f}\u{2028}\u{202e}é";

    /// Fault: line breaks and ESC in a key of a caller's custom data wrote log lines of their own and moved
    /// the cursor of the reader. They must come out escaped in every field, and however they are logged.
    #[test]
    fn nothing_foreign_breaks_a_line_or_moves_a_cursor() {
        let log = || {
            let span = tracing::info_span!("call", call = %FOREIGN);
            let _entered = span.enter();
            tracing::info!(names = FOREIGN, error = %FOREIGN, data = ?[FOREIGN], "said {FOREIGN}");
        };
        let plain = text(false, log);
        assert_eq!(plain.matches(char::is_control).collect::<Vec<_>>(), ["\n"], "{plain:?}");
        assert!(plain.ends_with('\n') && !plain.contains(['\u{2028}', '\u{202e}']), "{plain:?}");
        assert!(
            plain.contains(r"error=a\nWARN forged\r\u{1b}[2J\u{9b}31m\u{7f}\u{2028}\u{202e}é"),
            "{plain}"
        );
        // Our own colours stay; there is no other ESC.
        let coloured = text(true, log);
        assert!(!coloured.contains("\x1b[2J") && coloured.matches('\n').count() == 1, "{coloured:?}");
    }

    #[test]
    fn lines_look_as_they_did() {
        let log = || {
            let span = tracing::info_span!("call", call = "MZ1", n = 3);
            span.in_scope(|| tracing::warn!(reason = %"left", turns = 2, name = "a b", "call ended"));
        };
        assert_eq!(
            text(false, log),
            " WARN call{call=\"MZ1\" n=3}: call ended reason=left turns=2 name=\"a b\"\n"
        );
        assert!(text(true, log).contains("\x1b[3mturns\x1b[0m\x1b[2m=\x1b[0m2"));
    }

    /// Fault: a JSON serialiser leaves U+009B as it is, and a terminal takes it for ESC [.
    #[test]
    fn a_line_of_json_holds_no_control_character_either_and_is_the_same_json() {
        let value = serde_json::json!({"reason": FOREIGN});
        let line = format!("{value}\n");
        let harmless = json_line(&line);
        assert_eq!(harmless.matches(is_harmful).collect::<Vec<_>>(), ["\n"]);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&harmless).unwrap(), value);
        assert!(matches!(json_line("{}\n"), Cow::Borrowed("{}\n")));
    }
}
