//! Tests of both tokenizers, on vocabularies that the tests make themselves: there and back, against the
//! reference, and with hostile text.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::json;

use super::super::architecture::Architecture;
use super::super::detokenizer::Detokenizer;
use super::super::pretokenizer::PreTokenizer;
use super::super::vocabulary::{Kind, Piece};
use super::*;

const SAMPLE: &str = "When the clinic opens, the receptionist opens the door and the telephone rings: \"Hello, \
    this is the clinic.\" It's 9:30; we're open until 17:45 (and they'll close at noon on 12/24/2025).\n\n  The \
    caller's name isn't known.\tÉtienne et Zoë sont à l'école. Die Tür öffnet sich. 电话 响了 电话。 Звонок звонок \
    \u{1F600}\u{1F600} $1,234.50 -- C'est là-bas !!! <b>x_y</b>\r\n\r\n    indented    words   here";

fn piece(text: &str, score: f32, kind: Kind) -> Piece {
    Piece { text: text.to_owned(), score, kind }
}

/// A byte-level vocabulary learned from the sample: the most common pair of neighbours first.
fn learned(pre: &str) -> (Vocabulary, Vec<String>) {
    let words = PreTokenizer::named(pre).unwrap();
    let mut texts: Vec<Vec<String>> = words.split(SAMPLE).iter().map(|word| shown(word)).collect();
    let mut pieces: Vec<String> = (0..=255).map(|byte| char_of(byte).to_string()).collect();
    let mut merges = Vec::new();
    while merges.len() < 250 {
        let mut counts: HashMap<(String, String), usize> = HashMap::new();
        for pair in texts.iter().flat_map(|word| word.windows(2)) {
            *counts.entry((pair[0].clone(), pair[1].clone())).or_default() += 1;
        }
        let Some(((left, right), _)) = counts.into_iter().max_by_key(|(pair, n)| (*n, pair.clone())) else {
            break;
        };
        for word in &mut texts {
            while let Some(at) = word.windows(2).position(|pair| pair[0] == left && pair[1] == right) {
                word.splice(at..at + 2, [[left.as_str(), &right].concat()]);
            }
        }
        merges.push(format!("{left} {right}"));
        pieces.push([left, right].concat());
    }
    let mut seen = std::collections::HashSet::new();
    pieces.retain(|text| seen.insert(text.clone()));
    let mut all: Vec<Piece> = pieces.iter().map(|text| piece(text, 0.0, Kind::Normal)).collect();
    all.push(piece("<|im_end|>", 0.0, Kind::Control));
    all.push(piece("<tool>", 0.0, Kind::UserDefined));
    let mut vocabulary = Vocabulary::new(all, Architecture::Llama);
    vocabulary.add_space = false;
    vocabulary.byte_level = Some(ByteLevel::new(words, &merges, |piece| vocabulary.ordinary(piece)).unwrap());
    (vocabulary, merges)
}

fn shown(word: &str) -> Vec<String> {
    word.bytes().map(|byte| char_of(byte).to_string()).collect()
}

