//! Where secrets come from: the environment or a file, never the configuration itself, which people
//! send to each other. Must not know what they are for.

use std::path::Path;

use super::reader::Reader;
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
        let lines = || text.lines().filter(|line| !line.trim().is_empty());
        if lines().any(|line| !line.contains(':')) {
            return Err("it must be USER:PASSWORD".to_owned());
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
    let text = match reference.split_once(':') {
        Some(("env", name)) => std::env::var(name).map_err(|e| e.to_string()),
        Some(("file", path)) => std::fs::read_to_string(base.join(path)).map_err(|e| e.to_string()),
        // What is written here may be the secret: it is not repeated.
        Some(_) | None => {
            r.refuse(key, "…".to_owned(), ALLOWED.to_owned());
            return None;
        }
    };
    match text.and_then(|text| parse(&text)) {
        Ok(secret) => Some(secret),
        Err(problem) => {
            let allowed = format!("a file or a variable with a secret in it; {problem}");
            r.refuse(key, format!("\"{reference}\""), allowed);
            None
        }
    }
}
