//! A question without what does not change it: signs, capitals, greetings, fillers. Must not know what is
//! asked.

use crate::words::{Phrase, Words, phrase};

/// The words of the question in a text.
pub(crate) fn normal(text: &str, words: &Words) -> Phrase {
    let mut question = Phrase::new();
    let said = phrase(text);
    let mut rest = said.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let written = words.written.iter().find(|(said, _)| rest.starts_with(said));
        if let Some((said, long)) = written {
            question.extend_from_slice(long);
            rest = rest.get(said.len().max(1)..).unwrap_or_default();
        } else {
            question.push(first.clone());
            rest = others;
        }
    }
    without_courtesies(&question, words).to_vec()
}

/// Whether a sentence is nothing but greetings, thanks and fillers.
pub(crate) fn is_courtesy(sentence: &str, words: &Words) -> bool {
    let said = normal(sentence, words);
    said.is_empty() || words.openers.contains(&said) || words.closers.contains(&said)
}

/// The question between greetings and thanks; all of it, if there is nothing else.
fn without_courtesies<'q>(mut question: &'q [String], words: &Words) -> &'q [String] {
    loop {
        let opener = words.openers.iter().filter(|opener| question.starts_with(opener)).map(Vec::len).max();
        let closer = words.closers.iter().filter(|closer| question.ends_with(closer)).map(Vec::len).max();
        let inside = match (opener, closer) {
            (Some(length), _) => question.get(length..),
            (None, Some(length)) => question.get(..question.len().saturating_sub(length)),
            (None, None) => None,
        };
        match inside.filter(|inside| !inside.is_empty() && inside.len() < question.len()) {
            Some(inside) => question = inside,
            None => return question,
        }
    }
}
