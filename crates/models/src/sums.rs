//! SHA-256 sums, and the file that keeps one beside the file that it is of, as `sha256sum -c` reads it. Must
//! not know where the bytes come from.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;

use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

/// How much of a file is read at a time.
const CHUNK: usize = 1 << 18;

/// The largest file of a sum that is read.
const LARGEST_RECORD: u64 = 4096;

/// The SHA-256 of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sum([u8; SHA256_OUTPUT_LEN]);

/// Not the 64 hexadecimal digits of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 has 64 hexadecimal digits")]
pub struct NoSum;

impl FromStr for Sum {
    type Err = NoSum;

    fn from_str(text: &str) -> Result<Self, NoSum> {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        if text.len() != 2 * bytes.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoSum);
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(2 * at..2 * at + 2).ok_or(NoSum)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NoSum)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A sum in the making.
#[derive(Clone)]
pub(crate) struct Summing(Context);

impl Summing {
    pub(crate) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The sum of what was fed so far.
    pub(crate) fn sum(self) -> Sum {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(self.0.finish().as_ref());
        Sum(bytes)
    }
}

/// Reads to the end in pieces, and returns how many bytes there were.
///
/// # Errors
/// If reading fails, or `each` does.
pub(crate) fn pieces(from: &mut impl Read, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<u64> {
    let mut buffer = vec![0; CHUNK];
    let mut length = 0;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(length),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        each(buffer.get(..count).unwrap_or_default())?;
        length += count as u64;
    }
}

/// The sum of a regular file.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn of_file(path: &Path) -> io::Result<Sum> {
    let mut summing = Summing::new();
    pieces(&mut offhook_files::open(path)?, |bytes| {
        summing.feed(bytes);
        Ok(())
    })?;
    Ok(summing.sum())
}

/// The line of a file that keeps a sum.
pub(crate) fn record(sum: Sum, file: &str) -> String {
    format!("{sum}  {file}\n")
}

/// The sum that is kept in the file `record`, if there is one that can be read.
pub(crate) fn recorded(record: &Path) -> Option<Sum> {
    let text = offhook_files::text(record, LARGEST_RECORD).ok()?;
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sum_is_read_as_it_was_written_and_does_not_depend_on_the_pieces(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            at in 0_usize..300,
        ) {
            let sum = |pieces: &[&[u8]]| {
                let mut summing = Summing::new();
                pieces.iter().for_each(|piece| summing.feed(piece));
                summing.sum()
            };
            let whole = sum(&[&bytes]);
            let (before, after) = bytes.split_at(at.min(bytes.len()));
            prop_assert_eq!(sum(&[before, after]), whole);
            prop_assert_eq!(whole.to_string().parse(), Ok(whole));
        }
    }

    /// The digest of "abc" in FIPS 180-4's examples.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_sum_is_that_of_the_standard_and_is_written_as_sha256sum_writes_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let sum = of_file(&path).unwrap();
        assert_eq!(sum.to_string(), ABC);
        assert_eq!(ABC.to_uppercase().parse(), Ok(sum));
        let kept = folder.path().join("abc.sha256");
        std::fs::write(&kept, record(sum, "abc")).unwrap();
        assert_eq!(recorded(&kept), Some(sum));
        let mut command = std::process::Command::new("sha256sum");
        let checked = command.arg("-c").arg(&kept).current_dir(folder.path()).output().unwrap();
        assert!(checked.status.success(), "{checked:?}");
    }

    #[test]
    fn what_is_no_sum_is_none() {
        for text in ["", "ab", &ABC[1..], &format!("{ABC}0"), &ABC.replace('b', "g"), &"é".repeat(32)] {
            assert_eq!(text.parse::<Sum>(), Err(NoSum), "{text}");
        }
    }
}
