//! `X-Plivo-Signature-V3` on the upgrade, as Plivo's own libraries check it for a GET: base64 of the
//! HMAC-SHA256 over the address, a dot and the nonce, with the query's fields sorted and decoded. PURE.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::{Denied, PublicUrl, Secret, Upgrade};

const SIGNATURE: &str = "x-plivo-signature-v3";
const NONCE: &str = "x-plivo-signature-v3-nonce";

/// Passes if one of the signatures was made with one of `tokens`. Plivo signs `https` addresses. Whether it
/// signs a socket's address as `wss` is not documented, so both are accepted, with and without their port.
pub(super) fn pass(tokens: &Secret, url: &PublicUrl, upgrade: &Upgrade<'_>) -> Result<(), Denied> {
    let given = upgrade.header(SIGNATURE)?;
    let nonce = upgrade.header(NONCE)?;
    let (path, query) = upgrade.target.split_once('?').unwrap_or((upgrade.target, ""));
    let query = sorted(query);
    let signed = url.signed(path).into_iter().chain(url.signed_as_web(path));
    let signed: Vec<String> = signed.map(|url| format!("{url}{query}.{nonce}")).collect();
    // A comma separates the signatures of the account and of its sub-account.
    let given: Vec<Vec<u8>> = given.split(',').filter_map(|one| STANDARD.decode(one.trim()).ok()).collect();
    let right = signed.iter().any(|text| given.iter().any(|tag| tokens.signed(hmac::HMAC_SHA256, text, tag)));
    right.then_some(()).ok_or(Denied::Wrong(SIGNATURE))
}

/// A query in its signed form, with the question mark; "" for none.
fn sorted(query: &str) -> String {
    let mut fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    fields.sort();
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if fields.is_empty() { String::new() } else { format!("?{}", fields.join("&")) }
}
