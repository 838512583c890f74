//! End points that fail in every way.

use super::end_point::{ENDLESS, NEVER};
use super::*;

#[test]
fn what_fails_is_tried_again_later_under_the_same_id_and_with_a_new_time() {
    for answer in [Some("500 Broken"), Some("503 Busy"), Some("429 Too Many"), Some("408 Late"), None] {
        let end_point = EndPoint::answering(move |n, _| if n < 2 { answer } else { Some("204 Taken") });
        let place = place();
        let webhooks = place.webhooks(&end_point);
        webhooks.tell(START, &id("c"), &started());
        wait_until(|| webhooks.counters().retried == 1);
        // Its time has not come, however often the spool is looked at.
        std::thread::sleep(Duration::from_millis(10));
        assert_eq!(end_point.requests().len(), 1, "{answer:?}");
        place.pass(Duration::from_secs(2));
        wait_until(|| webhooks.counters().retried == 2);
        place.pass(Duration::from_secs(4));
        wait_until(|| webhooks.counters().delivered == 1);
        let requests = end_point.requests();
        assert!(requests.iter().all(|request| request.id() == requests[0].id()));
        let times: Vec<_> =
            requests.iter().map(|request| request.headers["webhook-timestamp"].clone()).collect();
        assert!(times[0] < times[1] && times[1] < times[2], "{times:?}");
        assert_eq!(requests[0].body, requests[2].body);
        wait_until(|| webhooks.counters().waiting == 0);
        assert!(
            matches!(place.told()[..], [Trouble::Waiting { .. }, Trouble::Recovered]),
            "{:?}",
            place.told()
        );
    }
}

#[test]
fn an_end_point_that_never_answers_is_given_its_time_and_no_more() {
    let end_point = EndPoint::answering(|n, _| Some(if n == 0 { NEVER } else { "200 OK" }));
    let place = place();
    let options = Options { timeout: Duration::from_millis(50), ..place.options(&end_point) };
    let webhooks = Webhooks::open(options).unwrap();
    webhooks.tell(START, &id("c"), &started());
    wait_until(|| webhooks.counters().retried == 1);
    assert!(place.told()[0].to_string().contains("did not answer within 0.05 s"), "{:?}", place.told());
    place.pass(Duration::from_secs(2));
    wait_until(|| webhooks.counters().delivered == 1);
}

#[test]
fn an_answer_without_an_end_is_not_read() {
    let (place, end_point) = (place(), EndPoint::answering(|_, _| Some(ENDLESS)));
    let webhooks = place.webhooks(&end_point);
    whole_call(&webhooks, "c");
    wait_until(|| webhooks.counters().delivered == 3);
}

#[test]
fn a_pause_that_the_end_point_asks_for_is_made() {
    let busy = "503 Busy\r\nRetry-After: 30";
    let end_point = EndPoint::answering(move |n, _| Some(if n == 0 { busy } else { "200 OK" }));
    let place = place();
    let webhooks = place.webhooks(&end_point);
    webhooks.tell(START, &id("c"), &started());
    wait_until(|| webhooks.counters().retried == 1);
    place.pass(Duration::from_secs(29));
    std::thread::sleep(Duration::from_millis(10));
    assert_eq!(end_point.requests().len(), 1);
    place.pass(Duration::from_secs(1));
    wait_until(|| webhooks.counters().delivered == 1);
}

#[test]
fn a_redirect_is_not_followed() {
    let other = EndPoint::good();
    let moved: &'static str = format!("307 Moved\r\nLocation: {}", other.url()).leak();
    let (place, end_point) = (place(), EndPoint::answering(move |_, _| Some(moved)));
    let webhooks = place.webhooks(&end_point);
    webhooks.tell(START, &id("c"), &started());
    wait_until(|| webhooks.counters().retried == 1);
    assert!(other.requests().is_empty());
    assert!(place.told()[0].to_string().contains("give the address that it redirects to"));
}

#[test]
fn what_the_end_point_refuses_is_given_up_and_the_call_goes_on() {
    let end_point = EndPoint::answering(|n, _| Some(if n == 0 { "400 Bad" } else { "200 OK" }));
    let place = place();
    let webhooks = place.webhooks(&end_point);
    whole_call(&webhooks, "c");
    wait_until(|| webhooks.counters().delivered == 2);
    assert_eq!(webhooks.counters().given_up, 1);
    let told = place.told()[0].to_string();
    assert!(told.contains("call.started of call c is given up") && told.contains("400"), "{told}");
}

#[test]
fn what_is_tried_too_often_or_is_too_old_is_given_up() {
    for (age, tries) in [(2, 2), (100_000, 40)] {
        let (place, end_point) = (place(), EndPoint::answering(|_, _| Some("500 Broken")));
        let options = place.options(&end_point);
        let retries = Retries { tries, ..options.retries };
        let webhooks = Webhooks::open(Options { retries, ..options }).unwrap();
        webhooks.tell(START, &id("c"), &started());
        wait_until(|| webhooks.counters().retried == 1);
        place.pass(Duration::from_secs(age));
        wait_until(|| webhooks.counters().given_up == 1);
        wait_until(|| webhooks.counters().waiting == 0);
    }
}

#[test]
fn who_is_gone_gets_nothing_more_until_the_next_start() {
    let end_point = EndPoint::answering(|n, _| Some(if n == 0 { "410 Gone" } else { "200 OK" }));
    let place = place();
    let webhooks = Webhooks::open(Options { lanes: 1, ..place.options(&end_point) }).unwrap();
    whole_call(&webhooks, "c");
    wait_until(|| webhooks.counters().given_up == 3);
    whole_call(&webhooks, "d");
    wait_until(|| webhooks.counters().given_up == 6);
    assert_eq!((end_point.requests().len(), webhooks.counters().waiting), (1, 0));
    assert!(matches!(place.told()[..], [Trouble::Gone { .. }]), "{:?}", place.told());
    drop(webhooks);
    let webhooks = place.webhooks(&end_point);
    whole_call(&webhooks, "e");
    wait_until(|| webhooks.counters().delivered == 3);
}

#[test]
fn one_call_that_is_refused_for_a_while_holds_no_other() {
    let end_point = EndPoint::answering(|_, request| {
        Some(if request.body.contains("\"call_id\":\"bad\"") { "500 Broken" } else { "200 OK" })
    });
    let place = place();
    let webhooks = place.webhooks(&end_point);
    ["bad", "good", "better"].iter().for_each(|call| whole_call(&webhooks, call));
    // An event is counted as delivered before the spool forgets it.
    wait_until(|| {
        let counters = webhooks.counters();
        (counters.delivered, counters.waiting) == (6, 3)
    });
    let bad = end_point.requests().into_iter().filter(|request| request.body.contains("\"bad\""));
    assert!(bad.map(|request| request.kind()).all(|kind| kind == "call.started"), "a turn before its start");
}

#[test]
fn a_dead_end_point_slows_no_call() {
    let (place, end_point) = (place(), EndPoint::answering(|_, _| Some(NEVER)));
    let options = Options { timeout: LONG, queue: 10, ..place.options(&end_point) };
    let webhooks = Webhooks::open(options).unwrap();
    // Every one of them would wait for a minute.
    (0..1000).for_each(|n| whole_call(&webhooks, &format!("c{n}")));
    let told = 3000;
    wait_until(|| webhooks.counters().waiting + webhooks.counters().dropped == told);
    assert_eq!(webhooks.counters().delivered, 0);
    assert!(!webhooks.close(Duration::from_millis(1)), "requests are on their way");
    // The thread is left to itself, as at the end of a process.
    std::mem::forget(webhooks);
}
