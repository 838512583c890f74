//! Reads a configuration, from text or a file, to its end in spite of mistakes, so that all of them are
//! reported at once, each with its line. Knows no key by name: `schema.rs` does.

use std::path::Path;

use super::Config;
use super::lines::holds_secrets;
use super::problems::{ConfigError, Problem, Secrets};
use super::schema::read;
use super::toml_reader::{HIDDEN, Reader};
use super::whereabouts::Whereabouts;
use crate::files;

/// The configuration that ships with offhook, with its comments. A test compares it with the defaults.
pub const DEFAULT_CONFIG: &str = include_str!("../../config.toml");

/// The name of [`DEFAULT_CONFIG`] in error messages.
const DEFAULT_SOURCE: &str = "that ships with offhook";

/// The longest configuration, in bytes. The shipped one has twenty thousand.
pub const LONGEST: u64 = 1 << 20;

/// A configuration that was read to its end.
#[derive(Debug, PartialEq)]
pub struct Examined {
    /// Its values; every wrong key has its default.
    pub config: Config,
    /// The problems found.
    pub problems: Vec<Problem>,
    source: String,
    whereabouts: Whereabouts,
}

impl Examined {
    /// The configuration, if it has no problems.
    ///
    /// # Errors
    /// All its problems.
    pub fn checked(self) -> Result<Config, ConfigError> {
        let Self { config, problems, source, whereabouts: _ } = self;
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { source, problems }) }
    }

    /// Adds problems that others found, with the lines of their keys. A key that has a problem already gets
    /// no other.
    pub fn add(&mut self, problems: impl IntoIterator<Item = Problem>) {
        for problem in problems {
            if self.problems.iter().all(|known| known.key != problem.key) {
                let line = self.whereabouts.line_of(&problem.key);
                self.problems.push(Problem { line, ..problem });
            }
        }
    }
}

/// Reads `path`; without one, the configuration that ships with offhook. Relative paths in the file start at
/// its folder.
///
/// # Errors
/// If the file cannot be read, or is not TOML.
pub fn examine(path: Option<&Path>, secrets: Secrets) -> Result<Examined, ConfigError> {
    let Some(path) = path else {
        return examine_text(DEFAULT_CONFIG, DEFAULT_SOURCE, Path::new(""), secrets);
    };
    let source = path.display().to_string();
    let text = files::text_of_any_kind(path, LONGEST).map_err(|error| ConfigError {
        source: source.clone(),
        problems: vec![Problem::about(
            "file",
            format!(
                "cannot be read ({error}); name another file with --config, or start from what \
                 `offhook config default` prints"
            ),
        )],
    })?;
    examine_text(&text, &source, path.parent().unwrap_or(Path::new("")), secrets)
}

/// Reads `text`, which came from `source`. Relative paths start at `base`.
///
/// # Errors
/// If the text is not TOML.
pub fn examine_text(
    text: &str,
    source: &str,
    base: &Path,
    secrets: Secrets,
) -> Result<Examined, ConfigError> {
    let table = text.parse::<toml::Table>().map_err(|error| ConfigError {
        source: source.to_owned(),
        problems: vec![Problem::about("TOML", broken(text, &error))],
    })?;
    let whereabouts = Whereabouts::of(text);
    let mut reader = Reader::new(table, holds_secrets, secrets);
    let config = read(&mut reader, base);
    let mut problems = reader.finish();
    for problem in &mut problems {
        problem.line = whereabouts.line_of(&problem.key);
    }
    problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
    Ok(Examined { config, problems, source: source.to_owned(), whereabouts })
}

/// Says why a text is not TOML, and where. The parser's own message would show the line, with any secret that
/// was written there without quotes, or twice.
fn broken(text: &str, error: &toml::de::Error) -> String {
    let mut problem = without_values(&error.message().trim().replace('\n', ", "));
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let (line, column) =
        (before.split('\n').count(), before.chars().rev().take_while(|&c| c != '\n').count() + 1);
    // An example pasted below a whole file repeats its sections.
    let header = text.lines().nth(line - 1).map(str::trim);
    let header = header.filter(|header| header.starts_with('[') && problem.contains("duplicate key"));
    if let Some(first) = header.and_then(|header| text.lines().position(|other| other.trim() == header))
        && first + 1 < line
    {
        problem = format!(
            "this section is already in line {}, and may appear only once: change its keys there",
            first + 1
        );
    }
    format!("line {line}, column {column}: {problem} (the line is not shown: it may hold a secret)")
}

