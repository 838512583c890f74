//! The properties of the reader of audio of every kind. Must not know where bytes come from.

use offhook::formats::{Limits, read};

/// Short, as a byte may be a second of silence.
const LIMITS: Limits = Limits { most_seconds: 2 };

/// Audio files of every kind, by their bytes, and the same bytes as raw samples.
pub fn formats(data: &[u8]) {
    for hint in [None, Some("audio/pcm;rate=8000")] {
        match read(data, hint, LIMITS) {
            Ok(audio) => {
                assert!(offhook::audio::resample::RATES.contains(&audio.rate), "a rate of {}", audio.rate);
                assert!(!audio.samples.is_empty());
                assert!(audio.samples.len() <= 2 * audio.rate as usize, "{} samples", audio.samples.len());
                assert!(audio.samples.iter().all(|sample| (-1.0..=1.0).contains(sample)));
            }
            Err(problem) => {
                let problem = problem.to_string();
                assert!(problem.len() <= 400, "{problem}");
                // The reader catches the panics of decoders; here they count.
                assert!(!problem.contains("gave up"), "{problem}");
            }
        }
    }
}
