//! Tests with published weights, which `scripts/real_models.sh` fetches, against what llama.cpp computes with
//! them (`scripts/llm_reference.py`). A model that is not there is skipped, and the skip is printed.

use std::path::PathBuf;
use std::sync::Arc;

use super::gguf::Gguf;
use super::kernels::Kernels;
use super::sequence::{Feed, Sequence, read_together};
use super::test_model::kernels;
use super::vocabulary::Vocabulary;
use super::weights::Weights;

const WINDOW: usize = 512;

struct Published {
    weights: Arc<Weights>,
    vocabulary: Vocabulary,
    reference: serde_json::Value,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn published(name: &str) -> Option<Published> {
    let path = root().join("target/real-models").join(format!("{name}.gguf"));
    if !path.exists() {
        eprintln!("SKIPPED: {} is not there (scripts/real_models.sh {name})", path.display());
        return None;
    }
    let file = Gguf::open(&path).unwrap();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(2);
    let kernels = Kernels::new(kernels(), threads).unwrap();
    let weights = Arc::new(Weights::read(&file, WINDOW, 256 << 20, kernels).unwrap());
    let shape = super::shape::Shape::read(&file).unwrap();
    let vocabulary = Vocabulary::read(&file, shape.architecture, shape.vocabulary).unwrap();
    let json = std::fs::read_to_string(root().join("tests/golden/llm/published.json")).unwrap();
    let reference = serde_json::from_str::<serde_json::Value>(&json).unwrap()[name].take();
    Some(Published { weights, vocabulary, reference })
}

impl Published {
    fn tokens(&self, text: &str) -> Vec<u32> {
        let begin = self.vocabulary.begin.filter(|_| self.vocabulary.add_begin);
        begin.into_iter().chain(self.vocabulary.encode(text)).collect()
    }

    /// The logits after each token from number `from` on.
    fn logits(&self, tokens: &[u32], from: usize) -> Vec<Vec<f32>> {
        let mut sequence = Sequence::new(Arc::clone(&self.weights));
        let mut logits = Vec::new();
        for (i, tokens) in tokens.chunks(64).enumerate() {
            let asked: Vec<usize> = (0..tokens.len()).filter(|at| i * 64 + at >= from).collect();
            let feed = Feed { sequence: &mut sequence, tokens, asked: &asked };
            logits.extend(read_together(&self.weights, &mut [feed]).remove(0).unwrap());
        }
        logits
    }

    /// As llama-perplexity counts: windows, and the second half of each.
    fn perplexity(&self, text: &str) -> (f64, usize) {
        let mut surprises = Vec::new();
        for window in self.tokens(text).chunks_exact(WINDOW) {
            let mut window = window.to_vec();
            if let Some(begin) = self.vocabulary.begin.filter(|_| self.vocabulary.add_begin) {
                window[0] = begin;
            }
            let half = WINDOW / 2;
            for (logits, next) in self.logits(&window, half).iter().zip(&window[half + 1..]) {
                let largest = f64::from(logits.iter().copied().fold(f32::MIN, f32::max));
                let total: f64 = logits.iter().map(|x| (f64::from(*x) - largest).exp()).sum();
                surprises.push(largest + total.ln() - f64::from(logits[*next as usize]));
            }
        }
        let mean = surprises.iter().sum::<f64>() / surprises.len() as f64;
        (mean.exp(), surprises.len())
    }
}

fn the_perplexity_is_that_of_llama_cpp(name: &str) {
    let Some(model) = published(name) else { return };
    let text = std::fs::read_to_string(root().join("tests/golden/llm/text.txt")).unwrap();
    let (ours, counted) = model.perplexity(&text);
    let theirs = model.reference["perplexity"].as_f64().unwrap();
    println!("{name}: perplexity {ours:.4}, llama.cpp {theirs:.4}, {counted} tokens");
    assert_eq!(counted as u64, model.reference["counted"].as_u64().unwrap(), "{name}: the tokens differ");
    assert!((ours / theirs - 1.0).abs() <= 0.005, "{name}: {ours} is not within 0.5 % of {theirs}");
}

/// Reads what llama.cpp wrote. Where we would have written another token, llama.cpp's is nearly as likely
/// to us, and in its own eyes the two were close as well.
fn a_greedy_text_differs_only_where_tokens_are_close(name: &str) {
    let Some(model) = published(name) else { return };
    for text in model.reference["greedy"].as_array().unwrap() {
        let prompt: Vec<u32> = serde_json::from_value(text["prompt"].clone()).unwrap();
        let steps: Vec<(u32, u32, f32, f32)> = serde_json::from_value(text["steps"].clone()).unwrap();
        let mut tokens = prompt.clone();
        tokens.extend(steps.iter().map(|step| step.0));
        let all = model.logits(&tokens[..tokens.len() - 1], prompt.len() - 1);
        assert_eq!(all.len(), steps.len());
        for (at, (logits, (best, _, first, second))) in all.iter().zip(&steps).enumerate() {
            let ours = (0_u32..).zip(logits).max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
            if ours.0 == *best {
                continue;
            }
            let (behind, lead) = (ours.1 - logits[*best as usize], first - second);
            println!(
                "{name}, token {at}: {} for {best}; {behind} behind, llama.cpp's lead was {lead}",
                ours.0
            );
            assert!(
                behind < 0.5 && lead < 0.5,
                "{name}, token {at}: {behind} behind, llama.cpp's lead {lead}"
            );
        }
    }
}

#[test]
fn smollm2_has_the_perplexity_and_the_greedy_texts_of_llama_cpp() {
    the_perplexity_is_that_of_llama_cpp("smollm2");
    a_greedy_text_differs_only_where_tokens_are_close("smollm2");
}

#[test]
#[ignore = "half a minute and 250 MB: make test-real"]
fn gemma3_has_the_perplexity_and_the_greedy_texts_of_llama_cpp() {
    the_perplexity_is_that_of_llama_cpp("gemma3");
    a_greedy_text_differs_only_where_tokens_are_close("gemma3");
}

#[test]
#[ignore = "a minute and 1.1 GB: make test-real"]
fn qwen2_has_the_perplexity_and_the_greedy_texts_of_llama_cpp() {
    the_perplexity_is_that_of_llama_cpp("qwen2");
    a_greedy_text_differs_only_where_tokens_are_close("qwen2");
}
