//! Every request and document of a transfer, in the forms that the providers document, and what must never
//! get into one.

use serde_json::{Value, json};

use super::documents::{self, Document, WayBack};
use super::*;
use crate::access::{PrivateKey, Secret};
use crate::streams::api::{Account, Api, Body, Method, Proof, Request};

const BASE: &str = "https://voice.example.com/transfer/a-token";

/// The test key of the signature vectors; not used anywhere else.
const TEST_KEY: &str = include_str!("../../../../../tests/golden/signatures/test-key.pem");

fn to(text: &str) -> Destination {
    Destination::parse(text).unwrap()
}

fn hosted(briefing: bool, back: bool) -> Hosted {
    Hosted { base: BASE.to_owned(), briefing, back }
}

fn secret() -> Secret {
    Secret::of("a secret token").unwrap()
}

fn asked(account: Account, to: &Destination, hosted: Option<&Hosted>) -> Result<Request, NoTransfer> {
    Api { base: "https://api.example.com".to_owned(), account }.transfer("c-1", to, hosted)
}

fn twilio() -> Account {
    Account::Twilio { sid: "AC1".into(), token: secret() }
}

fn telnyx() -> Account {
    Account::Telnyx { key: secret() }
}

fn plivo() -> Account {
    Account::Plivo { id: "MA1".into(), token: secret() }
}

fn vonage() -> Account {
    Account::Vonage { application: "an-application".into(), key: PrivateKey::of(TEST_KEY).unwrap() }
}

fn jambonz() -> Account {
    Account::Jambonz { sid: "a-1".into(), key: secret() }
}

fn in_json(request: Request) -> Value {
    match request.body {
        Body::Json(value) => value,
        other @ (Body::None | Body::Form(..)) => panic!("{other:?}"),
    }
}

fn root(document: Option<Document>) -> String {
    let document = document.expect("a document");
    assert_eq!(document.media_type, "application/xml");
    document.text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").expect("XML").to_owned()
}

fn verbs(document: Option<Document>) -> Value {
    let document = document.expect("a document");
    assert_eq!(document.media_type, "application/json");
    serde_json::from_str(&document.text).unwrap()
}

#[test]
fn a_number_or_a_sip_address_is_a_destination_and_nothing_else_is() {
    for right in [
        "+1555014",
        "+15550142",
        "+493012345678901",
        "sip:desk@pbx.example.com",
        "sip:+15550142@10.0.0.7:5060",
        "sip:a.b-c_d@host",
    ] {
        assert_eq!(to(right).to_string(), right);
    }
    for wrong in [
        "",
        "+",
        "15550142",
        "+155501",
        "+1555014212345678",
        "+05550142",
        "+1 555 0142",
        "+1555o142",
        "+15550142</Number><Number>+19005550100",
        "+15550142\",\"from\":\"+1",
        "+١٥٥٥٠١٤٢",
        "tel:+15550142",
        "client:joey",
        "sip:",
        "sip:@host",
        "sip:desk@",
        "sip:desk",
        "sip:desk@host?Subject=x",
        "sip:desk@host;transport=tcp",
        "sip:desk:password@host",
        "sip:desk@host@other",
        "sip:desk@host:0",
        "sip:desk@host:99999",
        "sip:desk@host:",
        "sip:desk@host/../x",
        "sip:desk@.host",
        "sip:desk@ho..st",
        "sip:de\"sk@host",
        "sip:desk@host</Sip>",
        "sip:dés@host",
        "sips:desk@host",
        "SIP:desk@host",
    ] {
        assert_eq!(Destination::parse(wrong), Err(NoDestination::Party), "{wrong}");
    }
    assert!(Destination::parse(&format!("sip:desk@{}", "a".repeat(200))).is_err());
    assert_eq!(to("+15550142").showing("anonymous"), Err(NoDestination::CallerId));
    assert!(to("+15550142").showing("+15550100").is_ok());
}

#[test]
fn twilio_gets_its_orders_with_the_request() {
    let request = asked(twilio(), &to("+15550142"), None).unwrap();
    assert_eq!(request.url, "https://api.example.com/2010-04-01/Accounts/AC1/Calls/c-1.json");
    assert!(request.proof == Proof::Basic("AC1".into(), "a secret token".into()));
    let plain = "<Response><Dial><Number>+15550142</Number></Dial></Response>";
    assert_eq!((request.method, request.body), (Method::Post, Body::Form("Twiml", plain.into())));
    let shown = to("+15550142").showing("+15550100").unwrap();
    let whole = format!(
        "<Response><Dial callerId=\"+15550100\" action=\"{BASE}/after.xml\" method=\"POST\"><Number \
         url=\"{BASE}/briefing.xml\" method=\"GET\">+15550142</Number></Dial></Response>"
    );
    let request = asked(twilio(), &shown, Some(&hosted(true, true))).unwrap();
    assert_eq!(request.body, Body::Form("Twiml", whole));
    let sip = "<Response><Dial><Sip>sip:desk@pbx.example.com</Sip></Dial></Response>";
    let request = asked(twilio(), &to("sip:desk@pbx.example.com"), Some(&hosted(false, false))).unwrap();
    assert_eq!(request.body, Body::Form("Twiml", sip.into()));
}

