//! Tests of the forward pass against Hugging Face transformers, on the tiny models of tests/golden/llm, which
//! scripts/llm_vectors.py wrote with the logits that transformers computes. Our cache holds 16-bit numbers,
//! so the logits are compared with those that transformers computes with keys and values rounded to 16 bits.

use std::path::PathBuf;
use std::sync::Arc;

use super::gguf::Gguf;
use super::kernels::Kernels;
use super::sequence::{Feed, Sequence, read_together};
use super::test_model::kernels;
use super::weights::Weights;

const MODELS: [&str; 8] =
    ["phi3", "phi3-long", "llama", "llama-scaled", "gemma3", "gemma3-scaled", "qwen2", "qwen3"];
/// Tokens that the models' contexts hold.
const CONTEXT: usize = 64;

/// A model, the tokens to read, and the logits after each token.
struct Golden {
    name: &'static str,
    weights: Arc<Weights>,
    tokens: Vec<u32>,
    /// With keys and values of 32 bits.
    exact_logits: Vec<Vec<f32>>,
    logits: Vec<Vec<f32>>,
    short_logits: Vec<Vec<f32>>,
}

fn golden(name: &'static str, context: usize) -> Golden {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/llm");
    let file = Gguf::open(&folder.join(format!("{name}.gguf"))).unwrap();
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut rows = |key: &str| serde_json::from_value(json[key].take()).unwrap_or_default();
    let exact_logits = rows("logits");
    let (logits, short_logits) = (rows("logits_of_16_bits"), rows("short_logits_of_16_bits"));
    Golden {
        name,
        weights: Arc::new(
            Weights::read(&file, context, 64 << 20, Kernels::new(kernels(), 1).unwrap()).unwrap(),
        ),
        tokens: serde_json::from_value(json["tokens"].take()).unwrap(),
        exact_logits,
        logits,
        short_logits,
    }
}

