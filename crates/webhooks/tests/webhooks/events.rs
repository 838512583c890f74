//! What is sent, and that it is signed.

use super::end_point::Request;
use super::*;

/// What a call of one turn posts.
fn posted(words: bool) -> Vec<Request> {
    let (place, end_point) = (place(), EndPoint::good());
    let webhooks = Webhooks::open(Options { words, ..place.options(&end_point) }).unwrap();
    whole_call(&webhooks, "c");
    wait_until(|| webhooks.counters().delivered == 3);
    end_point.requests()
}

#[test]
fn a_call_is_told_as_its_start_its_turns_and_its_end() {
    let posted: Vec<_> = posted(true).iter().map(Request::json).collect();
    let kinds: Vec<_> = posted.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["call.started", "call.turn", "call.ended"]);
    assert!(posted.iter().all(|event| event["timestamp"] == "2023-11-14T22:13:20.25Z"));
    assert!(posted.iter().all(|event| event["data"]["call_id"] == "c"));
    assert_eq!(posted[0]["data"]["gateway"], "twilio");
    assert_eq!(posted[0]["data"]["from"], "+1555private");
    assert_eq!(posted[0]["data"]["data"]["ticket"], "private-ticket");
    let turn = &posted[1]["data"]["turn"];
    assert_eq!((&turn["turn"], &turn["stages"]["endpoint_ms"]), (&1.into(), &250.0.into()));
    assert_eq!(turn["heard"], "private words of the caller");
    assert!(turn["speech_end_ms"].is_null());
    let summary = &posted[2]["data"]["summary"];
    assert_eq!((&summary["end"]["code"], &summary["turns"]), (&"hung_up".into(), &1.into()));
    assert_eq!(summary["transcript"][0]["text"], "private words of the caller");
    assert_eq!(summary["transcript_cut"], false);
}

#[test]
fn without_leave_no_word_no_number_and_no_custom_data_is_sent() {
    for request in posted(false) {
        assert!(!request.body.contains("private"), "{}", request.body);
    }
}

#[test]
fn every_request_is_signed_as_the_specification_says() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
    for request in posted(false) {
        let (id, timestamp) = (&request.headers["webhook-id"], &request.headers["webhook-timestamp"]);
        assert_eq!(timestamp, &START.as_secs().to_string());
        let signature = request.headers["webhook-signature"].strip_prefix("v1,").unwrap();
        let signed = format!("{id}.{timestamp}.{}", request.body);
        let tag = STANDARD.decode(signature).unwrap();
        ring::hmac::verify(&key, signed.as_bytes(), &tag).unwrap();
        assert_eq!(request.headers["content-type"], "application/json");
    }
}

#[test]
fn an_endless_transcript_is_cut_and_says_so() {
    let (place, end_point) = (place(), EndPoint::good());
    let webhooks = Webhooks::open(Options { words: true, ..place.options(&end_point) }).unwrap();
    let Happened::Ended(mut summary) = ended() else { panic!("an end") };
    let line = summary.transcript[0].clone();
    summary.transcript = vec![TranscriptLine { text: "é".repeat(10_000), ..line }; 100];
    webhooks.tell(START, &id("c"), &Happened::Ended(summary));
    wait_until(|| webhooks.counters().delivered == 1);
    let request = end_point.requests().remove(0);
    assert!(request.body.len() < 300_000);
    assert_eq!(request.json()["data"]["summary"]["transcript_cut"], true);
}

fn summarised(after: &AfterCall, words: bool) -> Request {
    let (place, end_point) = (place(), EndPoint::good());
    let webhooks = Webhooks::open(Options { words, ..place.options(&end_point) }).unwrap();
    webhooks.tell(START, &id("c"), &ended());
    // That it is going to be made is no event.
    webhooks.tell(START, &id("c"), &Happened::Summarised(AfterCall::pending()));
    webhooks.tell(START, &id("c"), &Happened::Summarised(after.clone()));
    wait_until(|| webhooks.counters().delivered == 2);
    let requests = end_point.requests();
    assert_eq!((requests[0].kind().as_str(), requests[1].kind().as_str()), ("call.ended", "call.summarised"));
    requests.into_iter().nth(1).unwrap()
}

fn made() -> AfterCall {
    let fields = serde_json::json!({"name": "private <b>Jo</b>", "guests": 2, "day": null});
    AfterCall {
        state: AfterState::Done,
        summary: Some("A private summary.".into()),
        fields: fields.as_object().cloned(),
        ..AfterCall::default()
    }
}

#[test]
fn what_is_made_of_a_call_is_told_behind_its_end() {
    let event = summarised(&made(), true).json();
    let data = &event["data"];
    assert_eq!((&data["call_id"], &data["state"], &data["code"]), (&"c".into(), &"done".into(), &().into()));
    assert_eq!(data["summary"], "A private summary.");
    assert_eq!(data["fields"], serde_json::json!({"name": "private <b>Jo</b>", "guests": 2, "day": null}));
    assert_eq!(event["timestamp"], "2023-11-14T22:13:20.25Z");
}

#[test]
fn without_leave_only_the_state_of_a_summary_is_sent() {
    let failed = made().failed("late", "private reason");
    for (after, state, code) in [(made(), "done", ().into()), (failed, "failed", "late".into())] {
        let request = summarised(&after, false);
        assert!(!request.body.contains("rivate"), "{}", request.body);
        let data = &request.json()["data"];
        assert_eq!((&data["state"], &data["code"]), (&state.into(), &code));
        assert_eq!(data.as_object().unwrap().len(), 3);
    }
}

#[test]
fn a_tool_is_told_with_its_arguments_only_where_words_are_sent() {
    let ran = Happened::ToolRan(ToolRun {
        turn: TurnId(1),
        id: ToolCallId::default(),
        name: "book".into(),
        arguments: "{\"day\":\"private day\"}".into(),
        end: ToolEnd::Done,
        output: "private result".into(),
        took_ms: 120.0,
    });
    for words in [true, false] {
        let (place, end_point) = (place(), EndPoint::good());
        let webhooks = Webhooks::open(Options { words, ..place.options(&end_point) }).unwrap();
        webhooks.tell(START, &id("c"), &ran);
        wait_until(|| webhooks.counters().delivered == 1);
        let request = end_point.requests().remove(0);
        let told = request.json();
        let tool = &told["data"]["tool"];
        assert_eq!(
            (&told["type"], &tool["name"], &tool["end"]),
            (&"call.tool".into(), &"book".into(), &"done".into())
        );
        if words {
            assert_eq!(tool["arguments"]["day"], "private day");
        } else {
            assert!(!request.body.contains("private"), "{}", request.body);
        }
    }
}
