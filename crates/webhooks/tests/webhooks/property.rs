//! Whatever an end point answers, and wherever the server is stopped: an event has one id, is not sent again
//! once it was taken, and the events of a call come in their order.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const ANSWERS: [Option<&str>; 6] =
    [Some("200 OK"), Some("200 OK"), Some("500 Broken"), Some("400 Bad"), Some("429 Busy"), None];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_has_one_id_and_calls_keep_their_order(
        answers in proptest::collection::vec(0..ANSWERS.len(), 1..40),
        calls in 1..5_u32,
        restarts in 0..3_usize,
    ) {
        let place = place();
        let script = answers.clone();
        let end_point =
            EndPoint::answering(move |n, _| script.get(n).map_or(Some("200 OK"), |answer| ANSWERS[*answer]));
        let mut webhooks = place.webhooks(&end_point);
        for call in 0..calls {
            whole_call(&webhooks, &format!("c{call}"));
        }
        let all = u64::from(calls) * 3;
        for _ in 0..restarts {
            prop_assert!(webhooks.close(LONG));
            drop(webhooks);
            webhooks = place.webhooks(&end_point);
            place.pass(Duration::from_secs(120));
        }
        wait_until(|| {
            place.pass(Duration::from_secs(120));
            let now = webhooks.counters();
            now.waiting + now.queued == 0
        });
        let requests = end_point.requests();
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        let mut last: BTreeMap<String, usize> = BTreeMap::new();
        for (number, request) in requests.iter().enumerate() {
            let json = request.json();
            let call = json["data"]["call_id"].as_str().unwrap().to_owned();
            let place = ["call.started", "call.turn", "call.ended"].iter().position(|kind| json["type"] == *kind);
            let place = place.unwrap();
            let id = ids.entry(format!("{call} {place}")).or_insert_with(|| request.id());
            prop_assert_eq!(&*id, &request.id(), "an event under two ids");
            let before = last.insert(call, place).unwrap_or_default();
            prop_assert!(before <= place, "{} after {}", place, before);
            let answer = answers.get(number).map_or(Some("200 OK"), |answer| ANSWERS[*answer]);
            if answer == Some("200 OK") {
                *taken.entry(request.id()).or_default() += 1;
            }
        }
        prop_assert_eq!(ids.len() as u64, all, "every event was tried");
        prop_assert!(taken.values().all(|times| *times == 1), "one was sent again after it was taken");
    }
}
