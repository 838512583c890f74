//! Cuts a text into the words that byte-pair encoding never joins, the way a vocabulary was trained with
//! (`tokenizer.ggml.pre`). Must not know vocabularies.
//!
//! The patterns are llama.cpp's (src/llama-vocab.cpp, `llm_tokenizer_bpe`), which are those of the models'
//! own tokenizer.json. They are written for engines that go back, because of one lookahead, `\s+(?!\S)`:
//! white space but for the last character before a word. Here that is a rule of its own, so that an engine
//! without going back will do, which takes time linear in the text whatever the text is.

use regex::Regex;

/// GPT-2's words: the group holds white space that stands for itself.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|(\s+)";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|(\s+)";
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|(\s+)";

/// A way to cut words.
#[derive(Debug, Clone)]
pub(super) struct PreTokenizer {
    /// Each cuts what those before it left whole.
    stages: Vec<Regex>,
    /// A word that is a piece is taken as it is, merges or not.
    pub(super) whole_words: bool,
    /// Vocabularies of this kind want the begin token unless their file says otherwise.
    pub(super) adds_begin: bool,
}

impl PreTokenizer {
    /// The names that are known, but for synonyms.
    pub(super) const NAMES: [&'static str; 5] = ["default", "gpt-2", "llama-bpe", "qwen2", "smollm"];

    /// The way of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (patterns, llama): (&[&str], bool) = match name {
            "default" => (&[r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"], false),
            "gpt-2" | "phi-2" => (&[GPT2], false),
            "llama-bpe" | "llama3" | "llama-v3" => (&[LLAMA3], true),
            "qwen2" | "deepseek-r1-qwen" => (&[QWEN2], false),
            "smollm" | "starcoder" => (&[r"\p{N}", GPT2], false),
            _ => return None,
        };
        let stages = patterns.iter().map(|pattern| Regex::new(pattern)).collect::<Result<_, _>>().ok()?;
        Some(Self { stages, whole_words: llama, adds_begin: llama })
    }

    /// The words of `text`, all of it.
    pub(super) fn split<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let mut words = vec![text];
        for stage in &self.stages {
            words = words.into_iter().flat_map(|word| cut(stage, word)).collect();
        }
        words
    }
}

/// What matches, and what lies between.
fn cut<'a>(stage: &Regex, text: &'a str) -> Vec<&'a str> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(found) = stage.captures_at(text, at) {
        let Some(whole) = found.get(0).filter(|whole| !whole.is_empty()) else { break };
        let mut end = whole.end();
        if found.get(1).is_some() && end < text.len() {
            // The last of several goes to the word that follows.
            let last = whole.as_str().char_indices().next_back().map_or(0, |(last, _)| last);
            if last > 0 {
                end = whole.start() + last;
            }
        }
        words.extend([&text[at..whole.start()], &text[whole.start()..end]]);
        at = end;
    }
    words.push(&text[at..]);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words<'a>(name: &str, text: &'a str) -> Vec<&'a str> {
        PreTokenizer::named(name).unwrap().split(text)
    }

    #[test]
    fn words_are_cut_as_each_family_was_trained() {
        let text = "It's 12345  DAYS!\n\n  ok";
        assert_eq!(words("gpt-2", text), ["It", "'s", " 12345", " ", " DAYS", "!", "\n\n ", " ok"]);
        assert_eq!(
            words("llama-bpe", text),
            ["It", "'s", " ", "123", "45", " ", " DAYS", "!\n\n", " ", " ok"]
        );
        assert_eq!(
            words("qwen2", text),
            ["It", "'s", " ", "1", "2", "3", "4", "5", " ", " DAYS", "!\n\n", " ", " ok"]
        );
        assert_eq!(
            words("smollm", text),
            ["It", "'s", " ", "1", "2", "3", "4", "5", " ", " DAYS", "!", "\n\n ", " ok"]
        );
        assert_eq!(
            words("default", text),
            ["It", "'", "s", " ", "123", "45", " ", " DAYS", "!", "\n\n ", " ok"]
        );
    }

    #[test]
    fn an_unknown_way_is_refused_and_all_that_are_named_are_known() {
        assert!(PreTokenizer::named("tekken").is_none());
        assert!(PreTokenizer::NAMES.iter().all(|name| PreTokenizer::named(name).is_some()));
    }

    #[test]
    fn long_runs_of_white_space_take_no_squares() {
        let text = format!("{}x", "\t ".repeat(100_000)).repeat(2);
        for name in PreTokenizer::NAMES {
            assert_eq!(words(name, &text).len(), 4, "{name}");
        }
    }
}
