//! Standard output and standard error of all commands. A failed write is an error with its own exit code, not
//! a panic as with `println!`, which `clippy.toml` forbids. Must not know what is printed.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, IsTerminal as _, StdoutLock, Write};

/// Exit code if the reader of standard output has gone (`offhook … | head`): 128 + 13, which shells show for
/// a program that SIGPIPE ended. No message is printed then.
pub const READER_GONE: u8 = 141;

/// Exit code if standard output cannot be written for any other reason (EX_IOERR of sysexits.h).
pub const UNWRITABLE: u8 = 74;

/// Exit code of a model that is missing or broken (EX_NOINPUT).
pub const NO_MODEL: u8 = 66;

/// An error of standard output. It is the source of an [`io::Error`], so that a socket's broken pipe is not
/// taken for one.
#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written: {0}")]
struct Unwritable(io::Error);

fn marked(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), Unwritable(error))
}

/// The exit code of a command that failed because its results could not be written; `None` for any other
/// error.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> Option<u8> {
    let of_output = |cause: &(dyn std::error::Error + 'static)| {
        let error = cause.downcast_ref::<io::Error>()?;
        error.get_ref()?.downcast_ref::<Unwritable>().map(|unwritable| code(&unwritable.0))
    };
    error.chain().find_map(of_output)
}

/// The exit code for an error of standard output.
#[must_use]
pub fn code(error: &io::Error) -> u8 {
    if error.kind() == ErrorKind::BrokenPipe { READER_GONE } else { UNWRITABLE }
}

/// Standard output, locked for this thread.
pub(super) struct Stdout(StdoutLock<'static>);

/// Locks standard output; its errors have an exit code.
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

/// Flushes standard output.
///
/// # Errors
/// If standard output cannot be written.
pub fn flush() -> io::Result<()> {
    stdout().flush()
}

/// Like `print!`, but returns an error instead of panicking.
pub(super) fn write(text: Arguments<'_>) -> io::Result<()> {
    stdout().write_fmt(text)
}

/// Writes to standard error in one write. If nobody reads it, the command goes on: its results are elsewhere.
pub fn tell(text: Arguments<'_>) {
    let _ = io::stderr().write_all(text.to_string().as_bytes());
}

/// Shows at a terminal what is being done, over what was shown before; an empty text clears it.
pub(super) fn show_progress(doing: &str) {
    if io::stderr().is_terminal() {
        tell(format_args!("\r{doing:<40}{}", if doing.is_empty() { "\r" } else { "" }));
    }
}

/// Like `print!`, for results; returns an error instead of panicking.
macro_rules! out {
    ($($text:tt)*) => { $crate::cli::output::write(format_args!($($text)*)) };
}

/// Like `println!`, for results; returns an error instead of panicking.
macro_rules! outln {
    () => { $crate::cli::output::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::output::write(format_args!("{}\n", format_args!($($text)*))) };
}

/// Like `eprint!`, but ignores failed writes.
macro_rules! note {
    ($($text:tt)*) => { $crate::cli::output::tell(format_args!($($text)*)) };
}

/// Like `eprintln!`, but ignores failed writes.
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
        // The error of a socket.
        assert_eq!(code_of(ErrorKind::BrokenPipe.into()), None);
        let within = Err::<(), _>(marked(ErrorKind::BrokenPipe.into())).context("turn 3");
        assert_eq!(within.map_err(|error| exit_code(&error)), Err(Some(READER_GONE)));
    }
}