#[test]
fn telnyx_transfers_and_plays_the_audio_itself() {
    let request = asked(telnyx(), &to("+15550142"), None).unwrap();
    assert_eq!(request.url, "https://api.example.com/v2/calls/c-1/actions/transfer");
    assert_eq!((request.method, in_json(request)), (Method::Post, json!({"to": "+15550142"})));
    let shown = to("sip:desk@pbx.example.com").showing("+15550100").unwrap();
    let whole = json!({
        "to": "sip:desk@pbx.example.com",
        "from": "+15550100",
        "audio_url": format!("{BASE}/briefing.wav"),
    });
    assert_eq!(in_json(asked(telnyx(), &shown, Some(&hosted(true, false))).unwrap()), whole);
}

#[test]
fn plivo_fetches_its_orders() {
    assert_eq!(asked(plivo(), &to("+15550142"), None), Err(NoTransfer::NoDocument));
    let hosted = hosted(true, true);
    let request = asked(plivo(), &to("+15550142"), Some(&hosted)).unwrap();
    assert_eq!(request.url, "https://api.example.com/v1/Account/MA1/Call/c-1/");
    let body = json!({"legs": "aleg", "aleg_url": format!("{BASE}/dial.xml"), "aleg_method": "GET"});
    assert_eq!((request.method, in_json(request)), (Method::Post, body));
    let document = root(documents::orders(Dialect::Plivo, &to("+15550142"), &hosted));
    assert_eq!(
        document,
        format!(
            "<Response><Dial confirmSound=\"{BASE}/briefing.xml\" action=\"{BASE}/after.xml\" \
             method=\"POST\"><Number>15550142</Number></Dial></Response>"
        )
    );
    let sip = Hosted { briefing: false, back: false, ..hosted };
    let document = root(documents::orders(Dialect::Plivo, &to("sip:desk@pbx.example.com"), &sip));
    assert_eq!(document, "<Response><Dial><User>sip:desk@pbx.example.com</User></Dial></Response>");
}

#[test]
fn vonage_gets_an_ncco_with_the_request() {
    let request = asked(vonage(), &to("+15550142"), None).unwrap();
    assert_eq!(request.url, "https://api.example.com/v1/calls/c-1");
    let connect = json!({
        "action": "connect",
        "endpoint": [{"type": "phone", "number": "15550142"}],
        "randomFromNumber": true,
    });
    let body = json!({"action": "transfer", "destination": {"type": "ncco", "ncco": [connect]}});
    assert_eq!((request.method, in_json(request)), (Method::Put, body));
    let shown = to("+15550142").showing("+15550100").unwrap();
    let whole = in_json(asked(vonage(), &shown, Some(&hosted(true, true))).unwrap());
    let connect = json!({
        "action": "connect",
        "endpoint": [{
            "type": "phone",
            "number": "15550142",
            "onAnswer": {"url": format!("{BASE}/briefing.json")},
        }],
        "from": "15550100",
        "eventType": "synchronous",
        "eventUrl": [format!("{BASE}/after.json")],
    });
    assert_eq!(whole["destination"]["ncco"], json!([connect]));
    let sip = to("sip:desk@pbx.example.com");
    let plain = in_json(asked(vonage(), &sip, Some(&hosted(false, true))).unwrap());
    let endpoint = json!([{"type": "sip", "uri": "sip:desk@pbx.example.com"}]);
    assert_eq!(plain["destination"]["ncco"][0]["endpoint"], endpoint);
    assert_eq!(asked(vonage(), &sip, Some(&hosted(true, true))), Err(NoTransfer::NoBriefing));
}

#[test]
fn jambonz_runs_another_application() {
    assert_eq!(asked(jambonz(), &to("+15550142"), None), Err(NoTransfer::NoDocument));
    let hosted = hosted(true, true);
    let request = asked(jambonz(), &to("+15550142"), Some(&hosted)).unwrap();
    assert_eq!(request.url, "https://api.example.com/v1/Accounts/a-1/Calls/c-1");
    let body = json!({"call_hook": {"url": format!("{BASE}/dial.json"), "method": "GET"}});
    assert_eq!((request.method, in_json(request)), (Method::Put, body));
    let shown = to("+15550142").showing("+15550100").unwrap();
    let dial = json!([{
        "verb": "dial",
        "target": [{"type": "phone", "number": "+15550142"}],
        "callerId": "+15550100",
        "confirmHook": format!("{BASE}/briefing.json"),
        "actionHook": format!("{BASE}/after.json"),
    }]);
    assert_eq!(verbs(documents::orders(Dialect::Jambonz, &shown, &hosted)), dial);
    let sip = verbs(documents::orders(Dialect::Jambonz, &to("sip:desk@pbx.example.com"), &hosted));
    assert_eq!(sip[0]["target"], json!([{"type": "sip", "sipUri": "sip:desk@pbx.example.com"}]));
}

