//! Voice activity: which frames are speech, and where speech begins and pauses. PURE: works on the
//! time of the audio, reads no clock, and must not know utterances or words.

mod hysteresis;
mod webrtc;

pub use hysteresis::{Edge, Hysteresis};
pub use webrtc::WebRtc;

/// Decides whether a frame is speech. One instance per call: detectors adapt to the line's noise.
pub trait Detector: Send {
    /// True if this frame (20 ms at 8 kHz) holds speech. Frames come in order.
    fn is_speech(&mut self, frame: &[i16]) -> bool;
}
