//! Joins neighbouring pieces of a text, best pair first, until no pair may be joined: the algorithm under
//! both SentencePiece and byte-pair encoding. Must not know what a piece is or why a pair is good.
//!
//! Uses a heap, as llama.cpp does (`llm_tokenizer_spm` and `llm_tokenizer_bpe` in src/llama-vocab.cpp), so
//! that `n` characters take a multiple of `n log n` steps, whatever the characters are.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A span of the text, with its neighbours, that may become a piece. Length 0: merged into another span.
#[derive(Clone, Copy)]
struct Symbol {
    at: usize,
    length: usize,
    before: Option<usize>,
    after: Option<usize>,
}

/// Two neighbours that may become one.
struct Pair {
    left: usize,
    right: usize,
    rank: f32,
    length: usize,
}

/// The pieces of `text`. `rank` gets two neighbours as byte offsets: the start of the first, the start of the
/// second and the end of the second. The pair with the higher rank is joined earlier, and a pair with `None`
/// never. The rank of a pair must not change.
pub(super) fn merge(text: &str, rank: impl Fn(usize, usize, usize) -> Option<f32>) -> Vec<&str> {
    let mut symbols: Vec<Symbol> = Vec::new();
    for (index, (at, c)) in text.char_indices().enumerate() {
        let before = index.checked_sub(1);
        symbols.push(Symbol { at, length: c.len_utf8(), before, after: Some(index + 1) });
    }
    if let Some(last) = symbols.last_mut() {
        last.after = None;
    }
    let offer = |symbols: &[Symbol], left: usize, right: usize, queue: &mut BinaryHeap<Pair>| {
        let (from, middle) = (symbols[left].at, symbols[right].at);
        let to = middle + symbols[right].length;
        if let Some(rank) = rank(from, middle, to) {
            queue.push(Pair { left, right, rank, length: to - from });
        }
    };
    let mut queue = BinaryHeap::new();
    for right in 1..symbols.len() {
        offer(&symbols, right - 1, right, &mut queue);
    }
    while let Some(pair) = queue.pop() {
        let (left, right) = (symbols[pair.left], symbols[pair.right]);
        // One of the two was merged with another in the meantime.
        if left.length == 0 || right.length == 0 || left.length + right.length != pair.length {
            continue;
        }
        symbols[pair.left].length = pair.length;
        symbols[pair.left].after = right.after;
        symbols[pair.right].length = 0;
        if let Some(after) = right.after {
            symbols[after].before = Some(pair.left);
            offer(&symbols, pair.left, after, &mut queue);
        }
        if let Some(before) = left.before {
            offer(&symbols, before, pair.left, &mut queue);
        }
    }
    let left = symbols.iter().filter(|symbol| symbol.length > 0);
    left.map(|symbol| &text[symbol.at..symbol.at + symbol.length]).collect()
}

impl Ord for Pair {
    /// The higher rank first; of equal ones, the one further left.
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.total_cmp(&other.rank).then_with(|| other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_pair_goes_first_and_of_equals_the_left_one() {
        let rank = |from: usize, _: usize, to: usize| match &"abcab"[from..to] {
            "bc" => Some(2.0),
            "ab" => Some(1.0),
            _ => None,
        };
        assert_eq!(merge("abcab", rank), ["a", "bc", "ab"]);
        assert_eq!(merge("aaaaa", |from, _, to| (to - from == 2).then_some(0.0)), ["aa", "aa", "a"]);
        assert!(merge("", |_, _, _| Some(0.0)).is_empty());
    }

    #[test]
    fn a_long_text_of_one_character_takes_no_squares() {
        let text = "x".repeat(200_000);
        let asked = std::cell::Cell::new(0_usize);
        let rank = |from: usize, middle: usize, to: usize| {
            asked.set(asked.get() + 1);
            (to - from <= 16 && middle - from == to - middle).then_some((to - from) as f32)
        };
        assert_eq!(merge(&text, rank).len(), 12_500);
        assert!(asked.get() < 4 * text.len(), "{}", asked.get());
    }
}
