//! Requests to a provider's API, for commands that its socket has no word for; transfers are in `transfer`.
//! PURE; it must not know how requests are sent.

use std::fmt;

use crate::access::{PrivateKey, Secret};

/// A provider's API, with an account there.
#[derive(Debug, Clone, PartialEq)]
pub struct Api {
    /// The address of the API, without a slash at the end: `https://api.twilio.com`.
    pub base: String,
    /// The account that sends the requests.
    pub account: Account,
}

/// The account that owns the call, with its credentials.
#[derive(Debug, Clone, PartialEq)]
pub enum Account {
    /// The account's SID and its auth token.
    Twilio {
        /// `AC…`
        sid: String,
        /// The auth token.
        token: Secret,
    },
    /// An API key.
    Telnyx {
        /// `KEY…`
        key: Secret,
    },
    /// The auth id and the auth token.
    Plivo {
        /// `MA…`
        id: String,
        /// The auth token.
        token: Secret,
    },
    /// An application and its private key, which signs a token for every request.
    Vonage {
        /// A UUID.
        application: String,
        /// The key.
        key: PrivateKey,
    },
    /// The account's SID and an API key.
    Jambonz {
        /// A UUID.
        sid: String,
        /// The API key.
        key: Secret,
    },
}

/// A request about a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The whole URL.
    pub url: String,
    /// The credentials.
    pub proof: Proof,
    /// The body.
    pub body: Body,
}

/// The HTTP methods that are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

/// The credentials of a request.
#[derive(Clone, PartialEq)]
pub enum Proof {
    /// A user and a password.
    Basic(String, String),
    /// A token.
    Bearer(String),
    /// A token that must be signed, for this application and with this key.
    Signed(String, PrivateKey),
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Nothing.
    None,
    /// One field of a form.
    Form(&'static str, String),
    /// JSON.
    Json(serde_json::Value),
}

/// The most keys that are pressed at once.
const MOST_KEYS: usize = 20;

/// The keys that [`Api::press`] presses, as a regular expression, for those who write them.
pub const KEYS: &str = "^[0-9*#]{1,20}$";

/// Whether these are keys that [`Api::press`] presses: what [`KEYS`] says.
#[must_use]
pub fn are_keys(text: &str) -> bool {
    (1..=MOST_KEYS).contains(&text.len()) && text.chars().all(|key| "0123456789*#".contains(key))
}

/// A call id that cannot be one of the provider's. It is put into no URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call has an id that no provider gives")]
pub struct NoSuchName;

impl Api {
    /// The request that ends `call`, which is the provider's id of the call; `None` if the provider's socket
    /// has a message for it.
    ///
    /// # Errors
    /// If the id would lead to another URL.
    pub fn hang_up(&self, call: &str) -> Result<Option<Request>, NoSuchName> {
        named(call)?;
        let base = &self.base;
        Ok(Some(match &self.account {
            Account::Twilio { sid, token } => Request {
                method: Method::Post,
                url: format!("{base}/2010-04-01/Accounts/{sid}/Calls/{call}.json"),
                proof: Proof::Basic(sid.clone(), token.current().to_owned()),
                body: Body::Form("Status", "completed".to_owned()),
            },
            Account::Telnyx { key } => Request {
                method: Method::Post,
                url: format!("{base}/v2/calls/{call}/actions/hangup"),
                proof: Proof::Bearer(key.current().to_owned()),
                body: Body::Json(serde_json::json!({})),
            },
            Account::Plivo { id, token } => Request {
                method: Method::Delete,
                url: format!("{base}/v1/Account/{id}/Call/{call}/"),
                proof: Proof::Basic(id.clone(), token.current().to_owned()),
                body: Body::None,
            },
            Account::Vonage { application, key } => Request {
                method: Method::Put,
                url: format!("{base}/v1/calls/{call}"),
                proof: Proof::Signed(application.clone(), key.clone()),
                body: Body::Json(serde_json::json!({"action": "hangup"})),
            },
            Account::Jambonz { .. } => return Ok(None),
        }))
    }

