//! Splits a text into the words that byte-pair encoding never joins, in the way a vocabulary was trained with
//! (`tokenizer.ggml.pre`). Must not know vocabularies.
//!
//! The patterns are llama.cpp's (src/llama-vocab.cpp, `llm_tokenizer_bpe`), which are those of the models'
//! own tokenizer.json. They are written for backtracking engines, because of one lookahead, `\s+(?!\S)`:
//! white space except for the last character before a word. Here this lookahead is a rule of its own (`cut`),
//! so that an engine without backtracking is enough, whose time is linear in the length of any text.

use regex::Regex;

/// GPT-2's words. The group holds white space that is not part of a word.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|(\s+)";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|(\s+)";
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|(\s+)";
const QWEN35: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|(\s+)";
const SEED_CODER: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|(\s+)";
/// Words begin with a capital letter or go on in small letters: "HelloWorld" is two words.
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|(\s+)";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|(\s+)";
/// Chinese characters, and whatever lies between U+0800 and them (kana among it), and Hangul: as the files
/// have it. Version 3 has Chinese characters and kana alone.
const CHINESE: &str = "[\u{4e00}-\u{9fa5}\u{800}-\u{4e00}\u{ac00}-\u{d7ff}]+";
const CHINESE3: &str = "[\u{4e00}-\u{9fa5}\u{3040}-\u{309f}\u{30a0}-\u{30ff}]+";
const DEEPSEEK3: &str = r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|(\s+)"##;
/// Letters that have capitals, as DeepSeek LLM's file lists them: without some that are rare or were new.
const CASED: &str = concat!(
    r"\s?[\p{Lu}\p{Ll}\p{Lt}--[\u{560}-\u{588}\u{10C7}\u{10CD}\u{10D0}-\u{10FF}\u{1C80}-\u{1C88}\u{2D00}-\u{2D2D}",
    r"\u{A790}-\u{A7FA}\u{AB30}-\u{AB68}\u{10570}-\u{105BC}\u{16E40}-\u{16E7F}\u{1D400}-\u{1D7CB}\u{1DF00}-\u{1DF1E}]]+"
);
/// ASCII signs, their full-width forms, and Chinese punctuation.
const SIGNS: &str = r"\s?[!-/:-~\u{FF01}-\u{FF0F}\u{FF1A}-\u{FF5E}\u{2018}-\u{201F}\u{3000}-\u{3002}]+";

/// How a family of vocabularies splits words.
struct Family {
    /// The family's names in files, the best known name first.
    names: &'static [&'static str],
    /// Each stage splits the words that the stages before it made.
    stages: &'static [&'static str],
    /// See [`PreTokenizer::whole_words`] and [`PreTokenizer::adds_begin`].
    whole_words: bool,
    adds_begin: bool,
}

const fn family(names: &'static [&'static str], stages: &'static [&'static str]) -> Family {
    Family { names, stages, whole_words: false, adds_begin: false }
}

const FAMILIES: [Family; 15] = [
    family(&["default"], &[r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"]),
    family(
        &[
            "gpt-2",
            "phi-2",
            "olmo",
            "mpt",
            "jais",
            "trillion",
            "granite-docling",
            "gigachat",
            "a.x-4.0",
            "mellum",
            "exaone4",
            "jina-es",
            "jina-de",
        ],
        &[GPT2],
    ),
    Family {
        names: &["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"],
        stages: &[LLAMA3],
        whole_words: true,
        adds_begin: true,
    },
    family(&["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], &[LLAMA3]),
    family(
        &[
            "qwen2",
            "deepseek-r1-qwen",
            "megrez",
            "stablelm2",
            "hunyuan",
            "solar-open",
            "grok-2",
            "kormo",
            "f2llmv2",
        ],
        &[QWEN2],
    ),
    family(&["qwen35"], &[QWEN35]),
    family(&["seed-coder"], &[SEED_CODER]),
    family(
        &["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"],
        &[r"\p{N}", GPT2],
    ),
    family(&["gpt-4o", "llama4", "kanana2", "minimax-m2", "talkie"], &[GPT4O]),
    Family { names: &["tekken"], stages: &[TEKKEN], whole_words: true, adds_begin: true },
    family(&["falcon"], &[r"[\p{P}\$\+<=>\^~\|`]+", GPT2, "[0-9][0-9][0-9]"]),
    family(&["deepseek-llm"], &[r"[\r\n]", CASED, SIGNS, r"\s+$", CHINESE, r"\p{N}+"]),
    family(&["deepseek-coder"], &[r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", CHINESE, r"\p{N}"]),
    family(&["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"], &[r"\p{N}{1,3}", CHINESE3, DEEPSEEK3]),
    family(&["poro-chat", "bloom", "gpt3-finnish"], &[r" ?[^(\s|.,!?…。，、।۔،)]+"]),
];

/// A way to split words.
#[derive(Debug, Clone)]
pub(super) struct PreTokenizer {
    /// Each stage splits the words that the stages before it made.
    stages: Vec<Regex>,
    /// A word that is a piece is taken whole, whatever the merges.
    pub(super) whole_words: bool,
    /// Vocabularies of this kind want the begin token unless their file says otherwise.
    pub(super) adds_begin: bool,
}

impl PreTokenizer {
    /// One name of each known family.
    pub(super) fn names() -> Vec<&'static str> {
        FAMILIES.iter().filter_map(|family| family.names.first()).copied().collect()
    }

    /// The pre-tokenizer of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let Family { stages, whole_words, adds_begin, .. } =
            FAMILIES.iter().find(|family| family.names.contains(&name))?;
        let stages = stages.iter().map(|pattern| Regex::new(pattern)).collect::<Result<_, _>>().ok()?;
        Some(Self { stages, whole_words: *whole_words, adds_begin: *adds_begin })
    }

    /// The words of `text`. Together they are all of the text.
    pub(super) fn split<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let mut words = vec![text];
        for stage in &self.stages {
            words = words.into_iter().flat_map(|word| cut(stage, word)).collect();
        }
        words
    }
}

/// The matches of a stage, and the text between them.
fn cut<'a>(stage: &Regex, text: &'a str) -> Vec<&'a str> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(found) = stage.captures_at(text, at) {
        let Some(whole) = found.get(0).filter(|whole| !whole.is_empty()) else { break };
        let mut end = whole.end();
        if found.get(1).is_some() && end < text.len() {
            // The last of several characters goes to the word that follows.
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
        assert!(PreTokenizer::named("superbpe").is_none());
        let all = || FAMILIES.iter().flat_map(|family| family.names);
        assert!(all().all(|name| PreTokenizer::named(name).is_some()));
        let once = all().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(once.len(), all().count(), "a name is of one family");
    }

    #[test]
    fn long_runs_of_white_space_take_no_squares() {
        let text = format!("{}x", "\t ".repeat(100_000)).repeat(2);
        for name in PreTokenizer::names() {
            let found = words(name, &text);
            assert_eq!(found.concat(), text, "{name}");
            // No pattern of DeepSeek's or Poro's takes the white space before a word.
            assert!(found.len() <= 5, "{name}: {}", found.len());
        }
    }
}
