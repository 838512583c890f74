//! Reads secrets from the environment or from files, never from the configuration itself, which people send
//! to each other. Must not know what they are for.

use std::ffi::OsString;
use std::path::Path;

use super::problems::Secrets;
use super::toml_reader::{HIDDEN, Reader};
use crate::access::{NoSecret, PrivateKey, Secret};
use crate::files;
use crate::login::PasswordHash;

/// The largest secret file, in bytes: keys have a few thousand.
const MOST_BYTES: u64 = 1 << 16;

const ALLOWED: &str = "\"env:NAME\" (an environment variable) or \"file:PATH\"; the secret itself is not \
     written here";

/// The secret that `key` refers to; `None` if the key is "", or if the secret cannot be read, which is
/// reported.
pub(super) fn secret(r: &mut Reader, base: &Path, key: &str) -> Option<Secret> {
    read(r, base, key, placeholder, |text| Secret::of(text).map_err(|e: NoSecret| e.to_string()))
}

/// Stands for a secret that is not read, so that the keys around it are still checked.
fn placeholder() -> Option<Secret> {
    Secret::of("user:a secret that was not read").ok()
}

/// As [`secret`], for USER:PASSWORD.
pub(super) fn password(r: &mut Reader, base: &Path, key: &str) -> Option<Secret> {
    read(r, base, key, placeholder, |text| {
        let mut passwords = text.lines().filter(|line| !line.trim().is_empty());
        // The length rule of secrets applies to the password alone: the user's name is not secret.
        let right = passwords
            .all(|line| line.split_once(':').is_some_and(|(_, password)| Secret::of(password).is_ok()));
        if !right {
            return Err("it must be USER:PASSWORD, with a password of at least 8 characters".to_owned());
        }
        Secret::of(text).map_err(|e| e.to_string())
    })
}

/// As [`secret`], for a private key.
pub(super) fn private_key(r: &mut Reader, base: &Path, key: &str) -> Option<PrivateKey> {
    read(r, base, key, || None, |pem| PrivateKey::of(pem).map_err(|e| e.to_string()))
}

/// As [`secret`], for the hash of a password.
pub(super) fn password_hash(r: &mut Reader, base: &Path, key: &str) -> Option<PasswordHash> {
    read(r, base, key, || None, |line| PasswordHash::parse(line).map_err(|e| e.to_string()))
}

fn is_reference(text: &str) -> bool {
    text.starts_with("env:") || text.starts_with("file:")
}

/// The text behind `reference`, "env:NAME" or "file:PATH"; a relative path starts at `base`.
///
/// # Errors
/// The problem of the reference, without any secret.
pub fn secret_of(reference: &str, base: &Path) -> Result<String, String> {
    match reference.split_once(':') {
        // The system's own message for a variable that is not text would show its value.
        Some(("env", name)) => match std::env::var_os(name).map(OsString::into_string) {
            Some(text) => text.map_err(|_| "it is not text (UTF-8)".to_owned()),
            None => Err("there is no such variable (env: takes its name, not the secret)".to_owned()),
        },
        Some(("file", path)) => contents(&base.join(path)),
        Some(_) | None => Err(format!("allowed is {ALLOWED}")),
    }
}

/// The text of a file.
fn contents(path: &Path) -> Result<String, String> {
    files::text(path, MOST_BYTES).map_err(|error| error.to_string())
}

fn read<T>(
    r: &mut Reader,
    base: &Path,
    key: &str,
    placeholder: impl FnOnce() -> Option<T>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let reference = r.text(key, "", |_| None);
    if reference.is_empty() {
        return None;
    }
    if r.secrets() == Secrets::Leave && is_reference(&reference) {
        return placeholder();
    }
    if !is_reference(&reference) {
        // This text may be the secret: it is not repeated.
        r.refuse(key, HIDDEN.to_owned(), ALLOWED.to_owned());
        return None;
    }
    let kind = reference.split_once(':').map_or("", |(kind, _)| kind);
    let text = secret_of(&reference, base);
    match text.and_then(|text| parse(&text)) {
        Ok(secret) => Some(secret),
        Err(problem) => {
            let allowed = format!("a file or a variable with a secret in it; {problem}");
            // The secret itself may be in the place of its name or path.
            r.refuse(key, format!("\"{kind}:{HIDDEN}\""), allowed);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Fault: a secret file that was a pipe without a writer blocked `config check` for ever.
    #[test]
    fn a_secret_is_read_from_a_regular_file_of_a_few_kilobytes() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(contents(&pipe).unwrap_err().contains("not a regular file"));
        assert!(contents(folder.path()).unwrap_err().contains("not a regular file"));
        assert!(contents(Path::new("/dev/zero")).unwrap_err().contains("not a regular file"));
        let large = folder.path().join("large");
        std::fs::write(&large, "x".repeat(70_000)).unwrap();
        assert!(contents(&large).unwrap_err().contains("more than 65536 bytes"));
        std::fs::write(&large, "0123456789").unwrap();
        assert_eq!(contents(&large).as_deref(), Ok("0123456789"));
    }
}
