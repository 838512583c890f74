//! Every way we can think of to write a secret wrongly: none may make the configuration's messages repeat it.
//! Must not know how a secret is read.

use super::{Config, load};

/// A secret of which no part occurs by chance.
const SECRET: &str = "k7Vq2mZx9RtB4wLs";
/// A secret of digits, which TOML parses as a number.
const DIGITS: &str = "7391846205173";
/// A secret that could be a word.
const LOWER: &str = "kqvmzxrtbwlsjdhgpnfc";

/// Wrong configurations; `§`, `№` and `¤` stand for the three secrets.
const FORMS: &[&str] = &[
    // Where a reference belongs.
    "[offhook]\nbearer = \"§\"",
    "[offhook]\nbearer = '§'",
    "[offhook]\nbearer = \"env:§\"",
    "[offhook]\nbearer = \"env: §\"",
    "[offhook]\nbearer = \"env:$§\"",
    "[offhook]\nbearer = \"ENV:§\"",
    "[offhook]\nbearer = \"env=§\"",
    "[offhook]\nbearer = \"$§\"",
    "[offhook]\nbearer = \"file:§\"",
    "[offhook]\nbearer = \"file:///§\"",
    "[offhook]\nbearer = \"§:env\"",
    "[offhook]\nbearer = \"Bearer §\"",
    "[asterisk]\nbasic = \"asterisk:§\"",
    "[asterisk]\nbasic = \"file:asterisk:§\"",
    "[jambonz]\nbasic = \"env:jambonz:§\"",
    "[jambonz]\napi_key = \"§\"",
    "[jambonz]\naccount_sid = \"§:x\"",
    "[vonage]\nprivate_key = \"\"\"-----BEGIN PRIVATE KEY-----\n§\n-----END PRIVATE KEY-----\n\"\"\"",
    "[vonage]\nprivate_key = \"-----BEGIN RSA PRIVATE KEY-----\n§\n-----END RSA PRIVATE KEY-----\"",
    "[vonage]\nprivate_key = \"file:-----BEGIN PRIVATE KEY----- §\"",
    "[vonage]\nsignature_secret = \"§\"\nbearer = \"§\"",
    "[admin]\npassword = \"§\"",
    "[admin]\npassword = \"$argon2id$v=19$m=19456,t=2,p=1$§$§\"",
    "[admin]\npassword = \"file:§\"",
    // Not as a string.
    "[offhook]\nbearer = §",
    "[offhook]\nbearer = №",
    "[offhook]\nbearer = №.5",
    "[offhook]\nbearer = 0x№",
    "[offhook]\nbearer = -№",
    "[offhook]\nbearer = №z",
    "[offhook]\nbearer = ¤",
    "[offhook]\nbearer = true §",
    "[offhook]\nbearer = 1979-05-27 §",
    "[offhook]\nbearer = \"§",
    "[offhook]\nbearer = '§",
    "[offhook]\nbearer = §\"",
    "[offhook]\nbearer = \"\"\"§",
    "[offhook]\nbearer = “§”",
    "[offhook]\nbearer = \"\\§\"",
    "[offhook]\nbearer = \"§\" \"§\"",
    "[offhook]\nbearer = env:§",
    "[offhook]\nbearer = file:/run/§",
    "[offhook]\nbearer = $§",
    "[offhook]\nbearer = ${§}",
    "[offhook]\nbearer = {{ § }}",
    "[offhook]\nbearer: §",
    "[offhook]\nbearer §",
    "[offhook]\nbearer == \"§\"",
    "[offhook]\nbearer = = \"§\"",
    "[offhook]\n\"bearer\" \"§\"",
    "[offhook]\nbearer = \"§\nlead_ms = 40",
    "[offhook]\nbearer = [\"§\"]",
    "[offhook]\nbearer = [\"env:A\", \"§\"]",
    "[offhook]\nbearer = [№]",
    "[offhook]\nbearer = [[\"§\"]]",
    "[offhook]\nbearer = { value = \"§\" }",
    "[offhook]\nbearer = { § = 1 }",
    "[offhook]\nbearer = { env = § }",
    "[offhook.bearer]\nvalue = \"§\"",
    "[offhook.bearer]\n§ = 1",
    "[offhook]\nbearer.§ = 1",
    "[offhook]\nbearer.env = \"§\"",
    "[[offhook.bearer]]\nvalue = \"§\"",
    // Twice.
    "[offhook]\nbearer = \"§\"\nbearer = \"§\"",
    "[offhook]\nbearer = \"env:A\"\nbearer = \"§\" # old",
    "[offhook]\nbearer = \"§\"\n[offhook]\nbearer = \"§\"",
    "[offhook]\nbearer = \"§\"\n[offhook.bearer]\nvalue = \"§\"",
    "[offhook]\nbearer = \"§\"\nbearer.old = \"§\"",
    "offhook.bearer = \"§\"\noffhook.bearer = \"§\"",
    // In another place.
    "bearer = \"§\"",
    "bearer = №",
    "bearer = [\"§\"]",
    "auth_token = \"§\"\n[twilio]",
    "offhook = \"§\"",
    "offhook = [\"§\"]",
    "offhook = { bearer = \"§\" }",
    "offhook = { bearer = § }",
    "offhook.bearer = §",
    "[[offhook]]\nbearer = \"§\"",
    "[\"§\"]\nbearer = 1",
    "[offhook.§]\nbearer = 1",
    "[¤]\nbearer = 1",
    "[§",
    "§",
    "§ = \"bearer\"",
    "[offhook]\n§ = \"bearer\"",
    "[offhook]\n¤ = \"bearer\"",
    "[offhook]\n\"§\" = 1",
    "[offhook]\nbaerer = \"§\"",
    "[offhook]\nbearer_§ = \"\"",
    "[offhook]\ntoken = \"§\"",
    "[server]\nbearer = \"§\"",
    "[offhok]\nbearer = \"§\"",
    "[secrets]\nbearer = \"§\"",
    "[offhook]\ninsecure = \"§\"",
    "[offhook]\nlead_ms = \"§\"",
    "[offhook]\nlead_ms = №",
    "[offhook]\nown_agents = \"§\"",
    "[telnyx]\nl16_byte_order = \"§\"",
    "[twilio]\naccount_sid = \"§\"",
    "[twilio]\naccount_sid = \"AC1:§\"",
    "[twilio]\naccount_sid = [\"§\"]",
    "[plivo]\nauth_id = \"§\"",
    "[vonage]\napplication_id = \"§\"",
    // In an address.
    "[server]\npublic_url = \"§\"",
    "[server]\npublic_url = \"wss://user:§@voice.example.com\"",
    "[server]\npublic_url = \"https://user:§@voice.example.com\"",
    "[server]\npublic_url = \"wss://voice.example.com/?token=§\"",
    "[server]\npublic_url = \"wss://voice.example.com:§\"",
    "[server]\npublic_url = [\"wss://user:§@voice.example.com\"]",
    "[server]\npublic_url = wss://user:§@voice.example.com",
    "[server]\nbind = \"ws://user:§@127.0.0.1\"",
    "[twilio]\napi_url = \"https://AC1:§@api.twilio.com\"",
    "[twilio]\napi_url = \"https://api.twilio.com/?key=§\"",
    "[twilio]\napi_url = \"§\"",
    // A key where its file belongs.
    "[server]\ntls_certificate = \"a.pem\"\ntls_key = \"-----BEGIN PRIVATE KEY-----\\n§\"",
    "[server]\ntls_certificate = \"a.pem\"\ntls_key = \"\"\"\n-----BEGIN PRIVATE KEY-----\n§\n\"\"\"",
    "[server]\ntls_certificate = \"a.pem\"\ntls_key = [\"§\"]",
    "[server]\ntls_certificate = \"-----BEGIN PRIVATE KEY-----\\n§\"\ntls_key = \"a\"",
    "[server]\ntls_certificate = \"a\"\ntls_key = \"§§§§§§§§§§\"",
];

