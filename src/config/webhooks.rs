//! `[webhooks]` and `[lookup]`: where events of calls are sent, and who is asked before a call. Must not know
//! how anything is sent.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::problems::Secrets;
use super::secrets::secret;
use super::toml_reader::Reader;
use crate::access::Secret;
use crate::webhooks::{Endpoint, Signer};

/// What stands in a system prompt for the facts of a look-up.
const PLACE: &str = "{facts}";

/// The most characters of the facts of a look-up, as of those that stand in for them.
pub const LONGEST_FACTS: usize = 4000;

/// `[webhooks]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhooks {
    /// Where events are posted; `None` sends nothing.
    pub url: Option<Endpoint>,
    /// Signs them; several while one replaces another.
    pub secret: Option<Secret>,
    /// The spool.
    pub file: Option<PathBuf>,
    /// Whether words, numbers and custom data are sent.
    pub words: bool,
    /// How long a request may take.
    pub timeout: Duration,
    /// How long an event is tried again.
    pub longest_age: Duration,
    /// How many events may wait in the spool.
    pub most_waiting: u64,
}

/// `[lookup]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Who is asked; `None` asks nobody.
    pub url: Option<Endpoint>,
    /// Signs the question.
    pub secret: Option<Secret>,
    /// How long the caller waits for the answer at most.
    pub timeout: Duration,
    /// The facts without an answer.
    pub default: String,
}

impl Lookup {
    /// The system prompt with these facts: in the place of `{facts}`, or behind it.
    #[must_use]
    pub fn prompt(&self, system_prompt: &str, facts: &str) -> String {
        if system_prompt.contains(PLACE) {
            system_prompt.replace(PLACE, facts)
        } else if facts.is_empty() {
            system_prompt.to_owned()
        } else {
            format!("{system_prompt} {facts}").trim().to_owned()
        }
    }
}

/// Reads `[webhooks]`.
pub(super) fn webhooks(r: &mut Reader, base: &Path) -> Webhooks {
    let hour = Duration::from_secs(60 * 60);
    let (url, secret) = signed(r, base, "webhooks.url", "webhooks.secret");
    let webhooks = Webhooks {
        url,
        secret,
        file: r.file("webhooks.file", base),
        words: r.switch("webhooks.words", false),
        timeout: r.millis("webhooks.timeout_ms", 5000, 100..=30_000),
        longest_age: hour * r.integer("webhooks.keep_hours", 24, 1..=168) as u32,
        most_waiting: r.integer("webhooks.max_waiting", 10_000, 1..=1_000_000),
    };
    if webhooks.url.is_some() && webhooks.file.is_none() {
        let allowed = "the path of a file in which events wait until they are delivered";
        r.refuse("webhooks.file", "\"\"".to_owned(), allowed.to_owned());
    }
    webhooks
}

/// Reads `[lookup]`.
pub(super) fn lookup(r: &mut Reader, base: &Path) -> Lookup {
    let (url, secret) = signed(r, base, "lookup.url", "lookup.secret");
    let default = r.text("lookup.default", "", |text| {
        (text.chars().count() > LONGEST_FACTS)
            .then(|| format!("a text of at most {LONGEST_FACTS} characters"))
    });
    let timeout = r.millis("lookup.timeout_ms", 500, 50..=3000);
    Lookup { url, secret, timeout, default: default.trim().to_owned() }
}

/// An address and the secret with which requests to it are signed.
fn signed(r: &mut Reader, base: &Path, url: &str, key: &str) -> (Option<Endpoint>, Option<Secret>) {
    let address = r.text(url, "", |_| None);
    let endpoint = (!address.is_empty()).then(|| Endpoint::new(&address)).transpose();
    if let Ok(Some(endpoint)) = &endpoint
        && !endpoint.is_safe()
    {
        let allowed =
            "an https address, or one of this machine: others on the way read and change what goes over http";
        r.refuse(url, "(hidden)".to_owned(), allowed.to_owned());
    }
    let endpoint = endpoint.unwrap_or_else(|error| {
        r.refuse(
            url,
            "(hidden)".to_owned(),
            format!("an address such as \"https://example.com/hooks\"; {error}"),
        );
        None
    });
    let secret = secret(r, base, key);
    // A problem of the secret itself was told when it was read.
    if endpoint.is_some() && !r.says(key) {
        let allowed = "a file or variable with a secret in it (whsec_...): every request is signed with it";
        r.refuse(key, "\"\"".to_owned(), allowed.to_owned());
    }
    if let Some(secret) = secret.as_ref().filter(|_| r.secrets() == Secrets::Read)
        && let Err(error) = Signer::new(secret.all())
    {
        r.refuse(key, "(hidden)".to_owned(), format!("a file or variable with a secret in it; {error}"));
    }
    (endpoint, secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn problems(text: &str, secret: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("secret"), secret).expect("a file");
        match parse(text, "test", folder.path()) {
            Ok(_) => Vec::new(),
            Err(error) => error.problems.iter().map(ToString::to_string).collect(),
        }
    }

    const GOOD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn an_address_needs_a_secret_and_a_file() {
        let whole = "[webhooks]\nurl = \"https://c/h\"\nsecret = \"file:secret\"\nfile = \"s.db\"";
        assert_eq!(problems(whole, GOOD), Vec::<String>::new());
        let alone = problems("[webhooks]\nurl = \"https://c/h\"", GOOD);
        assert_eq!(alone.len(), 2, "{alone:?}");
        assert_eq!(problems("[lookup]\nurl = \"https://c/h\"", GOOD).len(), 1);
    }

    #[test]
    fn neither_a_wrong_secret_nor_a_wrong_address_is_shown() {
        let text = "[lookup]\nurl = \"https://me:hushhush@c/h\"\nsecret = \"file:secret\"";
        let told = problems(text, "hushhush-hushhush");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().all(|told| !told.contains("hushhush")), "{told:?}");
        assert!(told[1].contains("whsec_"), "{told:?}");
    }

    #[test]
    fn facts_stand_where_the_prompt_wants_them_or_behind_it() {
        let config = parse("", "test", Path::new("")).expect("a configuration");
        let prompt = |prompt: &str, facts: &str| config.lookup.prompt(prompt, facts);
        assert_eq!(prompt("Be kind. {facts} Be short.", "It is Jo."), "Be kind. It is Jo. Be short.");
        assert_eq!(prompt("Be kind.", "It is Jo."), "Be kind. It is Jo.");
        assert_eq!(prompt("Be kind.", ""), "Be kind.");
        assert_eq!(prompt("", "It is Jo."), "It is Jo.");
    }
}
