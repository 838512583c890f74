//! What the machine could do at best, and how near to that a language model comes. Knows no calls.

use crate::engine::llm::{Demand, LlmEngine};
use crate::stats::median;

use super::timing::{ms, now};

/// Times each is measured.
const ROUNDS: usize = 5;

/// Matrices of so many bytes are read from memory.
const IN_MEMORY: usize = 256 << 20;

/// Measured with as many threads as a step has.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(super) struct Machine {
    /// Memory read in order, in 10^9 bytes a second.
    memory_gb_s: f64,
    /// Products of two bytes, added up in 32 bits, in 10^9 multiplications a second.
    int8_g_s: f64,
    #[serde(skip)]
    layers: Demand,
    #[serde(skip)]
    output: Demand,
}

impl Machine {
    /// `None` where candle multiplies: nothing is known of what it uses.
    pub(super) fn measure(engine: &LlmEngine) -> Option<Self> {
        let machine = engine.machine()?;
        let rate = |done: &dyn Fn() -> usize| {
            let round = || {
                let start = now();
                let count = done();
                count as f64 / ms(start) / 1e6
            };
            median((0..ROUNDS).map(|_| round())).unwrap_or_default()
        };
        let (layers, output) = engine.demand();
        let (memory_gb_s, int8_g_s) = (rate(&|| machine.read()), rate(&|| machine.multiply()));
        Some(Self { memory_gb_s, int8_g_s, layers, output })
    }

    /// What this tells of a model: of one so small that it stays in the processor's caches, nothing.
    pub(super) fn of(self) -> Option<Self> {
        (self.layers.bytes + self.output.bytes >= IN_MEMORY).then_some(self)
    }

    /// Tokens a second that arithmetic alone would allow in a prompt of so many tokens.
    pub(super) fn prefill_limit(self, tokens: usize) -> f64 {
        let products = (tokens * self.layers.weights + self.output.weights) as f64;
        tokens as f64 / (products / self.int8_g_s / 1e9)
    }

    /// Tokens a second of so many sequences that memory and arithmetic would allow, where each has this much of the
    /// cache to read.
    pub(super) fn decode_limit(self, sequences: usize, cache_bytes: usize) -> f64 {
        let bytes = (self.layers.bytes + self.output.bytes + sequences * cache_bytes) as f64;
        let products = (sequences * (self.layers.weights + self.output.weights)) as f64;
        let seconds = (bytes / self.memory_gb_s / 1e9).max(products / self.int8_g_s / 1e9);
        sequences as f64 / seconds
    }

    /// In a line.
    pub(super) fn told(self) -> String {
        format!(
            "memory {:.1} GB/s, bytes multiplied {:.0} billion times a second",
            self.memory_gb_s, self.int8_g_s
        )
    }
}
