//! The keys of the providers: which are enabled, how clients authenticate, how calls are ended. Knows no
//! wire.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use axum::http::Uri;

use super::problems::Secrets;
use super::secrets::{password, private_key, secret};
use super::toml_reader::{HIDDEN, Reader};
use crate::access::{Check, PathToken, PublicUrl};
use crate::streams::api::{Account, Api};
use crate::streams::dialect::Dialect;
use crate::streams::telnyx::ByteOrder;

/// The settings of one provider: the section of its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The checks that a client must pass, all of them.
    pub checks: Vec<Check>,
    /// Single-use tokens in the address, if they are required.
    pub tokens: Option<PathToken>,
    /// No credentials are required, on purpose.
    pub insecure: bool,
    /// Audio in its playback buffer; `None` means `playback.lead_ms`.
    pub lead: Option<Duration>,
    /// The API that transfers calls, and ends them if the socket's protocol has no message for it.
    pub api: Option<Api>,
}

/// The settings of all providers.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// The enabled providers.
    pub taken: BTreeMap<Dialect, Line>,
    /// The address that gateways dial.
    pub public_url: Option<PublicUrl>,
    /// The byte order of L16 from Telnyx.
    pub telnyx_l16: ByteOrder,
    /// Whether a session of offhook's own protocol may bring its own agent.
    pub own_agents: bool,
}

/// Whether the value of `key` may be a secret, or contain one. The sections of providers are full of
/// credentials, and people mistake one of their keys for another; addresses may contain a password.
pub(super) fn holds_secrets(key: &str) -> bool {
    let section = key.split_once('.').map_or(key, |(section, _)| section);
    Dialect::named(section).is_some()
        || ["admin", "lookup", "otlp", "webhooks"].contains(&section)
        || ["server.public_url", "server.tls_key", "server.tls_certificate"].contains(&key)
}

/// Reads the sections of all providers. Where other machines can reach them, each enabled provider must
/// authenticate its clients, or be marked insecure. A public address means that a proxy lets others in.
pub(super) fn lines(r: &mut Reader, base: &Path, bind: IpAddr) -> Lines {
    let taken = taken(r);
    let public_url = public_url(r);
    let reachable = !bind.is_loopback() || public_url.is_some();
    let mut lines = BTreeMap::new();
    for dialect in Dialect::LINES {
        // The sections of disabled providers are checked as well: they may be enabled later.
        let line = line(r, base, dialect, public_url.as_ref());
        if taken.contains(&dialect) {
            if reachable && !line.insecure && line.checks.is_empty() && !asks_for_something(r, dialect) {
                refuse_open(r, dialect);
            }
            lines.insert(dialect, line);
        }
    }
    let telnyx_l16 = match choice(r, "telnyx.l16_byte_order", "little", &["little", "big"]).as_str() {
        "big" => ByteOrder::Big,
        _ => ByteOrder::Little,
    };
    let own_agents = r.switch("offhook.own_agents", true);
    Lines { taken: lines, public_url, telnyx_l16, own_agents }
}

/// Whether a credential is given, even one that cannot be read: that was reported already.
fn asks_for_something(r: &mut Reader, dialect: Dialect) -> bool {
    let key = |key| format!("{}.{key}", dialect.name());
    credentials(dialect).iter().any(|name| !r.text(&key(name), "", |_| None).is_empty())
}

fn refuse_open(r: &mut Reader, dialect: Dialect) {
    let name = dialect.name();
    let keys: Vec<String> = credentials(dialect).iter().map(|key| format!("{name}.{key}")).collect();
    let Some((first, others)) = keys.split_first() else { return };
    let others: String = others.iter().map(|key| format!(", or {key}")).collect();
    let allowed = format!(
        "missing, and others can reach this line: set it{others}, to \"env:NAME\" or \"file:PATH\" \
         (docs/security.md), or take \"{name}\" out of server.lines; only where anybody may start calls, set \
         {name}.insecure = true"
    );
    r.refuse(first, String::new(), allowed);
}

