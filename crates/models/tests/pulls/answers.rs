//! Answers that are no file, or another one: each is told with what to do, and nothing wrong gets the name.

use std::time::{Duration, Instant};

use offhook_models::{Finding, Got, Model, Proof};

use super::server::{End, Reply, Server};
use super::{FILE, Place, fetched, gguf, manifest, sum_of, tiny, with_sum};

/// What is told where every request is answered in this way, and how many there were.
fn told_of(reply: Reply, rest: &str) -> (String, usize) {
    let server = Server::start(move |_, _| reply.clone());
    let place = Place::new();
    let told = place.told(&tiny(&[server.url("/org/a.gguf")], rest));
    place.assert_nothing_is_there();
    (told, server.requests().len())
}

#[test]
fn a_web_page_is_called_so_by_its_type_or_by_its_first_bytes() {
    let page = format!("<!DOCTYPE html><html><body>{}", "Log in. ".repeat(1000));
    let typed = Reply::new("200 OK", &gguf(1000)).with("Content-Type", "text/html; charset=utf-8");
    for reply in [typed, Reply::new("200 OK", page.as_bytes()), Reply::new("200 OK", b"\n<html>")] {
        let (told, requests) = told_of(reply, "");
        assert!(told.contains("a web page"), "{told}");
        assert_eq!(requests, 1);
    }
    let (told, _) = told_of(Reply::new("200 OK", b"").with("Content-Type", "text/html"), "");
    assert!(
        told.contains("/org/a.gguf gave a web page in place of the file: it may want a login or agreement")
    );
}

#[test]
fn what_is_no_model_of_its_kind_does_not_get_the_name() {
    for (body, what) in [
        (&b"GGML and so on"[..], "this is no GGUF file"),
        (b"GGU", "this is no GGUF file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS"),
        (b"", "it is empty"),
    ] {
        let (told, requests) = told_of(Reply::new("200 OK", body), "");
        assert!(told.contains(what), "{told}");
        assert_eq!(requests, 1);
    }
    // It is seen in the first bytes, before the rest is fetched.
    let server = Server::start(|_, _| Reply::new("200 OK", &[7; 4096]).ending(End::Endless));
    let told = Place::new().told(&tiny(&[server.url("/a")], ""));
    assert!(told.contains("this is no GGUF file"), "{told}");
}

