//! `offhook config password`: makes the hash of a password, which `admin.password` names. Must not know who
//! logs in with it.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::cli::output::{noteln, outln, tell};
use crate::login::{MOST_BYTES, PasswordHash, SALT_BYTES};

/// Asks for a password, twice at a terminal and once at a pipe, and prints its hash.
///
/// # Errors
/// If the password is too short or too long, or the second one differs; if standard input cannot be read or
/// standard output not be written.
pub fn run() -> anyhow::Result<ExitCode> {
    let password = if io::stdin().is_terminal() {
        let first = asked("The new password for the console (it is not shown): ")?;
        if asked("Once more: ")? != first {
            bail!("these are two different passwords: try again");
        }
        first
    } else {
        line()?
    };
    let mut salt = [0; SALT_BYTES];
    SystemRandom::new().fill(&mut salt).map_err(|_| anyhow!("the system has no randomness"))?;
    outln!("{}", PasswordHash::line_for(&password, salt)?)?;
    noteln!(
        "put this line into a file that only offhook's user can read, set admin.password = \"file:PATH\", and start \
         the server again"
    );
    Ok(ExitCode::SUCCESS)
}

fn asked(prompt: &str) -> anyhow::Result<String> {
    let _silent = Silent::begin().context("the terminal cannot be kept from showing the password")?;
    tell(format_args!("{prompt}"));
    let line = line();
    // The terminal showed no line break either.
    tell(format_args!("\n"));
    line
}

/// A line of standard input without its end.
fn line() -> anyhow::Result<String> {
    let mut line = String::new();
    // More than the longest password: it is then refused as too long.
    let most = (MOST_BYTES + 3) as u64;
    io::stdin().lock().take(most).read_line(&mut line).context("standard input cannot be read")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The terminal shows nothing of what is typed, until this is dropped.
struct Silent(Termios);

impl Silent {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
