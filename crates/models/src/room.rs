//! How much room a file system has left, and whether that suffices. Must not know what is to be written.

use std::io;
use std::path::Path;

use crate::entries::mib;
use crate::problem::Problem;

/// The part of a file's length that must stay free besides it: 1/20.
const RESERVE: u64 = 20;

/// The bytes that this user may still write to the file system of `folder`.
///
/// # Errors
/// If the file system does not say.
pub fn free_space(folder: &Path) -> io::Result<u64> {
    let system = rustix::fs::statvfs(folder)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

/// Whether `bytes` more fit into `folder`, with the reserve.
///
/// # Errors
/// If they do not. A file system that does not say how much is free says it when it is full.
pub(crate) fn check(
    bytes: u64,
    folder: &Path,
    free_space: fn(&Path) -> io::Result<u64>,
) -> Result<(), Problem> {
    let Ok(free) = free_space(folder) else { return Ok(()) };
    let needs = bytes.saturating_add(bytes / RESERVE);
    if needs <= free {
        return Ok(());
    }
    Err(Problem::Room {
        needs: with_commas(mib(needs)),
        free: with_commas(free >> 20),
        folder: folder.to_owned(),
    })
}

/// The most bytes that a file of unknown length may have, of which `there` are there: the reserve stays free.
pub(crate) fn most(there: u64, folder: &Path, free_space: fn(&Path) -> io::Result<u64>) -> u64 {
    free_space(folder).map_or(u64::MAX, |free| there.saturating_add(free - free / RESERVE))
}

/// A file of unknown length has more than the `most` bytes that fit into `folder`.
pub(crate) fn exceeded(most: u64, folder: &Path) -> Problem {
    let free = with_commas(most >> 20);
    Problem::Room { needs: format!("more than {free}"), free, folder: folder.to_owned() }
}

/// 1066 as "1,066".
fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_must_fit_with_a_twentieth_to_spare() {
        let folder = Path::new("/models");
        let checked = |bytes: u64| check(bytes, folder, |_| Ok(812 << 20));
        assert!(checked(773 << 20).is_ok());
        let told = checked(1015 << 20).unwrap_err().to_string();
        assert!(told.contains("needs 1,066 MiB, 812 MiB are free in /models"), "{told}");
        assert!(check(u64::MAX, folder, |_| Ok(u64::MAX - 1)).is_err());
        assert!(check(1, folder, |_| Err(io::Error::other("?"))).is_ok());
    }

    #[test]
    fn a_real_file_system_says_how_much_is_free() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_space(folder.path()).unwrap() > 0);
        assert!(free_space(Path::new("/no/such/folder")).is_err());
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!([0, 12, 999, 1000, 1_234_567].map(with_commas), ["0", "12", "999", "1,000", "1,234,567"]);
    }
}
