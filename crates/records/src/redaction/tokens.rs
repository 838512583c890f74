//! A text as words and numbers, with their places. Must not know what they mean.

/// A run of letters, or a run of digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// The first byte.
    pub(super) start: usize,
    /// Behind the last byte.
    pub(super) end: usize,
    /// The letters in lower case, or the digits.
    pub(super) lower: String,
    /// Whether it is a run of ASCII digits.
    pub(super) digits: bool,
}

impl Token {
    /// Whether it is one letter or one digit, as in spelling.
    pub(super) fn is_single(&self) -> bool {
        self.end - self.start == 1
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Digit,
    Between,
}

fn kind(c: char) -> Kind {
    match c {
        '0'..='9' => Kind::Digit,
        c if c.is_alphanumeric() => Kind::Letter,
        _ => Kind::Between,
    }
}

/// The words and numbers of a text, in order. An apostrophe between two letters is part of the word.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut open: Option<Kind> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let mut now = kind(c);
        let inside = open == Some(Kind::Letter) && matches!(c, '\'' | '’');
        if inside && chars.peek().is_some_and(|&(_, next)| kind(next) == Kind::Letter) {
            now = Kind::Letter;
        }
        if now == Kind::Between {
            open = None;
            continue;
        }
        let plain = if c == '’' { '\'' } else { c };
        if open != Some(now) {
            tokens.push(Token { start: at, end: at, lower: String::new(), digits: now == Kind::Digit });
            open = Some(now);
        }
        if let Some(token) = tokens.last_mut() {
            token.end = at + c.len_utf8();
            token.lower.extend(plain.to_lowercase());
        }
    }
    tokens
}
