//! The signature of a gateway on the upgrade of its WebSocket, as Twilio and Plivo document it, to test a
//! server's checks before a number is connected. Shares no code with the server's checks. Must not know
//! sockets.

use anyhow::{anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use tokio_tungstenite::tungstenite::http::HeaderMap;
use tokio_tungstenite::tungstenite::http::header::{HeaderName, HeaderValue};

use super::gateways::Gateway;

/// The address to sign, and the secret.
#[derive(Debug, Clone, Copy)]
pub struct Signing<'a> {
    /// The gateway whose signature is made.
    pub gateway: Gateway,
    /// The contents of the file or the variable: of several lines, the first that is not empty is used.
    pub secret: &'a str,
    /// The address that the gateway is configured to dial.
    pub url: &'a str,
}

/// Adds the headers of the gateway's signature. Each `nonce` is used once.
///
/// # Errors
/// If the gateway signs nothing, or there is no secret. The message never contains the secret.
pub fn sign(signing: Signing<'_>, nonce: &str, headers: &mut HeaderMap) -> anyhow::Result<()> {
    let Signing { gateway, secret, url } = signing;
    let secret = secret.lines().map(str::trim).find(|line| !line.is_empty());
    let secret = secret.ok_or_else(|| anyhow!("--sign: there is no secret in it"))?;
    let signed = |algorithm, text: &str| {
        STANDARD.encode(hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), text.as_bytes()))
    };
    let shown = match gateway {
        Gateway::Twilio => {
            vec![("x-twilio-signature", signed(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, url))]
        }
        Gateway::Plivo if url.contains('?') => bail!("--sign: for Plivo, give an address without a query"),
        Gateway::Plivo => vec![
            ("x-plivo-signature-v3", signed(hmac::HMAC_SHA256, &format!("{url}.{nonce}"))),
            ("x-plivo-signature-v3-nonce", nonce.to_owned()),
        ],
        Gateway::Telnyx
        | Gateway::Vonage
        | Gateway::Jambonz
        | Gateway::Asterisk
        | Gateway::AsteriskText
        | Gateway::Offhook => bail!(
            "--sign: {} signs no address; give a credential with --header, as in 'Authorization: Bearer abc'",
            gateway.name()
        ),
    };
    for (name, value) in shown {
        headers.insert(HeaderName::from_static(name), HeaderValue::try_from(value)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of the first vector, followed by an older one, and the vector with the header that the
    /// vendor's own library made.
    fn vector(file: &str) -> (String, serde_json::Value) {
        let path = format!("{}/../../tests/golden/signatures/{file}", env!("CARGO_MANIFEST_DIR"));
        let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let secret = format!("{}\nolder-one-12345\n", vectors[0]["auth_token"].as_str().unwrap());
        (secret, vectors[0].clone())
    }

    /// Fault: a server that checks Twilio's signature could only be tested with a real number.
    #[test]
    fn signatures_are_those_of_the_vendors_libraries() {
        let (secret, twilio) = vector("twilio.json");
        let mut headers = HeaderMap::new();
        let url = twilio["url"].as_str().unwrap();
        sign(Signing { gateway: Gateway::Twilio, secret: &secret, url }, "", &mut headers).unwrap();
        assert_eq!(headers["x-twilio-signature"], twilio["header"].as_str().unwrap());
        let (secret, plivo) = vector("plivo.json");
        let (url, nonce) = (plivo["uri"].as_str().unwrap(), plivo["nonce"].as_str().unwrap());
        sign(Signing { gateway: Gateway::Plivo, secret: &secret, url }, nonce, &mut headers).unwrap();
        assert_eq!(headers["x-plivo-signature-v3"], plivo["header"].as_str().unwrap());
    }

    #[test]
    fn a_gateway_that_signs_nothing_and_an_empty_secret_are_refused() {
        let (secret, _) = vector("twilio.json");
        let told = |gateway, secret: &str| {
            let signing = Signing { gateway, secret, url: "wss://a.example/x" };
            sign(signing, "n", &mut HeaderMap::new()).unwrap_err().to_string()
        };
        assert!(told(Gateway::Asterisk, &secret).contains("--header"));
        assert!(told(Gateway::Twilio, " \n").contains("there is no secret"));
    }
}
