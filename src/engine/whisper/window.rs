//! The part of Whisper's window of 30 s that the encoder works on: the rule for the weights of a file, and
//! the positions for an utterance. Reads the rule from a file beside the weights; knows no audio.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

/// The positions of the encoder for each second of audio: one for two mel frames of 10 ms.
const POSITIONS_PER_SECOND: u64 = 50;

/// Windows are multiples of this, so that matrix products have no remainder.
const STEP: u64 = 8;

/// The silence that weights need after the speech, and the minimum window.
///
/// The rule is a property of the weights. The weights that OpenAI published know only the whole window of
/// 1,500 positions. On recordings of people over the telephone, they are nearly as accurate with 512
/// positions and second looks, but lose four of five utterances with windows cut to the speech
/// (docs/benchmarks.md). Weights that were tuned for cut windows, or measured, have their rule in a file
/// beside them: `NAME.toml` for `NAME.bin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRule {
    /// The silence after the speech.
    pub margin: Duration,
    /// The minimum number of positions, of 20 ms each.
    pub least_positions: u64,
}

impl WindowRule {
    /// The rule for weights that were not measured.
    pub const STOCK: Self = Self { margin: Duration::from_millis(1280), least_positions: 512 };

    /// The file with the rule of these weights.
    #[must_use]
    pub fn file_of(model: &Path) -> PathBuf {
        model.with_extension("toml")
    }

    /// The rule of these weights, from the file beside them, or [`Self::STOCK`] if there is none.
    ///
    /// # Errors
    /// If the file exists but cannot be used; the text says what it should hold.
    pub fn of(model: &Path) -> Result<Self, String> {
        let file = Self::file_of(model);
        match std::fs::read_to_string(&file) {
            Ok(text) => Self::parse(&text).map_err(|problem| {
                format!(
                    "its window file, {}, is wrong (fix it, or remove it; without it, at least 512 \
                     positions are encoded): {problem}",
                    file.display()
                )
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::STOCK),
            Err(error) => Err(format!("its window file, {}, cannot be read: {error}", file.display())),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let told: Told = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        if told.margin_ms > 30_000 {
            return Err(format!("margin_ms = {}: allowed is 0 to 30000", told.margin_ms));
        }
        if told.least_positions > 1_500 {
            return Err(format!("least_positions = {}: allowed is 0 to 1500", told.least_positions));
        }
        if told.measured.trim().is_empty() {
            return Err("measured: must say on what the window was measured".to_owned());
        }
        Ok(Self { margin: Duration::from_millis(told.margin_ms), least_positions: told.least_positions })
    }
}

/// The file beside the weights.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    margin_ms: u64,
    least_positions: u64,
    measured: String,
}

/// The window of one run of whisper.cpp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// The whole window, as in the training of Whisper.
    Whole,
    /// Cut to the speech, as far as the weights tolerate it.
    Cut(WindowRule),
}

impl Window {
    /// The number of positions for this much audio, if the whole window has `whole`; `None` is all of them.
    pub(super) fn positions_for(&self, audio: Duration, whole: u64) -> Option<u64> {
        let Self::Cut(rule) = self else { return None };
        let micros = u64::try_from((audio + rule.margin).as_micros()).unwrap_or(u64::MAX);
        let wanted = micros.saturating_mul(POSITIONS_PER_SECOND).div_ceil(1_000_000);
        let wanted = wanted.max(rule.least_positions).next_multiple_of(STEP);
        (wanted < whole).then_some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_tuned_window_is_cut_to_the_speech_and_its_margin_in_steps_of_eight() {
        let window = Window::Cut(WindowRule { margin: MS(300), least_positions: 0 });
        assert_eq!(window.positions_for(MS(2_000), 1_500), Some(120));
        assert_eq!(window.positions_for(MS(2_101), 1_500), Some(128));
        assert_eq!(window.positions_for(MS(40_000), 1_500), None);
        assert_eq!(Window::Whole.positions_for(MS(2_000), 1_500), None);
    }

    /// Fault: with stock weights a window cut to the speech returned nothing for 80 of 104 recordings.
    #[test]
    fn stock_weights_never_see_less_than_512_positions() {
        let window = Window::Cut(WindowRule::STOCK);
        assert_eq!(window.positions_for(MS(100), 1_500), Some(512));
        assert_eq!(window.positions_for(MS(8_960), 1_500), Some(512));
        assert_eq!(window.positions_for(MS(12_000), 1_500), Some(664));
        assert_eq!(window.positions_for(MS(29_000), 1_500), None);
        // A model with fewer positions uses all of them.
        assert_eq!(window.positions_for(MS(100), 400), None);
    }

    #[test]
    fn weights_that_were_measured_say_so_beside_them_and_all_others_are_stock() {
        let dir = tempfile::tempdir().expect("a folder");
        let model = dir.path().join("a.b.bin");
        assert_eq!(WindowRule::of(&model), Ok(WindowRule::STOCK));
        let right = "margin_ms = 640\nleast_positions = 64\nmeasured = \"on people\"";
        std::fs::write(dir.path().join("a.b.toml"), right).expect("written");
        assert_eq!(WindowRule::of(&model), Ok(WindowRule { margin: MS(640), least_positions: 64 }));
    }

    #[test]
    fn a_wrong_rule_is_told_by_file_and_key() {
        let dir = tempfile::tempdir().expect("a folder");
        let told = |text: &str| {
            std::fs::write(dir.path().join("a.toml"), text).expect("written");
            WindowRule::of(&dir.path().join("a.bin")).unwrap_err()
        };
        assert!(told("margin_ms = 1").contains("least_positions"));
        assert!(told("margin_ms = -1\nleast_positions = 0\nmeasured = \"x\"").contains("a.toml, is wrong"));
        let far = told("margin_ms = 30001\nleast_positions = 0\nmeasured = \"x\"");
        assert!(far.ends_with("margin_ms = 30001: allowed is 0 to 30000"), "{far}");
        assert!(told("margin_ms = 1\nleast_positions = 1501\nmeasured = \"x\"").contains("0 to 1500"));
        assert!(told("margin_ms = 1\nleast_positions = 0\nmeasured = \"\"").contains("measured"));
        assert!(told("margin = 1\nmargin_ms = 1\nleast_positions = 0\nmeasured = \"x\"").contains("margin"));
    }
}