/// The parser's message without its quotes from the text, except single characters.
fn without_values(problem: &str) -> String {
    let shown = |(n, part): (usize, &str)| match n % 2 {
        1 if part.chars().count() > 1 => HIDDEN.to_owned(),
        _ => part.to_owned(),
    };
    problem.split('`').enumerate().map(shown).collect::<Vec<_>>().join("`")
}

/// Reads `path`. Relative paths in the file start at its folder.
///
/// # Errors
/// All problems of the file.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    examine(Some(path), Secrets::Read)?.checked()
}

/// Reads `text`, which came from `source`. Relative paths start at `base`.
///
/// # Errors
/// All problems of the text.
pub fn parse(text: &str, source: &str, base: &Path) -> Result<Config, ConfigError> {
    examine_text(text, source, base, Secrets::Read)?.checked()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, secrets: Secrets) -> String {
        let examined = examine_text(text, "test", Path::new(""), secrets).expect("TOML");
        examined.checked().map_or_else(|error| error.to_string(), |_| String::new())
    }

    /// Fault: wrong values were reported without their line.
    #[test]
    fn every_mistake_is_told_with_its_line() {
        let told = told("[server]\nport = 99999\n\n[vad]\nstart_ms = 0\n[modem]\nx = 1\n", Secrets::Read);
        let lines: Vec<&str> = told.lines().skip(1).collect();
        assert!(lines[0].starts_with("  line 2: server.port = 99999: allowed is"), "{told}");
        assert!(lines[1].starts_with("  line 5: vad.start_ms = 0"), "{told}");
        assert!(lines[2].starts_with("  line 6: [modem]: unknown section"), "{told}");
    }

    /// Fault: beside a wrong stt.model, the folder of the configuration was reported as a missing model.
    #[test]
    fn in_the_place_of_a_wrong_model_stands_the_one_that_ships() {
        let examined =
            examine_text("[stt]\nmodel = \"x.gguf\"", "test", Path::new("/nowhere"), Secrets::Read);
        let model = examined.expect("TOML").config.stt.model;
        assert!(model.ends_with("whisper-tiny.en-tuned.bin"), "{}", model.display());
    }

    /// Fault: a configuration could not be checked without its secrets: in a build, or on another machine.
    #[test]
    fn a_configuration_is_checked_without_its_secrets() {
        let text = "[server]\npublic_url = \"wss://voice.example.com\"\n\
                    lines = [\"twilio\", \"vonage\", \"asterisk\"]\n\
                    [twilio]\nauth_token = \"env:OFFHOOK_NOT_SET\"\naccount_sid = \"AC1\"\n\
                    [vonage]\nsignature_secret = \"file:nowhere\"\napplication_id = \"a\"\n\
                    private_key = \"file:nowhere\"\n\
                    [asterisk]\nbasic = \"file:nowhere\"\n";
        assert_eq!(told(text, Secrets::Leave), "");
        // The name of the variable is not repeated: it may be the secret, written in the wrong place.
        assert_eq!(told(text, Secrets::Read).matches("twilio.auth_token = \"env:…\"").count(), 1);
        // Problems that need no secrets are still found.
        let unsigned = text.replace("wss://voice.example.com", "");
        assert!(
            told(&unsigned, Secrets::Leave).contains("server.public_url"),
            "a signature is over an address"
        );
        let written = text.replace("env:OFFHOOK_NOT_SET", "0123456789abcdef");
        let told = told(&written, Secrets::Leave);
        assert!(told.contains("twilio.auth_token") && !told.contains("0123456789abcdef"), "{told}");
    }
}
