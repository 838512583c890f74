//! Who may open a socket: checks the credentials in an upgrade request against the configuration. One file
//! per kind of credential. PURE: the time and the request are passed in. Must not know sockets, routes or the
//! traffic on them.

mod basic;
mod denied;
mod jwt;
mod path_token;
mod plivo;
mod private_key;
mod public_url;
mod replay_guard;
mod secret;
mod twilio;
#[cfg(test)]
mod vector_tests;

use std::fmt;
use std::time::Duration;

use http::HeaderMap;

pub use denied::Denied;
pub use path_token::{LONGEST_VALIDITY, PathToken};
pub use private_key::{NoKey, PrivateKey};
pub use public_url::PublicUrl;
pub use replay_guard::ReplayGuard;
use replay_guard::{Time, UsedToken};
pub use secret::{NoSecret, Secret};

/// An upgrade request, as far as checks need it.
#[derive(Debug, Clone, Copy)]
pub struct Upgrade<'a> {
    /// The path with its query, as received.
    pub target: &'a str,
    /// The single-use token in the path, if there is one.
    pub token: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The time since 1970, by the system's clock, which may be set.
    pub now: Duration,
    /// The time by a clock that is never set.
    pub uptime: Duration,
}

impl<'a> Upgrade<'a> {
    fn header(&self, name: &'static str) -> Result<&'a str, Denied> {
        let value = self.headers.get(name).ok_or(Denied::Missing(name))?;
        value.to_str().map_err(|_| Denied::Malformed(name))
    }

    /// The text after `scheme` in `Authorization`; schemes are not case-sensitive (RFC 9110, 11.1).
    fn authorization(&self, scheme: &str) -> Result<&'a str, Denied> {
        let value = self.header("authorization")?;
        match value.split_once(' ') {
            Some((told, rest)) if told.eq_ignore_ascii_case(scheme) => Ok(rest.trim()),
            Some(_) | None => Err(Denied::Malformed("authorization")),
        }
    }
}

/// One credential that a gateway's route requires of a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// `X-Twilio-Signature` over the public address.
    Twilio {
        /// The account's auth tokens, for HMAC-SHA1.
        tokens: Option<Secret>,
        /// The shared keys, for HMAC-SHA256.
        keys: Option<Secret>,
        /// The address that Twilio dials.
        url: PublicUrl,
    },
    /// `X-Plivo-Signature-V3` over the public address.
    Plivo {
        /// The account's auth tokens.
        tokens: Secret,
        /// The address that Plivo dials.
        url: PublicUrl,
    },
    /// A JSON web token with HS256 in `Authorization: Bearer`, as Vonage signs its webhooks.
    Jwt(Secret),
    /// `Authorization: Basic`, with `user:password`.
    Basic(Secret),
    /// `Authorization: Bearer`, with a fixed token.
    Bearer(Secret),
    /// A fixed token in a header of this name.
    Header(&'static str, Secret),
    /// A single-use token in the path.
    PathToken(PathToken),
}

impl Check {
    /// The single-use credential that the request uses up if it passes.
    ///
    /// # Errors
    /// Why the request does not pass. For the log, never for the client.
    fn pass(&self, upgrade: &Upgrade<'_>) -> Result<Option<UsedToken>, Denied> {
        match self {
            Self::Twilio { tokens, keys, url } => twilio::pass(tokens.as_ref(), keys.as_ref(), url, upgrade)?,
            Self::Plivo { tokens, url } => plivo::pass(tokens, url, upgrade)?,
            Self::Jwt(secret) => return jwt::pass(secret, upgrade).map(Some),
            Self::PathToken(tokens) => return tokens.pass(upgrade).map(Some),
            Self::Basic(secret) => basic::pass(secret, upgrade)?,
            Self::Bearer(secret) if secret.is(upgrade.authorization("Bearer")?) => {}
            Self::Bearer(_) => return Err(Denied::Wrong("bearer token")),
            Self::Header(name, secret) if secret.is(upgrade.header(name)?) => {}
            Self::Header(name, _) => return Err(Denied::Wrong(name)),
        }
        Ok(None)
    }
}

/// Passes if the request passes all `checks`. Single-use credentials are remembered in `seen`, and used up
/// only if everything else has passed.
///
/// # Errors
/// The first check that the request does not pass.
pub fn pass_all(checks: &[Check], upgrade: &Upgrade<'_>, seen: &mut ReplayGuard) -> Result<(), Denied> {
    let tickets = checks.iter().map(|check| check.pass(upgrade)).collect::<Result<Vec<_>, _>>()?;
    let now = Time { wall: upgrade.now, uptime: upgrade.uptime };
    seen.take(&tickets.into_iter().flatten().collect::<Vec<_>>(), now)
}

/// `bytes` in lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
        text
    })
}
