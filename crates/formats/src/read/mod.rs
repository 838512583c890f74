//! Reads a file of any kind: finds the kind, has it decoded, and holds every decoder to the same promises.
//! Must not know the codecs.

mod clip;
mod compressed;
mod mp4;
mod opus;
mod plain;
mod webm;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::kind::Kind;
use crate::sniffing::kind_of;
use crate::{Audio, FormatError, Limits};

/// Reads a file of any kind in [`EXPECTED`](crate::EXPECTED), mixed to mono, at its own rate. The bytes
/// decide what it is; `hint`, its name or its MIME type, only tells raw 16-bit samples
/// (`audio/pcm;rate=16000`, or a name in `.pcm` or `.raw`: 16 kHz). What is damaged in the middle is left
/// out, as players do, and a file that was cut off is read as far as it goes.
///
/// # Errors
/// If the file is of another kind, nothing in it could be decoded, or it is longer than the limit.
pub fn read(bytes: &[u8], hint: Option<&str>, limits: Limits) -> Result<Audio, FormatError> {
    read_while(bytes, hint, limits, &|| true)
}

/// As [`read`], as long as `goes_on` says so: it is asked before every packet. A small file may take long.
///
/// # Errors
/// As [`read`], and if it was stopped.
pub fn read_while(
    bytes: &[u8],
    hint: Option<&str>,
    limits: Limits,
    goes_on: &dyn Fn() -> bool,
) -> Result<Audio, FormatError> {
    let (kind, begin) = kind_of(bytes, hint)?;
    let bytes = bytes.get(begin..).unwrap_or_default();
    let decode = || match kind {
        Kind::Wav => plain::wav(bytes, limits),
        Kind::Raw { rate } => plain::raw(bytes, rate, limits),
        Kind::Flac | Kind::Mp3 | Kind::Ogg | Kind::Mp4 | Kind::WebM => {
            compressed::read(bytes, kind, limits, goes_on)
        }
    };
    // None of the decoders should panic, but their promises are not ours; nothing they leave is used again.
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| {
        Err(FormatError::Damaged { kind, problem: "its decoder gave up (please report the file)".to_owned() })
    })
}