fn read(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    load(&path).map_err(|error| format!("{error}\n{error:?}"))
}

/// Whether `told` repeats enough of a secret to recognise it.
fn repeats(told: &str, secret: &str) -> bool {
    (0..=secret.len() - 6).any(|at| told.contains(&secret[at..at + 6]))
}

/// Fault: `config check` repeated 19 of 31 wrong forms of a secret, in the parser's excerpt of the line or as
/// the wrong value.
#[test]
fn no_message_repeats_a_secret_however_it_is_written() {
    let mut leaks = Vec::new();
    for form in FORMS {
        let text = form.replace('§', SECRET).replace('№', DIGITS).replace('¤', LOWER);
        match read(&text) {
            Ok(_) => panic!("taken: {text}"),
            Err(told) if [SECRET, DIGITS, LOWER].iter().any(|secret| repeats(&told, secret)) => {
                leaks.push(format!("{text}\n=> {told}"));
            }
            Err(_) => {}
        }
    }
    assert!(leaks.is_empty(), "{} of {}:\n{}", leaks.len(), FORMS.len(), leaks.join("\n\n"));
}

#[test]
fn a_broken_line_is_told_by_its_place() {
    let told = read("[offhook]\nlead_ms = 40\nbearer = abc").unwrap_err();
    assert!(told.contains("TOML: line 3, column 10: "), "{told}");
    let told = read("[offhook]\nbearer = \"env:A\"\nbearer = \"env:B\"").unwrap_err();
    assert!(told.contains("TOML: line 3, column 1: duplicate key"), "{told}");
    let told = read("[server]\n\n[offhook]\nlead_ms = 40\n[server]\nport = 1").unwrap_err();
    assert!(told.contains("TOML: line 5, column 2: this section is already in line 1"), "{told}");
}

/// Fault: the parser's own message held a token of digits without quotes that is too long for a number.
#[test]
fn what_the_parser_quotes_is_not_repeated() {
    for number in ["98765432109876543210987654321", "0xfedcba9876543210fedcba9876543210"] {
        let told = read(&format!("[twilio]\nauth_token = {number}")).unwrap_err();
        assert!(!told.contains("9876543210") && told.contains("line 2"), "{told}");
    }
}

#[test]
fn keys_that_are_no_secrets_are_still_named() {
    let told = read("[offhook]\nbaerer = \"\"\n[modem]\n[vad]\nstart_ms = \"x\"\n").unwrap_err();
    for part in
        ["offhook.baerer: unknown key; did you mean offhook.bearer?", "[modem]", "vad.start_ms = \"x\""]
    {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn a_secret_that_is_written_in_the_open_is_refused_and_not_repeated() {
    let problem = super::secret_of("0123456789abcdef", std::path::Path::new("")).expect_err("in the open");
    assert!(problem.contains("env:NAME") && !problem.contains("0123456789abcdef"), "{problem}");
}
