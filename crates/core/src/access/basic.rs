//! `Authorization: Basic` (RFC 7617). PURE.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Denied, Secret, Upgrade};

/// Passes if user and password, with a colon between them, are a value of `secret`.
pub(super) fn pass(secret: &Secret, upgrade: &Upgrade<'_>) -> Result<(), Denied> {
    let encoded = upgrade.authorization("Basic")?;
    let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let given = decoded.ok_or(Denied::Malformed("authorization"))?;
    secret.is(&given).then_some(()).ok_or(Denied::Wrong("user or password"))
}
