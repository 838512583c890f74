//! Takes personal values out of words before they are kept: cards, numbers, addresses, and values that are
//! known to be personal. PURE: a text in, a text out, in time linear in the text. Must not know where texts
//! come from or go to, and contains no English word: those are in `redaction/english.rs`.
//!
//! What it cannot do: it sees one text at a time. A card number that is said half in one turn and half in the
//! next is two short numbers.

mod accounts;
mod births;
mod captured;
mod digits;
mod emails;
mod english;
mod marking;
mod numbers;
mod tokens;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use self::english::ENGLISH;
use self::marking::Marks;

/// What is taken out of the words of a call before they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redaction {
    /// Nothing: words are kept as they were said.
    #[default]
    Off,
    /// Payment cards: their numbers, what is said right behind a number, and security codes.
    Cards,
    /// Cards, telephone numbers, e-mail addresses, bank accounts, dates of birth that are called so, and all
    /// other numbers of seven or more digits.
    All,
}

impl Redaction {
    /// The text without what this redaction takes out. In place of it stands `[card]`, `[phone]`, `[email]`,
    /// `[number]` or `[date]`, and `[captured]` in place of each of the values in `captured`, which are known
    /// to be personal: whole words, in any case, whatever stands between them. With [`Self::Off`] nothing is
    /// taken out.
    #[must_use]
    pub fn text<'t>(self, text: &'t str, captured: &[String]) -> Cow<'t, str> {
        let all = match self {
            Self::Off => return Cow::Borrowed(text),
            Self::Cards => false,
            Self::All => true,
        };
        let tokens = tokens::tokens(text);
        let mut marks = Marks::over(text, &tokens);
        if all {
            emails::mark(&mut marks, &ENGLISH);
            accounts::mark(&mut marks);
        }
        numbers::mark_cards(&mut marks, &ENGLISH);
        if all {
            births::mark(&mut marks, &ENGLISH);
            numbers::mark_numbers(&mut marks, &ENGLISH);
        }
        captured::mark(&mut marks, captured);
        marks.replaced().map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// A telephone number or address of a caller, as it is kept: with [`Self::All`] an ellipsis and its last
    /// two digits, so that two callers can still be told apart in a list.
    #[must_use]
    pub fn number(self, number: &str) -> Cow<'_, str> {
        match self {
            Self::Off | Self::Cards => Cow::Borrowed(number),
            Self::All => {
                let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
                // Of a short extension, two digits would be all of it.
                let kept = if digits.len() > 4 { &digits[digits.len() - 2..] } else { &[] };
                Cow::Owned(std::iter::once('…').chain(kept.iter().copied()).collect())
            }
        }
    }
}
