//! WebRTC's voice activity detector (Gaussian mixtures over six bands of the spectrum), from the `webrtc-vad`
//! crate. Must not know anything but frames.
#![allow(unsafe_code)]

use webrtc_vad::{SampleRate, Vad, VadMode};

use super::Detector;

/// A detector at 8 kHz.
pub struct WebRtc(Vad);

// SAFETY: `Vad` owns its C state through a raw pointer that it alone frees; libfvad keeps no global
// or thread-local state, and all its calls take `&mut self`. Moving it to another thread is sound;
// it is not `Sync`, and nothing here makes it so.
unsafe impl Send for WebRtc {}

impl WebRtc {
    /// A detector with this `aggressiveness`, 0 to 3. The smaller it is, the more readily it decides for
    /// speech.
    #[must_use]
    pub fn new(aggressiveness: u8) -> Self {
        let mode = match aggressiveness {
            0 => VadMode::Quality,
            1 => VadMode::LowBitrate,
            2 => VadMode::Aggressive,
            _ => VadMode::VeryAggressive,
        };
        Self(Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, mode))
    }
}

impl Detector for WebRtc {
    fn is_speech(&mut self, frame: &[i16]) -> bool {
        // The detector refuses frames that are not 10, 20 or 30 ms long, and panics on one without samples.
        // Neither is speech.
        !frame.is_empty() && self.0.is_voice_segment(frame).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::FRAME_SAMPLES;

    #[test]
    fn silence_is_no_speech_and_no_frame_length_breaks_it() {
        let mut vad = WebRtc::new(2);
        assert!(!vad.is_speech(&[0; FRAME_SAMPLES]));
        for length in [0, 1, 79, 80, 160, 161, 240, 4000] {
            vad.is_speech(&vec![1000; length]);
        }
    }

    #[test]
    fn it_can_move_to_another_thread() {
        let mut vad = WebRtc::new(3);
        let heard = std::thread::spawn(move || vad.is_speech(&[0; FRAME_SAMPLES])).join().expect("no panic");
        assert!(!heard);
    }
}