#[test]
fn each_kind_of_model_must_look_like_one() {
    let pulled = |kind: &str, file: &str, body: &[u8]| {
        let server = Server::with_file(body);
        let files = format!("[{{ file = {file:?}, url = {:?} }}]", server.url("/a"));
        let model: Model = manifest(kind, &files).models()[0].clone();
        let place = Place::new();
        place.pull(&model).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(pulled("recogniser", "a.bin", b"lmgg and so on"), Ok(()));
    assert!(pulled("recogniser", "a.bin", &gguf(99)).unwrap_err().contains("no ggml file of whisper.cpp"));
    assert_eq!(pulled("voice", "a.onnx", b"\x08\x07 and so on"), Ok(()));
    assert!(pulled("voice", "a.onnx", &gguf(99)).unwrap_err().contains("no ONNX file"));
    assert_eq!(pulled("voice", "a.onnx.json", b"{\"audio\": {}}"), Ok(()));
    let told = pulled("voice", "a.onnx.json", b"{\"audio\": {").unwrap_err();
    assert!(told.contains("this is no JSON: EOF"), "{told}");
}

#[test]
fn a_wrong_sum_is_told_with_both_and_nothing_is_kept() {
    let (right, wrong) = (gguf(1000), [gguf(999), vec![7]].concat());
    let (told, requests) = told_of(Reply::new("200 OK", &wrong), &with_sum(&right));
    assert!(told.contains(&format!("its SHA-256 is {}", sum_of(&wrong))), "{told}");
    assert!(told.contains(&format!("the test says {}", sum_of(&right))), "{told}");
    assert_eq!(requests, 1);
}

#[test]
fn a_wrong_sum_at_one_address_leaves_the_next_one() {
    let (right, wrong) = (gguf(1000), [gguf(999), vec![7]].concat());
    let (bad, good) = (Server::with_file(&wrong), Server::with_file(&right));
    let place = Place::new();
    place.pull(&tiny(&[bad.url("/a"), good.url("/a")], &with_sum(&right))).unwrap();
    place.assert_pulled(&right);
    assert_eq!(good.ranges(), [None]);
}

/// Fault: with a part of an earlier pull, the second address was never asked.
#[test]
fn a_wrong_sum_at_one_address_leaves_the_next_one_after_an_unfinished_pull_too() {
    let (right, wrong) = (gguf(1000), [gguf(999), vec![7]].concat());
    let (bad, good) = (Server::with_file(&wrong), Server::with_file(&right));
    let place = Place::new().with("a.gguf.part", &wrong[..500]);
    place.pull(&tiny(&[bad.url("/a"), good.url("/a")], &with_sum(&right))).unwrap();
    place.assert_pulled(&right);
}

#[test]
fn the_sum_that_a_server_announces_counts_where_the_manifest_has_none() {
    let body = gguf(1000);
    let announcing = |sum: String| {
        let body = body.clone();
        Server::start(move |_, request| {
            Reply::file(request, &body, "\"v1\"").with("X-Linked-Etag", &format!("\"{sum}\""))
        })
    };
    let server = announcing(sum_of(&body));
    let Got::Fetched { proof, .. } = Place::new().got(&tiny(&[server.url("/a")], "")) else { panic!() };
    assert_eq!(proof, Proof::Announced);
    let server = announcing(sum_of(b"something else"));
    let place = Place::new();
    let told = place.told(&tiny(&[server.url("/a")], ""));
    assert!(told.contains(&format!("says {}", sum_of(b"something else"))), "{told}");
    place.assert_nothing_is_there();
    let server = announcing(sum_of(b"something else"));
    let got = Place::new().got(&tiny(&[server.url("/a")], &with_sum(&body)));
    assert_eq!(fetched(&got).to_string(), sum_of(&body));
}

#[test]
fn a_sum_that_nobody_knows_is_not_made_up() {
    let body = gguf(1000);
    let server = Server::with_file(&body);
    let place = Place::new();
    let model = tiny(&[server.url("/a")], "");
    let Got::Fetched { proof, .. } = place.got(&model) else { panic!() };
    assert_eq!(proof, Proof::None);
    // A file that somebody put there has no record either.
    std::fs::remove_file(place.at("a.gguf.sha256")).unwrap();
    assert_eq!(place.got(&model), Got::WasThere(Finding::SumUnknown));
}

#[test]
fn a_missing_file_is_told_with_its_address_and_what_to_do() {
    let (told, requests) = told_of(Reply::new("404 Not Found", b"no"), "");
    assert!(told.contains("/org/a.gguf answered 404: the file is not there"), "{told}");
    assert!(told.contains("--manifest FILE"), "{told}");
    assert_eq!(requests, 1);
    let (told, _) = told_of(Reply::new("204 No Content", b""), "");
    assert!(told.contains("answered 204, where 200 was expected"), "{told}");
}

#[test]
fn a_refusal_says_that_terms_may_have_to_be_agreed_to_and_how_to_give_a_token() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let (told, requests) = told_of(Reply::new(status, b"").with("Content-Type", "text/html"), "");
        assert!(told.contains("agreement to the terms"), "{told}");
        assert!(told.contains("OFFHOOK_HF_TOKEN or HF_TOKEN"), "{told}");
        assert_eq!(requests, 1);
    }
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let body = gguf(1000);
    let served = body.clone();
    let server = Server::start(move |number, request| match number {
        0 => Reply::new("503 Service Unavailable", b"").with("Retry-After", "1"),
        1 => Reply::new("429 Too Many Requests", b""),
        _ => Reply::file(request, &served, "\"v1\""),
    });
    let place = Place::new();
    let start = Instant::now();
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
    place.assert_pulled(&body);
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert!(place.reports.borrow().iter().any(|line| line.contains("answered 503")));
}

#[test]
fn a_server_that_stays_broken_or_wants_too_much_patience_is_given_up() {
    let (told, requests) = told_of(Reply::new("500 Internal Server Error", b""), "");
    assert!(told.contains("answered 500"), "{told}");
    assert_eq!(requests, 4);
    let (told, requests) =
        told_of(Reply::new("503 Service Unavailable", b"").with("Retry-After", "3600"), "");
    assert!(told.contains("asks to come back in 3600 s"), "{told}");
    assert_eq!(requests, 1);
}

#[test]
fn nobody_at_the_address_is_told_with_a_way_without_a_network() {
    let url = Server::with_file(b"").url("/a");
    let place = Place::new();
    let told = place.told(&tiny(&[url], ""));
    assert!(told.contains("no answer from http://127.0.0.1:") && told.contains("--offline"), "{told}");
}

#[test]
fn bytes_are_taken_as_they_are_whatever_the_server_calls_them() {
    let body = gguf(1000);
    let reply = Reply::new("200 OK", &body).with("Content-Encoding", "gzip");
    let server = Server::start(move |_, _| reply.clone());
    let place = Place::new();
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
    place.assert_pulled(&body);
    let (told, _) =
        told_of(Reply::new("200 OK", b"\x1f\x8b\x08 and so on").with("Content-Encoding", "gzip"), "");
    assert!(told.contains("it is compressed"), "{told}");
    assert_eq!(Place::new().read(FILE), None);
}
