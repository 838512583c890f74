//! Events of calls reach the customer's server, and the customer's server is asked before a call; what it
//! does or does not answer never ends one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::own_agent::start;
use super::strangers::{Socket, closed, hear, run, say};
use crate::support::server::{Configuration, Server, configured};

pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The timeout of a test that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The customer's server: answers every POST so, and keeps what was posted.
#[derive(Clone)]
pub(super) struct Customer {
    pub(super) url: String,
    posted: Arc<Mutex<Vec<Value>>>,
    /// When those who got no answer gave up.
    given_up: Arc<Mutex<Vec<Instant>>>,
}

impl Customer {
    /// One that answers with this head and body; without any, it never answers.
    pub(super) fn answering(answer: Option<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("\"http://{}/\"", listener.local_addr().unwrap());
        let posted: Arc<Mutex<Vec<Value>>> = Arc::default();
        let given_up = Arc::<Mutex<Vec<Instant>>>::default();
        let (kept, gone) = (posted.clone(), given_up.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (kept, gone, answer) = (kept.clone(), gone.clone(), answer.clone());
                std::thread::spawn(move || {
                    let answers = answer.is_some();
                    serve(stream, &kept, answer);
                    if !answers {
                        gone.lock().unwrap().push(Instant::now());
                    }
                });
            }
        });
        Self { url, posted, given_up }
    }

    pub fn posted(&self) -> Vec<Value> {
        self.posted.lock().unwrap().clone()
    }

    pub(super) fn waits_for(&self, count: usize) -> Vec<Value> {
        let started = Instant::now();
        while self.posted().len() < count {
            assert!(started.elapsed() < PATIENCE, "it does not come: {:?}", self.posted());
            std::thread::sleep(Duration::from_millis(10));
        }
        self.posted()
    }
}

fn serve(mut stream: TcpStream, posted: &Mutex<Vec<Value>>, answer: Option<(&str, String)>) {
    let mut reader = BufReader::new(&stream);
    let mut length = 0;
    let mut signed = false;
    for line in reader.by_ref().lines().map_while(Result::ok) {
        let line = line.to_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        signed |= line.starts_with("webhook-signature: v1,");
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    assert!(signed, "a request without a signature");
    posted.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
    let Some((head, body)) = answer else {
        // Until the other side gives up.
        let _ = stream.read(&mut [0]);
        return;
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
}

/// A configuration in which this customer is asked before calls.
fn asking(customer: &Customer) -> Configuration {
    let keys = [("lookup.url", customer.url.as_str()), ("lookup.secret", "\"file:secret\"")];
    configured(&keys, &[("secret", SECRET)])
}

pub(super) async fn hang_up(mut socket: Socket) {
    say(&mut socket, &json!({"type": "session.end"})).await;
    hear(&mut socket, "session.summary").await;
    closed(socket).await;
}

/// The greeting of a call that does not bring its own.
async fn greeting(server: &Server) -> String {
    let mut socket = start(server, json!({})).await;
    let greeting = hear(&mut socket, "turn").await["reply"].as_str().unwrap().to_owned();
    hang_up(socket).await;
    greeting
}

#[test]
fn a_call_is_told_to_the_customer_in_order() {
    let customer = Customer::answering(Some(("200 OK", String::new())));
    let keys = [
        ("webhooks.url", customer.url.as_str()),
        ("webhooks.secret", "\"file:secret\""),
        ("webhooks.file", "\"hooks.db\""),
        ("webhooks.words", "true"),
    ];
    let server = Server::start(&configured(&keys, &[("secret", SECRET)]));
    run(async {
        greeting(&server).await;
    });
    let posted = customer.waits_for(3);
    let kinds: Vec<&str> = posted.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], kinds[1], kinds[kinds.len() - 1]), ("call.started", "call.turn", "call.ended"));
    let call = &posted[0]["data"]["call_id"];
    assert!(posted.iter().all(|event| &event["data"]["call_id"] == call));
    assert_eq!(posted[0]["data"]["data"], json!({"order": "7"}));
    assert_eq!(posted[posted.len() - 1]["data"]["summary"]["end"]["code"], "requested");
}

