//! What a pull may be told, and what it tells while it goes on. Must not know how it is done.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::HeaderValue;

use crate::address::{Address, BadAddress};
use crate::folder::Folder;
use crate::room;

/// The variables that a token is read from, in order.
const TOKENS: [&str; 2] = ["OFFHOOK_HF_TOKEN", "HF_TOKEN"];

/// The server that these variables' tokens are of.
const HUB: &str = "https://huggingface.co";

/// How a model is pulled.
#[derive(Debug, Clone)]
pub struct PullOptions {
    /// Where models are kept.
    pub folder: Folder,
    /// A mirror: its scheme and host instead of the manifest's, before the same paths.
    pub base_url: Option<Address>,
    /// A folder that has the files already: they are copied from there, and nothing is fetched.
    pub offline: Option<PathBuf>,
    /// A token for a server that asks for one.
    pub token: Option<Token>,
    /// How long nothing may come, also until the connection stands.
    pub stall: Duration,
    /// The fewest bytes a second, over the time of `stall`: a server that sends a byte now and then would
    /// keep us for ever.
    pub least_bytes_per_s: u64,
    /// How often a file is tried again without having come further.
    pub retries: u32,
    /// The wait before the first retry; each further one is twice as long.
    pub first_wait: Duration,
    /// The longest wait, also where a server asks for more.
    pub longest_wait: Duration,
    /// How much room a folder has.
    pub free_space: fn(&Path) -> io::Result<u64>,
}

impl PullOptions {
    /// The usual options.
    #[must_use]
    pub fn new(folder: Folder) -> Self {
        Self {
            folder,
            base_url: None,
            offline: None,
            token: None,
            stall: Duration::from_secs(30),
            least_bytes_per_s: 1024,
            retries: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(120),
            free_space: room::free_space,
        }
    }
}

/// What a pull has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file.
    pub file: &'a str,
    /// The bytes that are there.
    pub done: u64,
    /// Its length, if it is known.
    pub total: Option<u64>,
    /// How fast it comes.
    pub bytes_per_s: u64,
    /// Why the pull waits, and how long, before it goes on.
    pub waits: Option<(&'a str, Duration)>,
}

/// A secret that opens a server. It goes to that server alone, and is in no message.
#[derive(Clone)]
pub struct Token {
    header: HeaderValue,
    server: Address,
}

/// A token that cannot be used. It is not quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It has characters that no token has.
    #[error("{0} has characters that no token has: give it as it was given to you, on one line")]
    Characters(String),
    /// Its server has no address.
    #[error(transparent)]
    Server(#[from] BadAddress),
}

impl Token {
    /// A token for `server`; `origin` says in messages where the token is from.
    ///
    /// # Errors
    /// If it is no token, or that is no server.
    pub fn new(secret: &str, server: &str, origin: &str) -> Result<Self, BadToken> {
        let bad = || BadToken::Characters(origin.to_owned());
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad());
        }
        let mut header = HeaderValue::try_from(format!("Bearer {secret}")).map_err(|_| bad())?;
        header.set_sensitive(true);
        Ok(Self { header, server: Address::new(server)? })
    }

    /// The token for Hugging Face from `OFFHOOK_HF_TOKEN` or `HF_TOKEN`, if one is set.
    ///
    /// # Errors
    /// If it is no token.
    pub fn from_environment() -> Result<Option<Self>, BadToken> {
        Self::of(|name| std::env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, BadToken> {
        let value = |name| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let set = TOKENS.iter().find_map(|name| Some((name, value(name)?)));
        set.map(|(name, secret)| Self::new(&secret, HUB, name)).transpose()
    }

    /// The header for a request to `address`, if that is the token's server.
    pub(crate) fn header_for(&self, address: &Address) -> Option<HeaderValue> {
        address.is_at(&self.server).then(|| self.header.clone())
    }

    /// The token's server.
    pub(crate) fn server(&self) -> String {
        self.server.server()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(for {})", self.server())
    }
}

/// Tells of one file.
pub(crate) struct Reporter<'a> {
    pub(crate) file: &'a str,
    pub(crate) to: &'a dyn Fn(Progress<'_>),
}

impl Reporter<'_> {
    pub(crate) fn came(&self, done: u64, total: Option<u64>, bytes_per_s: u64) {
        (self.to)(Progress { file: self.file, done, total, bytes_per_s, waits: None });
    }

    pub(crate) fn waits(&self, done: u64, total: Option<u64>, reason: &str, wait: Duration) {
        let waits = Some((reason, wait));
        (self.to)(Progress { file: self.file, done, total, bytes_per_s: 0, waits });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_for_its_server_and_in_no_message() {
        let of = |first: &'static str, second: &'static str| {
            Token::of(move |name| Some(if name == "HF_TOKEN" { second } else { first }.to_owned()))
        };
        let token = of("hf_secret\n", "hf_other").unwrap().unwrap();
        let header = |address: &str| token.header_for(&Address::new(address).unwrap());
        assert_eq!(header("https://huggingface.co/a/b").unwrap(), "Bearer hf_secret");
        for other in ["https://cdn.huggingface.co/a", "https://huggingface.co:444/a", "http://localhost/a"] {
            assert_eq!(header(other), None, "{other}");
        }
        let shown = format!("{token:?} {:?}", header("https://huggingface.co/a/b"));
        assert!(!shown.contains("secret"), "{shown}");
        let told = of("two words", "").unwrap_err().to_string();
        assert!(told.contains("OFFHOOK_HF_TOKEN") && !told.contains("words"), "{told}");
        assert!(of("", "").unwrap().is_none());
    }
}
