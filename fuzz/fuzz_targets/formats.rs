//! Fuzzes `targets::formats`; must not assert anything itself.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::formats(data));
