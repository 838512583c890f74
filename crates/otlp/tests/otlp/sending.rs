//! How spans are sent: what a request has, when it is tried again, and that no call ever waits for it.

use std::net::TcpListener;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::collector::{Collector, Reply, TRICKLE, status};
use super::{LONG, call, ended, options, over, started, tell, told, turn, wait_until};
use offhook_core::ids::CallId;
use offhook_otlp::{Counters, Exporter, OpenError, Options, Retries};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message as _;

/// An exporter to a collector that answers so, after a call of eight spans was told in one request.
fn after_a_call(
    answer: impl Fn(usize) -> Reply + Send + Sync + 'static,
) -> (Collector, Exporter, Vec<String>) {
    let collector = Collector::answering(answer);
    let (options, troubles) = told(options(&collector));
    let exporter = Exporter::open(Options { longest_wait: LONG, ..options }).unwrap();
    tell(&exporter, &[started(), over(turn(1)), ended()]);
    let troubles = troubles.lock().unwrap().clone();
    (collector, exporter, troubles)
}

#[test]
fn a_request_has_the_path_the_form_the_headers_and_the_name_of_the_server() {
    let collector = Collector::good();
    let headers = vec![("Authorization".to_owned(), "Bearer hidden".to_owned())];
    let options = Options { headers, service_name: "desk".into(), ..options(&collector) };
    assert!(!format!("{options:?}").contains("hidden"));
    let exporter = Exporter::open(options).unwrap();
    tell(&exporter, &[ended()]);
    let requests = collector.requests();
    assert_eq!(requests[0].line, "POST /v1/traces HTTP/1.1");
    assert_eq!(requests[0].headers["authorization"], "Bearer hidden");
    assert_eq!(requests[0].headers["content-type"], "application/x-protobuf");
    let resource = requests[0].message().resource_spans[0].resource.clone().unwrap();
    assert_eq!(super::collector::shown(&resource.attributes, "service.name").as_deref(), Some("desk"));
    assert!(!format!("{exporter:?}").contains("hidden"));
}

#[test]
fn a_collector_that_is_busy_is_asked_again() {
    for busy in ["429 Too Many Requests", "502 Bad Gateway", "503 Busy\r\nRetry-After: 9999", "504 Late"] {
        let answer = move |number| status(if number < 2 { busy } else { "200 OK" });
        let (collector, exporter, troubles) = after_a_call(answer);
        let requests = collector.requests();
        assert_eq!(requests.len(), 3, "{busy}");
        assert!(requests.iter().all(|request| request.body == requests[0].body), "the same spans");
        let counters = Counters { sent: 8, requests: 1, failed: 2, ..Counters::default() };
        assert_eq!((exporter.counters(), troubles.len()), (counters, 0), "{busy}");
    }
}

#[test]
fn a_connection_that_ends_without_an_answer_is_made_again() {
    let (collector, exporter, troubles) =
        after_a_call(|number| if number == 0 { None } else { status("200 OK") });
    assert_eq!((collector.requests().len(), troubles.len()), (2, 0));
    assert_eq!((exporter.counters().sent, exporter.counters().failed), (8, 1));
}

#[test]
fn a_request_that_is_refused_is_not_made_again() {
    for refusal in [
        "400 Bad Request",
        "401 Unauthorized",
        "404 Not Found",
        "413 Too Large",
        "500 Oops",
        "302 Found\r\nLocation: http://127.0.0.1:1/",
    ] {
        let (collector, exporter, troubles) = after_a_call(move |_| status(refusal));
        assert_eq!(collector.requests().len(), 1, "{refusal}");
        let counters = Counters { lost: 8, failed: 1, ..Counters::default() };
        assert_eq!(exporter.counters(), counters, "{refusal}");
        assert_eq!(troubles.len(), 1);
        assert!(troubles[0].contains(&refusal[..3]) && troubles[0].contains("/v1/traces"), "{troubles:?}");
    }
}

