//! A private key, and the tokens it signs: RS256 (RFC 7518, section 3.3), as Vonage's API requires. PURE: the
//! time and the randomness are passed in.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SecureRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivatePkcs1KeyDer, PrivatePkcs8KeyDer};
use serde_json::json;

use super::hex;

/// The validity of a token, which authenticates one request.
const VALIDITY: Duration = Duration::from_secs(60);

/// An RSA key, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// PKCS#8 or PKCS#1.
    der: Vec<u8>,
    pkcs8: bool,
}

/// The text is not an RSA key in PEM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not an RSA private key in PEM (\"-----BEGIN PRIVATE KEY-----\")")]
pub struct NoKey;

impl PrivateKey {
    /// Reads a key in PEM.
    ///
    /// # Errors
    /// If there is none.
    pub fn of(pem: &str) -> Result<Self, NoKey> {
        let pkcs8 = |key: PrivatePkcs8KeyDer<'_>| Self { der: key.secret_pkcs8_der().to_vec(), pkcs8: true };
        let pkcs1 = |key: PrivatePkcs1KeyDer<'_>| Self { der: key.secret_pkcs1_der().to_vec(), pkcs8: false };
        let pem = pem.as_bytes();
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem).map(pkcs8);
        let key = key.or_else(|_| PrivatePkcs1KeyDer::from_pem_slice(pem).map(pkcs1)).map_err(|_| NoKey)?;
        key.pair().map(|_| key)
    }

    fn pair(&self) -> Result<RsaKeyPair, NoKey> {
        let pair =
            if self.pkcs8 { RsaKeyPair::from_pkcs8(&self.der) } else { RsaKeyPair::from_der(&self.der) };
        pair.map_err(|_| NoKey)
    }

    /// A token that authenticates a request of `application` at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub fn token(
        &self,
        application: &str,
        now: Duration,
        random: &dyn SecureRandom,
    ) -> Result<String, NoKey> {
        let mut id = [0; 16];
        random.fill(&mut id).map_err(|_| NoKey)?;
        let encoded = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = encoded(&json!({"alg": "RS256", "typ": "JWT"}));
        let claims = encoded(&json!({
            "application_id": application,
            "iat": now.as_secs(),
            "exp": (now + VALIDITY).as_secs(),
            "jti": hex(&id),
        }));
        let signed = format!("{head}.{claims}");
        let pair = self.pair()?;
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, random, signed.as_bytes(), &mut signature).map_err(|_| NoKey)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::Value;

    /// A key made for these tests only: openssl genpkey -algorithm RSA.
    const TEST_KEY: &str = include_str!("../../../../tests/golden/signatures/test-key.pem");

    #[test]
    fn a_token_is_signed_for_one_request_of_one_application() {
        let key = PrivateKey::of(TEST_KEY).unwrap();
        let token = key.token("an-application", Duration::from_secs(1000), &SystemRandom::new()).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (head, claims) = signed.split_once('.').unwrap();
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let public = key.pair().unwrap().public_key().as_ref().to_vec();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
        public.verify(signed.as_bytes(), &decoded(signature)).unwrap();
        let head: Value = serde_json::from_slice(&decoded(head)).unwrap();
        assert_eq!(head, json!({"alg": "RS256", "typ": "JWT"}));
        let claims: Value = serde_json::from_slice(&decoded(claims)).unwrap();
        assert_eq!(
            (&claims["application_id"], &claims["iat"], &claims["exp"]),
            (&json!("an-application"), &json!(1000), &json!(1060))
        );
        assert_eq!(claims["jti"].as_str().map(str::len), Some(32));
    }

    #[test]
    fn what_is_no_rsa_key_is_refused_and_none_is_shown() {
        assert_eq!(PrivateKey::of("no key"), Err(NoKey));
        assert_eq!(PrivateKey::of(&TEST_KEY.replace("PRIVATE KEY", "CERTIFICATE")), Err(NoKey));
        assert_eq!(format!("{:?}", PrivateKey::of(TEST_KEY).unwrap()), "PrivateKey(…)");
    }
}
