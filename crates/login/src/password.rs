//! A password and its hash by Argon2id, in the PHC string format (`$argon2id$v=19$m=…`). Must not know
//! where either comes from.

use std::fmt;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _};

/// The shortest password, in characters. Attempts are few (`attempts`), but the file with the hash may leak.
pub const LEAST_CHARACTERS: usize = 12;

/// The longest password, in bytes.
pub const MOST_BYTES: usize = 1024;

/// The length of a salt.
pub const SALT_BYTES: usize = 16;

/// The most memory that a hash may ask for, in KiB, its passes and its lanes: a verification must not take
/// the memory or the cores of calls.
const MOST_MEMORY: u32 = 256 * 1024;
const MOST_PASSES: u32 = 10;
const MOST_LANES: u32 = 8;

/// Why a text is not taken as a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// It can be guessed.
    #[error(
        "a password has at least {LEAST_CHARACTERS} characters: four or five random words are a good one"
    )]
    Short,
    /// It is longer than anyone types.
    #[error("a password has at most {MOST_BYTES} bytes")]
    Long,
    /// A browser's field would not send it.
    #[error("a password has no control characters, such as tabs or line breaks")]
    Control,
}

/// Why a text is not a hash of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadHash {
    /// It is something else, such as the password itself.
    #[error("it must be the one line that `offhook config password` prints: $argon2id$…, not the password")]
    Form,
    /// It is an older variant.
    #[error(
        "it must be of the kind argon2id, version 19, with a salt and a hash: see `offhook config password`"
    )]
    Kind,
    /// Its verification would cost too much.
    #[error(
        "it asks for too much: at most {MOST_MEMORY} KiB (m), {MOST_PASSES} passes (t) and {MOST_LANES} lanes (p)"
    )]
    Costly,
}

/// The hash of a password. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(phc::PasswordHash);

impl PasswordHash {
    /// Reads a hash in the PHC string format.
    ///
    /// # Errors
    /// Why it is none that could be verified. The text is not repeated.
    pub fn parse(text: &str) -> Result<Self, BadHash> {
        let hash = phc::PasswordHash::new(text.trim()).map_err(|_| BadHash::Form)?;
        let is_argon2id = Algorithm::try_from(hash.algorithm.as_str()) == Ok(Algorithm::Argon2id);
        if !is_argon2id || hash.version != Some(19) || hash.salt.is_none() || hash.hash.is_none() {
            return Err(BadHash::Kind);
        }
        let params = Params::try_from(&hash).map_err(|_| BadHash::Kind)?;
        if params.m_cost() > MOST_MEMORY || params.t_cost() > MOST_PASSES || params.p_cost() > MOST_LANES {
            return Err(BadHash::Costly);
        }
        Ok(Self(hash))
    }

    /// The line for the file that `admin.password` names: the hash of `password` with a fresh `salt`, by the
    /// parameters that OWASP recommends (19 MiB, 2 passes, 1 lane).
    ///
    /// # Errors
    /// Why it is not taken as a password.
    pub fn line_for(password: &str, salt: [u8; SALT_BYTES]) -> Result<String, BadPassword> {
        if password.chars().count() < LEAST_CHARACTERS {
            return Err(BadPassword::Short);
        }
        if password.chars().any(char::is_control) {
            return Err(BadPassword::Control);
        }
        if password.len() > MOST_BYTES {
            return Err(BadPassword::Long);
        }
        let made = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
        // The salt has a right length, so only the length of the password is left to be wrong.
        made.map(|hash| hash.to_string()).map_err(|_| BadPassword::Long)
    }

    /// Whether `given` is the password. It takes memory and some 30 ms of a core, and compares in constant
    /// time.
    #[must_use]
    pub fn is_of(&self, given: &str) -> bool {
        given.len() <= MOST_BYTES && Argon2::default().verify_password(given.as_bytes(), &self.0).is_ok()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