#[test]
fn after_a_few_tries_spans_are_dropped_and_that_is_told_once_and_once_that_it_works_again() {
    let collector = Collector::answering(|number| status(if number < 6 { "503 Busy" } else { "200 OK" }));
    let (options, troubles) = told(options(&collector));
    let exporter = Exporter::open(options).unwrap();
    for number in 0..4 {
        tell(&exporter, &[over(turn(number))]);
    }
    assert_eq!(collector.requests().len(), 8, "two turns are tried three times, two arrive");
    let counters = exporter.counters();
    assert_eq!((counters.lost, counters.failed, counters.sent), (14, 6, 14));
    let troubles = troubles.lock().unwrap().clone();
    assert_eq!(troubles.len(), 2, "{troubles:?}");
    assert!(troubles[0].contains("503") && troubles[1].contains("14 spans"), "{troubles:?}");
}

#[test]
fn spans_that_a_collector_rejects_are_counted() {
    let partial = ExportTracePartialSuccess { rejected_spans: 3, error_message: "hidden".into() };
    let answer = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let (collector, exporter, troubles) = after_a_call(move |_| Some(("200 OK", answer.clone())));
    assert_eq!(collector.requests().len(), 1, "the rest is not sent again");
    let counters = Counters { sent: 5, rejected: 3, requests: 1, ..Counters::default() };
    assert_eq!(exporter.counters(), counters);
    assert!(troubles.len() == 1 && troubles[0].contains("rejected 3 of 8"), "{troubles:?}");
}

#[test]
fn garbage_for_an_answer_is_counted_and_told() {
    for garbage in [b"<html>Please log in</html>".to_vec(), vec![0xff; 1 << 20]] {
        let (collector, exporter, troubles) = after_a_call(move |_| Some(("200 OK", garbage.clone())));
        assert_eq!((collector.requests().len(), exporter.counters().odd_answers), (1, 1));
        assert!(troubles.len() == 1 && troubles[0].contains("not as a collector"), "{troubles:?}");
    }
    let (_, exporter, troubles) = after_a_call(|_| status("garbage"));
    assert_eq!((exporter.counters().lost, exporter.counters().failed), (8, 3));
    assert_eq!(troubles.len(), 1, "{troubles:?}");
}

/// Needs no clock: the collector answers only when all was told.
#[test]
fn no_call_waits_for_a_collector_that_does_not_answer() {
    let answer = Arc::new(Barrier::new(2));
    let waits = Arc::clone(&answer);
    let collector = Collector::answering(move |number| {
        if number == 0 {
            waits.wait();
        }
        status("200 OK")
    });
    let (options, troubles) = told(options(&collector));
    let exporter = Exporter::open(Options { queue: 64, batch: 8, timeout: LONG, ..options }).unwrap();
    for _ in 0..8 {
        exporter.tell(super::at(0), &call(), &over(turn(1)));
    }
    wait_until(|| collector.requests().len() == 1);
    for number in 0..10_000 {
        exporter.tell(super::at(0), &call(), &over(turn(number)));
    }
    let counters = exporter.counters();
    assert_eq!((counters.waiting, counters.dropped), (64, 10_000 - 64));
    exporter.tell(super::at(0), &call(), &ended());
    assert_eq!(exporter.counters().waiting, 65, "the end of a call still has room");
    answer.wait();
    assert!(exporter.flush(LONG));
    assert_eq!(exporter.counters().sent, 7 * (8 + 64) + 1);
    let troubles = troubles.lock().unwrap().clone();
    assert_eq!(troubles.len(), 2, "{troubles:?}");
    assert!(troubles[0].contains("too slowly") && troubles[1].contains("9936 events"), "{troubles:?}");
}

