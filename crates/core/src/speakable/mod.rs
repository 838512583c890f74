//! Text as it is written, and as it is spoken. A language model writes "Nov 3, 8:30–5, $9.50": captions,
//! history and ledger hold that, without markup; the voice gets words that it cannot misread. Pure text to
//! text. Each kind of writing has a recogniser in a file of its own, and no word of any language stands in
//! one: all words and grammar are in the tables of `language`.

mod abbreviations;
mod addresses;
mod codes;
mod dates;
mod dictionary;
mod joins;
mod lengths;
mod letters;
mod markup;
mod money;
mod numbers;
mod pieces;
mod spoken;
mod telephone;
mod things;
mod times;
mod units;
mod web;
mod word;

pub use dictionary::{Dictionary, DictionaryError};
pub use joins::{joins, may_join};
pub use markup::{is_speakable, written};
pub use spoken::{Spoken, spoken};
