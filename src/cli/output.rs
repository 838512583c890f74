//! Standard output and standard error of all commands. What cannot be written is an error with an exit code
//! of its own and never a panic, as it is with `println!`; `clippy.toml` keeps that away. Must not know what
//! is printed.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, StdoutLock, Write};

/// Exit code where the reader of standard output has gone (`offhook … | head`): what shells show for a
/// program that SIGPIPE ended, 128 + 13. Nothing is said then.
pub const READER_GONE: u8 = 141;

/// Exit code where standard output cannot be written for any other reason (EX_IOERR of sysexits.h).
pub const UNWRITABLE: u8 = 74;

/// What happened to standard output; it is the source of an [`io::Error`], so that a socket's broken pipe is
/// not taken for it.
#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written: {0}")]
struct Unwritable(io::Error);

fn marked(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), Unwritable(error))
}

/// The exit code of a command that failed because its results could not be written; `None` if `error` is
/// another.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> Option<u8> {
    let of_output = |cause: &(dyn std::error::Error + 'static)| {
        let error = cause.downcast_ref::<io::Error>()?;
        error.get_ref()?.downcast_ref::<Unwritable>().map(|unwritable| code(&unwritable.0))
    };
    error.chain().find_map(of_output)
}

/// The exit code where `error` is one of standard output.
#[must_use]
pub fn code(error: &io::Error) -> u8 {
    if error.kind() == ErrorKind::BrokenPipe { READER_GONE } else { UNWRITABLE }
}

/// Standard output, for this thread alone while it lives.
pub(super) struct Stdout(StdoutLock<'static>);

/// Standard output; its errors have an exit code.
pub(super) fn stdout() -> Stdout {
    Stdout(io::stdout().lock())
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(marked)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(marked)
    }
}

/// Writes what is still in hand.
///
/// # Errors
/// If standard output cannot be written.
pub fn flush() -> io::Result<()> {
    stdout().flush()
}

/// As `print!`, with an error instead of a panic.
pub(super) fn write(text: Arguments<'_>) -> io::Result<()> {
    stdout().write_fmt(text)
}

/// On standard error, in one piece. Where nobody reads it, a command goes on: its results are elsewhere.
pub fn tell(text: Arguments<'_>) {
    let _ = io::stderr().write_all(text.to_string().as_bytes());
}

/// As `print!`; a result.
macro_rules! out {
    ($($text:tt)*) => { $crate::cli::output::write(format_args!($($text)*)) };
}

/// As `println!`; a result.
macro_rules! outln {
    () => { $crate::cli::output::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::output::write(format_args!("{}\n", format_args!($($text)*))) };
}

/// As `eprint!`, whether it can be written or not.
macro_rules! note {
    ($($text:tt)*) => { $crate::cli::output::tell(format_args!($($text)*)) };
}

/// As `eprintln!`, whether it can be written or not.
macro_rules! noteln {
    () => { $crate::cli::output::tell(format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::output::tell(format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use {note, noteln, out, outln};

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn only_an_error_of_standard_output_has_its_exit_code() {
        let code_of = |error: io::Error| exit_code(&anyhow::Error::from(error));
        assert_eq!(code_of(marked(ErrorKind::BrokenPipe.into())), Some(READER_GONE));
        assert_eq!(code_of(marked(ErrorKind::StorageFull.into())), Some(UNWRITABLE));
        // A socket's.
        assert_eq!(code_of(ErrorKind::BrokenPipe.into()), None);
        let within = Err::<(), _>(marked(ErrorKind::BrokenPipe.into())).context("turn 3");
        assert_eq!(within.map_err(|error| exit_code(&error)), Err(Some(READER_GONE)));
    }
}
