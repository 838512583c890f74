//! The limits of the machine, and the speed of a language model against them. Knows no calls.

use crate::engine::llm::{Demand, LlmEngine};
use crate::stats::median;

use super::timing::{ms, now};

/// The number of measurements of each limit.
const ROUNDS: usize = 5;

/// Matrices of at least this many bytes are read from memory, not from caches.
const IN_MEMORY: usize = 256 << 20;

/// The limits, measured with as many threads as a step of the model has.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(super) struct Machine {
    /// Sequential memory reads, in 10^9 bytes per second.
    memory_gb_s: f64,
    /// Products of two bytes, added up in 32 bits, in 10^9 multiplications per second.
    int8_g_s: f64,
    #[serde(skip)]
    layers: Demand,
    #[serde(skip)]
    output: Demand,
}

impl Machine {
    /// `None` if candle multiplies, because its use of the machine is unknown.
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

    /// The limits that hold for the model; `None` if it is so small that it stays in the processor's caches.
    pub(super) fn of(self) -> Option<Self> {
        (self.layers.bytes + self.output.bytes >= IN_MEMORY).then_some(self)
    }

    /// Tokens per second that arithmetic alone would allow in a prompt of `tokens` tokens.
    pub(super) fn prefill_limit(self, tokens: usize) -> f64 {
        let products = (tokens * self.layers.weights + self.output.weights) as f64;
        tokens as f64 / (products / self.int8_g_s / 1e9)
    }

    /// Tokens per second that memory and arithmetic would allow for `sequences` sequences, each of which
    /// reads `cache_bytes` of the cache.
    pub(super) fn decode_limit(self, sequences: usize, cache_bytes: usize) -> f64 {
        let bytes = (self.layers.bytes + self.output.bytes + sequences * cache_bytes) as f64;
        let products = (sequences * (self.layers.weights + self.output.weights)) as f64;
        let seconds = (bytes / self.memory_gb_s / 1e9).max(products / self.int8_g_s / 1e9);
        sequences as f64 / seconds
    }

    /// The limits as one line.
    pub(super) fn told(self) -> String {
        format!(
            "memory {:.1} GB/s, bytes multiplied {:.0} billion times a second",
            self.memory_gb_s, self.int8_g_s
        )
    }
}
