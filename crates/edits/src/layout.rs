//! The layout of a long text in three quotes: which of its lines can stay when the text changes, and how new
//! ones are broken. Must not know where the text stands.

use crate::quoting::{decoded, escaped};

/// The longest new line, in characters, unless the lines that were there are longer.
const LONGEST: usize = 120;

/// A line of the file, and the part of the text that it says.
struct Piece<'a> {
    raw: &'a str,
    says: String,
    /// It ends with a backslash: the text goes on without a line break.
    goes_on: bool,
}

/// `new` in the layout of `inner`, the inside of the three quotes: the lines at the beginning and at the end
/// that say the same are kept. `None` if the layout is an odd one.
pub(crate) fn kept(inner: &str, new: &str) -> Option<String> {
    let (opening, body) = match inner.strip_prefix("\r\n").or_else(|| inner.strip_prefix('\n')) {
        Some(body) => (&inner[..inner.len() - body.len()], body),
        None => ("", inner),
    };
    let pieces = pieces(body)?;
    let first = agreeing(pieces.iter(), |said, piece| new[said..].starts_with(&piece.says));
    let begin: usize = first.1;
    let rest = &new[begin..];
    let last = agreeing(pieces[first.0..].iter().rev(), |said, piece| {
        rest[..rest.len() - said].ends_with(&piece.says)
    });
    let middle = &rest[..rest.len() - last.1];
    let goes_on = pieces.iter().any(|piece| piece.goes_on);
    let longest = pieces.iter().map(|piece| piece.raw.chars().count()).fold(LONGEST, usize::max);
    let mut written = format!("\"\"\"{opening}");
    pieces[..first.0].iter().for_each(|piece| written.push_str(piece.raw));
    if !middle.is_empty() {
        let mut lines = if goes_on { broken(middle, longest) } else { escaped(middle, true) };
        if last.0 > 0 && !middle.ends_with('\n') {
            lines.push_str("\\\n");
        }
        written.push_str(&lines);
    }
    pieces[pieces.len() - last.0..].iter().for_each(|piece| written.push_str(piece.raw));
    written.push_str("\"\"\"");
    Some(written)
}

/// How many of the pieces agree, and how many bytes of the text they say.
fn agreeing<'p, 'a: 'p>(
    pieces: impl Iterator<Item = &'p Piece<'a>>,
    agrees: impl Fn(usize, &Piece<'a>) -> bool,
) -> (usize, usize) {
    let mut found = (0, 0);
    for piece in pieces {
        if !agrees(found.1, piece) {
            break;
        }
        found = (found.0 + 1, found.1 + piece.says.len());
    }
    found
}

fn pieces(body: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    for raw in body.split_inclusive('\n') {
        let line = raw.trim_end_matches(['\n', '\r']);
        let backslashes = |line: &str| line.len() - line.trim_end_matches('\\').len();
        let bare = line.trim_end_matches([' ', '\t']);
        let goes_on = raw.ends_with('\n') && backslashes(bare) % 2 == 1;
        let content = if goes_on { &bare[..bare.len() - 1] } else { line };
        let after = pieces.last().is_some_and(|piece| piece.goes_on);
        let content = if after { content.trim_start() } else { content };
        // Quotes within the text are fine in three quotes, and not at the ends of a single line.
        let mut says = decoded(&format!("\"\"\"\n{content}\"\"\""))?;
        if raw.ends_with('\n') && !goes_on {
            says.push('\n');
        }
        pieces.push(Piece { raw, says, goes_on });
    }
    Some(pieces)
}

/// A text in lines that end with a backslash.
fn broken(text: &str, longest: usize) -> String {
    let mut lines = String::new();
    let mut length = 0;
    let mut words = text.split_inclusive(' ').peekable();
    while let Some(word) = words.next() {
        lines.push_str(&escaped(word, true));
        length =
            word.rsplit_once('\n').map_or(length + word.chars().count(), |(_, last)| last.chars().count());
        let Some(next) = words.peek() else { break };
        let full = length + next.chars().count() > longest;
        // A line must not begin with a space: it would be lost.
        if full && !next.starts_with([' ', '\t', '\n']) && length > 0 && word.ends_with(' ') {
            lines.push_str("\\\n");
            length = 0;
        }
    }
    lines
}
