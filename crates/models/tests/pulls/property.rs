//! Whatever a server does, cut by cut: the file under the name is the right one, or there is none.

use proptest::prelude::*;

use super::server::{End, Reply, Server};
use super::{FILE, Place, gguf, tiny, with_sum};

/// What a server does to one request.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// It answers as it should, and ends after a part of it, in percent.
    Cut(usize),
    /// It ignores the range, and ends after a part of the file.
    Whole(usize),
    /// It gives the file in chunks, and ends after a part of it.
    Chunked(usize),
    /// It forgets the name of the version.
    Nameless(usize),
    /// It gives the rest from another place than the one that was asked for.
    Displaced(usize),
    /// It fails.
    Busy,
    /// It has another file from now on.
    Change,
}

fn act() -> impl Strategy<Value = Act> {
    let percent = 0_usize..=120;
    prop_oneof![
        4 => percent.clone().prop_map(Act::Cut),
        1 => percent.clone().prop_map(Act::Whole),
        1 => percent.clone().prop_map(Act::Chunked),
        1 => percent.clone().prop_map(Act::Nameless),
        1 => percent.prop_map(Act::Displaced),
        1 => Just(Act::Busy),
        1 => Just(Act::Change),
    ]
}

/// The two files that the server has, one after the other. They differ everywhere.
fn versions(length: usize) -> [Vec<u8>; 2] {
    let first = gguf(length);
    let second =
        first.iter().enumerate().map(|(at, byte)| if at < 4 { *byte } else { byte ^ 0xff }).collect();
    [first, second]
}

fn server(acts: Vec<Act>, files: [Vec<u8>; 2]) -> Server {
    Server::start(move |number, request| {
        let changes = acts.iter().take(number + 1).filter(|act| matches!(act, Act::Change)).count();
        let (file, etag) = (&files[changes % 2], format!("\"v{changes}\""));
        let good = Reply::file(request, file, &etag);
        let of = |percent: usize| file.len() * percent / 100;
        let cut =
            |reply: Reply, percent: usize| if percent >= 100 { reply } else { reply.cut_after(of(percent)) };
        match acts.get(number) {
            Some(Act::Cut(percent)) => cut(good, *percent),
            Some(Act::Whole(percent)) => cut(Reply::new("200 OK", file).with("ETag", &etag), *percent),
            Some(Act::Chunked(percent)) => {
                cut(Reply::new("200 OK", file).with("ETag", &etag).ending(End::Chunks), *percent)
            }
            Some(Act::Nameless(percent)) => cut(Reply::file(request, file, ""), *percent),
            Some(Act::Displaced(percent)) if request.range().is_some() => {
                let from = of(*percent).min(file.len() - 1);
                let range = format!("bytes {from}-{}/{}", file.len() - 1, file.len());
                Reply::new("206 Partial Content", &file[from..])
                    .with("ETag", &etag)
                    .with("Content-Range", &range)
            }
            Some(Act::Busy) => Reply::new("503 Service Unavailable", b"try later"),
            Some(Act::Displaced(_) | Act::Change) | None => good,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_pattern_of_cuts_and_changes_ends_with_one_whole_version_or_an_error(
        acts in prop::collection::vec(act(), 0..8),
        length in 600_usize..200_000,
        knows_sum in any::<bool>(),
        pulls in 1_usize..4,
    ) {
        let files = versions(length);
        let server = server(acts, files.clone());
        let rest = if knows_sum { with_sum(&files[0]) } else { String::new() };
        let model = tiny(&[server.url("/a")], &rest);
        let place = Place::new();
        for _ in 0..pulls {
            let pulled = place.pull(&model);
            prop_assert_eq!(pulled.is_ok(), place.read(FILE).is_some());
            if let Some(file) = place.read(FILE) {
                let is_right = file == files[0] || (!knows_sum && file == files[1]);
                prop_assert!(is_right, "a file of {} bytes that nobody has", file.len());
                place.assert_pulled(&file);
            }
        }
    }

    #[test]
    fn any_pattern_of_cuts_ends_with_the_file_if_the_server_recovers_in_time(
        acts in prop::collection::vec((0_usize..100).prop_map(Act::Cut), 0..=3),
        length in 600_usize..200_000,
    ) {
        let files = versions(length);
        let server = server(acts, files.clone());
        let place = Place::new();
        place.pull(&tiny(&[server.url("/a")], "")).unwrap();
        place.assert_pulled(&files[0]);
    }
}