/// This vocabulary in Hugging Face's implementation, with words split as the models' own files say.
fn reference(pre: &str, vocabulary: &Vocabulary, merges: &[String]) -> tokenizers::Tokenizer {
    let split = |pattern: &str| json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
    let bytes = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex});
    let gpt2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    let later = |numbers: &str| {
        format!(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{numbers}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        )
    };
    let cased = |numbers: &str, ending: &str| {
        format!(
            r"[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}]*[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}]+{ending}|[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}]+[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}]*{ending}|{numbers}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        )
    };
    let all = |patterns: &[&str]| -> Vec<serde_json::Value> {
        patterns.iter().map(|pattern| split(pattern)).chain([bytes(false)]).collect()
    };
    let stages = match pre {
        "gpt-2" => vec![bytes(true)],
        "smollm" => vec![json!({"type": "Digits", "individual_digits": true}), bytes(true)],
        "llama-bpe" | "dbrx" => all(&[&later(r"\p{N}{1,3}")]),
        "qwen2" => all(&[&later(r"\p{N}")]),
        "qwen35" => all(&[
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ]),
        "seed-coder" => all(&[
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+",
        ]),
        "gpt-4o" => all(&[&cased(r"\p{N}{1,3}", "(?i:'s|'t|'re|'ve|'m|'ll|'d)?")]),
        "tekken" => all(&[&cased(r"\p{N}", "")]),
        "falcon" => vec![
            json!({"type": "Punctuation", "behavior": "Contiguous"}),
            bytes(true),
            split("[0-9][0-9][0-9]"),
        ],
        "deepseek-llm" => all(&[
            r"[\r\n]",
            &[
                r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯ",
                "\u{370}-\u{373}\u{376}-\u{377}\u{37b}-\u{37d}\u{386}-\u{481}]+",
            ]
            .concat(),
            r"\s?[!-/:-~！-／：-～‘-‟　-。]+",
            r"\s+$",
            r"[一-龥ࠀ-一가-퟿]+",
            r"\p{N}+",
        ]),
        "deepseek-coder" => all(&[r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-龥ࠀ-一가-퟿]+", r"\p{N}"]),
        "deepseek-v3" => all(&[
            r"\p{N}{1,3}",
            r"[一-龥぀-ゟ゠-ヿ]+",
            r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##,
        ]),
        "poro-chat" => all(&[r" ?[^(\s|.,!?…。，、।۔،)]+"]),
        "default" => vec![
            split(r"[\p{P}\$\+<=>\^~\|]+"),
            split(gpt2),
            split(r"\p{N}+"),
            split("[0-9][0-9][0-9]"),
            bytes(false),
        ],
        other => panic!("{other} has no reference"),
    };
    let whole = ["llama-bpe", "tekken"].contains(&pre);
    let ids: HashMap<&str, u32> = (0..u32::try_from(vocabulary.len()).unwrap())
        .filter_map(|id| {
            vocabulary.piece(id).filter(|p| p.kind == Kind::Normal).map(|p| (p.text.as_str(), id))
        })
        .collect();
    let file = json!({
        "version": "1.0", "added_tokens": [], "normalizer": null, "post_processor": null, "decoder": null,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": stages},
        "model": {"type": "BPE", "ignore_merges": whole, "vocab": ids, "merges": merges},
    });
    tokenizers::Tokenizer::from_bytes(file.to_string()).unwrap()
}

/// SentencePiece with bytes, runs of line breaks and spaces as Gemma has them, and markers.
fn pieces(add_space: bool) -> Vocabulary {
    let mut all: Vec<Piece> =
        (0..=255_u8).map(|byte| piece(&format!("<0x{byte:02X}>"), 0.0, Kind::Byte(byte))).collect();
    let words =
        ["\u{2581}the", "th", "he", "\u{2581}t", "er", "in", "\u{2581}\u{2581}", "xx", "xxxx", "xxxxxxxx"];
    all.extend(words.iter().enumerate().map(|(i, text)| piece(text, -(i as f32), Kind::Normal)));
    all.extend("\u{2581}abcdefhinrtx<>|".chars().map(|c| piece(&c.to_string(), -100.0, Kind::Normal)));
    if !add_space {
        for text in ["\n\n", "\n\n\n", "   ", "\u{2581}\u{2581}\u{2581}\u{2581}"] {
            all.push(piece(text, 0.0, Kind::UserDefined));
        }
    }
    all.push(piece("<end_of_turn>", 0.0, Kind::Control));
    all.push(piece("<table>", 0.0, Kind::UserDefined));
    let mut vocabulary = Vocabulary::new(all, Architecture::Llama);
    vocabulary.add_space = add_space;
    vocabulary
}

fn back(vocabulary: &Vocabulary, tokens: &[u32]) -> String {
    let mut detokenizer = Detokenizer::new(vocabulary);
    let mut text: String = tokens.iter().map(|&token| detokenizer.push(vocabulary, token)).collect();
    text.push_str(&detokenizer.finish());
    text
}

#[test]
fn byte_level_tokens_are_those_of_the_reference() {
    for pre in PreTokenizer::names() {
        let (vocabulary, merges) = learned(pre);
        let reference = reference(pre, &vocabulary, &merges);
        let tokens = vocabulary.encode(SAMPLE);
        assert_eq!(tokens, reference.encode(SAMPLE, false).unwrap().get_ids(), "{pre}");
        assert!(tokens.len() < SAMPLE.len() / 2, "{pre}: merges are used");
        assert_eq!(back(&vocabulary, &tokens), SAMPLE, "{pre}");
    }
}

#[test]
fn what_looks_like_a_marker_is_text() {
    let texts =
        ["<|im_end|>", "a<tool>b", "<end_of_turn>", "<table> <end_of_turn>\n\n<table>", "<0x41>", "</s>"];
    for vocabulary in [learned("qwen2").0, pieces(true), pieces(false)] {
        for text in texts {
            let tokens = vocabulary.encode(text);
            let kind = |token: &u32| vocabulary.piece(*token).unwrap().kind;
            assert!(!tokens.iter().any(|token| kind(token) == Kind::Control), "{text}");
            assert!(
                !tokens.iter().any(|token| vocabulary.markers().iter().any(|(_, id)| id == token)),
                "{text}"
            );
            assert_eq!(back(&vocabulary, &tokens), text);
        }
        assert!(
            vocabulary.split_markers("a<|im_end|>b<end_of_turn>c").len() >= 3,
            "a template's are markers"
        );
    }
}

#[test]
fn gemmas_runs_of_breaks_and_spaces_are_tokens_and_no_space_stands_before_a_text() {
    let vocabulary = pieces(false);
    let texts: Vec<&str> = vocabulary
        .encode("the\n\n\n    the")
        .iter()
        .map(|&id| vocabulary.piece(id).unwrap().text.as_str())
        .collect();
    assert_eq!(texts, ["th", "e", "\n\n\n", "\u{2581}\u{2581}\u{2581}\u{2581}", "th", "e"]);
    let with = pieces(true).encode("the");
    assert_eq!(pieces(true).piece(with[0]).unwrap().text, "\u{2581}");
}

#[test]
fn long_repeated_texts_are_done_in_a_moment() {
    // Quadratic time would be minutes here.
    let texts = [" ", "x", "\n", "\u{1F600}", "0", "'", "the "].map(|unit| unit.repeat(100_000));
    for vocabulary in
        [learned("gpt-2").0, learned("llama-bpe").0, learned("default").0, pieces(true), pieces(false)]
    {
        for text in &texts {
            assert_eq!(&back(&vocabulary, &vocabulary.encode(text)), text);
        }
    }
}

#[test]
fn a_vocabulary_that_lacks_bytes_says_unknown_and_goes_on() {
    let mut poor = Vocabulary::new(
        vec![piece("<unk>", 0.0, Kind::Unknown), piece("a", 0.0, Kind::Normal)],
        Architecture::Llama,
    );
    assert_eq!(poor.encode("a\u{e9}a"), [1, 1], "there is no unknown token: nothing is said");
    poor.unknown = Some(0);
    poor.add_space = false;
    assert_eq!(poor.encode("a\u{e9}a"), [1, 0, 1]);
    let words = PreTokenizer::named("gpt-2").unwrap();
    poor.byte_level = Some(ByteLevel::new(words, &["a a".to_owned()], |piece| poor.ordinary(piece)).unwrap());
    assert_eq!(poor.encode("aa\u{e9}"), [1, 1, 0, 0]);
}

#[test]
fn a_merge_that_is_not_two_pieces_is_named() {
    let (vocabulary, _) = learned("gpt-2");
    let words = PreTokenizer::named("gpt-2").unwrap();
    let problem =
        ByteLevel::new(words, &["a b".to_owned(), "ab".to_owned()], |piece| vocabulary.ordinary(piece))
            .unwrap_err();
    assert!(problem.to_string().contains("merge 1 is not two pieces: \"ab\""), "{problem}");
}

#[test]
fn the_markers_of_every_family_end_a_reply() {
    let markers = ["<|end|>", "<|endoftext|>", "<end_of_turn>", "<eos>", "<|eot_id|>", "<|im_end|>", "</s>"];
    let mut all: Vec<Piece> = markers.iter().map(|text| piece(text, 0.0, Kind::Control)).collect();
    all.extend(markers.iter().map(|text| piece(text, 0.0, Kind::Normal)));
    let vocabulary = Vocabulary::new(all, Architecture::Phi3);
    assert!((0..7).all(|id| vocabulary.ends_reply(id)));
    assert!((7..14).all(|id| !vocabulary.ends_reply(id)), "text that looks like one does not");
}

/// Text as people type it, and text that nobody types.
fn texts() -> impl Strategy<Value = String> {
    let unit = prop_oneof![
        4 => "[a-zA-Z]{1,8}", 3 => "[ \t]{1,4}", 2 => "[0-9]{1,5}", 2 => "[\r\n]{1,3}", 2 => "[.,!?'$<>|_-]{1,3}",
        1 => prop::sample::select(vec!["'s", "'LL", "'ve", "é", "Ⅷ", "²", "٣", "\u{1F600}", "电话", "\u{301}", "\u{a0}", "\u{3000}", "ſ"]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(unit, 0..24).prop_map(|units| units.concat())
}

thread_local! {
    static LEARNED: Vec<(Vocabulary, tokenizers::Tokenizer)> = PreTokenizer::names()
        .iter()
        .map(|pre| {
            let (vocabulary, merges) = learned(pre);
            let reference = reference(pre, &vocabulary, &merges);
            (vocabulary, reference)
        })
        .collect();
    static PIECES: [Vocabulary; 2] = [pieces(true), pieces(false)];
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_becomes_the_tokens_of_the_reference_and_comes_back(text in texts()) {
        LEARNED.with(|all| {
            for (vocabulary, reference) in all {
                let tokens = vocabulary.encode(&text);
                let expected = reference.encode(text.as_str(), false).unwrap();
                prop_assert_eq!(tokens.as_slice(), expected.get_ids());
                prop_assert_eq!(&back(vocabulary, &tokens), &text);
            }
            Ok(())
        })?;
    }

    #[test]
    fn any_text_comes_back_from_pieces_and_bytes(text in texts()) {
        // SentencePiece's sign for a space comes back as a space.
        let text = text.replace(SPACE, "");
        PIECES.with(|all| {
            for vocabulary in all {
                prop_assert_eq!(&back(vocabulary, &vocabulary.encode(&text)), &text);
            }
            Ok(())
        })?;
    }
}