#[test]
fn a_call_whose_name_leads_elsewhere_is_not_transferred() {
    for account in [twilio(), telnyx(), plivo(), vonage(), jambonz()] {
        let api = Api { base: String::new(), account };
        for name in ["", "../x", "a/b", "a?b", "a%2f"] {
            let refused = api.transfer(name, &to("+15550142"), Some(&hosted(false, false)));
            assert!(matches!(refused, Err(NoTransfer::Name(_))), "{name}");
        }
    }
}

#[test]
fn the_new_party_hears_the_briefing_in_each_language() {
    let hosted = hosted(true, false);
    for dialect in [Dialect::Twilio, Dialect::Plivo] {
        let document = root(documents::briefing(dialect, &hosted));
        assert_eq!(document, format!("<Response><Play>{BASE}/briefing.wav</Play></Response>"));
    }
    let ncco = json!([{"action": "stream", "streamUrl": [format!("{BASE}/briefing.wav")]}]);
    assert_eq!(verbs(documents::briefing(Dialect::Vonage, &hosted)), ncco);
    let play = json!([{"verb": "play", "url": format!("{BASE}/briefing.wav")}]);
    assert_eq!(verbs(documents::briefing(Dialect::Jambonz, &hosted)), play);
    assert_eq!(documents::briefing(Dialect::Telnyx, &hosted), None);
}

#[test]
fn each_provider_says_in_its_own_words_whether_somebody_was_reached() {
    use Outcome::{Open, Over, Unreached};
    let jambonz = |status: &str| json!({"dial_call_status": status, "dial_sip_status": 486}).to_string();
    let vonage = |status: &str| json!({"status": status, "uuid": "u"}).to_string();
    for (dialect, report, outcome) in [
        (Dialect::Twilio, "CallSid=CA1&DialCallStatus=completed&x=y".to_owned(), Over),
        (Dialect::Twilio, "DialCallStatus=answered".to_owned(), Over),
        (Dialect::Twilio, "DialBridged=true&DialCallStatus=completed".to_owned(), Over),
        (Dialect::Twilio, "DialBridged=false&DialCallStatus=completed".to_owned(), Unreached("rejected")),
        (Dialect::Twilio, "DialBridged=false&DialCallStatus=busy".to_owned(), Unreached("busy")),
        (Dialect::Twilio, "DialCallStatus=no-answer".to_owned(), Unreached("no-answer")),
        (Dialect::Twilio, "&DialCallStatus=busy".to_owned(), Unreached("busy")),
        (Dialect::Twilio, "DialCallStatus=<x>".to_owned(), Unreached("failed")),
        (Dialect::Twilio, String::new(), Unreached("failed")),
        (Dialect::Plivo, "DialStatus=completed&DialHangupCause=NORMAL".to_owned(), Over),
        (Dialect::Plivo, "DialStatus=timeout".to_owned(), Unreached("no-answer")),
        (Dialect::Jambonz, jambonz("completed"), Over),
        (Dialect::Plivo, "DialStatus=cancel".to_owned(), Unreached("failed")),
        (Dialect::Jambonz, jambonz("busy"), Unreached("busy")),
        (Dialect::Jambonz, jambonz("ringing"), Unreached("no-answer")),
        (Dialect::Jambonz, jambonz("in-progress"), Unreached("failed")),
        (Dialect::Jambonz, "[]".to_owned(), Unreached("failed")),
        (Dialect::Vonage, vonage("ringing"), Open),
        (Dialect::Vonage, vonage("completed"), Open),
        (Dialect::Vonage, vonage("unanswered"), Unreached("no-answer")),
        (Dialect::Vonage, vonage("rejected"), Unreached("rejected")),
        (Dialect::Vonage, "no JSON".to_owned(), Open),
    ] {
        assert_eq!(Outcome::read(dialect, &report), outcome, "{report}");
    }
}

fn way_back(from: &str) -> WayBack {
    let leg = Leg {
        dialect: None,
        call: Some("c-1".into()),
        from: Some(from.to_owned()),
        to: Some("+15550100".into()),
    };
    WayBack { stream: "wss://voice.example.com/line".into(), leg, agent: None }
}

