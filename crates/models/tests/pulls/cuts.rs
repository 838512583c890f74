//! Pulls that are cut, and go on where they were, but never with the bytes of another version.

use offhook_models::{Finding, Got, Proof};

use super::server::{End, Reply, Server};
use super::{FILE, Place, fetched, gguf, sum_of, tiny, with_sum};

#[test]
fn a_pulled_file_has_its_name_and_its_sum_beside_it_and_progress_is_told() {
    let body = gguf(200_000);
    let server = Server::with_file(&body);
    let place = Place::new();
    let got = place.got(&tiny(&[server.url("/a")], &with_sum(&body)));
    place.assert_pulled(&body);
    let Got::Fetched { from, sum, proof } = got else { panic!("it was not there before") };
    assert_eq!((from, sum.to_string()), (server.url("/a"), sum_of(&body)));
    assert_eq!(proof, Proof::Manifest("the test".to_owned()));
    let reports = place.reports.borrow();
    assert_eq!(reports.first().unwrap(), "a.gguf 0/Some(200000)");
    assert_eq!(reports.last().unwrap(), "a.gguf 200000/Some(200000)");
    assert_eq!(server.requests()[0].header("accept-encoding"), Some("identity"));
}

#[test]
fn what_is_there_and_right_is_not_asked_for_again() {
    let body = gguf(1000);
    let server = Server::with_file(&body);
    let place = Place::new();
    for rest in [with_sum(&body), String::new()] {
        let model = tiny(&[server.url("/a")], &rest);
        place.pull(&model).unwrap();
        assert_eq!(server.requests().len(), 1);
    }
    let got = place.got(&tiny(&[server.url("/a")], ""));
    assert_eq!(got, Got::WasThere(Finding::AsPulled));
}

#[test]
fn a_pull_that_is_cut_goes_on_where_it_was_if_it_is_the_same_version() {
    let body = gguf(200_000);
    let served = body.clone();
    let server = Server::start(move |number, request| match number {
        0 => Reply::file(request, &served, "\"v1\"").cut_after(70_000),
        1 => Reply::file(request, &served, "\"v1\"").cut_after(30_000),
        _ => Reply::file(request, &served, "\"v1\""),
    });
    let place = Place::new();
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
    place.assert_pulled(&body);
    assert_eq!(server.ranges(), [None, Some(70_000), Some(100_000)]);
    assert_eq!(server.requests()[1].header("if-range"), Some("\"v1\""));
    let reports = place.reports.borrow();
    assert!(reports.iter().any(|line| line.contains("waits") && line.contains("ended the connection")));
}

#[test]
fn what_a_killed_process_left_is_gone_on_with() {
    let body = gguf(200_000);
    let server = Server::with_file(&body);
    let notes = |etag: &str, address: &str| {
        format!("{{\"address\":\"{address}\",\"etag\":{etag:?},\"total\":200000,\"announced\":null}}")
    };
    for (left, etag, address, ranges) in [
        // The same version.
        (&body[..60_000], "\"v1\"", server.url("/a"), vec![Some(60_000)]),
        // Another version: the server gives the whole.
        (&[7; 60_000][..], "\"v0\"", server.url("/a"), vec![Some(60_000)]),
        // From somewhere else.
        (&[7; 60_000][..], "\"v1\"", server.url("/b"), vec![None]),
        // All of it: only its name is missing.
        (&body[..], "\"v1\"", server.url("/a"), vec![]),
    ] {
        let before = server.requests().len();
        let place = Place::new().with("a.gguf.part", left);
        let place = place.with("a.gguf.part.json", notes(etag, &address).as_bytes());
        let place = place.with("a.gguf.lock", b"");
        place.pull(&tiny(&[server.url("/a")], "")).unwrap();
        place.assert_pulled(&body);
        assert_eq!(server.ranges()[before..], ranges, "{etag} {address}");
    }
}

#[test]
fn without_notes_a_part_is_gone_on_with_only_where_the_sum_tells() {
    let body = gguf(200_000);
    let server = Server::with_file(&body);
    for (rest, left, ranges) in [
        (String::new(), &body[..60_000], vec![None]),
        (with_sum(&body), &body[..60_000], vec![Some(60_000)]),
        // More was left than there is: the server has no such rest (416).
        (with_sum(&body), &gguf(300_000)[..], vec![Some(300_000), None]),
        // What was left is wrong, and the sum tells: it is fetched once more, from its beginning.
        (with_sum(&body), &gguf(60_001)[1..], vec![Some(60_000), None]),
    ] {
        let before = server.requests().len();
        let place = Place::new().with("a.gguf.part", left).with("a.gguf.part.json", b"{ torn");
        place.pull(&tiny(&[server.url("/a")], &rest)).unwrap();
        place.assert_pulled(&body);
        assert_eq!(server.ranges()[before..], ranges);
    }
}

#[test]
fn a_server_that_ignores_the_range_gives_the_file_from_its_beginning() {
    let body = gguf(200_000);
    let served = body.clone();
    let server = Server::start(move |number, _| {
        let reply = Reply::new("200 OK", &served).with("ETag", "\"v1\"");
        if number == 0 { reply.cut_after(70_000) } else { reply }
    });
    let place = Place::new();
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
    place.assert_pulled(&body);
    assert_eq!(server.ranges(), [None, Some(70_000)]);
}

