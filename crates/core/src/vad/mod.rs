//! Voice activity: which frames are speech, and where speech begins and pauses. PURE: works on the time of
//! the audio and reads no clock. Must not know utterances or words.

mod earshot;
mod hysteresis;
mod upsample_2x;
mod webrtc;

pub use earshot::{Earshot, voiced_in};
pub use hysteresis::{Edge, Hysteresis, HysteresisSettings};
pub use webrtc::WebRtc;

use serde::{Deserialize, Serialize};

/// The choice of a detector, and how sure it must be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetectorChoice {
    /// A small neural network; its score, 0 to 1, must reach this threshold.
    Earshot(f32),
    /// WebRTC's detector; its aggressiveness is from 0 (takes much for speech) to 3 (takes little).
    WebRtc(u8),
}

impl DetectorChoice {
    /// A detector for one call.
    #[must_use]
    pub fn build(self) -> Box<dyn Detector> {
        match self {
            Self::Earshot(threshold) => Box::new(Earshot::new(threshold)),
            Self::WebRtc(aggressiveness) => Box::new(WebRtc::new(aggressiveness)),
        }
    }
}

impl std::fmt::Display for DetectorChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Earshot(threshold) => write!(f, "earshot {threshold}"),
            Self::WebRtc(aggressiveness) => write!(f, "webrtc {aggressiveness}"),
        }
    }
}

/// Decides whether a frame is speech. One instance per call, because detectors adapt to the call's noise.
pub trait Detector: Send {
    /// True if this frame (20 ms at 8 kHz) holds speech. Frames come in order.
    fn is_speech(&mut self, frame: &[i16]) -> bool;
}
