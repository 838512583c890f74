//! The speed of what remembers and forgets, at three sizes: if it took a look at all entries to find the one
//! to forget, the largest would show it. `cargo bench --bench caches` runs it.
#![allow(clippy::unwrap_used, missing_docs)]

use std::num::NonZeroUsize;

use divan::Bencher;
use lru::LruCache;
use offhook_llm::BenchSessions;

fn main() {
    divan::main();
}

/// Entries that are kept.
const SIZES: [usize; 3] = [100, 10_000, 1_000_000];

/// A text of the voice is found, and a new one takes the place of the one that was not wanted for the longest
/// time: the structure of the cache of phrases.
#[divan::bench(args = SIZES)]
fn phrases(bencher: Bencher<'_, '_>, size: usize) {
    let mut phrases = LruCache::new(NonZeroUsize::new(size).unwrap());
    let mut next = 0;
    let mut say = || {
        phrases.push(format!("It is {next} o'clock."), [0_u8; 16]);
        let found = phrases.get(format!("It is {} o'clock.", next - next.min(size / 4)).as_str()).is_some();
        next += 1;
        found
    };
    (0..2 * size).for_each(|_| assert!(say()));
    bencher.bench_local(say);
}

/// A call asks the language model again, and a new call takes the place of the one that was silent longest.
#[divan::bench(args = SIZES)]
fn sessions(bencher: Bencher<'_, '_>, size: usize) {
    let mut sessions = BenchSessions::new(size);
    let mut next = 0;
    let mut ask = || {
        let is_new = sessions.open(&format!("call {next}"));
        let is_known = !sessions.open(&format!("call {}", next - next.min(size / 4)));
        next += 1;
        is_new && is_known
    };
    (0..2 * size).for_each(|_| assert!(ask()));
    bencher.bench_local(ask);
}