/// The keys of a provider that make it authenticate its clients.
const fn credentials(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Native => &["bearer", "path_secret"],
        Dialect::Twilio => &["auth_token", "shared_key", "path_secret"],
        Dialect::Telnyx => &["stream_token", "path_secret"],
        Dialect::Plivo => &["auth_token", "path_secret"],
        Dialect::Vonage => &["signature_secret", "bearer", "path_secret"],
        Dialect::Jambonz | Dialect::Asterisk => &["basic", "path_secret"],
        // It is no line: the interface for programs has keys of its own.
        Dialect::Realtime => &[],
    }
}

fn taken(r: &mut Reader) -> Vec<Dialect> {
    let all = Dialect::LINES.map(Dialect::name);
    let mut taken = Vec::new();
    let names = r.texts("server.lines", &all);
    if names.is_empty() {
        let allowed = format!("at least one of {}: without one, no call can come in", all.join(", "));
        r.refuse("server.lines", "[]".to_owned(), allowed);
    }
    for name in names {
        match Dialect::named(&name) {
            Some(dialect) => taken.push(dialect),
            None => {
                r.refuse("server.lines", format!("\"{name}\""), format!("a list of {}", all.join(", ")));
            }
        }
    }
    taken
}

fn public_url(r: &mut Reader) -> Option<PublicUrl> {
    let text = r.text("server.public_url", "", |text| {
        (!text.is_empty() && PublicUrl::parse(text).is_none())
            .then(|| "the address that gateways dial, such as \"wss://voice.example.com\"".to_owned())
    });
    PublicUrl::parse(&text)
}

fn line(r: &mut Reader, base: &Path, dialect: Dialect, public_url: Option<&PublicUrl>) -> Line {
    let name = dialect.name();
    let key = |key: &str| format!("{name}.{key}");
    let (mut checks, api) = match dialect {
        Dialect::Native => (bearer(r, base, name), None),
        Dialect::Twilio => twilio(r, base, public_url),
        Dialect::Telnyx => telnyx(r, base),
        Dialect::Plivo => plivo(r, base, public_url),
        Dialect::Vonage => vonage(r, base),
        Dialect::Jambonz => jambonz(r, base),
        Dialect::Asterisk => (basic(r, base, name), None),
        Dialect::Realtime => (Vec::new(), None),
    };
    let tokens = secret(r, base, &key("path_secret")).map(|secret| PathToken::new(name, secret));
    checks.extend(tokens.clone().map(Check::PathToken));
    let lead = r.millis(&key("lead_ms"), 0, 0..=200);
    if (1..40).contains(&lead.as_millis()) {
        r.refuse(&key("lead_ms"), lead.as_millis().to_string(), "0, or from 40 to 200".to_owned());
    }
    let insecure = r.switch(&key("insecure"), false);
    Line { checks, tokens, insecure, lead: Some(lead).filter(|lead| !lead.is_zero()), api }
}

fn bearer(r: &mut Reader, base: &Path, name: &str) -> Vec<Check> {
    secret(r, base, &format!("{name}.bearer")).map(Check::Bearer).into_iter().collect()
}

fn basic(r: &mut Reader, base: &Path, name: &str) -> Vec<Check> {
    password(r, base, &format!("{name}.basic")).map(Check::Basic).into_iter().collect()
}

fn twilio(r: &mut Reader, base: &Path, url: Option<&PublicUrl>) -> (Vec<Check>, Option<Api>) {
    let tokens = secret(r, base, "twilio.auth_token");
    let keys = secret(r, base, "twilio.shared_key");
    let signed = tokens.is_some() || keys.is_some();
    let check = signed.then(|| signed_url(r, url, "twilio.auth_token")).flatten();
    let check = check.map(|url| Check::Twilio { tokens: tokens.clone(), keys, url });
    let sid = r.text("twilio.account_sid", "", name_or_nothing);
    let base = api_url(r, "twilio.api_url", "https://api.twilio.com");
    let account = given(r, "twilio.account_sid", sid, tokens, "twilio.auth_token");
    let api = account.map(|(sid, token)| Api { base, account: Account::Twilio { sid, token } });
    (check.into_iter().collect(), api)
}

