//! Signs requests as the Standard Webhooks specification says: HMAC-SHA256 over the id, the time and the
//! body. A secret is never shown. Must not know what is signed.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_core::ids::CallId;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// The lengths of a key that the specification allows, in bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// Why a text is no secret to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadSecret {
    /// It does not have the form.
    #[error(
        "it is not \"whsec_\" with base64 behind it: make one with `echo whsec_$(head -c 32 /dev/urandom | base64)`"
    )]
    Form,
    /// The key is too short or too long.
    #[error("its key has {0} bytes: expected 24 to 64")]
    Length(usize),
    /// There is none.
    #[error("there is none")]
    Missing,
}

/// Signs with one secret, or with several while one replaces another.
#[derive(Clone)]
pub struct Signer(Vec<hmac::Key>);

impl Signer {
    /// A signer with these secrets, each `whsec_` and a key in base64.
    ///
    /// # Errors
    /// If there is none, or one has not this form.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Result<Self, BadSecret> {
        let keys = secrets.into_iter().map(key).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(BadSecret::Missing) } else { Ok(Self(keys)) }
    }

    /// The headers of a request with this id and body that is made at this time.
    #[must_use]
    pub fn headers(&self, id: &str, since_1970: Duration, body: &[u8]) -> [(&'static str, String); 3] {
        let timestamp = since_1970.as_secs().to_string();
        let signatures: Vec<String> = self.0.iter().map(|key| signature(key, id, &timestamp, body)).collect();
        [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signatures.join(" ")),
        ]
    }

    /// A new name for a request: `msg_` and a UUID of version 7.
    #[must_use]
    pub fn id(since_1970: Duration) -> String {
        let mut random = [0; 10];
        if SystemRandom::new().fill(&mut random).is_err() {
            // Without randomness of the system, the nanoseconds tell requests apart.
            random[..8].copy_from_slice(&(since_1970.as_nanos() as u64).to_be_bytes());
        }
        format!("msg_{}", CallId::unique(since_1970, random))
    }
}

fn key(secret: &str) -> Result<hmac::Key, BadSecret> {
    let bytes = secret.trim().strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
    let bytes = bytes.ok_or(BadSecret::Form)?;
    if !LENGTHS.contains(&bytes.len()) {
        return Err(BadSecret::Length(bytes.len()));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

fn signature(key: &hmac::Key, id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    format!("v1,{}", STANDARD.encode(context.sign()))
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} secrets)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// The vector of the specification's own libraries.
    #[test]
    fn a_signature_is_the_one_of_the_specification() {
        let signer = Signer::new([SECRET]).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let headers =
            signer.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", Duration::from_secs(1_614_265_330), body);
        assert_eq!(headers[1].1, "1614265330");
        assert_eq!(headers[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign() {
        let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        let both = Signer::new([other, SECRET]).unwrap().headers("a", Duration::ZERO, b"b");
        let one = |secret| Signer::new([secret]).unwrap().headers("a", Duration::ZERO, b"b")[2].1.clone();
        assert_eq!(both[2].1, format!("{} {}", one(other), one(SECRET)));
    }

    #[test]
    fn what_is_no_secret_is_refused_and_never_shown() {
        assert_eq!(Signer::new(["secret"]).unwrap_err(), BadSecret::Form);
        assert_eq!(Signer::new(["whsec_!"]).unwrap_err(), BadSecret::Form);
        assert_eq!(Signer::new(["whsec_c2VjcmV0"]).unwrap_err(), BadSecret::Length(6));
        assert_eq!(Signer::new([]).unwrap_err(), BadSecret::Missing);
        assert_eq!(format!("{:?}", Signer::new([SECRET]).unwrap()), "Signer(1 secrets)");
    }

    #[test]
    fn every_request_has_a_name_of_its_own() {
        let (one, other) = (Signer::id(Duration::ZERO), Signer::id(Duration::ZERO));
        assert!(one.starts_with("msg_") && one != other);
    }
}
