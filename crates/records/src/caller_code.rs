//! A code for a caller's number or address, by which the calls of one caller are found although the number is
//! not kept. It is made with a key of the database: without the database, nobody can tell the number from it.
//! Must not know who calls.

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use rusqlite::{Connection, OptionalExtension as _, Result};

const NAME: &str = "callers";

/// The code of a number in a database that can be written: its key is made if there is none.
pub(crate) fn made(to: &Connection, number: &str) -> Result<String> {
    if let Some(code) = known(to, number)? {
        return Ok(code);
    }
    let mut key = [0_u8; 32];
    // Without randomness the code is no secret, and calls are still found.
    let _ = SystemRandom::new().fill(&mut key);
    to.execute("INSERT OR IGNORE INTO keys (name, key) VALUES (?1, ?2)", (NAME, &key[..]))?;
    Ok(known(to, number)?.unwrap_or_default())
}

/// The code of a number; `None` if the database has no key yet, and so no codes.
pub(crate) fn known(from: &Connection, number: &str) -> Result<Option<String>> {
    let key: Option<Vec<u8>> = from
        .prepare_cached("SELECT key FROM keys WHERE name = ?1")?
        .query_row([NAME], |row| row.get(0))
        .optional()?;
    Ok(key.map(|key| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let code = hmac::sign(&key, plain(number).as_bytes());
        code.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }))
}

/// A number however it is written: its digits; of an address, small letters.
fn plain(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let is_number = digits.len() >= 3 && !number.contains(|c: char| c.is_alphabetic() || c == '@');
    if is_number { digits } else { number.trim().to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        assert_eq!(plain("+1 (555) 123-4567"), plain("15551234567"));
        assert_eq!(plain("sip:Jane@example.com "), "sip:jane@example.com");
        assert_ne!(plain("42"), plain("43"));
    }
}
