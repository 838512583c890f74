//! What is in the folder: verified without pretending, and removed without taking what others need.

use std::os::unix::fs::symlink;

use offhook_models::{Finding, Folder, Manifest, RemoveError};

use super::server::Server;
use super::{FILE, Place, gguf, sum_of, tiny, with_sum};

/// Two voices that share a file of tokens.
fn voices() -> Manifest {
    let voice = |name: &str| {
        format!(
            "[[model]]\nname = \"{name}\"\nkind = \"voice\"\npurpose = \"tests\"\nlicence = \"MIT\"\n\
             licence_url = \"https://a.example/licence\"\nfiles = [\n\
             {{ file = \"{name}.onnx\", url = \"https://a.example/{name}\" }},\n\
             {{ file = \"tokens.txt\", url = \"https://a.example/tokens\" }},\n]\n"
        )
    };
    Manifest::parse(&(voice("one") + &voice("two")), "the test's").unwrap()
}

#[test]
fn each_file_is_verified_with_what_is_known_of_it_and_no_more() {
    let body = gguf(1000);
    let server = Server::with_file(&body);
    let place = Place::new();
    let unknown = tiny(&[server.url("/a")], "");
    let known = tiny(&[server.url("/a")], &with_sum(&body));
    let sized = tiny(&[server.url("/a")], ", bytes = 1000");
    let finding = |model| place.options.folder.verify(model).remove(0).finding;
    assert_eq!(finding(&unknown), Finding::Missing);
    place.pull(&unknown).unwrap();
    assert_eq!(finding(&unknown), Finding::AsPulled);
    assert_eq!(finding(&known), Finding::AsPublished("the test".to_owned()));

    let mut damaged = body.clone();
    damaged[500] ^= 1;
    std::fs::write(place.at(FILE), &damaged).unwrap();
    for (model, by) in [(&known, "the test says"), (&unknown, "its record from when it was pulled says")] {
        let told = finding(model).to_string();
        assert!(
            told.contains(by) && told.contains(&sum_of(&body)) && told.contains(&sum_of(&damaged)),
            "{told}"
        );
        assert!(!finding(model).is_good());
    }
    std::fs::remove_file(place.at("a.gguf.sha256")).unwrap();
    assert_eq!(finding(&unknown), Finding::SumUnknown);
    assert!(finding(&unknown).to_string().contains("nobody knows"));

    std::fs::write(place.at(FILE), &body[..999]).unwrap();
    assert_eq!(finding(&sized), Finding::Length { expected: 1000, found: 999 });
    std::fs::write(place.at(FILE), "<html>").unwrap();
    assert_eq!(finding(&unknown), Finding::Form("it is a web page".to_owned()));
    std::fs::remove_file(place.at(FILE)).unwrap();
    std::fs::create_dir(place.at(FILE)).unwrap();
    assert!(matches!(finding(&unknown), Finding::Unreadable(_)));
}

#[test]
fn a_model_is_removed_with_all_that_was_kept_beside_it() {
    let place = Place::new();
    let place =
        ["one.onnx", "one.onnx.sha256", "tokens.txt", "tokens.txt.part", "tokens.txt.part.json", "mine"]
            .into_iter()
            .fold(place, |place, name| place.with(name, b"12345"));
    let removed = place.options.folder.remove(&voices(), "one").unwrap();
    assert_eq!(removed.files, ["one.onnx", "tokens.txt"]);
    assert_eq!(removed.bytes, 25);
    assert_eq!(place.names(), ["mine"]);
}

#[test]
fn a_file_that_another_model_needs_stays() {
    let place = Place::new();
    let place =
        ["one.onnx", "two.onnx", "tokens.txt"].into_iter().fold(place, |place, name| place.with(name, b"1"));
    let removed = place.options.folder.remove(&voices(), "one").unwrap();
    assert_eq!(removed.files, ["one.onnx"]);
    assert_eq!(removed.shared, [("tokens.txt".to_owned(), "two".to_owned())]);
    assert_eq!(place.names(), ["tokens.txt", "two.onnx"]);
    place.options.folder.remove(&voices(), "two").unwrap();
    place.assert_nothing_is_there();
}

#[test]
fn a_link_is_removed_and_what_it_leads_to_stays() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    let place = Place::new().with("tokens.txt", b"1");
    symlink(outside.path(), place.at("one.onnx")).unwrap();
    place.options.folder.remove(&voices(), "one").unwrap();
    place.assert_nothing_is_there();
    assert!(outside.path().exists());
}

#[test]
fn what_is_not_there_cannot_be_removed_and_what_does_not_exist_is_named() {
    let place = Place::new();
    let folder: &Folder = &place.options.folder;
    let told = folder.remove(&voices(), "one").unwrap_err().to_string();
    assert!(told.contains("one is not in ") && told.contains("nothing to remove"), "{told}");
    let told = folder.remove(&voices(), "onee").unwrap_err().to_string();
    assert!(told.contains("did you mean \"one\"?"), "{told}");
}

#[test]
fn a_model_that_is_being_pulled_is_not_removed() {
    let place = Place::new().with("one.onnx", b"1").with("one.onnx.lock", b"");
    let lock = std::fs::File::open(place.at("one.onnx.lock")).unwrap();
    lock.lock().unwrap();
    let error = place.options.folder.remove(&voices(), "one").unwrap_err();
    assert!(matches!(error, RemoveError::Locked(_)), "{error}");
    assert!(place.read("one.onnx").is_some());
}
