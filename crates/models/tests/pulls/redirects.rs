//! Redirects, mirrors and the token: where it goes, and where it must not.

use offhook_models::{Address, Token};

use super::server::{Reply, Server};
use super::{Place, gguf, sum_of, tiny};

fn token(server: &Server) -> Option<Token> {
    Some(Token::new("hf_secret", &server.url(""), "the test").unwrap())
}

#[test]
fn the_token_goes_to_its_server_and_is_dropped_on_the_way_to_another() {
    let body = gguf(1000);
    let store = Server::with_file(&body);
    let to = store.url("/signed?signature=s");
    let hub = Server::start(
        move |number, _| if number == 0 { Reply::redirect("/b") } else { Reply::redirect(&to) },
    );
    let mut place = Place::new();
    place.options.token = token(&hub);
    place.pull(&tiny(&[hub.url("/a")], "")).unwrap();
    place.assert_pulled(&body);
    let authorizations = |server: &Server| -> Vec<Option<String>> {
        server.requests().iter().map(|request| request.header("authorization").map(str::to_owned)).collect()
    };
    let sent = Some("Bearer hf_secret".to_owned());
    assert_eq!(authorizations(&hub), [sent.clone(), sent]);
    assert_eq!(authorizations(&store), [None]);
    assert_eq!(store.requests()[0].path, "/signed?signature=s");
}

#[test]
fn the_token_is_not_sent_to_a_server_that_comes_back_to_its_own() {
    let hub = Server::start(|_, _| Reply::new("401 Unauthorized", b""));
    let to = hub.url("/steal");
    let other = Server::start(move |_, _| Reply::redirect(&to));
    let mut place = Place::new();
    place.options.token = token(&hub);
    let told = place.told(&tiny(&[other.url("/a")], ""));
    assert!(told.contains("the token was not sent, because it is for http://127.0.0.1:"), "{told}");
    assert!(!told.contains("secret"), "{told}");
    let sent: Vec<bool> =
        hub.requests().iter().map(|request| request.header("authorization").is_some()).collect();
    assert_eq!(sent, [false], "it goes to the server of the manifest's address, or nowhere");
    assert_eq!(other.requests()[0].header("authorization"), None);
}

#[test]
fn a_refused_token_is_told_without_it() {
    let hub = Server::start(|_, _| Reply::new("403 Forbidden", b""));
    let mut place = Place::new();
    place.options.token = token(&hub);
    let told = place.told(&tiny(&[hub.url("/a")], ""));
    assert!(told.contains("with the account of the token that was sent"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn redirects_end_somewhere() {
    let server = Server::start(|_, request| Reply::redirect(&request.path));
    let told = Place::new().told(&tiny(&[server.url("/a")], ""));
    assert!(told.contains("leads from one address to the next, more than 5 times"), "{told}");
    assert_eq!(server.requests().len(), 6);
    let body = gguf(1000);
    let served = body.clone();
    let server = Server::start(move |number, request| match number {
        0..5 => Reply::redirect(&format!("/{number}")),
        _ => Reply::file(request, &served, "\"v1\""),
    });
    let place = Place::new();
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
    place.assert_pulled(&body);
}

#[test]
fn a_redirect_to_where_others_could_change_the_file_is_refused() {
    for (to, told) in [("http://a.example/b", "is not https"), ("ftp://a.example/b", "is not https")] {
        let server = Server::start(move |_, _| Reply::redirect(to));
        let all = Place::new().told(&tiny(&[server.url("/a")], ""));
        assert!(all.contains(told), "{all}");
        assert_eq!(server.requests().len(), 1);
    }
    let server = Server::start(|_, _| Reply::new("302 Found", b""));
    let told = Place::new().told(&tiny(&[server.url("/a")], ""));
    assert!(told.contains("the redirect says no address"), "{told}");
}

#[test]
fn after_a_redirect_a_cut_pull_goes_on_through_the_same_door() {
    let body = gguf(200_000);
    let (served, sum) = (body.clone(), sum_of(&body));
    let server = Server::start(move |number, request| match (request.path.as_str(), number) {
        ("/a", _) => Reply::redirect("/store").with("X-Linked-Etag", &sum),
        (_, 1) => Reply::file(request, &served, "\"v1\"").cut_after(70_000),
        (_, _) => Reply::file(request, &served, "\"v1\""),
    });
    let place = Place::new();
    place.pull(&tiny(&[server.url("/a")], "")).unwrap();
    place.assert_pulled(&body);
    let paths: Vec<String> = server.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/a", "/store", "/a", "/store"]);
    assert_eq!(server.ranges(), [None, None, Some(70_000), Some(70_000)]);
}

#[test]
fn a_mirror_is_asked_for_the_same_path_and_nobody_else_is_asked() {
    let body = gguf(1000);
    let mirror = Server::with_file(&body);
    let mut place = Place::new();
    place.options.base_url = Some(Address::new(&mirror.url("/hf/")).unwrap());
    let original = "https://models.example/org/repo/resolve/main/a.gguf".to_owned();
    place.pull(&tiny(&[original], "")).unwrap();
    place.assert_pulled(&body);
    assert_eq!(mirror.requests()[0].path, "/hf/org/repo/resolve/main/a.gguf");
}
