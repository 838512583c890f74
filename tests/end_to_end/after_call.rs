//! What the shipped model makes of calls after their ends: it is in the records and told to the customer, and
//! a server that is stopped leaves no summary open. No test here says how good a summary is.

use serde_json::{Value, json};

use super::own_agent::{start, turn};
use super::strangers::run;
use super::webhooks::{Customer, SECRET, hang_up};
use crate::support::server::{Configuration, Server, configured, offhook, text};

const FIELDS: &str = "{ type = \"object\", properties = { about_opening = { type = \"boolean\" }, day = { enum = \
                      [\"Monday\", \"Sunday\"] } } }";

fn summarising(customer: &Customer, more: &[(&str, &str)]) -> Configuration {
    let keys = [
        ("webhooks.url", customer.url.as_str()),
        ("webhooks.secret", "\"file:secret\""),
        ("webhooks.file", "\"hooks.db\""),
        ("webhooks.words", "true"),
        ("records.file", "\"calls.db\""),
        ("records.batch_ms", "100"),
        ("after_call.summary", "true"),
        ("after_call.fields", FIELDS),
    ];
    configured(&[&keys[..], more].concat(), &[("secret", SECRET)])
}

/// All that the customer was told of a call.
fn told(customer: &Customer) -> Vec<Value> {
    let mut posted = customer.waits_for(1);
    while posted[posted.len() - 1]["type"] != "call.summarised" {
        posted = customer.waits_for(posted.len() + 1);
    }
    posted
}

/// The first call in the records, as it is exported.
fn exported(configuration: &Configuration) -> Value {
    let database = configuration.path.with_file_name("calls.db");
    let output = offhook().args(["calls", "export", "1", "--records"]).arg(database).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_call_is_summarised_behind_its_end_and_its_fields_fit_their_schema() {
    let customer = Customer::answering(Some(("200 OK", String::new())));
    let configuration = summarising(&customer, &[]);
    let server = Server::start(&configuration);
    run(async {
        let socket = start(&server, json!({"greeting": ""})).await;
        turn(socket).await;
    });
    let posted = told(&customer);
    let kinds: Vec<&str> = posted.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[kinds.len() - 2..], ["call.ended", "call.summarised"]);
    let told = &posted[posted.len() - 1]["data"];
    assert_eq!(told["call_id"], posted[0]["data"]["call_id"]);
    // So small a model may have no words for a summary.
    assert!(told["summary"].as_str().is_some_and(|words| !words.is_empty()) || told["code"] == "unusable");
    let fields = told["fields"].as_object().unwrap();
    let (about, day) = (&fields["about_opening"], &fields["day"]);
    assert!(about.is_boolean() || about.is_null(), "{told:#}");
    assert!([json!("Monday"), json!("Sunday"), json!(null)].contains(day), "{told:#}");
    assert_eq!(fields.len(), 2);
    server.terminate();
    assert!(server.ends_well());
    let kept = &exported(&configuration)["call"]["after_call"];
    for part in ["state", "summary", "fields"] {
        assert_eq!(kept[part], told[part], "{kept:#}");
    }
}

#[test]
fn of_a_call_without_words_nothing_is_asked() {
    let customer = Customer::answering(Some(("200 OK", String::new())));
    let configuration = summarising(&customer, &[]);
    let server = Server::start(&configuration);
    run(async {
        hang_up(start(&server, json!({"greeting": ""})).await).await;
    });
    let posted = told(&customer);
    let told = &posted[posted.len() - 1];
    assert_eq!(told["data"]["summary"], "The caller said nothing.");
    assert_eq!(told["data"]["fields"], json!({"about_opening": null, "day": null}));
}

#[test]
fn a_server_that_is_stopped_leaves_no_summary_open() {
    let customer = Customer::answering(Some(("200 OK", String::new())));
    // Nothing may be finished: what waits is given up at once.
    let configuration = summarising(&customer, &[("server.drain_timeout_ms", "0")]);
    let server = Server::start(&configuration);
    run(async {
        let socket = start(&server, json!({"greeting": ""})).await;
        turn(socket).await;
    });
    server.terminate();
    assert!(server.ends_well());
    let kept = &exported(&configuration)["call"]["after_call"];
    let settled = kept["state"] == "done" || kept["code"] == "server_stopped";
    assert!(settled, "{kept:#}");
}
