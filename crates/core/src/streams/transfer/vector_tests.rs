//! Compares our requests and documents with those of the providers' own packages. The vectors are in
//! tests/golden/transfers and made by scripts/transfer_vectors.py.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use serde::Deserialize;
use serde_json::{Value, json};

use super::documents::{self, Document, WayBack};
use super::*;
use crate::access::{PrivateKey, Secret};
use crate::streams::api::{Account, Api, Body, Method, Proof, Request};

/// The test key of the signature vectors; not used anywhere else.
const TEST_KEY: &str = include_str!("../../../../../tests/golden/signatures/test-key.pem");

const CALL: &str = "c-1";

#[derive(Deserialize)]
struct Vectors {
    made_with: String,
    requests: Vec<Asked>,
    documents: Vec<Written>,
}

/// A request, as the package sent it.
#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "do")]
    what: String,
    #[serde(flatten)]
    transfer: Option<Transfer>,
    method: String,
    path: String,
    authorization: Value,
    body: Option<Value>,
}

/// A document, as the package's classes write it.
#[derive(Deserialize)]
struct Written {
    name: String,
    #[serde(flatten)]
    transfer: Option<Transfer>,
    text: String,
}

#[derive(Deserialize)]
struct Transfer {
    to: String,
    from: Option<String>,
    briefing: bool,
    back: bool,
}

impl Transfer {
    fn to(&self) -> Destination {
        let to = Destination::parse(&self.to).unwrap();
        self.from.as_ref().map_or(Ok(to.clone()), |from| to.showing(from)).unwrap()
    }

    fn hosted(&self) -> Hosted {
        let base = "https://voice.example.com/transfer/a-name".to_owned();
        Hosted { base, briefing: self.briefing, back: self.back }
    }
}

fn vectors(file: &str) -> Vectors {
    let path = format!("{}/../../tests/golden/transfers/{file}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// An element in XML begins, with these attributes, or ends; or text stands between two.
#[derive(Debug, PartialEq)]
enum Part {
    Begins(String, BTreeMap<String, String>),
    Ends(String),
    Text(String),
}

/// The parts of a document without escapes, which neither ours nor theirs have here. An element that ends at
/// once (`<a/>`) begins and ends.
fn parts(xml: &str) -> Vec<Part> {
    let root = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").unwrap_or(xml);
    assert!(!root.contains(['&', '\'']), "{root}");
    let mut parts = Vec::new();
    for piece in root.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag that ends");
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut rest) = tag.trim_end().split_once(' ').unwrap_or((tag.trim_end(), ""));
        let mut attributes = BTreeMap::new();
        while let Some((key, value)) = rest.split_once("=\"") {
            let (value, behind) = value.split_once('"').expect("a value that ends");
            assert!(attributes.insert(key.trim().to_owned(), value.to_owned()).is_none(), "twice: {key}");
            rest = behind;
        }
        assert!(rest.trim().is_empty(), "{tag}");
        match name.strip_prefix('/') {
            Some(name) => parts.push(Part::Ends(name.to_owned())),
            None => parts.push(Part::Begins(name.to_owned(), attributes)),
        }
        parts.extend(is_empty.then(|| Part::Ends(name.to_owned())));
        parts.extend(
            Some(text.trim()).filter(|text| !text.is_empty()).map(|text| Part::Text(text.to_owned())),
        );
    }
    parts
}

fn method(request: &Request) -> &'static str {
    match request.method {
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    }
}

