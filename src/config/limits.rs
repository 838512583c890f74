//! Limits shared by keys of the configuration and options of the command line. Knows no key.

use std::ops::RangeInclusive;

/// Threads of an engine: `stt.threads`, `llm.threads`, `--threads`.
pub const THREADS: RangeInclusive<u16> = 1..=64;

/// The most tokens of a reply: `llm.max_tokens`, `--max-tokens`.
pub const MAX_TOKENS: RangeInclusive<u32> = 1..=4096;

/// How freely tokens are chosen: `llm.temperature`, `--temperature`.
pub const TEMPERATURE: RangeInclusive<f64> = 0.0..=2.0;

/// The pace of the voice: `tts.speed`, `--speed`.
pub const SPEED: RangeInclusive<f64> = 0.5..=2.0;

/// Silence in Whisper's window, in milliseconds: `stt.window_margin_ms`, `--margin`.
pub const WINDOW_MARGIN_MS: RangeInclusive<u16> = 0..=30_000;

/// Parses a number within a range, for an option.
///
/// # Errors
/// The allowed range.
pub fn number(text: &str, range: &RangeInclusive<f64>) -> Result<f32, String> {
    let allowed = || format!("allowed is a number from {} to {}", range.start(), range.end());
    let number = text.parse::<f64>().map_err(|_| allowed())?;
    if range.contains(&number) { Ok(number as f32) } else { Err(allowed()) }
}

/// A range of whole numbers in the type that the configuration's reader takes.
#[must_use]
pub fn wide<N: Copy + Into<u64>>(range: &RangeInclusive<N>) -> RangeInclusive<u64> {
    (*range.start()).into()..=(*range.end()).into()
}

/// A range of whole numbers in the type that the argument parser takes.
#[must_use]
pub fn signed<N: Copy + Into<i64>>(range: &RangeInclusive<N>) -> RangeInclusive<i64> {
    (*range.start()).into()..=(*range.end()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beyond_its_range_is_told_what_is_allowed() {
        assert_eq!(number("1.5", &TEMPERATURE), Ok(1.5));
        for wrong in ["-0.1", "2.1", "NaN", "warm"] {
            assert_eq!(number(wrong, &TEMPERATURE), Err("allowed is a number from 0 to 2".to_owned()));
        }
    }
}
