//! Fuzzes `targets::realtime`; must not assert anything itself.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::realtime(data));
