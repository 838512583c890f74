//! `offhook token`: a single-use address, for programs that hand out addresses to callers. Must not know
//! sockets.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::access::{LONGEST_VALIDITY, PathToken};
use crate::cli::output::{noteln, outln};
use crate::config::Config;
use crate::runtime::clock::since_1970;
use crate::streams::dialect::Dialect;

/// Creates a single-use address that opens one socket.
///
/// Needs path_secret in the provider's section of the configuration.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The provider, as in server.lines: offhook, twilio, telnyx, plivo, vonage, jambonz or asterisk
    line: String,

    /// Validity of the address, in seconds
    #[arg(long, value_name = "S", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=LONGEST_VALIDITY.as_secs()))]
    valid: u64,
}

/// Prints the address, or only its path if `server.public_url` is not set.
///
/// # Errors
/// If the provider is unknown, not in `server.lines`, or has no tokens; if the system has no randomness; if
/// standard output cannot be written.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let tokens = tokens(&args.line, config)?;
    let mut nonce = [0; 16];
    SystemRandom::new().fill(&mut nonce).map_err(|_| anyhow!("the system has no randomness"))?;
    let token = tokens.issue(since_1970() + Duration::from_secs(args.valid), nonce);
    let target = format!("/{}/{token}", args.line);
    if config.lines.public_url.is_none() {
        noteln!(
            "server.public_url is not set: put this machine's address before the path, such as ws://127.0.0.1:8080"
        );
    }
    outln!("{}", config.lines.public_url.as_ref().map_or_else(|| target.clone(), |url| url.of(&target)))?;
    Ok(ExitCode::SUCCESS)
}

fn tokens<'a>(name: &str, config: &'a Config) -> anyhow::Result<&'a PathToken> {
    let Some(dialect) = Dialect::named(name) else {
        let names = Dialect::LINES.map(Dialect::name).join(", ");
        bail!("\"{name}\" is not a provider; the providers are {names}");
    };
    let line = config.lines.taken.get(&dialect);
    let line = line.with_context(|| format!("{name} is not accepted: add it to server.lines"))?;
    line.tokens.as_ref().with_context(|| {
        format!("{name} has no tokens: set {name}.path_secret to \"env:NAME\" or \"file:PATH\"")
    })
}