#[test]
fn a_caller_whom_nobody_answered_comes_back_to_the_agent() {
    let (busy, back) = (Outcome::Unreached("busy"), way_back("+15550199"));
    assert_eq!(
        root(documents::after(Dialect::Twilio, busy, &back)),
        "<Response><Connect><Stream url=\"wss://voice.example.com/line\"><Parameter name=\"from\" \
         value=\"+15550199\"/><Parameter name=\"to\" value=\"+15550100\"/><Parameter name=\"transfer\" \
         value=\"busy\"/></Stream></Connect></Response>"
    );
    assert_eq!(
        root(documents::after(Dialect::Plivo, Outcome::Unreached("no-answer"), &back)),
        "<Response><Stream bidirectional=\"true\" keepCallAlive=\"true\" \
         contentType=\"audio/x-mulaw;rate=8000\" \
         extraHeaders=\"from=15550199,to=15550100,transfer=noanswer\">wss://voice.example.com/line</Stream></Response>"
    );
    let ncco = verbs(documents::after(Dialect::Vonage, busy, &back));
    let endpoint = &ncco[0]["endpoint"][0];
    assert_eq!((&endpoint["type"], &endpoint["uri"]), (&json!("websocket"), &json!(back.stream)));
    assert_eq!(
        endpoint["headers"],
        json!({"from": "+15550199", "to": "+15550100", "transfer": "busy", "call_id": "c-1"})
    );
    let listen = verbs(documents::after(Dialect::Jambonz, busy, &back));
    assert_eq!((&listen[0]["verb"], &listen[0]["url"]), (&json!("listen"), &json!(back.stream)));
    assert_eq!(listen[0]["metadata"]["transfer"], "busy");
}

#[test]
fn a_caller_comes_back_to_the_same_agent_where_there_are_several() {
    let back = WayBack { agent: Some("night-desk".into()), ..way_back("+15550199") };
    let busy = Outcome::Unreached("busy");
    let twilio = root(documents::after(Dialect::Twilio, busy, &back));
    assert!(twilio.contains("<Parameter name=\"agent\" value=\"night-desk\"/>"), "{twilio}");
    let plivo = root(documents::after(Dialect::Plivo, busy, &back));
    assert!(plivo.contains("to=15550100,agent=nightdesk,transfer=busy"), "{plivo}");
    let vonage = verbs(documents::after(Dialect::Vonage, busy, &back));
    assert_eq!(vonage[0]["endpoint"][0]["headers"]["agent"], "night-desk");
    let jambonz = verbs(documents::after(Dialect::Jambonz, busy, &back));
    assert_eq!(jambonz[0]["metadata"]["agent"], "night-desk");
}

#[test]
fn a_caller_who_was_answered_is_not_sent_back() {
    let back = way_back("+15550199");
    for dialect in [Dialect::Twilio, Dialect::Plivo] {
        let document = root(documents::after(dialect, Outcome::Over, &back));
        assert_eq!(document, "<Response><Hangup/></Response>");
    }
    assert_eq!(documents::after(Dialect::Jambonz, Outcome::Over, &back), None);
    assert_eq!(documents::after(Dialect::Vonage, Outcome::Open, &back), None);
}

#[test]
fn what_a_gateway_says_of_a_caller_cannot_change_a_document() {
    let hostile = "\"/></Stream><Hangup/>\u{0}\u{1b}&'<!--";
    let back = way_back(&format!("{hostile}{}", "x".repeat(500)));
    let busy = Outcome::Unreached("busy");
    let twiml = root(documents::after(Dialect::Twilio, busy, &back));
    assert_eq!(twiml.matches("<Hangup").count() + twiml.matches("<!--").count(), 0, "{twiml}");
    assert_eq!(twiml.matches("</Stream>").count(), 1, "{twiml}");
    assert!(!twiml.contains(['\u{0}', '\u{1b}']) && twiml.len() < 500, "{twiml}");
    let plivo = root(documents::after(Dialect::Plivo, busy, &back));
    assert!(plivo.contains("from=StreamHangup") && !plivo.contains("<Hangup"), "{plivo}");
    for dialect in [Dialect::Vonage, Dialect::Jambonz] {
        assert!(verbs(documents::after(dialect, busy, &back)).is_array());
    }
}

#[test]
fn documents_are_named_and_others_are_not_there() {
    assert_eq!(Wanted::named("dial.xml"), Some((Wanted::Dial, true)));
    assert_eq!(Wanted::named("briefing.json"), Some((Wanted::Briefing, false)));
    assert_eq!(Wanted::named("after.xml"), Some((Wanted::After, true)));
    for other in ["", "dial", "dial.", ".xml", "dial.html", "dial.xml.json", BRIEFING_AUDIO, "../after.xml"] {
        assert_eq!(Wanted::named(other), None, "{other}");
    }
}