/// The largest difference between two corresponding numbers.
fn off(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn all() -> impl Iterator<Item = Golden> {
    MODELS.into_iter().map(|name| golden(name, CONTEXT))
}

impl Golden {
    fn sequence(&self) -> Sequence {
        Sequence::new(Arc::clone(&self.weights))
    }

    /// Checks that the logits after `read` tokens are those of transformers.
    fn check(&self, read: usize, logits: &[f32], how: &str) {
        self.check_against(&self.logits, read, logits, how);
    }

    fn check_against(&self, expected: &[Vec<f32>], read: usize, logits: &[f32], how: &str) {
        let expected = &expected[read - 1];
        assert_eq!(logits.len(), expected.len());
        let off = off(logits, expected);
        assert!(off <= 1e-3, "{}, {read} tokens, {how}: {off} off", self.name);
    }

    /// Reads the rest of the tokens one by one, and checks the logits after each.
    fn step(&self, sequence: &mut Sequence, how: &str) {
        for at in sequence.tokens().len()..self.tokens.len() {
            let logits = sequence.extend(&self.tokens[at..=at]).unwrap();
            self.check(at + 1, &logits, how);
        }
    }
}

#[test]
fn every_prefix_read_at_once_gives_the_logits_of_transformers() {
    for golden in all() {
        for read in 1..=golden.tokens.len() {
            let logits = golden.sequence().extend(&golden.tokens[..read]).unwrap();
            golden.check(read, &logits, "at once");
        }
    }
}

#[test]
fn a_cache_of_sixteen_bits_costs_less_than_a_thousandth_of_the_largest_logit() {
    for golden in all() {
        let largest = golden.exact_logits.iter().flatten().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        let mut worst = 0.0_f32;
        for (read, exact) in (1..).zip(&golden.exact_logits) {
            let logits = golden.sequence().extend(&golden.tokens[..read]).unwrap();
            worst = worst.max(off(&logits, exact));
        }
        assert!(worst < largest / 1000.0, "{}: {worst} of {largest}", golden.name);
    }
}

#[test]
fn token_by_token_and_in_slices_the_logits_are_those_of_transformers() {
    for golden in all() {
        golden.step(&mut golden.sequence(), "token by token");
        for slice in [2, 5, 11] {
            let mut sequence = golden.sequence();
            for tokens in golden.tokens.chunks(slice) {
                let logits = sequence.extend(tokens).unwrap();
                golden.check(sequence.tokens().len(), &logits, "in slices");
            }
        }
    }
}

#[test]
fn rolled_back_past_a_window_and_read_again_the_logits_are_those_of_transformers() {
    // The windows are 8 wide. So 24 tokens and more are up to four windows back.
    for golden in all() {
        for to in [0, 1, 5, 13, 20] {
            let mut sequence = golden.sequence();
            sequence.prefill(&golden.tokens).unwrap();
            sequence.prefill(&[9; 13]).unwrap();
            sequence.truncate(to);
            golden.step(&mut sequence, "rolled back, token by token");
            sequence.truncate(to);
            let logits = sequence.extend(&golden.tokens[to..]).unwrap();
            golden.check(golden.tokens.len(), &logits, "rolled back twice, at once");
        }
    }
}

#[test]
fn forked_the_logits_are_those_of_transformers_whatever_the_others_do() {
    for golden in all() {
        let mut origin = golden.sequence();
        origin.prefill(&golden.tokens[..10]).unwrap();
        let mut fork = origin.fork();
        let mut other = fork.fork();
        other.truncate(4);
        other.prefill(&[7; 30]).unwrap();
        origin.prefill(&[5; 20]).unwrap();
        golden.step(&mut fork, "forked");
        origin.truncate(10);
        golden.step(&mut origin, "forked and rolled back");
        other.truncate(4);
        golden.step(&mut other, "forked and rolled back before the fork");
    }
}

#[test]
fn a_short_context_takes_phi3s_factors_for_short_texts() {
    let golden = golden("phi3-long", 16);
    for read in 1..=golden.short_logits.len() {
        let logits = golden.sequence().extend(&golden.tokens[..read]).unwrap();
        golden.check_against(&golden.short_logits, read, &logits, "short context");
    }
    assert_eq!(golden.short_logits.len(), 12);
}

#[test]
fn batched_with_others_the_logits_are_those_of_transformers_wherever_each_stands() {
    for golden in all() {
        let tokens = &golden.tokens;
        // One sequence reads its first tokens, one goes on token by token, one in slices, one was rolled
        // back.
        let mut sequences: Vec<Sequence> = (0..4).map(|_| golden.sequence()).collect();
        sequences[1].prefill(&tokens[..7]).unwrap();
        sequences[2].prefill(&tokens[..3]).unwrap();
        sequences[3].prefill(&[5; 12]).unwrap();
        sequences[3].truncate(0);
        let sizes = [4, 1, 5, 9];
        while sequences.iter().any(|sequence| sequence.tokens().len() < tokens.len()) {
            let ranges: Vec<_> = sequences
                .iter()
                .zip(sizes)
                .map(|(sequence, size)| {
                    let at = sequence.tokens().len();
                    at..(at + size).min(tokens.len())
                })
                .collect();
            let asked: Vec<Vec<usize>> = ranges.iter().map(|range| (0..range.len()).collect()).collect();
            let going: Vec<usize> = (0..4).filter(|&i| !ranges[i].is_empty()).collect();
            let mut feeds: Vec<Feed<'_>> = sequences
                .iter_mut()
                .enumerate()
                .filter(|(i, _)| going.contains(i))
                .map(|(i, sequence)| Feed { sequence, tokens: &tokens[ranges[i].clone()], asked: &asked[i] })
                .collect();
            let answers = read_together(&golden.weights, &mut feeds);
            for (&i, answer) in going.iter().zip(answers) {
                for (at, logits) in ranges[i].clone().zip(answer.unwrap()) {
                    golden.check(at + 1, &logits, "in a batch");
                }
            }
        }
    }
}

#[test]
fn a_sequence_that_cannot_read_is_left_out_and_the_others_are_not_touched() {
    let golden = golden("gemma3", CONTEXT);
    let (mut full, mut strange, mut good) = (golden.sequence(), golden.sequence(), golden.sequence());
    full.prefill(&[3; CONTEXT]).unwrap();
    let mut feeds = [
        Feed { sequence: &mut full, tokens: &[1], asked: &[0] },
        Feed { sequence: &mut good, tokens: &golden.tokens[..5], asked: &[4] },
        Feed { sequence: &mut strange, tokens: &[1, u32::MAX], asked: &[1] },
    ];
    let answers = read_together(&golden.weights, &mut feeds);
    assert!(answers[0].is_err() && answers[2].is_err());
    golden.check(5, &answers[1].as_ref().unwrap()[0], "beside two that fail");
    assert_eq!((full.tokens().len(), strange.tokens().len()), (CONTEXT, 0));
}
