//! A transfer on every gateway, from its request to the caller who comes back: the test is the provider. It
//! opens the socket, answers the API, fetches what it is pointed to, and reports that nobody answered.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use offhook::access::{PathToken, Secret};
use offhook::audio::wav;
use offhook::phone::gateways::Gateway;
use offhook::phone::signing::{Signing, sign};
use offhook::records::{Call, Filter, Store};
use offhook::runtime::clock::since_1970;
use offhook::streams::dialect::Dialect;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::hanging_up::{Asked, PATIENCE, api};
use super::programs::{Answer, ask_at};
use super::strangers::{Socket, closed, run, say};
use super::transferring::say_the_end;
use crate::support::scripted::{Script, Server};
use crate::support::server::root;

const TOKEN: &str = "a token for administrators";

/// The secret of every account here.
const SECRET: &str = "0123456789";

/// Where the providers believe this server to be.
const WEB: &str = "https://voice.example.com";
const SOCKETS: &str = "wss://voice.example.com";

/// What a gateway tells of a call.
type Told = BTreeMap<String, String>;

/// A provider, as it looks from here.
struct Provider {
    dialect: Dialect,
    /// The keys of its account.
    account: &'static str,
    /// How it is asked for a transfer.
    request: &'static str,
    /// The first message of a socket.
    start: fn(&Told) -> Value,
    /// The address of the socket to which a caller comes back, and what is told there.
    back: fn(&str) -> (String, Told),
    /// How it reports that nobody answered, and that a conversation is over; nothing if it does not ask.
    reports: Option<[&'static str; 2]>,
}

static PROVIDERS: [Provider; 5] = [
    Provider {
        dialect: Dialect::Twilio,
        account: "account_sid = \"AC1\"\nauth_token = \"file:FOLDER/secret\"",
        request: "POST /2010-04-01/Accounts/AC1/Calls/c-1.json",
        start: |told| {
            let format = json!({"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1});
            let start = json!({"streamSid": "s-1", "callSid": "c-1", "mediaFormat": format, "customParameters": told});
            json!({"event": "start", "start": start, "streamSid": "s-1"})
        },
        back: |xml| {
            let value = |part: &str, name: &str| quoted(part, name).expect("a value");
            let told = xml.split("<Parameter ").skip(1);
            let told = told.map(|part| (value(part, "name"), value(part, "value"))).collect();
            (value(xml, "<Stream url"), told)
        },
        reports: Some(["CallSid=c-1&DialCallStatus=no-answer", "CallSid=c-1&DialCallStatus=completed"]),
    },
    Provider {
        dialect: Dialect::Telnyx,
        account: "api_key = \"file:FOLDER/secret\"",
        request: "POST /v2/calls/c-1/actions/transfer",
        start: |told| {
            let format = json!({"encoding": "PCMU", "sample_rate": 8000, "channels": 1});
            let start = json!({"user_id": "u", "call_control_id": "c-1", "media_format": format,
                "from": told["from"], "to": told["to"]});
            json!({"event": "start", "start": start, "stream_id": "s-1"})
        },
        back: |_| panic!("its own application decides what follows"),
        reports: None,
    },
    Provider {
        dialect: Dialect::Plivo,
        account: "auth_id = \"MA0123456789ABCDEF01\"\nauth_token = \"file:FOLDER/secret\"",
        request: "POST /v1/Account/MA0123456789ABCDEF01/Call/c-1/",
        start: |told| {
            let format = json!({"encoding": "audio/x-mulaw", "sampleRate": 8000});
            let start =
                json!({"callId": "c-1", "streamId": "s-1", "tracks": ["inbound"], "mediaFormat": format});
            let headers: Vec<String> = told.iter().map(|(key, value)| format!("{key}={value}")).collect();
            json!({"event": "start", "sequenceNumber": 1, "start": start, "extra_headers": headers.join(";")})
        },
        back: |xml| {
            let headers = quoted(xml, "extraHeaders").expect("headers");
            let pairs = headers.split(',').filter_map(|pair| pair.split_once('='));
            let told = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            let (_, stream) = xml.split_once("\">wss").expect("an address");
            (format!("wss{}", stream.split('<').next().unwrap()), told)
        },
        reports: Some(["CallUUID=c-1&DialStatus=no-answer", "CallUUID=c-1&DialStatus=completed"]),
    },
    Provider {
        dialect: Dialect::Vonage,
        account: "application_id = \"an-application\"\nprivate_key = \"file:FOLDER/key.pem\"",
        request: "PUT /v1/calls/c-1",
        start: |told| {
            let mut start = json!(told);
            start["event"] = json!("websocket:connected");
            start["content-type"] = json!("audio/l16;rate=8000");
            start["call_id"] = json!("c-1");
            start
        },
        back: |ncco| {
            let ncco: Value = serde_json::from_str(ncco).unwrap();
            let endpoint = &ncco[0]["endpoint"][0];
            (text(&endpoint["uri"]), serde_json::from_value(endpoint["headers"].clone()).unwrap())
        },
        reports: Some([
            "{\"status\": \"unanswered\", \"uuid\": \"u\"}",
            "{\"status\": \"completed\", \"uuid\": \"u\"}",
        ]),
    },
    Provider {
        dialect: Dialect::Jambonz,
        account: "account_sid = \"a-1\"\napi_key = \"file:FOLDER/secret\"",
        request: "PUT /v1/Accounts/a-1/Calls/c-1",
        start: |told| {
            json!({"callSid": "c-1", "sampleRate": 8000, "mixType": "mono", "from": told["from"],
                "to": told["to"], "metadata": told})
        },
        back: |verbs| {
            let verbs: Value = serde_json::from_str(verbs).unwrap();
            (text(&verbs[0]["url"]), serde_json::from_value(verbs[0]["metadata"].clone()).unwrap())
        },
        reports: Some(["{\"dial_call_status\": \"no-answer\"}", "{\"dial_call_status\": \"completed\"}"]),
    },
];

/// The value behind `name="`.
fn quoted(text: &str, name: &str) -> Option<String> {
    let (_, value) = text.split_once(&format!("{name}=\""))?;
    value.split('"').next().map(str::to_owned)
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A server with this provider's account at an API that answers so.
struct Desk {
    provider: &'static Provider,
    folder: tempfile::TempDir,
    server: Server,
    base: String,
    asked: Mutex<Receiver<Vec<Asked>>>,
}

impl Desk {
    fn of(provider: &'static Provider, script: &Script, answers: &'static [&'static str]) -> Self {
        let (base, asked) = api(answers);
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display().to_string();
        let key = std::fs::read(root().join("tests/golden/signatures/test-key.pem")).unwrap();
        std::fs::write(folder.path().join("key.pem"), key).unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        std::fs::write(folder.path().join("admin"), TOKEN).unwrap();
        let (name, account) = (provider.dialect.name(), provider.account);
        let text = format!(
            "[server]\nlines = [\"{name}\"]\npublic_url = \"{SOCKETS}\"\n[admin]\ntoken = \"file:FOLDER/admin\"\n\
             [agent]\ngreeting = \"\"\nsystem_prompt = \"You are a front desk.\"\n\
             [records]\nfile = \"FOLDER/calls.db\"\nbatch_events = 1\nredact = \"off\"\n\
             [{name}]\npath_secret = \"file:FOLDER/secret\"\napi_url = \"{base}\"\n{account}\n"
        );
        let server = Server::following(script, &text.replace("FOLDER", &at));
        Self { provider, folder, server, base, asked: Mutex::new(asked) }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n");
        let body = body.to_string();
        ask_at(&self.server.address.to_string(), method, &format!("/api/v1{path}"), &headers, body.as_bytes())
    }

    fn transfer(&self, briefing: Option<&str>) -> Answer {
        let mut wanted = json!({"to": "+15550142"});
        if let Some(briefing) = briefing {
            wanted["briefing"] = json!(briefing);
        }
        self.ask("POST", "/calls/c-1/transfer", &wanted)
    }

    /// What the provider gets at an address that it was given.
    fn fetch(&self, method: &str, address: &str, report: &str) -> Answer {
        let path = address.strip_prefix(WEB).expect("an address of this server");
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        ask_at(&self.server.address.to_string(), method, path, headers, report.as_bytes())
    }

    /// The provider opens a socket at this address, and tells this. Returns once the call runs.
    async fn opens(&self, address: &str, told: &Told) -> Socket {
        let path = address.strip_prefix(SOCKETS).expect("an address of this server");
        let mut request = format!("ws://{}{path}", self.server.address).into_client_request().unwrap();
        let signs = [(Dialect::Twilio, Gateway::Twilio), (Dialect::Plivo, Gateway::Plivo)];
        for (_, gateway) in signs.into_iter().filter(|(dialect, _)| *dialect == self.provider.dialect) {
            let nonce = since_1970().as_nanos().to_string();
            sign(Signing { gateway, secret: SECRET, url: address }, &nonce, request.headers_mut()).unwrap();
        }
        if self.provider.dialect == Dialect::Jambonz {
            let protocol = HeaderValue::from_static("audio.jambonz.org");
            request.headers_mut().insert("sec-websocket-protocol", protocol);
        }
        let mut socket = connect_async(request).await.unwrap().0;
        say(&mut socket, &(self.provider.start)(told)).await;
        while self.ask("GET", "/calls/c-1", &Value::Null).status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        socket
    }

    /// A new call, with a token as the customer's webhook makes one.
    async fn call(&self) -> Socket {
        let name = self.provider.dialect.name();
        let tokens = PathToken::new(name, Secret::of(SECRET).unwrap());
        let token = tokens.issue(since_1970() + Duration::from_secs(60), [7; 16]);
        let address = format!("{SOCKETS}/{name}/{token}");
        let told = [("from", "15550199"), ("to", "15550100")];
        self.opens(&address, &told.map(|(key, value)| (key.to_owned(), value.to_owned())).into()).await
    }

    /// All that the provider's API was asked, and a request for the end behind it.
    fn requests(&self) -> Vec<Asked> {
        say_the_end(&self.base);
        self.asked.lock().unwrap().recv_timeout(PATIENCE).unwrap()
    }

    /// The request for the transfer. Nothing else was asked, such as to hang up.
    fn request(&self) -> String {
        let mut all = self.requests();
        assert!(all[1].line.starts_with("GET /end "), "somebody hung up: {}", all[1].line);
        let Asked { line, body, .. } = all.remove(0);
        assert_eq!(line, format!("{} HTTP/1.1", self.provider.request));
        // A form of Twilio's; in JSON nothing is escaped.
        body.replace("%3A", ":").replace("%2F", "/").replace("%22", "\"")
    }

    /// The calls in the records, the newest first, once so many are there and have ended.
    fn kept(&self, ended: usize) -> Vec<Call> {
        for _ in 0..600 {
            let store = Store::open(&self.folder.path().join("calls.db")).unwrap();
            let calls = store.list(&Filter::default()).unwrap();
            if calls.iter().filter(|call| call.end_code.is_some()).count() >= ended {
                return calls;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("fewer than {ended} calls have ended");
    }
}

/// The addresses of this server in a document.
fn addresses(document: &str) -> Vec<String> {
    let of_ours = format!("{WEB}/transfer/");
    let begins = document.match_indices(&of_ours).map(|(at, _)| &document[at..]);
    begins.map(|rest| rest.split(['"', '<', '&', '\\']).next().unwrap_or_default().to_owned()).collect()
}

/// What a provider was pointed to by the request and by what it fetched for it.
fn pointed_to(desk: &Desk, request: &str) -> Vec<String> {
    let mut pointed = addresses(request);
    let orders: Vec<String> = pointed.iter().filter(|address| address.contains("/dial.")).cloned().collect();
    for address in orders {
        let document = desk.fetch("GET", &address, "");
        assert_eq!(document.status, 200, "{address}");
        assert!(document.text().contains("15550142"), "{}", document.text());
        pointed.extend(addresses(&document.text()));
    }
    pointed
}

fn at<'p>(pointed: &'p [String], name: &str) -> Option<&'p String> {
    pointed.iter().find(|address| address.rsplit('/').next().unwrap_or_default().starts_with(name))
}

#[test]
fn every_gateway_transfers_a_call_and_what_follows_a_conversation_is_its_end() {
    for provider in &PROVIDERS {
        let name = provider.dialect.name();
        let desk = Desk::of(provider, &Script::default(), &["200 OK", "200 OK"]);
        run(async {
            let socket = desk.call().await;
            let answer = desk.transfer(None);
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            closed(socket).await;
        });
        assert_eq!(desk.kept(1)[0].end_code.as_deref(), Some("transferred"), "{name}");
        let pointed = pointed_to(&desk, &desk.request());
        assert_eq!(at(&pointed, "briefing"), None, "{name}");
        assert_eq!(at(&pointed, "after").is_some(), provider.reports.is_some(), "{name}: {pointed:?}");
        let Some([_, over]) = provider.reports else { continue };
        let after = desk.fetch("POST", at(&pointed, "after").unwrap(), over);
        let ends = after.status == 204 || after.text().ends_with("<Response><Hangup/></Response>");
        assert!(ends, "{name}: {} {}", after.status, after.text());
    }
}

#[test]
fn every_gateway_briefs_the_new_party_and_brings_a_caller_back_whom_nobody_answers() {
    for provider in &PROVIDERS {
        let name = provider.dialect.name();
        let desk = Desk::of(provider, &Script::default(), &["200 OK", "200 OK"]);
        run(async {
            let socket = desk.call().await;
            let answer = desk.transfer(Some("Ms. Vance asks about the bill of room seven."));
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            closed(socket).await;
        });
        let mut pointed = pointed_to(&desk, &desk.request());
        let document = at(&pointed, "briefing.").filter(|address| !address.ends_with(".wav")).cloned();
        // Plivo and jambonz fetch it with POST, the others with GET.
        for (address, method) in document.iter().flat_map(|address| [(address, "GET"), (address, "POST")]) {
            let audio = addresses(&desk.fetch(method, address, "").text());
            assert_eq!(audio.len(), 1, "{name}: {method} {address}");
            pointed.extend(audio);
        }
        let audio = desk.fetch("GET", at(&pointed, "briefing.wav").expect(name), "").body;
        let clip = wav::read(&*audio, "the briefing").unwrap();
        assert!(clip.rate == 8000 && clip.samples.len() > 3200, "{name}: {} samples", clip.samples.len());
        let Some([nobody, _]) = provider.reports else { continue };
        let after = at(&pointed, "after").expect(name).clone();
        let document = desk.fetch("POST", &after, nobody);
        assert_eq!(document.status, 200, "{name}");
        let (address, told) = (provider.back)(&document.text());
        run(async {
            let socket = desk.opens(&address, &told).await;
            drop(socket);
        });
        let calls = desk.kept(2);
        let (back, first) = (&calls[0], &calls[1]);
        assert_eq!(first.end_code.as_deref(), Some("transferred"), "{name}");
        let why = back.data.get("transfer").map(|why| why.replace('-', ""));
        assert_eq!(why.as_deref(), Some("noanswer"), "{name}: {:?}", back.data);
        assert_eq!(back.caller.as_deref(), Some("15550199"), "{name}");
        // Nobody is sent back twice.
        let again = desk.fetch("POST", &after, nobody);
        let ends = again.status == 204 || again.text().ends_with("<Response><Hangup/></Response>");
        assert!(ends, "{name}: {}", again.text());
    }
}

#[test]
fn a_caller_who_hangs_up_during_the_briefing_is_not_transferred() {
    // The voice takes its time.
    let script = Script { voice_takes: Duration::from_secs(3), ..Script::default() };
    let desk = Desk::of(&PROVIDERS[0], &script, &["200 OK"]);
    run(async {
        let socket = desk.call().await;
        let answer = std::thread::scope(|scope| {
            let asks = scope.spawn(|| desk.transfer(Some("About room seven.")));
            std::thread::sleep(Duration::from_millis(500));
            drop(socket);
            asks.join().unwrap()
        });
        assert_eq!(answer.status, 404, "{}", answer.text());
        assert!(answer.text().contains("before its provider was asked"), "{}", answer.text());
    });
    assert_ne!(desk.kept(1)[0].end_code.as_deref(), Some("transferred"));
    let all = desk.requests();
    assert!(all[0].line.starts_with("GET /end "), "it was asked: {}", all[0].line);
}
