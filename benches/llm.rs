//! The speed of the language model's steps: matrix products alone, prefill, and decode of several calls at
//! once. Runs the shipped model with one thread, so that figures of different days can be compared on the
//! same machine. `cargo bench --bench llm` runs it. Other models: `offhook bench llm`, and with llama.cpp
//! beside it, `scripts/llm_peers.py`.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use offhook_llm::{BenchSequence, KernelChoice, LlmEngine, LlmOptions, decode_together, load};

fn main() {
    divan::main();
}

/// The front desk with these kernels; `None` if the processor does not have them.
fn engine(kernels: KernelChoice) -> Option<LlmEngine> {
    let options = LlmOptions {
        model: Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo/phi3-frontdesk.gguf"),
        threads: 1,
        kernels,
        context_tokens: 1024,
        cache_mb: 64,
        chat_template: None,
        thinking: false,
        date: || Duration::ZERO,
    };
    load(&options).ok()
}

/// The best kernels of this machine, and candle's, which are the reference.
const KERNELS: [KernelChoice; 2] = [KernelChoice::Auto, KernelChoice::Candle];

/// Products of bytes from registers alone, the limit of every kernel.
#[divan::bench(sample_count = 20)]
fn products_at_most(bencher: Bencher<'_, '_>) {
    let engine = engine(KernelChoice::Auto).unwrap();
    let Some(machine) = engine.machine() else { return };
    let products = machine.multiply();
    bencher.counter(ItemsCount::new(products)).bench_local(|| machine.multiply());
}

/// Prefill of a prompt in slices of 64 tokens: products of many rows.
#[divan::bench(args = [64, 256], consts = [0, 1], sample_count = 20)]
fn prefill<const CHOICE: usize>(bencher: Bencher<'_, '_>, tokens: usize) {
    let Some(engine) = engine(KERNELS[CHOICE]) else { return };
    bencher.counter(ItemsCount::new(tokens)).bench_local(|| engine.bench_sequence(tokens).unwrap());
}

/// A token for each of `calls` calls: products of few rows. After 900 tokens, attention takes most of the
/// time.
#[divan::bench(args = [(1, 64), (4, 64), (8, 64), (1, 900), (8, 900)], consts = [0, 1], sample_count = 50)]
fn decode<const CHOICE: usize>(bencher: Bencher<'_, '_>, (calls, before): (usize, usize)) {
    let Some(engine) = engine(KERNELS[CHOICE]) else { return };
    let prompt = engine.bench_sequence(before).unwrap();
    bencher
        .counter(ItemsCount::new(calls))
        .with_inputs(|| (0..calls).map(|_| prompt.fork(&engine)).collect::<Vec<BenchSequence>>())
        .bench_local_refs(|sequences| decode_together(&engine, sequences).unwrap());
}
