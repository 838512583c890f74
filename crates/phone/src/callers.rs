//! The shipped caller's recordings, built into the program. `models/demo/callers/make.sh` makes the files.

use std::io::Cursor;

use offhook_core::audio::wav::{self, Clip};

macro_rules! files {
    ($($name:literal),*) => {
        [$(($name, include_bytes!(concat!("../../../models/demo/callers/", $name)).as_slice())),*]
    };
}

/// The shipped conversation, in order: the name and the contents of each file.
pub const FILES: [(&str, &[u8]); 8] =
    files!("1.wav", "2.wav", "3.wav", "4.wav", "5.wav", "6.wav", "7.wav", "8.wav");

/// What is said in them: a JSON object whose `turns` have `file` and `text`.
pub const CONVERSATION: &str = include_str!("../../../models/demo/callers/conversation.json");

/// The shipped recordings, each with the name of its file.
///
/// # Errors
/// If a file is not a WAV file; all shipped files are.
pub fn shipped() -> anyhow::Result<Vec<(&'static str, Clip)>> {
    FILES.into_iter().map(|(name, bytes)| Ok((name, wav::read(Cursor::new(bytes), name)?))).collect()
}
