//! A pull whose process is killed: what came is there for the next one, and nothing is locked.

use std::process::{Command, Stdio};
use std::time::Duration;

use offhook_models::{Folder, Got, PullOptions, pull};

use super::server::{End, Reply, Server};
use super::{Place, gguf, tiny};

/// Tells the process what to pull, and where to.
const URL: &str = "OFFHOOK_TEST_URL";
const FOLDER: &str = "OFFHOOK_TEST_FOLDER";

#[test]
#[ignore = "the process that the other test kills"]
fn the_process() {
    let options = PullOptions::new(Folder::at(std::env::var(FOLDER).unwrap()));
    pull(&tiny(&[std::env::var(URL).unwrap()], ""), &options, &|_| {}).unwrap();
}

#[test]
fn what_a_killed_process_pulled_is_kept_and_gone_on_with() {
    let body = gguf(200_000);
    let served = body.clone();
    let server = Server::start(move |number, request| match number {
        0 => Reply::file(request, &served[..120_000], "\"v1\"")
            .ending(End::Promised(200_000))
            .held(Duration::from_secs(20)),
        _ => Reply::file(request, &served, "\"v1\""),
    });
    let place = Place::new();
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::the_process", "--ignored"])
        .env(URL, server.url("/a"))
        .env(FOLDER, place.options.folder.root())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while place.read("a.gguf.part").is_none_or(|part| part.len() < 120_000) {
        assert!(process.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::sleep(Duration::from_millis(5));
    }
    let model = tiny(&[server.url("/a")], "");
    let told = place.told(&model);
    assert!(told.contains("another process is pulling"), "{told}");
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(place.names(), ["a.gguf.lock", "a.gguf.part", "a.gguf.part.json"]);
    assert!(matches!(place.got(&model), Got::Fetched { .. }));
    place.assert_pulled(&body);
    assert_eq!(server.ranges(), [None, Some(120_000)]);
}
