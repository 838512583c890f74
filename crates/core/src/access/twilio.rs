//! `X-Twilio-Signature` on the upgrade, as Twilio's own libraries check it: base64 of an HMAC over the
//! address, plus the fields of a form (an upgrade has none). HMAC-SHA1 with the account's auth token, or
//! HMAC-SHA256 with a shared key if `X-Twilio-Webhooks-Signature-Settings` says so. PURE.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::{Denied, PublicUrl, Secret, Upgrade};

const SIGNATURE: &str = "x-twilio-signature";
const SETTINGS: &str = "x-twilio-webhooks-signature-settings";

/// Passes if the signature was made with one of `tokens` (SHA-1) or of `keys` (SHA-256). The address may have
/// been signed with or without its port; Twilio does both.
pub(super) fn pass(
    tokens: Option<&Secret>,
    keys: Option<&Secret>,
    url: &PublicUrl,
    upgrade: &Upgrade<'_>,
) -> Result<(), Denied> {
    let given = upgrade.header(SIGNATURE)?;
    let given = STANDARD.decode(given).map_err(|_| Denied::Malformed(SIGNATURE))?;
    let settings = if upgrade.headers.contains_key(SETTINGS) { upgrade.header(SETTINGS)? } else { "" };
    let (algorithm, secret) = match algorithm(settings).to_ascii_uppercase().as_str() {
        // An algorithm that is not configured is refused, so that no client can choose the weaker of the two.
        "HMAC_SHA1" => (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, tokens.ok_or(Denied::Missing(SETTINGS))?),
        "HMAC_SHA256" => (hmac::HMAC_SHA256, keys.ok_or(Denied::Wrong(SETTINGS))?),
        _ => return Err(Denied::Malformed(SETTINGS)),
    };
    let right = url.signed(upgrade.target).iter().any(|url| secret.signed(algorithm, url, &given));
    right.then_some(()).ok_or(Denied::Wrong(SIGNATURE))
}

/// The algorithm that `key=…,algorithm=…` names; SHA-1 if it names none.
fn algorithm(settings: &str) -> &str {
    let named = settings.split(',').filter_map(|part| part.split_once('='));
    let named = named.map(|(name, value)| (name.trim(), value.trim()));
    let mut algorithms = named.filter(|(name, value)| *name == "algorithm" && !value.is_empty());
    algorithms.next().map_or("HMAC_SHA1", |(_, algorithm)| algorithm)
}