#[test]
fn what_a_dead_customer_missed_waits_over_a_restart() {
    let dead = Customer::answering(Some(("503 Busy", String::new())));
    let keys = [
        ("webhooks.url", dead.url.as_str()),
        ("webhooks.secret", "\"file:secret\""),
        ("webhooks.file", "\"hooks.db\""),
    ];
    let configuration = configured(&keys, &[("secret", SECRET)]);
    let server = Server::start(&configuration);
    run(async {
        greeting(&server).await;
    });
    dead.waits_for(1);
    server.terminate();
    assert!(server.ends_well());
    let customer = Customer::answering(Some(("200 OK", String::new())));
    let text = std::fs::read_to_string(&configuration.path).unwrap();
    std::fs::write(&configuration.path, text.replace(&dead.url, &customer.url)).unwrap();
    let _server = Server::start(&configuration);
    let kinds: Vec<Value> = customer.waits_for(3).iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds[0], "call.started");
    assert!(dead.posted().iter().all(|event| event["type"] == "call.started"), "a turn before its start");
}

#[test]
fn who_is_asked_before_a_call_says_how_it_is_greeted() {
    let answer = json!({"facts": "The caller is Jo.", "greeting": "Hello Jo."}).to_string();
    let customer = Customer::answering(Some(("200 OK", answer)));
    let server = Server::start(&asking(&customer));
    run(async {
        assert_eq!(greeting(&server).await, "Hello Jo.");
        // What a session brings wins, and with a prompt of its own nobody is asked.
        let mut own =
            start(&server, json!({"greeting": "Bakery.", "system_prompt": "You sell bread."})).await;
        assert_eq!(hear(&mut own, "turn").await["reply"], "Bakery.");
        hang_up(own).await;
    });
    let asked = customer.posted();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!((&asked[0]["type"], &asked[0]["data"]["gateway"]), (&json!("call.lookup"), &json!("offhook")));
    assert_eq!(asked[0]["data"]["data"], json!({"order": "7"}));
}

#[test]
fn a_call_begins_whatever_the_one_that_is_asked_does() {
    let long = json!({"facts": "a ".repeat(10_000)}).to_string();
    let answers = [
        None,
        Some(("500 Broken", String::new())),
        Some(("302 Moved\r\nLocation: http://127.0.0.1:9/", String::new())),
        Some(("200 OK", "<html>Welcome</html>".to_owned())),
        Some(("200 OK", long)),
        Some(("204 No Content", String::new())),
    ];
    for answer in answers {
        let customer = Customer::answering(answer.clone());
        let server = Server::start(&asking(&customer));
        run(async {
            assert!(greeting(&server).await.contains("Green Street"), "{answer:?}");
        });
        assert_eq!(customer.posted().len(), 1);
    }
}

/// Fault: the customer's server was kept busy for the whole time-out.
#[test]
fn of_a_caller_who_hangs_up_before_the_answer_nothing_more_is_asked() {
    let customer = Customer::answering(None);
    let secret = ("lookup.secret", "\"file:secret\"");
    let keys = [("lookup.url", customer.url.as_str()), secret, ("lookup.timeout_ms", "3000")];
    let server = Server::start(&configured(&keys, &[("secret", SECRET)]));
    run(async {
        let mut socket = start(&server, json!({})).await;
        customer.waits_for(1);
        socket.close(None).await.unwrap();
        let hung_up = Instant::now();
        while customer.given_up.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let after = customer.given_up.lock().unwrap()[0] - hung_up;
        assert!(after < Duration::from_millis(1500), "{after:?}");
        closed(socket).await;
        assert!(greeting(&server).await.contains("Green Street"));
    });
}
