//! Servers that send too much, too little, too slowly or without end.

use std::time::{Duration, Instant};

use super::server::{End, Reply, Server};
use super::{FILE, Place, gguf, tiny, with_sum};

/// How long a server may stop, where that is tested.
const STALL: Duration = Duration::from_secs(1);

#[test]
fn another_length_than_the_manifests_is_refused_before_a_byte_is_written() {
    for length in [999, 1001] {
        let server = Server::with_file(&gguf(length));
        let place = Place::new();
        let told = place.told(&tiny(&[server.url("/a")], ", bytes = 1000"));
        assert!(told.contains(&format!("has {length} bytes, and the manifest says 1000")), "{told}");
        assert!(place.reports.borrow().is_empty());
        place.assert_nothing_is_there();
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_server_that_sends_more_than_it_may_is_cut_off() {
    for end in [End::Chunks, End::Unsaid, End::Endless] {
        let server = Server::start(move |_, _| Reply::new("200 OK", &gguf(1001)).ending(end));
        let place = Place::new();
        let told = place.told(&tiny(&[server.url("/a")], ", bytes = 1000"));
        assert!(told.contains("sent more than the 1000 bytes that the file may have"), "{told}");
        place.assert_nothing_is_there();
        assert_eq!(server.requests().len(), 1, "{end:?}");
    }
}

#[test]
fn what_comes_behind_the_promised_length_is_no_part_of_the_file() {
    let server = Server::start(|_, _| Reply::new("200 OK", &gguf(2000)).ending(End::Promised(1000)));
    let place = Place::new();
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
    place.assert_pulled(&gguf(1000));
}

#[test]
fn a_file_whose_end_nobody_knows_is_refused_because_half_of_it_would_look_whole() {
    let body = gguf(1000);
    let served = body.clone();
    let server = Server::start(move |_, _| Reply::new("200 OK", &served).ending(End::Unsaid));
    let place = Place::new();
    let told = place.told(&tiny(&[server.url("/a")], ""));
    assert!(told.contains("neither how long the file is nor where it ends"), "{told}");
    place.assert_nothing_is_there();
    for rest in [with_sum(&body), ", bytes = 1000".to_owned()] {
        let place = Place::new();
        place.pull(&tiny(&[server.url("/a")], &rest)).unwrap();
        place.assert_pulled(&body);
    }
}

#[test]
fn chunks_say_where_the_file_ends() {
    let body = gguf(1000);
    let served = body.clone();
    let server = Server::start(move |number, _| {
        let reply = Reply::new("200 OK", &served).ending(End::Chunks);
        if number == 0 { reply.cut_after(500) } else { reply }
    });
    let place = Place::new();
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
    place.assert_pulled(&body);
    assert_eq!(server.ranges(), [None, None]);
}

#[test]
fn a_server_that_stops_is_left_and_asked_again() {
    let body = gguf(1000);
    let served = body.clone();
    // It promises more than it sends, and keeps the connection.
    let server = Server::start(move |number, request| match number {
        0 => Reply::file(request, &served[..3], "\"v1\"")
            .ending(End::Promised(1000))
            .dripping(Duration::from_secs(4)),
        _ => Reply::file(request, &served, "\"v1\""),
    });
    let place = Place::new().with_stall(STALL);
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
    place.assert_pulled(&body);
    assert_eq!(server.ranges(), [None, Some(1)]);
    assert!(place.reports.borrow().iter().any(|line| line.contains("not a byte in 1 s")));
}

#[test]
fn a_slow_server_that_goes_on_is_waited_for() {
    let body = gguf(1000);
    let served = body.clone();
    let server = Server::start(move |_, request| {
        Reply::file(request, &served, "\"v1\"").dripping(Duration::from_millis(2))
    });
    let place = Place::new().with_stall(Duration::from_secs(1));
    let start = Instant::now();
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
    assert!(start.elapsed() > place.options.stall, "longer than nothing may come");
    place.assert_pulled(&body);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let server = Server::start(|_, _| {
        std::thread::sleep(Duration::from_secs(8));
        Reply::new("200 OK", b"")
    });
    let mut place = Place::new().with_stall(STALL);
    place.options.retries = 1;
    let start = Instant::now();
    let told = place.told(&tiny(&[server.url("/a")], ""));
    assert!(told.contains("no answer in 1 s"), "{told}");
    assert!(start.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_byte_now_and_then_does_not_keep_a_pull_for_ever() {
    let server = Server::start(|_, request| {
        Reply::file(request, &gguf(1000), "\"v1\"").dripping(Duration::from_millis(20))
    });
    let mut place = Place::new().with_stall(STALL);
    place.options.least_bytes_per_s = 10_000;
    place.options.retries = 1;
    let told = place.told(&tiny(&[server.url("/a")], ""));
    assert!(told.contains("hardly anything in 1 s"), "{told}");
    assert_eq!(place.read(FILE), None);
    assert!(place.read("a.gguf.part").is_some_and(|part| gguf(1000).starts_with(&part)));
}
