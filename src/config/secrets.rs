//! Where secrets come from: the environment or a file, never the configuration itself, which people
//! send to each other. Must not know what they are for.

use std::ffi::OsString;
use std::path::Path;

use super::reader::{HIDDEN, Reader};
use crate::access::{NoSecret, PrivateKey, Secret};

const ALLOWED: &str = "\"env:NAME\" (an environment variable) or \"file:PATH\"; the secret itself is not \
     written here";

/// The secret that `key` refers to; `None` if the key is "" or the secret cannot be read, which is told.
pub(super) fn secret(r: &mut Reader, base: &Path, key: &str) -> Option<Secret> {
    read(r, base, key, |text| Secret::of(text).map_err(|e: NoSecret| e.to_string()))
}

/// The same for a user and a password with a colon between them.
pub(super) fn password(r: &mut Reader, base: &Path, key: &str) -> Option<Secret> {
    read(r, base, key, |text| {
        let mut passwords = text.lines().filter(|line| !line.trim().is_empty());
        // As long as a secret must be: the user's name is none.
        let right = passwords
            .all(|line| line.split_once(':').is_some_and(|(_, password)| Secret::of(password).is_ok()));
        if !right {
            return Err("it must be USER:PASSWORD, the password of 8 characters at least".to_owned());
        }
        Secret::of(text).map_err(|e| e.to_string())
    })
}

/// The same for a private key.
pub(super) fn private_key(r: &mut Reader, base: &Path, key: &str) -> Option<PrivateKey> {
    read(r, base, key, |pem| PrivateKey::of(pem).map_err(|e| e.to_string()))
}

fn read<T>(
    r: &mut Reader,
    base: &Path,
    key: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let reference = r.text(key, "", |_| None);
    if reference.is_empty() {
        return None;
    }
    let (kind, place) = reference.split_once(':').unwrap_or_default();
    let text = match (kind, place) {
        // The system's own message for a variable that is no text would show it.
        ("env", name) => match std::env::var_os(name).map(OsString::into_string) {
            Some(text) => text.map_err(|_| "it is no text (UTF-8)".to_owned()),
            None => Err("there is no such variable (its name comes after env:, not the secret)".to_owned()),
        },
        ("file", path) => std::fs::read_to_string(base.join(path)).map_err(|e| e.to_string()),
        // What is written here may be the secret: it is not repeated.
        _ => {
            r.refuse(key, HIDDEN.to_owned(), ALLOWED.to_owned());
            return None;
        }
    };
    match text.and_then(|text| parse(&text)) {
        Ok(secret) => Some(secret),
        Err(problem) => {
            let allowed = format!("a file or a variable with a secret in it; {problem}");
            // The secret itself may stand where its name or its path belongs.
            r.refuse(key, format!("\"{kind}:{HIDDEN}\""), allowed);
            None
        }
    }
}
