//! `X-Plivo-Signature-V3` on the upgrade, as Plivo's own libraries check it for a GET: base64 of the
//! HMAC-SHA256 over the address, a dot and the nonce; the query's fields sorted and decoded. PURE.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::{Denied, PublicUrl, Secret, Upgrade};

const SIGNATURE: &str = "x-plivo-signature-v3";
const NONCE: &str = "x-plivo-signature-v3-nonce";

/// Whether one of the signatures is one of `tokens`. Plivo signs addresses of the web; whether it signs
/// a socket's as such is not documented, so both are taken, with their port and without.
pub(super) fn pass(tokens: &Secret, url: &PublicUrl, upgrade: &Upgrade<'_>) -> Result<(), Denied> {
    let given = upgrade.header(SIGNATURE)?;
    let nonce = upgrade.header(NONCE)?;
    let (path, query) = upgrade.target.split_once('?').unwrap_or((upgrade.target, ""));
    let query = sorted(query);
    let signed = url.signed(path).into_iter().chain(url.signed_as_web(path));
    let signed: Vec<String> = signed.map(|url| format!("{url}{query}.{nonce}")).collect();
    // A comma stands between those of the account and of its sub-account.
    let given: Vec<Vec<u8>> = given.split(',').filter_map(|one| STANDARD.decode(one.trim()).ok()).collect();
    let right = signed.iter().any(|text| given.iter().any(|tag| tokens.signed(hmac::HMAC_SHA256, text, tag)));
    right.then_some(()).ok_or(Denied::Wrong(SIGNATURE))
}

/// A query as it is signed, with its question mark; "" for none.
fn sorted(query: &str) -> String {
    let mut fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    fields.sort();
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if fields.is_empty() { String::new() } else { format!("?{}", fields.join("&")) }
}
