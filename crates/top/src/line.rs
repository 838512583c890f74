//! A line of the screen: pieces of text, each with the meaning that its colour and weight show. The only way
//! to a piece cleans its text, so that no foreign character reaches a terminal. Must not know colours.

use crate::clean::{broken, clean, cut, width};

/// The meaning of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Ink {
    /// Nothing.
    #[default]
    Plain,
    /// Less important than what is around it.
    Quiet,
    /// More important than what is around it.
    Strong,
    /// The name of a part.
    Title,
    /// As it should be.
    Good,
    /// Worth a look.
    Warning,
    /// Something is wrong.
    Bad,
    /// A line over time.
    Spark,
    /// A stage of a turn, by its place.
    Stage(usize),
}

/// A text with a meaning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Piece {
    text: String,
    ink: Ink,
}

impl Piece {
    /// A foreign text, made harmless.
    pub(crate) fn new(text: impl AsRef<str>, ink: Ink) -> Self {
        Self { text: clean(text.as_ref()), ink }
    }

    /// Its text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Its meaning.
    pub(crate) fn ink(&self) -> Ink {
        self.ink
    }

    /// The cells that it takes.
    pub(crate) fn width(&self) -> usize {
        width(&self.text)
    }
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Line {
    pieces: Vec<Piece>,
    selected: bool,
}

impl Line {
    /// A line of one text.
    pub(crate) fn of(text: impl AsRef<str>, ink: Ink) -> Self {
        Self::default().with(text, ink)
    }

    /// Adds a text.
    pub(crate) fn with(mut self, text: impl AsRef<str>, ink: Ink) -> Self {
        self.pieces.push(Piece::new(text, ink));
        self
    }

    /// Adds a piece.
    pub(crate) fn push(&mut self, piece: Piece) {
        self.pieces.push(piece);
    }

    /// Adds blanks up to this width.
    pub(crate) fn pad(&mut self, to: usize) {
        let missing = to.saturating_sub(self.width());
        if missing > 0 {
            self.push(Piece::new(" ".repeat(missing), Ink::Plain));
        }
    }

    /// Adds another line.
    pub(crate) fn append(&mut self, other: Self) {
        self.pieces.extend(other.pieces);
    }

    /// The same line, selected.
    pub(crate) fn select(mut self) -> Self {
        self.selected = true;
        self
    }

    /// Whether it is selected.
    pub(crate) fn is_selected(&self) -> bool {
        self.selected
    }

    /// Its pieces.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The cells that it takes.
    pub(crate) fn width(&self) -> usize {
        self.pieces.iter().map(Piece::width).sum()
    }

    /// As much of it as has room, with an ellipsis if something is missing.
    pub(crate) fn fit(mut self, room: usize) -> Self {
        if self.width() <= room {
            return self;
        }
        let mut left = room;
        for (i, piece) in self.pieces.iter_mut().enumerate() {
            let width = piece.width();
            // What ends exactly at the edge makes room for the ellipsis, because something follows.
            if width >= left {
                piece.text = cut(&format!("{}…", piece.text), left);
                self.pieces.truncate(i + 1);
                break;
            }
            left -= width;
        }
        self
    }

    /// Its words in lines of at most this width, all of them behind what stands in the first `indent` cells.
    pub(crate) fn wrap(&self, room: usize, indent: usize) -> Vec<Self> {
        // Where hardly anything is left beside the blanks, they only harm.
        let indent = if indent * 2 < room { indent } else { 0 };
        let (mut lines, mut line) = (Vec::new(), Self::default());
        let mut pieces = self.pieces.iter().peekable();
        // What stands beside the words stays as it is.
        while let Some(piece) = pieces.next_if(|piece| line.width() + piece.width() <= indent) {
            line.push(piece.clone());
        }
        let mut taken = line.width();
        for piece in pieces {
            let words = piece.text.split(' ').filter(|word| !word.is_empty());
            for word in words.flat_map(|word| broken(word, room - indent)) {
                let needed = width(&word);
                if taken > indent && taken + 1 + needed > room {
                    lines.push(std::mem::take(&mut line));
                    line.pad(indent);
                    taken = indent;
                } else if taken > indent {
                    line.push(Piece { text: " ".to_owned(), ink: piece.ink });
                    taken += 1;
                }
                line.push(Piece { text: word, ink: piece.ink });
                taken += needed;
            }
        }
        lines.push(line);
        lines
    }

    /// Its text without meanings, and without blanks at its end.
    pub(crate) fn plain(&self) -> String {
        let text: String = self.pieces.iter().map(Piece::text).collect();
        text.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        Line::of("KEY ", Ink::Title).with(" three words here", Ink::Plain)
    }

    #[test]
    fn a_line_that_is_too_long_ends_with_an_ellipsis() {
        assert_eq!(line().fit(21), line());
        assert_eq!(line().fit(20).plain(), "KEY  three words he…");
        assert_eq!(line().fit(3).plain(), "KE…");
        assert_eq!(line().fit(0).plain(), "");
    }

    #[test]
    fn words_are_wrapped_behind_an_indent_and_keep_their_meaning() {
        let lines = line().wrap(12, 4);
        let plain: Vec<String> = lines.iter().map(Line::plain).collect();
        assert_eq!(plain, ["KEY three", "    words", "    here"]);
        assert_eq!(lines[0].pieces()[0].ink(), Ink::Title);
        assert!(line().wrap(2, 4).iter().all(|line| line.width() <= 2));
    }
}
