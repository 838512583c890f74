//! Fuzzes `targets::reply`; must not assert anything itself.
#![no_main]

use libfuzzer_sys::fuzz_target;

// With one thread, the matrix products need no pool, whose threads would spin.
fuzz_target!(init: { offhook::engine::llm::limit_threads(1); }, |data: &[u8]| targets::reply(data));
