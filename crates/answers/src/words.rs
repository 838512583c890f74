//! Words: those of a text, and those of a language that count in a question, or do not. Must not know
//! questions.

/// Words in their order.
pub(crate) type Phrase = Vec<String>;

/// The words of a text: small letters, without signs around them.
pub(crate) fn phrase(text: &str) -> Phrase {
    let bare = |word: &str| {
        let word = word.replace(['\u{2019}', '\u{2018}'], "'").to_lowercase();
        word.trim_matches(|c: char| !c.is_alphanumeric() && c != '$').to_owned()
    };
    text.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect()
}

/// Words of a language, as they stand in the data.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) openers: Vec<Phrase>,
    pub(crate) closers: Vec<Phrase>,
    /// What is said, and how it is written; fillers are written as nothing.
    pub(crate) written: Vec<(Phrase, Phrase)>,
    pub(crate) asks: Phrase,
    pub(crate) own: Phrase,
    pub(crate) before: Phrase,
    pub(crate) times: Phrase,
    pub(crate) states: Phrase,
    pub(crate) open_questions: Vec<String>,
    pub(crate) articles: Phrase,
    pub(crate) reasons: Vec<Phrase>,
    pub(crate) light: Phrase,
    pub(crate) turns: Phrase,
    pub(crate) numbers: Phrase,
}