    /// The request that presses [`keys`](are_keys) in `call`; `None` if the provider cannot.
    ///
    /// # Errors
    /// If the id would lead to another URL.
    pub fn press(&self, call: &str, keys: &str) -> Result<Option<Request>, NoSuchName> {
        named(call)?;
        let base = &self.base;
        let body = Body::Json(serde_json::json!({"digits": keys}));
        Ok(match &self.account {
            Account::Twilio { .. } | Account::Jambonz { .. } => None,
            Account::Telnyx { key } => Some(Request {
                method: Method::Post,
                url: format!("{base}/v2/calls/{call}/actions/send_dtmf"),
                proof: Proof::Bearer(key.current().to_owned()),
                body,
            }),
            Account::Plivo { id, token } => Some(Request {
                method: Method::Post,
                url: format!("{base}/v1/Account/{id}/Call/{call}/DTMF/"),
                proof: Proof::Basic(id.clone(), token.current().to_owned()),
                body,
            }),
            Account::Vonage { application, key } => Some(Request {
                method: Method::Put,
                url: format!("{base}/v1/calls/{call}/dtmf"),
                proof: Proof::Signed(application.clone(), key.clone()),
                body,
            }),
        })
    }
}

impl Account {
    /// True if the provider presses keys on request. Twilio and jambonz do so only by ending the stream.
    #[must_use]
    pub const fn presses_keys(&self) -> bool {
        match self {
            Self::Twilio { .. } | Self::Jambonz { .. } => false,
            Self::Telnyx { .. } | Self::Plivo { .. } | Self::Vonage { .. } => true,
        }
    }
}

/// Refuses an id that would lead to another URL.
pub(super) fn named(call: &str) -> Result<(), NoSuchName> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_:".contains(c);
    if call.is_empty() || !call.chars().all(plain) { Err(NoSuchName) } else { Ok(()) }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::of("a secret token").unwrap()
    }

    fn api(account: Account) -> Api {
        Api { base: "https://api.example.com".to_owned(), account }
    }

    fn request(account: Account, call: &str) -> Result<Request, NoSuchName> {
        api(account).hang_up(call).map(|request| request.expect("a request"))
    }

    #[test]
    fn keys_are_pressed_where_the_provider_can() {
        let telnyx = api(Account::Telnyx { key: secret() }).press("v3:a", "1#").unwrap().unwrap();
        assert_eq!(telnyx.url, "https://api.example.com/v2/calls/v3:a/actions/send_dtmf");
        assert_eq!(telnyx.body, Body::Json(serde_json::json!({"digits": "1#"})));
        let plivo =
            api(Account::Plivo { id: "MA1".into(), token: secret() }).press("c-1", "1").unwrap().unwrap();
        assert_eq!(plivo.url, "https://api.example.com/v1/Account/MA1/Call/c-1/DTMF/");
        assert_eq!(api(Account::Twilio { sid: "AC1".into(), token: secret() }).press("CA1", "1"), Ok(None));
        assert_eq!(api(Account::Telnyx { key: secret() }).press("../x", "1"), Err(NoSuchName));
    }

    #[test]
    fn keys_are_one_to_twenty_of_a_telephone() {
        assert!(are_keys("0") && are_keys("1234567890*#") && are_keys(&"1".repeat(MOST_KEYS)));
        assert!(KEYS.ends_with(&format!("{{1,{MOST_KEYS}}}$")), "both say the same");
        for wrong in ["", "A", "1 2", "１", "w1", &"1".repeat(MOST_KEYS + 1)] {
            assert!(!are_keys(wrong), "{wrong}");
        }
    }

    #[test]
    fn each_provider_is_asked_in_its_own_way() {
        let twilio = request(Account::Twilio { sid: "AC1".into(), token: secret() }, "CA1").unwrap();
        assert_eq!(twilio.url, "https://api.example.com/2010-04-01/Accounts/AC1/Calls/CA1.json");
        assert_eq!((twilio.method, twilio.body), (Method::Post, Body::Form("Status", "completed".into())));
        assert!(twilio.proof == Proof::Basic("AC1".into(), "a secret token".into()));
        let telnyx = request(Account::Telnyx { key: secret() }, "v3:a-B_1").unwrap();
        assert_eq!(telnyx.url, "https://api.example.com/v2/calls/v3:a-B_1/actions/hangup");
        assert!(telnyx.proof == Proof::Bearer("a secret token".into()));
        let plivo = request(Account::Plivo { id: "MA1".into(), token: secret() }, "c-1").unwrap();
        assert_eq!(plivo.url, "https://api.example.com/v1/Account/MA1/Call/c-1/");
        assert_eq!((plivo.method, plivo.body), (Method::Delete, Body::None));
        let jambonz = api(Account::Jambonz { sid: "a-1".into(), key: secret() });
        assert_eq!(jambonz.hang_up("c-1"), Ok(None), "its socket has a word for it");
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_put_into_no_address() {
        for name in ["", "../../Accounts/AC2", "CA1?x=1", "CA1#", "CA%2e", "CA 1", "a.b"] {
            assert_eq!(request(Account::Telnyx { key: secret() }, name), Err(NoSuchName), "{name}");
        }
    }

    #[test]
    fn a_proof_is_never_shown() {
        assert_eq!(format!("{:?}", Proof::Bearer("a secret token".into())), "Proof(…)");
    }
}
