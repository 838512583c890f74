//! A secret: never shown, and compared in constant time. Must not know what it is for.

use std::fmt;

use ring::hmac;
use subtle::ConstantTimeEq as _;

/// A secret with its valid values. There are several while one is being replaced by the next.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    values: Vec<String>,
}

/// Why a text is not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSecret {
    /// The text is empty.
    #[error("it is empty")]
    Empty,
    /// A value is too short for a secret.
    #[error("a value of fewer than {MIN_LENGTH} characters can be guessed")]
    Short,
}

/// The shortest secret, in characters. Shorter values can be guessed.
const MIN_LENGTH: usize = 8;

impl Secret {
    /// The values in `text`, one per line.
    ///
    /// # Errors
    /// If there is no value, or one is too short to be a secret.
    pub fn of(text: &str) -> Result<Self, NoSecret> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let values: Vec<String> = lines.map(str::to_owned).collect();
        if values.is_empty() {
            Err(NoSecret::Empty)
        } else if values.iter().any(|value| value.chars().count() < MIN_LENGTH) {
            Err(NoSecret::Short)
        } else {
            Ok(Self { values })
        }
    }

    /// One value, for tests.
    #[cfg(test)]
    pub(super) fn new(value: &str) -> Self {
        Self { values: vec![value.to_owned()] }
    }

    /// True if `given` is one of the values.
    #[must_use]
    pub fn is(&self, given: &str) -> bool {
        self.any(|value| value.as_bytes().ct_eq(given.as_bytes()).into())
    }

    /// The place of `given` among the values. All of them are compared, as in [`Self::is`].
    #[must_use]
    pub fn place_of(&self, given: &str) -> Option<usize> {
        let is = |value: &str| bool::from(value.as_bytes().ct_eq(given.as_bytes()));
        self.values.iter().enumerate().fold(None, |found, (place, value)| {
            let same = is(value).then_some(place);
            found.or(same)
        })
    }

    /// The number of values.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// The current value, for showing to other services.
    #[must_use]
    pub fn current(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    /// All values, for signing with each of them.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(String::as_str)
    }

    /// True if `tag` is the HMAC of `text` with one of the values.
    pub(super) fn signed(&self, algorithm: hmac::Algorithm, text: &str, tag: &[u8]) -> bool {
        self.any(|value| {
            let key = hmac::Key::new(algorithm, value.as_bytes());
            hmac::verify(&key, text.as_bytes(), tag).is_ok()
        })
    }

    /// True if `test` holds for one of the values. All values are tried, so that the time does not reveal
    /// which.
    fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        self.values.iter().fold(false, |found, value| test(value) | found)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(format!("{:?}", Secret::new("correct horse")), "Secret(…)");
    }

    #[test]
    fn the_old_and_the_new_value_are_valid_while_one_is_replaced() {
        let secret = Secret::of("new-secret\n old-secret \n\n").unwrap();
        assert!(secret.is("new-secret") && secret.is("old-secret"));
        assert!(!secret.is("new-secret\n") && !secret.is("") && !secret.is("new-secre"));
        assert_eq!(secret.current(), "new-secret");
        let places = ["new-secret", "old-secret", "no-secret"].map(|given| secret.place_of(given));
        assert_eq!((places, secret.count()), ([Some(0), Some(1), None], 2));
    }

    #[test]
    fn what_anybody_could_guess_is_no_secret() {
        assert_eq!(Secret::of(" \n"), Err(NoSecret::Empty));
        assert_eq!(Secret::of("a long enough one\nshort"), Err(NoSecret::Short));
    }
}
