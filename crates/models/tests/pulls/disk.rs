//! The disk's side of a pull: room, rights, links, other processes, and files that were there before.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use offhook_models::{Finding, Folder, Got};

use super::server::{End, Reply, Server};
use super::{FILE, Place, fetched, gguf, sum_of, tiny, with_sum};

#[test]
fn a_file_that_does_not_fit_is_refused_before_a_byte_is_written() {
    let server = Server::with_file(&gguf(3 << 20));
    let mut place = Place::new();
    place.options.free_space = |_| Ok(3 << 20);
    let told = place.told(&tiny(&[server.url("/a"), server.url("/b")], ""));
    assert!(told.contains("needs 4 MiB, 3 MiB are free in "), "{told}");
    assert!(told.contains("set OFFHOOK_MODELS to a folder on another disk"), "{told}");
    assert!(place.reports.borrow().is_empty());
    place.assert_nothing_is_there();
    assert_eq!(server.requests().len(), 1, "another address has no more room");
    place.options.free_space = |_| Ok(4 << 20);
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
}

#[test]
fn what_has_come_already_needs_no_room() {
    let body = gguf(3 << 20);
    let server = Server::with_file(&body);
    let mut place = Place::new().with("a.gguf.part", &body[..2 << 20]);
    place.options.free_space = |_| Ok(2 << 20);
    place.pull(&tiny(&[server.url("/a")], &with_sum(&body))).unwrap();
    place.assert_pulled(&body);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told_with_what_to_do() {
    let server = Server::with_file(&gguf(1000));
    let mut place = Place::new();
    // Nobody may make a folder there, not even root.
    place.options.folder = Folder::at("/sys/offhook-models");
    let told = place.told(&tiny(&[server.url("/a")], ""));
    assert!(told.contains("/sys/offhook-models: ") && told.contains("set OFFHOOK_MODELS"), "{told}");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn two_pulls_of_a_file_at_once_are_one_too_many() {
    let body = gguf(1000);
    let served = body.clone();
    let server = Server::start(move |_, request| {
        std::thread::sleep(Duration::from_millis(300));
        Reply::file(request, &served, "\"v1\"")
    });
    let place = Place::new();
    let model = tiny(&[server.url("/a")], "");
    let folder = place.options.folder.clone();
    std::thread::scope(|scope| {
        let pull = || offhook_models::pull(&model, &place.options, &|_| {});
        let first = {
            let (model, options) = (&model, &place.options);
            scope.spawn(move || offhook_models::pull(model, options, &|_| {}).map(|_| ()))
        };
        while server.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let told = pull().unwrap_err().to_string();
        assert!(told.contains("another process is pulling") && told.contains("a.gguf now: wait"), "{told}");
        first.join().unwrap().unwrap();
        assert!(matches!(pull().unwrap()[0].got, Got::WasThere(_)));
    });
    assert_eq!(std::fs::read(folder.root().join(FILE)).unwrap(), body);
    assert_eq!(place.names(), [FILE, "a.gguf.sha256"]);
}

#[test]
fn a_damaged_file_that_was_pulled_is_pulled_again() {
    let body = gguf(1000);
    let server = Server::with_file(&body);
    let place = Place::new();
    for rest in [with_sum(&body), String::new()] {
        let model = tiny(&[server.url("/a")], &rest);
        place.pull(&model).unwrap();
        std::fs::write(place.at(FILE), gguf(999)).unwrap();
        assert_eq!(fetched(&place.got(&model)).to_string(), sum_of(&body));
        place.assert_pulled(&body);
    }
}

#[test]
fn a_file_that_somebody_put_there_is_never_overwritten() {
    let server = Server::with_file(&gguf(1000));
    let place = Place::new().with(FILE, b"GGUF my own work");
    let told = place.told(&tiny(&[server.url("/a")], &with_sum(&gguf(1000))));
    assert!(told.contains("a.gguf is there and is not this file") && told.contains("move it away"), "{told}");
    assert_eq!(place.read(FILE).unwrap(), b"GGUF my own work");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_link_in_place_of_the_file_is_read_and_never_written_through() {
    let body = gguf(1000);
    let server = Server::with_file(&body);
    let model = tiny(&[server.url("/a")], &with_sum(&body));
    let place = Place::new().with("elsewhere", &body);
    symlink("elsewhere", place.at(FILE)).unwrap();
    assert_eq!(place.got(&model), Got::WasThere(Finding::AsPublished("the test".to_owned())));
    std::fs::write(place.at("elsewhere"), "GGUF mine").unwrap();
    assert!(place.told(&model).contains("move it away"));
    std::fs::remove_file(place.at("elsewhere")).unwrap();
    assert!(place.told(&model).contains("it cannot be read"), "a link that leads nowhere");
    assert_eq!(place.names(), [FILE]);
}

#[test]
fn a_link_in_place_of_what_is_written_is_refused_and_what_it_leads_to_stays() {
    let server = Server::with_file(&gguf(1000));
    let model = tiny(&[server.url("/a")], "");
    for name in ["a.gguf.part", "a.gguf.part.json", "a.gguf.sha256", "a.gguf.lock"] {
        let place = Place::new().with("precious", b"as it was");
        symlink("precious", place.at(name)).unwrap();
        match place.pull(&model) {
            Ok(_) => assert_eq!(name, "a.gguf.part.json", "whose link is removed, and not followed"),
            Err(error) => assert!(error.to_string().contains("it is a link"), "{name}: {error}"),
        }
        assert_eq!(place.read("precious").unwrap(), b"as it was", "{name}");
    }
}

#[test]
fn a_pipe_in_place_of_the_part_keeps_nobody_waiting() {
    let server = Server::with_file(&gguf(1000));
    let place = Place::new().with("x", b"");
    let made = std::process::Command::new("mkfifo").arg(place.at("a.gguf.part")).status().unwrap();
    assert!(made.success());
    let told = place.told(&tiny(&[server.url("/a")], ""));
    assert!(told.contains("a pipe"), "{told}");
}

#[test]
fn a_machine_without_a_network_takes_the_files_from_a_folder() {
    let body = gguf(200_000);
    let source = Place::new().with(FILE, &body);
    let mut place = Place::new().with("a.gguf.part", b"left by a download");
    place.options.offline = Some(source.options.folder.root().to_owned());
    let model = tiny(&["https://a.example/a.gguf".to_owned()], &with_sum(&body));
    let Got::Fetched { from, .. } = place.got(&model) else { panic!("it was not there") };
    assert_eq!(Path::new(&from), source.at(FILE));
    place.assert_pulled(&body);
}

#[test]
fn what_a_folder_has_is_checked_as_what_is_fetched() {
    let body = gguf(1000);
    for (there, rest, told) in [
        (None, String::new(), "--offline FOLDER expects the file under this name"),
        (Some(gguf(999)), ", bytes = 1000".to_owned(), "has 999 bytes, and the manifest says 1000"),
        (Some(gguf(999)), with_sum(&body), "its SHA-256 is "),
        (Some(b"<html>".to_vec()), String::new(), "it is a web page"),
    ] {
        let source = Place::new();
        let source = if let Some(bytes) = there { source.with(FILE, &bytes) } else { source };
        let mut place = Place::new();
        place.options.offline = Some(source.options.folder.root().to_owned());
        let all = place.told(&tiny(&["https://a.example/a.gguf".to_owned()], &rest));
        assert!(all.contains(told), "{all}");
        place.assert_nothing_is_there();
    }
}

/// Fault: a server that told no length could fill the disk to its last byte.
#[test]
fn a_file_of_unknown_length_leaves_the_reserve_free() {
    let body = gguf(3 << 20);
    let server = Server::start(move |_, _| Reply::new("200 OK", &body).ending(End::Endless));
    let mut place = Place::new();
    place.options.free_space = |_| Ok(8 << 20);
    let told = place.told(&tiny(&[server.url("/a")], ""));
    assert!(told.contains("needs more than 7 MiB, 7 MiB are free"), "{told}");
    place.assert_nothing_is_there();
}
