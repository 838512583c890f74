//! A booking made by voice, up to what the office reads of it: the tool ran once, the record holds it, the
//! customer's server was told with a signature, and the summary tells it, whatever the caller and the tool
//! do.

use std::time::{Duration, Instant};

use offhook::dialogue::{Message, Role};
use serde_json::{Value, json};

use super::own_tools::{BOOK, DONE, Desk, Shop, asks, ends, http};
use super::strangers::run;
use super::webhooks::Customer;
use crate::support::scripted::Script;

const NOTE: &str = "[tools.book]\ndoes = \"note\"\ndescription = \"Book an appointment.\"\n\
                    parameters = { day = \"the day\" }\n";

/// The longest wait of a test that hangs.
const PATIENCE: Duration = Duration::from_secs(30);

const BOOKED: &str = "You are booked for Tuesday.";
const CHANGED: &str = "Now it is Wednesday.";
const FAILED: &str = "I could not book it.";

/// Of a transcript, its last line; a summary cannot tell what is not in it.
fn summary(asked: &str) -> Option<String> {
    let (talk, _) = asked.split_once("\n</transcript>")?;
    talk.lines().last().map(|line| format!("At the end: {line}"))
}

/// An agent that books for Tuesday, and tells what came of it. If the caller then says more, it books for
/// Wednesday.
fn books(messages: &[Message]) -> String {
    let last = messages.last().expect("a message");
    if let Some(summary) = summary(&last.text) {
        return summary;
    }
    let before = messages.iter().filter(|message| message.role == Role::Tool).count();
    match (last.role, before) {
        (Role::Tool, _) if last.text.starts_with("It failed") => FAILED.to_owned(),
        (Role::Tool, 1) => BOOKED.to_owned(),
        (Role::Tool, _) => CHANGED.to_owned(),
        (_, 0) => format!("I write that down for you. {BOOK}"),
        (_, 1) => BOOK.replace("Tuesday", "Wednesday"),
        _ => "Goodbye.".to_owned(),
    }
}

/// An agent that books for Tuesday as long as it is not booked.
fn insists(messages: &[Message]) -> String {
    let last = messages.last().expect("a message");
    let is_booked = messages.iter().any(|message| message.role == Role::Tool);
    let answer = || if is_booked { BOOKED.to_owned() } else { format!("I write that down for you. {BOOK}") };
    summary(&last.text).unwrap_or_else(answer)
}

/// What somebody might dictate.
const CODE: &str = "Tuesday\"}'); DROP TABLE events; -- <script>alert(1)</script> ${jndi:x} \\u0000";

/// An agent that writes down what was dictated.
fn writes_code(messages: &[Message]) -> String {
    let answer = books(messages);
    answer.replace("\"Tuesday\"", &json!(CODE).to_string())
}

/// What a call with a booking left behind.
struct Office {
    desk: Desk,
    /// The calls of tools as the customer was told them: arguments, and how each ended.
    told: Vec<(Value, String)>,
}

impl Office {
    /// A caller asks for a booking, and again after this reply, until the agent says that.
    fn after(answer: fn(&[Message]) -> String, tool: &str, again_after: &[&str], until: &str) -> Self {
        let customer = Customer::answering(Some(("200 OK", String::new())));
        let hooks = format!(
            "[webhooks]\nurl = {}\nsecret = \"file:SECRET\"\nfile = \"SPOOL\"\nwords = true\n\
             [after_call]\nsummary = true\n{tool}",
            customer.url
        );
        let script = Script {
            heard: "Please book me for Tuesday.",
            answer: Some(answer),
            voice_takes: Duration::ZERO,
        };
        let desk = Desk::following(&script, &hooks);
        run(async {
            let mut socket = desk.call().await;
            asks(&mut socket, again_after, until).await;
            ends(socket).await;
        });
        let posted = whole(&customer);
        // Behind the end, the summary tells what was said last, in the record as to the customer.
        let summary = posted.last().expect("an event")["data"]["summary"].as_str().expect("a summary");
        assert!(summary.contains(until), "{summary}");
        let started = Instant::now();
        while desk.record().and_then(|call| call.call.after_call.summary).as_deref() != Some(summary) {
            assert!(started.elapsed() < PATIENCE, "the record has no summary");
            std::thread::sleep(Duration::from_millis(20));
        }
        let tools = posted.iter().filter(|event| event["type"] == "call.tool");
        let tools = tools.map(|event| &event["data"]["tool"]);
        let told: Vec<(Value, String)> =
            tools.map(|tool| (tool["arguments"].clone(), tool["end"].as_str().unwrap().to_owned())).collect();
        let office = Self { desk, told };
        let kept: Vec<String> =
            office.desk.events("tool", office.told.len()).into_iter().map(|event| event.code).collect();
        let told: Vec<&String> = office.told.iter().map(|(_, end)| end).collect();
        assert_eq!(kept.iter().collect::<Vec<_>>(), told, "the record and the webhooks tell the same");
        office
    }

