//! Local checks against published vocabularies and models, which are not part of the repository. If they are
//! absent, a notice is printed and nothing is checked.

use std::collections::HashMap;
use std::path::PathBuf;

use super::architecture::Architecture;
use super::load;
use super::test_model::options;
use super::vocabulary::{Kind, Piece, Vocabulary};
use crate::{Sampling, Step};

/// A file of the shared data folder, if it is there.
fn shared_data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("OFFHOOK_SHARED_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not here (set OFFHOOK_SHARED_DATA)", path.display());
    None
}

/// Phi-3's vocabulary from its tokenizer.json, with the kinds of its GGUF file (bytes after the first three
/// tokens) and scores that rank pieces as their merges are ranked.
fn phi3_vocabulary(json: &serde_json::Value) -> Vocabulary {
    let pieces = json["model"]["vocab"].as_object().unwrap();
    let added = json["added_tokens"].as_array().unwrap();
    let mut all: Vec<(u64, &str)> =
        pieces.iter().map(|(text, id)| (id.as_u64().unwrap(), text.as_str())).collect();
    all.extend(added.iter().map(|token| (token["id"].as_u64().unwrap(), token["content"].as_str().unwrap())));
    all.sort_unstable();
    all.dedup();
    let mut ranks = HashMap::new();
    for (rank, merge) in json["model"]["merges"].as_array().unwrap().iter().enumerate() {
        let merged = merge.as_str().unwrap().replacen(' ', "", 1);
        ranks.entry(merged).or_insert(rank);
    }
    let piece = |&(id, text): &(u64, &str)| {
        let special = added.iter().find(|token| token["id"].as_u64() == Some(id));
        let kind = match special {
            _ if id == 0 => Kind::Unknown,
            Some(token) if token["special"] == true => Kind::Control,
            Some(_) => Kind::UserDefined,
            None if (3..259).contains(&id) => Kind::Byte((id - 3) as u8),
            None => Kind::Normal,
        };
        Piece { text: text.to_owned(), score: -ranks.get(text).map_or(1e9, |&rank| rank as f32), kind }
    };
    let mut vocabulary = Vocabulary::new(all.iter().map(piece).collect(), Architecture::Phi3);
    vocabulary.unknown = Some(0);
    vocabulary
}

#[test]
fn phi3s_tokenizer_vectors_all_pass() {
    let (Some(json), Some(input), Some(output)) = (
        shared_data("models/phi-3-mini/tokenizer.json"),
        shared_data("models/vocab/ggml-vocab-phi-3.gguf.inp"),
        shared_data("models/vocab/ggml-vocab-phi-3.gguf.out"),
    ) else {
        return;
    };
    let json = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    let vocabulary = phi3_vocabulary(&json);
    let (input, output) = (std::fs::read_to_string(input).unwrap(), std::fs::read_to_string(output).unwrap());
    let texts: Vec<&str> = input.split("\n__ggml_vocab_test__\n").collect();
    let expected: Vec<Vec<u32>> =
        output.lines().map(|line| line.split_whitespace().map(|n| n.parse().unwrap()).collect()).collect();
    assert!(texts.len() >= expected.len() && expected.len() > 40);
    for (text, expected) in texts.iter().zip(&expected) {
        assert_eq!(&vocabulary.encode(text), expected, "{text:?}");
        let mut decoder = super::decoder::Decoder::new();
        let mut back: String = expected.iter().map(|&id| decoder.push(&vocabulary, id)).collect();
        back.push_str(&decoder.finish());
        assert_eq!(&back, text, "decoding gives the text back");
    }
}

#[test]
fn a_small_trained_llama_tells_a_story() {
    let Some(model) = shared_data("models/stories260K.gguf") else { return };
    let engine = load(&options(&model)).unwrap();
    let sampling = Sampling { max_tokens: 200, ..Sampling::default() };
    let mut generation = engine.continuation("Once upon a time", &sampling).unwrap();
    let mut text = String::new();
    loop {
        match generation.step().unwrap() {
            Step::Prefilled => {}
            Step::Text(piece) => text.push_str(&piece),
            Step::Done(_) => break,
        }
    }
    assert_eq!(text.trim_end(), STORY);
}

/// The greedy output of llama.cpp: llama-completion -p "Once upon a time" -n 200 --temp 0
const STORY: &str = ", there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.\n\
    Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. She said, \"I want to play with your ball, but I can't find it.\"\n\
    Lily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I didn't know what to do.\"\n\
    Lily didn't want to help her mom, so she said, \"I";