fn telnyx(r: &mut Reader, base: &Path) -> (Vec<Check>, Option<Api>) {
    let token = secret(r, base, "telnyx.stream_token");
    let check = token.map(|token| Check::Header("x-telnyx-streaming-auth-token", token));
    let key = secret(r, base, "telnyx.api_key");
    let base = api_url(r, "telnyx.api_url", "https://api.telnyx.com");
    (check.into_iter().collect(), key.map(|key| Api { base, account: Account::Telnyx { key } }))
}

fn plivo(r: &mut Reader, base: &Path, url: Option<&PublicUrl>) -> (Vec<Check>, Option<Api>) {
    let tokens = secret(r, base, "plivo.auth_token");
    let url = tokens.is_some().then(|| signed_url(r, url, "plivo.auth_token")).flatten();
    let check = url.and_then(|url| Some(Check::Plivo { tokens: tokens.clone()?, url }));
    let id = r.text("plivo.auth_id", "", name_or_nothing);
    let base = api_url(r, "plivo.api_url", "https://api.plivo.com");
    let account = given(r, "plivo.auth_id", id, tokens, "plivo.auth_token");
    let api = account.map(|(id, token)| Api { base, account: Account::Plivo { id, token } });
    (check.into_iter().collect(), api)
}

fn vonage(r: &mut Reader, base: &Path) -> (Vec<Check>, Option<Api>) {
    let jwt = secret(r, base, "vonage.signature_secret").map(Check::Jwt);
    let bearer = bearer(r, base, "vonage");
    if jwt.is_some() && !bearer.is_empty() {
        let allowed = "\"\" beside vonage.signature_secret: a request has one Authorization only".to_owned();
        r.refuse("vonage.bearer", HIDDEN.to_owned(), allowed);
    }
    let application = r.text("vonage.application_id", "", name_or_nothing);
    let key = private_key(r, base, "vonage.private_key");
    let base = api_url(r, "vonage.api_url", "https://api.nexmo.com");
    let account = given(r, "vonage.application_id", application, key, "vonage.private_key");
    let api = account.map(|(application, key)| Api { base, account: Account::Vonage { application, key } });
    (jwt.into_iter().chain(bearer).collect(), api)
}

fn jambonz(r: &mut Reader, base: &Path) -> (Vec<Check>, Option<Api>) {
    let checks = basic(r, base, "jambonz");
    let sid = r.text("jambonz.account_sid", "", name_or_nothing);
    let key = secret(r, base, "jambonz.api_key");
    let base = api_url(r, "jambonz.api_url", "https://jambonz.cloud/api");
    let account = given(r, "jambonz.account_sid", sid, key, "jambonz.api_key");
    let api = account.map(|(sid, key)| Api { base, account: Account::Jambonz { sid, key } });
    (checks, api)
}

/// The address that signatures cover; without it, they cannot be checked.
fn signed_url(r: &mut Reader, url: Option<&PublicUrl>, key: &str) -> Option<PublicUrl> {
    if url.is_none() {
        let allowed = format!("the address that gateways dial (\"wss://voice.example.com\"): {key} signs it");
        r.refuse("server.public_url", "\"\"".to_owned(), allowed);
    }
    url.cloned()
}

/// An account's name with its credential, if a name is given; the credential is required then.
fn given<P>(
    r: &mut Reader,
    key: &str,
    name: String,
    proof: Option<P>,
    proof_key: &str,
) -> Option<(String, P)> {
    // A secret that is not read counts as given.
    let left = r.secrets() == Secrets::Leave && !r.text(proof_key, "", |_| None).is_empty();
    if !name.is_empty() && proof.is_none() && !left {
        r.refuse(key, HIDDEN.to_owned(), format!("\"\", or {proof_key} with it: it signs the requests"));
    }
    Some(name).filter(|name| !name.is_empty()).zip(proof)
}

