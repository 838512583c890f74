//! What holds for audio files, from the outside. One binary, as everywhere here.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod helpers;
mod hostile;
mod reading;
mod writing;