    /// The notes in the record.
    fn notes(&self) -> Vec<Value> {
        let notes = self.desk.events("note", 1);
        notes.iter().map(|note| serde_json::from_str(&note.message).unwrap()).collect()
    }
}

/// All that the customer was told of the call, up to its summary.
fn whole(customer: &Customer) -> Vec<Value> {
    let started = Instant::now();
    loop {
        let posted = customer.posted();
        if posted.last().is_some_and(|event| event["type"] == "call.summarised") {
            return posted;
        }
        assert!(started.elapsed() < PATIENCE, "{posted:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn booked(day: &str) -> Value {
    json!({"day": day})
}

#[test]
fn a_booking_is_made_once_kept_told_and_summarised() {
    let office = Office::after(books, NOTE, &[], BOOKED);
    assert_eq!(office.told, [(booked("Tuesday"), "done".to_owned())]);
    assert_eq!(office.notes(), [booked("Tuesday")]);
}

#[test]
fn a_booking_is_in_the_record_before_the_agent_says_so() {
    let script =
        Script { heard: "Please book me for Tuesday.", answer: Some(books), voice_takes: Duration::ZERO };
    let desk = Desk::following(&script, NOTE);
    run(async {
        let mut socket = desk.call().await;
        let replies = asks(&mut socket, &[], BOOKED).await;
        assert_eq!(replies, ["I write that down for you.", BOOKED]);
        let events = desk.record().expect("a call").events;
        let note = events.iter().find(|event| event.kind == "note").expect("a note");
        assert_eq!((note.code.as_str(), note.message.as_str()), ("book", "{\"day\": \"Tuesday\"}"));
        ends(socket).await;
    });
}

#[test]
fn a_caller_who_speaks_while_the_booking_is_made_has_one_booking() {
    let shop = Shop::answering(DONE, Duration::from_millis(2500));
    // The caller asks again, and the agent too, with the same words, while the shop takes its time.
    let again = ["I write that down for you."];
    let office = Office::after(insists, &http(shop.address, ""), &again, BOOKED);
    assert_eq!(shop.asked().len(), 1);
    assert_eq!(office.told, [(booked("Tuesday"), "done".to_owned())]);
}

#[test]
fn a_booking_that_cannot_be_made_is_told_to_all() {
    let shop = Shop::answering("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", Duration::ZERO);
    let office = Office::after(books, &http(shop.address, ""), &[], FAILED);
    assert_eq!(shop.asked().len(), 1);
    assert_eq!(office.told, [(booked("Tuesday"), "failed".to_owned())]);
    assert_eq!(office.desk.events("tool_failed", 1).len(), 1);
}

#[test]
fn a_caller_who_changes_their_mind_has_one_booking_the_last() {
    // "No, Wednesday": the agent books again, and the second note stands in the place of the first.
    let office = Office::after(books, NOTE, &[BOOKED], CHANGED);
    let both = ["Tuesday", "Wednesday"].map(|day| (booked(day), "done".to_owned()));
    assert_eq!(office.told, both);
    assert_eq!(office.notes(), [booked("Wednesday")]);
}

#[test]
fn what_a_caller_dictates_as_code_is_kept_as_words() {
    let office = Office::after(writes_code, NOTE, &[], BOOKED);
    assert_eq!(office.told, [(booked(CODE), "done".to_owned())]);
    assert_eq!(office.notes(), [booked(CODE)]);
}