fn name_or_nothing(text: &str) -> Option<String> {
    let right = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    (!right).then(|| "letters, digits, \"-\" and \"_\", as the provider shows it".to_owned())
}

fn api_url(r: &mut Reader, key: &str, usual: &str) -> String {
    let text = r.text(key, usual, |text| {
        let uri: Option<Uri> = text.parse().ok();
        let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
        // Secrets are sent to this address: unencrypted to this machine only.
        let scheme = match uri.as_ref().and_then(Uri::scheme_str) {
            Some("https") => true,
            Some("http") => host == "127.0.0.1" || host == "localhost",
            Some(_) | None => false,
        };
        let right = scheme && !host.is_empty() && !text.contains(['?', '#', '@']);
        (!right).then(|| format!("an address such as \"{usual}\", with https"))
    });
    text.trim_end_matches('/').to_owned()
}

fn choice(r: &mut Reader, key: &str, usual: &str, all: &[&str]) -> String {
    r.text(key, usual, |v| {
        (!all.contains(&v)).then(|| all.iter().map(|a| format!("\"{a}\"")).collect::<Vec<_>>().join(" or "))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{ConfigError, parse};
    use super::*;

    fn read(text: &str, folder: &Path) -> Result<Lines, String> {
        parse(text, "test", folder).map(|config| config.lines).map_err(|e: ConfigError| e.to_string())
    }

    fn with_secret() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "0123456789abcdef\n").unwrap();
        std::fs::write(folder.path().join("short"), "abc").unwrap();
        std::fs::write(folder.path().join("password"), "asterisk:0123456789\n").unwrap();
        folder
    }

    #[test]
    fn on_this_machine_alone_all_lines_are_open() {
        let lines = read("", Path::new("")).unwrap();
        assert_eq!(lines.taken.len(), 7);
        assert!(lines.taken.values().all(|line| line.checks.is_empty()));
    }

    #[test]
    fn an_open_line_on_an_address_that_others_reach_is_refused_by_name() {
        let folder = with_secret();
        let error = read("[server]\nbind = \"0.0.0.0\"\nlines = [\"twilio\"]", folder.path()).unwrap_err();
        assert!(error.contains("twilio.auth_token: missing, and others can reach this line: set it, or"));
        assert!(error.contains("or twilio.shared_key, or twilio.path_secret, to \"env:NAME\""), "{error}");
        assert_eq!(error.lines().count(), 2, "{error}");
        let unread =
            "[server]\nbind = \"0.0.0.0\"\nlines = [\"plivo\"]\n[plivo]\npath_secret = \"file:nowhere\"";
        let error = read(unread, folder.path()).unwrap_err();
        assert!(error.contains("plivo.path_secret = \"file:…\"") && !error.contains("insecure"), "{error}");
        let proxied = "[server]\npublic_url = \"wss://voice.example.com\"\nlines = [\"twilio\"]";
        assert!(read(proxied, folder.path()).unwrap_err().contains("twilio.insecure"));
        let open = "[server]\nbind = \"0.0.0.0\"\nlines = [\"twilio\"]\n[twilio]\ninsecure = true";
        assert!(read(open, folder.path()).is_ok());
        let checked =
            "[server]\nbind = \"::\"\nlines = [\"twilio\"]\n[twilio]\npath_secret = \"file:secret\"";
        assert!(read(checked, folder.path()).unwrap().taken[&Dialect::Twilio].tokens.is_some());
    }

    /// Fault: the refusal of an open line began with "insecure = false: allowed is true", which suggested the
    /// wrong fix first.
    #[test]
    fn the_refusal_of_an_open_line_names_its_credential_first_and_insecure_last() {
        let error = read("[server]\nbind = \"0.0.0.0\"", Path::new("")).unwrap_err();
        let told: Vec<&str> = error.lines().skip(1).collect();
        assert_eq!(told.len(), Dialect::LINES.len());
        for (line, dialect) in told.iter().zip(Dialect::LINES) {
            let (name, key) = (dialect.name(), credentials(dialect)[0]);
            assert!(line.trim_start().starts_with(&format!("{name}.{key}: missing")), "{line}");
            assert!(line.ends_with(&format!("set {name}.insecure = true")), "{line}");
        }
    }

    /// Fault: a server without any provider was accepted.
    #[test]
    fn a_server_without_a_line_is_refused() {
        let error = read("[server]\nlines = []", Path::new("")).unwrap_err();
        assert!(error.contains("server.lines = []: allowed is at least one of offhook, twilio"), "{error}");
    }

    #[test]
    fn a_secret_is_read_from_a_file_and_never_repeated() {
        let folder = with_secret();
        let told = |text: &str| read(text, folder.path()).unwrap_err();
        let written = told("[offhook]\nbearer = \"0123456789abcdef\"");
        assert!(written.contains("offhook.bearer = …: allowed is \"env:NAME\""), "{written}");
        assert!(!written.contains("0123456789abcdef"));
        assert!(told("[offhook]\nbearer = \"file:nowhere\"").contains("No such file"));
        assert!(told("[offhook]\nbearer = \"file:short\"").contains("fewer than 8 characters"));
        assert!(told("[offhook]\nbearer = \"env:OFFHOOK_NOT_SET\"").contains("no such variable"));
        assert!(told("[asterisk]\nbasic = \"file:secret\"").contains("USER:PASSWORD"));
        std::fs::write(folder.path().join("empty"), "asterisk:\n").unwrap();
        assert!(told("[jambonz]\nbasic = \"file:empty\"").contains("8 characters"));
        assert!(told("[vonage]\nprivate_key = \"file:secret\"").contains("not an RSA private key"));
        let lines = read("[asterisk]\nbasic = \"file:password\"", folder.path()).unwrap();
        assert_eq!(lines.taken[&Dialect::Asterisk].checks.len(), 1);
        assert!(!format!("{lines:?}").contains("0123456789"));
    }

    #[test]
    fn a_signature_needs_the_address_that_it_signs() {
        let folder = with_secret();
        let signed = "[twilio]\nauth_token = \"file:secret\"";
        assert!(read(signed, folder.path()).unwrap_err().contains("server.public_url"));
        let with_url =
            format!("[server]\nlines = [\"twilio\"]\npublic_url = \"wss://voice.example.com\"\n{signed}");
        let lines = read(&with_url, folder.path()).unwrap();
        assert!(matches!(lines.taken[&Dialect::Twilio].checks[..], [Check::Twilio { .. }]));
        assert!(lines.taken[&Dialect::Twilio].api.is_none());
        let with_api = format!("{with_url}\naccount_sid = \"AC1\"\napi_url = \"http://127.0.0.1:9/\"");
        let api = read(&with_api, folder.path()).unwrap().taken[&Dialect::Twilio].api.clone().unwrap();
        assert_eq!(api.base, "http://127.0.0.1:9");
        let without = read("[twilio]\naccount_sid = \"AC1\"", folder.path()).unwrap_err();
        assert!(without.contains("twilio.auth_token with it"), "{without}");
    }

    #[test]
    fn a_secret_is_sent_to_no_address_in_clear() {
        for url in ["http://api.example.com", "https:///x", "ftp://x", "api.example.com", "https://a@b", ""] {
            assert!(read(&format!("[telnyx]\napi_url = \"{url}\""), Path::new("")).is_err(), "{url}");
        }
    }

    #[test]
    fn a_line_that_nobody_knows_is_told_with_those_that_are() {
        let error = read("[server]\nlines = [\"twillio\"]", Path::new("")).unwrap_err();
        assert!(
            error.contains("server.lines = \"twillio\": allowed is a list of offhook, twilio"),
            "{error}"
        );
        assert!(read("[server]\npublic_url = \"https://x\"", Path::new("")).is_err());
    }
}