/// The proof as it is sent; of a signed token, what is in it.
fn proof(request: &Request) -> Value {
    match &request.proof {
        Proof::Basic(user, password) => {
            json!(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
        }
        Proof::Bearer(token) => json!(format!("Bearer {token}")),
        Proof::Signed(application, key) => {
            let token =
                key.token(application, Duration::from_secs(1_700_000_000), &SystemRandom::new()).unwrap();
            let decoded = token.split('.').take(2).map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
            let decoded: Vec<Value> = decoded.map(|json| serde_json::from_slice(&json).unwrap()).collect();
            let claims: BTreeSet<&String> = decoded[1].as_object().unwrap().keys().collect();
            let application = &decoded[1]["application_id"];
            json!({"kind": "Bearer", "head": decoded[0], "claims": claims, "application_id": application})
        }
    }
}

/// Whether two bodies say the same. The form's TwiML is XML; all else is compared as it is.
fn same_body(ours: &Body, theirs: Option<&Value>) -> bool {
    match (ours, theirs) {
        (Body::None, None) => true,
        // An empty object, or none at all.
        (Body::Json(ours), None) => *ours == json!({}),
        (Body::Json(ours), Some(theirs)) => ours == theirs,
        (Body::Form("Twiml", ours), Some(theirs)) => {
            theirs.as_object().is_some_and(|fields| fields.len() == 1)
                && parts(ours) == parts(theirs["Twiml"].as_str().unwrap())
        }
        (Body::Form(name, ours), Some(theirs)) => *theirs == json!({*name: ours}),
        (Body::None, Some(_)) | (Body::Form(..), None) => false,
    }
}

/// Every request of these vectors, asked of this account.
fn requests_agree(file: &str, account: Account) {
    let vectors = vectors(file);
    let api = Api { base: "https://api.example.com".to_owned(), account };
    assert!(vectors.requests.len() >= 4, "{} requests of {}", vectors.requests.len(), vectors.made_with);
    for theirs in &vectors.requests {
        let ours = match (theirs.what.as_str(), &theirs.transfer) {
            ("transfer", Some(transfer)) => {
                api.transfer(CALL, &transfer.to(), Some(&transfer.hosted())).unwrap()
            }
            ("hang_up", _) => api.hang_up(CALL).unwrap().expect("a request"),
            ("press", _) => api.press(CALL, "12*#").unwrap().expect("a request"),
            (other, _) => panic!("{other}"),
        };
        let about = format!("{}: {ours:#?}", vectors.made_with);
        assert_eq!(method(&ours), theirs.method, "{about}");
        assert_eq!(ours.url, format!("https://api.example.com{}", theirs.path), "{about}");
        assert_eq!(proof(&ours), theirs.authorization, "{about}");
        assert!(same_body(&ours.body, theirs.body.as_ref()), "{about}, but the package: {:?}", theirs.body);
    }
}

/// Every document of these vectors.
fn documents_agree(file: &str, dialect: Dialect) {
    let vectors = vectors(file);
    let leg = Leg {
        dialect: Some(dialect),
        call: Some(CALL.to_owned()),
        from: Some("+15550199".to_owned()),
        to: Some("+15550100".to_owned()),
    };
    let way_back = WayBack { stream: "wss://voice.example.com/line".to_owned(), leg, agent: None };
    let any = Transfer { to: "+15550142".to_owned(), from: None, briefing: true, back: true };
    assert!(vectors.documents.len() >= 2, "{} documents of {}", vectors.documents.len(), vectors.made_with);
    for theirs in &vectors.documents {
        let transfer = theirs.transfer.as_ref().unwrap_or(&any);
        let ours = match theirs.name.as_str() {
            "dial" => documents::orders(dialect, &transfer.to(), &transfer.hosted()),
            "briefing" => documents::briefing(dialect, &transfer.hosted()),
            "back" => documents::after(dialect, Outcome::Unreached("no-answer"), &way_back),
            "over" => documents::over(reads_xml(dialect)),
            other => panic!("{other}"),
        };
        let Document { media_type, text } = ours.expect("a document");
        if media_type == "application/xml" {
            assert_eq!(parts(&text), parts(&theirs.text), "{}: {}", vectors.made_with, theirs.name);
        } else {
            let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(read(&text), read(&theirs.text), "{}: {}", vectors.made_with, theirs.name);
        }
    }
}

fn secret() -> Secret {
    Secret::of("a secret token").unwrap()
}

#[test]
fn twilio_is_asked_as_its_own_package_asks() {
    requests_agree("twilio", Account::Twilio { sid: "AC1".into(), token: secret() });
    documents_agree("twilio", Dialect::Twilio);
}

#[test]
fn telnyx_is_asked_as_its_own_package_asks() {
    requests_agree("telnyx", Account::Telnyx { key: secret() });
}

#[test]
fn plivo_is_asked_as_its_own_package_asks() {
    requests_agree("plivo", Account::Plivo { id: "MA0123456789ABCDEF01".into(), token: secret() });
    documents_agree("plivo", Dialect::Plivo);
}

#[test]
fn vonage_is_asked_as_its_own_package_asks() {
    let application = "78d335fa-323d-0114-9c3d-d6f0d48968cf".to_owned();
    requests_agree("vonage", Account::Vonage { application, key: PrivateKey::of(TEST_KEY).unwrap() });
    documents_agree("vonage", Dialect::Vonage);
}

#[test]
fn jambonz_is_asked_as_its_own_package_asks() {
    requests_agree("jambonz", Account::Jambonz { sid: "a-1".into(), key: secret() });
    documents_agree("jambonz", Dialect::Jambonz);
}
