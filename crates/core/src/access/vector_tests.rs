//! Compares our signature checks with the vendors' own libraries. The vectors are in tests/golden/signatures
//! and made by scripts/signature_vectors.py.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

use super::{Check, Denied, PublicUrl, ReplayGuard, Secret, Upgrade, pass_all};

fn vectors<V: DeserializeOwned>(file: &str) -> Vec<V> {
    let path = format!("{}/../../tests/golden/signatures/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

/// The verdict of `check` on these headers, `now` seconds after 1970.
fn judge(check: &Check, target: &str, pairs: &[(&'static str, &str)], now: u64) -> Result<(), Denied> {
    let now = Duration::from_secs(now);
    let upgrade = Upgrade { target, token: None, headers: &headers(pairs), now, uptime: now };
    pass_all(std::slice::from_ref(check), &upgrade, &mut ReplayGuard::default())
}

/// Splits an address into the part that is configured and the target of the request.
fn apart(url: &str) -> (PublicUrl, &str) {
    let host = url.find("://").unwrap() + 3;
    let path = url[host..].find(['/', '?']).map_or(url.len(), |at| host + at);
    (PublicUrl::parse(&url[..path]).unwrap(), &url[path..])
}

#[derive(Deserialize)]
struct TwilioVector {
    about: String,
    auth_token: String,
    url: String,
    header: String,
    settings: Option<String>,
    valid: bool,
}

#[test]
fn a_signature_of_twilio_is_judged_as_twilio_does() {
    for vector in vectors::<TwilioVector>("twilio.json") {
        let (url, target) = apart(&vector.url);
        let secret = || Some(Secret::new(&vector.auth_token));
        let check = Check::Twilio { tokens: secret(), keys: secret(), url };
        let mut shown = vec![("x-twilio-signature", vector.header.as_str())];
        shown.extend(vector.settings.as_deref().map(|s| ("x-twilio-webhooks-signature-settings", s)));
        assert_eq!(judge(&check, target, &shown, 0).is_ok(), vector.valid, "{}", vector.about);
    }
}

#[test]
fn nobody_may_choose_the_weaker_of_twilios_two_algorithms() {
    let vectors = vectors::<TwilioVector>("twilio.json");
    let plain = vectors.iter().find(|v| v.about == "a plain address").unwrap();
    let (url, target) = apart(&plain.url);
    let check = Check::Twilio { tokens: None, keys: Some(Secret::new(&plain.auth_token)), url };
    let shown = [("x-twilio-signature", plain.header.as_str())];
    assert_eq!(
        judge(&check, target, &shown, 0),
        Err(Denied::Missing("x-twilio-webhooks-signature-settings"))
    );
    assert_eq!(judge(&check, target, &[], 0), Err(Denied::Missing("x-twilio-signature")));
}

#[derive(Deserialize)]
struct PlivoVector {
    about: String,
    auth_token: String,
    uri: String,
    nonce: String,
    header: String,
    valid: bool,
}

#[test]
fn a_signature_of_plivo_is_judged_as_plivo_does() {
    for vector in vectors::<PlivoVector>("plivo.json") {
        let (url, target) = apart(&vector.uri);
        let check = Check::Plivo { tokens: Secret::new(&vector.auth_token), url };
        let shown = [
            ("x-plivo-signature-v3", vector.header.as_str()),
            ("x-plivo-signature-v3-nonce", vector.nonce.as_str()),
        ];
        // We differ in two cases, because it is not known whether a socket's address is signed as `wss` or as
        // `https`, nor whether with its port (docs/security.md).
        let more = ["another scheme", "a port that was not signed"];
        let valid = vector.valid || more.contains(&vector.about.as_str());
        assert_eq!(judge(&check, target, &shown, 0).is_ok(), valid, "{}", vector.about);
    }
}

#[derive(Deserialize)]
struct VonageVector {
    about: String,
    secret: String,
    token: String,
    valid: bool,
}

/// The time of issue of the tokens in the vectors.
const ISSUED: u64 = 1_700_000_000;

#[test]
fn a_token_of_vonage_is_judged_as_vonage_does() {
    for vector in vectors::<VonageVector>("vonage.json") {
        let check = Check::Jwt(Secret::new(&vector.secret));
        let shown = format!("Bearer {}", vector.token);
        let judged = judge(&check, "/vonage", &[("authorization", &shown)], ISSUED + 1);
        assert_eq!(judged.is_ok(), vector.valid, "{}: {judged:?}", vector.about);
    }
}

#[test]
fn a_token_of_vonage_is_valid_for_five_minutes_and_once() {
    let vectors = vectors::<VonageVector>("vonage.json");
    let usual = vectors.iter().find(|v| v.about == "as Vonage has it").unwrap();
    let check = Check::Jwt(Secret::new(&usual.secret));
    let headers = headers(&[("authorization", &format!("bearer {}", usual.token))]);
    let mut seen = ReplayGuard::default();
    let mut at = |seconds: u64| {
        let now = Duration::from_secs(seconds);
        let upgrade = Upgrade { target: "/vonage", token: None, headers: &headers, now, uptime: now };
        pass_all(std::slice::from_ref(&check), &upgrade, &mut seen)
    };
    assert_eq!(at(ISSUED - 60), Err(Denied::NotNow("JWT")));
    assert_eq!(at(ISSUED + 200), Ok(()));
    assert_eq!(at(ISSUED + 201), Err(Denied::Used("JWT")));
    assert_eq!(at(ISSUED + 400), Err(Denied::Expired("JWT")));
    assert_eq!(at(ISSUED + 200), Err(Denied::Used("JWT")), "the clock was set back");
}

#[test]
fn basic_bearer_and_header_are_compared_whole() {
    let basic = Check::Basic(Secret::new("asterisk:a secret"));
    // printf %s 'asterisk:a secret' | base64
    let shown = |value: &str| judge(&basic, "/asterisk", &[("authorization", value)], 0);
    assert_eq!(shown("Basic YXN0ZXJpc2s6YSBzZWNyZXQ="), Ok(()));
    assert_eq!(shown("basic YXN0ZXJpc2s6YSBzZWNyZXQ="), Ok(()));
    assert_eq!(shown("Basic YXN0ZXJpc2s6YSBzZWNyZXQxCg=="), Err(Denied::Wrong("user or password")));
    assert_eq!(shown("Basic ????"), Err(Denied::Malformed("authorization")));
    assert_eq!(shown("Bearer YXN0ZXJpc2s6YSBzZWNyZXQ="), Err(Denied::Malformed("authorization")));
    let bearer = Check::Bearer(Secret::new("a bearer token"));
    let shown = |value: &str| judge(&bearer, "/offhook", &[("authorization", value)], 0);
    assert_eq!(shown("Bearer a bearer token"), Ok(()));
    assert_eq!(shown("Bearer a bearer"), Err(Denied::Wrong("bearer token")));
    let header = Check::Header("x-telnyx-streaming-auth-token", Secret::new("a stream token"));
    let shown = |value: &str| judge(&header, "/telnyx", &[("x-telnyx-streaming-auth-token", value)], 0);
    assert_eq!(shown("a stream token"), Ok(()));
    assert_eq!(shown("another token"), Err(Denied::Wrong("x-telnyx-streaming-auth-token")));
    assert_eq!(judge(&header, "/telnyx", &[], 0), Err(Denied::Missing("x-telnyx-streaming-auth-token")));
}

#[test]
fn a_single_use_token_is_not_used_up_by_who_fails_another_check() {
    let tokens = super::PathToken::new("offhook", Secret::new("a path secret"));
    let now = Duration::from_secs(ISSUED);
    let token = tokens.issue(now + Duration::from_secs(60), [7; 16]);
    let checks = [Check::PathToken(tokens), Check::Bearer(Secret::new("a bearer token"))];
    let mut seen = ReplayGuard::default();
    let mut ask = |authorization: &str| {
        let headers = headers(&[("authorization", authorization)]);
        pass_all(
            &checks,
            &Upgrade { target: "/offhook", token: Some(&token), headers: &headers, now, uptime: now },
            &mut seen,
        )
    };
    assert_eq!(ask("Bearer something else"), Err(Denied::Wrong("bearer token")));
    assert_eq!(ask("Bearer a bearer token"), Ok(()));
    assert_eq!(ask("Bearer a bearer token"), Err(Denied::Used("path token")));
}