#[test]
fn versions_are_never_mixed_whatever_the_server_makes_of_the_condition() {
    let (old, new) = (gguf(200_000), [gguf(100_000), vec![7; 100_000]].concat());
    let (before, after) = (old, new.clone());
    // It gives the rest of the new version, with its name, although the old one was asked for.
    let server = Server::start(move |number, request| match number {
        0 => Reply::file(request, &before, "\"v1\"").cut_after(70_000),
        _ => match request.range() {
            Some(from) => Reply::new("206 Partial Content", &after[from..])
                .with("ETag", "\"v2\"")
                .with("Content-Range", &format!("bytes {from}-199999/200000")),
            None => Reply::file(request, &after, "\"v2\""),
        },
    });
    let place = Place::new();
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
    place.assert_pulled(&new);
    assert_eq!(server.ranges(), [None, Some(70_000), None]);
}

#[test]
fn a_rest_that_does_not_fit_begins_the_file_anew() {
    let body = gguf(200_000);
    for range in ["bytes 0-129999/200000", "bytes 70000-129999/130000", "lines 1-2/3", ""] {
        let served = body.clone();
        let server = Server::start(move |number, request| match (number, request.range()) {
            (0, _) => Reply::file(request, &served, "\"v1\"").cut_after(70_000),
            (_, Some(_)) => {
                Reply::new("206 Partial Content", &served[..130_000]).with("Content-Range", range)
            }
            (_, None) => Reply::file(request, &served, "\"v1\""),
        });
        let place = Place::new();
        place.pull(&tiny(&[server.url("/a")], "")).unwrap();
        place.assert_pulled(&body);
        assert_eq!(server.ranges(), [None, Some(70_000), None], "{range}");
    }
}

#[test]
fn without_a_name_for_the_version_and_without_a_sum_the_whole_is_asked_for_again() {
    let body = gguf(200_000);
    for etag in ["", "W/\"v1\""] {
        let served = body.clone();
        let server = Server::start(move |number, request| {
            let reply = Reply::file(request, &served, etag);
            if number == 0 { reply.cut_after(70_000) } else { reply }
        });
        let place = Place::new();
        place.pull(&tiny(&[server.url("/a")], "")).unwrap();
        place.assert_pulled(&body);
        assert_eq!(server.ranges(), [None, None], "{etag}");
    }
}

#[test]
fn a_server_that_always_cuts_is_given_up_and_what_came_is_kept() {
    let body = gguf(200_000);
    let served = body.clone();
    let server = Server::start(move |_, request| Reply::file(request, &served, "\"v1\"").cut_after(10_000));
    let place = Place::new();
    let model = tiny(&[server.url("/a")], "");
    let told = place.told(&model);
    assert!(told.contains("ended the connection after 40000 bytes"), "{told}");
    assert!(told.contains("40000 bytes are kept, and the next pull goes on from there"), "{told}");
    assert_eq!(server.requests().len(), 4);
    assert_eq!(place.names(), ["a.gguf.part", "a.gguf.part.json"]);
    assert!(place.told(&model).contains("80000 bytes are kept"));
    assert_eq!(server.ranges()[4], Some(40_000));
}

#[test]
fn a_long_file_is_pulled_through_any_number_of_cuts_as_long_as_it_comes_further() {
    let body = gguf(8 << 20);
    let served = body.clone();
    let server = Server::start(move |_, request| {
        Reply::file(request, &served, "\"v1\"").cut_after((1 << 20) + (1 << 17))
    });
    let place = Place::new();
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
    place.assert_pulled(&body);
    assert!(server.requests().len() > 2 * place.options.retries as usize);
}

#[test]
fn nothing_is_kept_that_no_later_pull_could_go_on_with() {
    let server = Server::start(move |_, request| Reply::file(request, &gguf(200_000), "").cut_after(10_000));
    let place = Place::new();
    let told = place.told(&tiny(&[server.url("/a")], ""));
    assert!(!told.contains("kept"), "{told}");
    place.assert_nothing_is_there();
}

#[test]
fn a_file_that_is_shorter_than_the_manifest_says_is_a_cut_one() {
    let body = gguf(1000);
    for end in [End::Chunks, End::Unsaid] {
        let served = body[..600].to_vec();
        let server = Server::start(move |_, _| Reply::new("200 OK", &served).ending(end));
        let place = Place::new();
        let told = place.told(&tiny(&[server.url("/a")], ", bytes = 1000"));
        assert!(
            told.contains("ended the connection after 600 bytes of the file (the file has 1000 bytes)"),
            "{told}"
        );
        assert_eq!(place.read(FILE), None);
    }
    let server = Server::start(move |_, _| Reply::new("200 OK", &gguf(600)).ending(End::Promised(1000)));
    let told = Place::new().told(&tiny(&[server.url("/a")], ""));
    assert!(told.contains("ended the connection after 600 bytes"), "{told}");
}

#[test]
fn the_next_address_is_asked_when_one_fails_and_goes_on_if_the_sum_tells() {
    let body = gguf(200_000);
    let good = Server::with_file(&body);
    for (rest, range) in [(with_sum(&body), Some(10_000)), (String::new(), None)] {
        let served = body.clone();
        let bad = Server::start(move |number, request| match number {
            0 => Reply::file(request, &served, "\"other\"").cut_after(10_000),
            _ => Reply::new("404 Not Found", b""),
        });
        let place = Place::new();
        let got = place.got(&tiny(&[bad.url("/x"), good.url("/a")], &rest));
        assert_eq!(fetched(&got).to_string(), sum_of(&body));
        place.assert_pulled(&body);
        assert_eq!(good.ranges().last(), Some(&range));
    }
}
