//! Single-use tokens in the path of an address, for services that hand out addresses: a web page's server, or
//! a webhook that answers with TwiML. The form is `EXPIRES.NONCE.MAC`, where MAC is the HMAC-SHA256 over
//! `offhook/LINE/EXPIRES.NONCE`, in URL-safe base64 without padding. docs/security.md shows how to make one.
//! PURE: the time and the nonce are passed in.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use super::{Denied, Secret, Upgrade, UsedToken};

/// The longest validity of a token, because a used token must be remembered until it expires.
pub const LONGEST_VALIDITY: Duration = Duration::from_secs(24 * 3600);

/// The length of a nonce in bytes, in hexadecimal or any other form: enough never to repeat, and no more.
const NONCE_BYTES: std::ops::RangeInclusive<usize> = 8..=64;

const WHAT: &str = "path token";

/// The tokens of one provider's route.
#[derive(Debug, Clone, PartialEq)]
pub struct PathToken {
    /// The name of the route: a token of one route opens no other.
    line: &'static str,
    secret: Secret,
}

impl PathToken {
    /// Tokens of `line`, signed with a value of `secret`.
    #[must_use]
    pub fn new(line: &'static str, secret: Secret) -> Self {
        Self { line, secret }
    }

    /// A token that is valid until `expires`, in seconds since 1970. `nonce` must never repeat.
    #[must_use]
    pub fn issue(&self, expires: Duration, nonce: [u8; 16]) -> String {
        let signed = format!("{}.{}", expires.as_secs(), super::hex(&nonce));
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.current().as_bytes());
        let tag = hmac::sign(&key, self.text(&signed).as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// The text that is signed.
    fn text(&self, signed: &str) -> String {
        format!("offhook/{}/{signed}", self.line)
    }

    /// The single use of the token in the request, if the token is right and valid now.
    pub(super) fn pass(&self, upgrade: &Upgrade<'_>) -> Result<UsedToken, Denied> {
        let malformed = Denied::Malformed(WHAT);
        let token = upgrade.token.ok_or(Denied::Missing(WHAT))?;
        let (signed, mac) = token.rsplit_once('.').ok_or(malformed.clone())?;
        let (expires, nonce) = signed.split_once('.').ok_or(malformed.clone())?;
        let expires: u32 = expires.parse().map_err(|_| malformed.clone())?;
        let expires = Duration::from_secs(expires.into());
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| malformed.clone())?;
        if !NONCE_BYTES.contains(&nonce.len()) {
            return Err(malformed);
        }
        let text = self.text(signed);
        if !self.secret.signed(hmac::HMAC_SHA256, &text, &mac) {
            return Err(Denied::Wrong(WHAT));
        }
        if expires <= upgrade.now {
            return Err(Denied::Expired(WHAT));
        }
        if expires > upgrade.now + LONGEST_VALIDITY {
            return Err(Denied::NotNow(WHAT));
        }
        Ok(UsedToken { what: WHAT, id: text, expires })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Check, ReplayGuard, pass_all};
    use http::HeaderMap;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn pass(token: Option<&str>, seen: &mut ReplayGuard) -> Result<(), Denied> {
        let tokens = PathToken::new("twilio", Secret::new("a path secret"));
        let upgrade = Upgrade { target: "/twilio", token, headers: &HeaderMap::new(), now: NOW, uptime: NOW };
        pass_all(&[Check::PathToken(tokens)], &upgrade, seen)
    }

    fn issue(line: &'static str, valid: u64, nonce: u8) -> String {
        let tokens = PathToken::new(line, Secret::new("a path secret"));
        tokens.issue(NOW + Duration::from_secs(valid), [nonce; 16])
    }

    #[test]
    fn a_token_opens_one_socket() {
        let mut seen = ReplayGuard::default();
        let token = issue("twilio", 60, 1);
        assert_eq!(pass(Some(&token), &mut seen), Ok(()));
        assert_eq!(pass(Some(&token), &mut seen), Err(Denied::Used(WHAT)));
        assert_eq!(pass(Some(&issue("twilio", 60, 2)), &mut seen), Ok(()));
    }

    #[test]
    fn the_form_is_the_one_that_is_documented() {
        // printf %s offhook/twilio/1700000060.0101…01 | openssl dgst -sha256 -hmac 'a path secret'
        assert_eq!(
            issue("twilio", 60, 1),
            "1700000060.01010101010101010101010101010101.-NaSUPmBg5yatzthQkMkMdTYz_vk3X32GDxzdXWSmf0"
        );
    }

    #[test]
    fn a_token_of_another_line_or_time_opens_nothing() {
        let mut seen = ReplayGuard::default();
        assert_eq!(pass(None, &mut seen), Err(Denied::Missing(WHAT)));
        assert_eq!(pass(Some(&issue("plivo", 60, 1)), &mut seen), Err(Denied::Wrong(WHAT)));
        assert_eq!(pass(Some(&issue("twilio", 0, 1)), &mut seen), Err(Denied::Expired(WHAT)));
        assert_eq!(pass(Some(&issue("twilio", 90_000, 1)), &mut seen), Err(Denied::NotNow(WHAT)));
        let longer = issue("twilio", 60, 1).replacen("1700000060", "1700009999", 1);
        assert_eq!(pass(Some(&longer), &mut seen), Err(Denied::Wrong(WHAT)));
        for odd in ["", ".", "..", "1700000060.abc.xyz", "1700000060.0123456789.!!", "x.0123456789.AAAA"] {
            assert_eq!(pass(Some(odd), &mut seen), Err(Denied::Malformed(WHAT)), "{odd}");
        }
    }
}
