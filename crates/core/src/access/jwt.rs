//! A JSON web token in `Authorization: Bearer`, signed with HS256 (RFC 7519, RFC 7515) as Vonage signs its
//! webhooks. Only HS256 is accepted, whatever the token names. PURE: the time is passed in.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::Deserialize;

use super::{Denied, Secret, Upgrade, UsedToken};

const WHAT: &str = "JWT";

/// How long a token without an expiry is accepted after it was issued. Vonage asks for five minutes too.
const VALIDITY: Duration = Duration::from_secs(300);

/// The allowance for clocks that differ.
const LEEWAY: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    /// When the token was issued, in seconds since 1970.
    iat: u32,
    /// When the token expires.
    exp: Option<u32>,
    /// The start of the token's validity.
    nbf: Option<u32>,
    /// The token's unique name.
    jti: Option<String>,
}

/// The single use of the token, if it is signed with a value of `secret` and valid now.
pub(super) fn pass(secret: &Secret, upgrade: &Upgrade<'_>) -> Result<UsedToken, Denied> {
    let token = upgrade.authorization("Bearer")?;
    let claims = verified(secret, token)?;
    let seconds = |at: u32| Duration::from_secs(at.into());
    let issued = seconds(claims.iat);
    let end = claims.exp.map_or(issued + VALIDITY, seconds).min(issued + VALIDITY) + LEEWAY;
    if end <= upgrade.now {
        return Err(Denied::Expired(WHAT));
    }
    if claims.nbf.map_or(issued, seconds).max(issued) > upgrade.now + LEEWAY {
        return Err(Denied::NotNow(WHAT));
    }
    // A token without a name is named by its signature, which covers the time of issue.
    let name = claims.jti.as_deref().filter(|jti| jti.len() <= 128).unwrap_or_else(|| signature(token));
    Ok(UsedToken { what: WHAT, id: name.to_owned(), expires: end })
}

/// The token's claims, if its signature is right.
fn verified(secret: &Secret, token: &str) -> Result<Claims, Denied> {
    let malformed = || Denied::Malformed(WHAT);
    let (signed, tag) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
    let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| malformed())?;
    let tag = decoded(tag)?;
    if header.alg != "HS256" || !secret.signed(hmac::HMAC_SHA256, signed, &tag) {
        return Err(Denied::Wrong(WHAT));
    }
    serde_json::from_slice(&decoded(claims)?).map_err(|_| malformed())
}

fn signature(token: &str) -> &str {
    token.rsplit_once('.').map_or(token, |(_, signature)| signature)
}
