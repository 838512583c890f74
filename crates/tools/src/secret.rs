//! Values that nobody may read: they are sent, and never shown. Must not know what they are for.

use std::fmt;

/// A value that is sent and never shown: its `Debug` hides it, and where an answer repeats it, it is taken
/// out.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// What stands in place of a secret.
const HIDDEN: &str = "[secret]";

/// A shorter value is found everywhere by chance.
const SHORTEST: usize = 6;

/// Takes secrets out of texts.
#[derive(Clone, Default)]
pub(crate) struct Redactor(Vec<String>);

impl Redactor {
    /// Takes out these values, and each word of them that is long enough to be one: of "Bearer abcdefgh" a
    /// server repeats the second.
    pub(crate) fn new<'a>(secrets: impl Iterator<Item = &'a Secret>) -> Self {
        let mut values: Vec<String> = Vec::new();
        for secret in secrets {
            let last = secret.0.split_whitespace().last().unwrap_or_default();
            values.extend(
                [secret.0.trim(), last].iter().filter(|v| v.len() >= SHORTEST).map(|&v| v.to_owned()),
            );
        }
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Self(values)
    }

    /// The text without them.
    pub(crate) fn redact(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| match text.contains(secret.as_str()) {
            true => text.replace(secret.as_str(), HIDDEN),
            false => text,
        })
    }
}

/// Whether a header or a variable of this name holds nothing that must be hidden.
pub(crate) fn is_harmless_header(name: &str) -> bool {
    ["accept", "accept-language", "user-agent"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a variable of the environment is named like a secret. Others, such as folders, are what answers
/// are about.
pub(crate) fn is_named_like_a_secret(variable: &str) -> bool {
    let name = variable.to_ascii_uppercase();
    ["KEY", "TOKEN", "SECRET", "PASS", "AUTH", "CREDENTIAL"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_to_nobody() {
        assert_eq!(format!("{:?}", Secret::new("hunter22")), HIDDEN);
    }

    #[test]
    fn a_secret_is_taken_out_with_its_scheme_and_without() {
        let redactor = Redactor::new([Secret::new("Bearer abcdef123")].iter());
        let text = redactor.redact("Bearer abcdef123 is no key: abcdef123".to_owned());
        assert_eq!(text, "[secret] is no key: [secret]");
    }
}