#[test]
fn a_collector_that_is_gone_costs_spans_and_no_call() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let gone = Options::to(format!("http://127.0.0.1:{port}"));
    let retries = Retries { tries: 2, first_pause: Duration::ZERO, longest_pause: Duration::ZERO };
    let (options, troubles) = told(Options { queue: 100, retries, ..gone });
    let exporter = Exporter::open(options).unwrap();
    for number in 0..10_000 {
        exporter.tell(super::at(0), &CallId::new(&format!("c-{number}")), &over(turn(1)));
    }
    assert!(exporter.close(LONG));
    let counters = exporter.counters();
    assert_eq!(counters.lost + 7 * counters.dropped, 7 * 10_000, "{counters:?}");
    assert_eq!((counters.sent, counters.waiting), (0, 0));
    let troubles = troubles.lock().unwrap().clone();
    assert!(troubles.iter().any(|trouble| trouble.contains("no connection")), "{troubles:?}");
    assert!(troubles.len() <= 2, "{troubles:?}");
}

#[test]
fn a_collector_that_never_answers_is_given_up_when_time_is_over() {
    let collector = Collector::answering(|_| {
        std::thread::sleep(LONG);
        None
    });
    let timeout = Duration::from_millis(50);
    let (options, troubles) = told(Options { timeout, ..options(&collector) });
    let exporter = Exporter::open(options).unwrap();
    tell(&exporter, &[ended()]);
    assert_eq!((exporter.counters().lost, exporter.counters().failed), (1, 3));
    assert!(troubles.lock().unwrap()[0].contains("did not answer within 0.05 s"));
}

#[test]
fn an_answer_that_trickles_is_not_read_to_its_end_and_nothing_is_sent_twice() {
    let collector = Collector::answering(|_| Some((TRICKLE, vec![0; 50_000])));
    let timeout = Duration::from_millis(200);
    let exporter = Exporter::open(Options { timeout, ..options(&collector) }).unwrap();
    tell(&exporter, &[ended()]);
    assert_eq!((exporter.counters().sent, collector.requests().len()), (1, 1));
}

#[test]
fn an_end_sends_what_waits_and_takes_nothing_more() {
    let collector = Collector::good();
    let exporter = Exporter::open(Options { longest_wait: LONG, batch: 2, ..options(&collector) }).unwrap();
    for number in 0..5 {
        exporter.tell(super::at(0), &call(), &over(turn(number)));
    }
    assert!(exporter.close(LONG));
    assert_eq!(collector.spans().len(), 5 * 7);
    exporter.tell(super::at(0), &call(), &ended());
    assert!(exporter.close(LONG) && exporter.flush(LONG));
    assert_eq!((exporter.counters().dropped, collector.spans().len()), (1, 35));
}

#[test]
fn an_end_does_not_wait_for_a_collector_longer_than_it_may() {
    let collector = Collector::answering(|_| {
        std::thread::sleep(LONG);
        None
    });
    let exporter = Exporter::open(Options { timeout: LONG, batch: 1, ..options(&collector) }).unwrap();
    exporter.tell(super::at(0), &call(), &ended());
    wait_until(|| collector.requests().len() == 1);
    exporter.tell(super::at(0), &call(), &ended());
    assert!(!exporter.flush(Duration::from_millis(20)));
    assert!(!exporter.close(Duration::from_millis(20)));
}

#[test]
fn an_exporter_can_be_opened_and_dropped_within_an_asynchronous_runtime() {
    let collector = Collector::good();
    let options = options(&collector);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let exporter = Exporter::open(options).unwrap();
        exporter.tell(super::at(0), &call(), &ended());
    });
    assert_eq!(collector.spans().len(), 1, "what was told before the drop is sent");
}

#[test]
fn options_that_would_send_nothing_are_refused_with_a_remedy() {
    let good = || Options::to("http://localhost:4318");
    let message = |options| Exporter::open(options).unwrap_err().to_string();
    assert!(message(Options::to("localhost:4318")).contains("write https://HOST"));
    assert!(matches!(Exporter::open(Options { queue: 0, ..good() }), Err(OpenError::Zero("queue"))));
    assert!(message(Options { batch: 0, ..good() }).contains("at least 1"));
    assert!(message(Options { timeout: Duration::ZERO, ..good() }).contains("timeout"));
    assert!(message(Options { service_name: " ".into(), ..good() }).contains("such as offhook"));
    let headers = vec![("x y".to_owned(), "hidden".to_owned())];
    assert!(!message(Options { headers, ..good() }).contains("hidden"));
}
