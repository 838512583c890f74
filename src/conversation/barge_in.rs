//! Whether words said while the agent speaks are meant to stop it. Speech that lasts stops it in any
//! case; this is about the short ones. Knows texts, no audio and no time.

/// What people say to show that they listen, not to take the turn.
const BACKCHANNELS: &[&str] = &[
    "mm-hm", "mm hm", "mhm", "mm", "uh-huh", "uh huh", "yeah", "okay", "ok", "right", "i see", "sure", "hm",
];

/// True if short speech with these words, made while the agent speaks, is a turn of its own. Silence
/// and "mm-hm" are not; "no" is.
#[must_use]
pub fn words_take_the_turn(text: &str) -> bool {
    let plain = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    !plain.is_empty() && !BACKCHANNELS.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_who_says_mm_hm_does_not_take_the_turn() {
        for text in ["Mm-hm.", "Okay.", "", "Yeah.", " ... "] {
            assert!(!words_take_the_turn(text), "{text}");
        }
        for text in ["No.", "Wait!", "Stop.", "Okay, but when?"] {
            assert!(words_take_the_turn(text), "{text}");
        }
    }
}
