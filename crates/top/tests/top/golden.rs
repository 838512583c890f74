//! Whole screens, compared with those in `golden/`. With `OFFHOOK_WRITE_GOLDEN=1` they are written instead,
//! to be looked at before they are committed.

use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use offhook_top::{Key, State, View, svg, text};

use super::{realistic, screen, view};

fn same(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/top/golden").join(name);
    if env::var_os("OFFHOOK_WRITE_GOLDEN").is_some() {
        fs::write(&path, found).unwrap();
    }
    let right = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == right, "{name} is another one:\n{found}");
}

#[test]
fn a_usual_terminal_shows_what_matters_most() {
    same("80x24.txt", &screen(&view(realistic()), 80, 24));
}

#[test]
fn a_large_terminal_shows_everything() {
    same("120x40.txt", &screen(&view(realistic()), 120, 40));
    same("200x60.txt", &screen(&view(realistic()), 200, 60));
}

#[test]
fn the_smallest_terminal_still_shows_calls_engines_and_the_total() {
    same("60x16.txt", &screen(&view(realistic()), 60, 16));
}

#[test]
fn a_server_that_cannot_be_reached_is_told_above_its_last_figures() {
    let mut view = view(realistic());
    view.told(Err("127.0.0.1:8080 refused the connection".to_owned()), Duration::from_secs(75));
    let _ = view.key(Key::Down);
    let _ = view.key(Key::Down);
    same("unreachable.txt", &screen(&view, 80, 24));
}

#[test]
fn a_server_that_was_never_reached_is_told_alone() {
    let mut view = View::new(true);
    assert!(screen(&view, 80, 24).contains("waiting for the server's figures"));
    view.told(Err("no route to 10.0.0.9:8080".to_owned()), Duration::from_secs(1));
    let shown = screen(&view, 80, 24);
    assert!(shown.contains("offhook  NO REPLY\nREASON   no route to 10.0.0.9:8080\n"), "{shown}");
    assert!(!shown.contains("old") && shown.contains("q quit"), "{shown}");
}

#[test]
fn an_empty_state_shows_that_nothing_is_known() {
    same("empty.txt", &screen(&view(State::default()), 80, 24));
}

#[test]
fn a_pipe_gets_the_same_as_plain_text() {
    let found = text(&realistic(), 100);
    assert!(found.lines().all(|line| line.chars().count() <= 100 && !line.contains('\u{1b}')));
    same("text.txt", &found);
}

#[test]
fn the_page_of_help_fits_into_a_usual_terminal() {
    let mut view = view(realistic());
    let _ = view.key(Key::Char('?'));
    same("help.txt", &screen(&view, 80, 24));
}

#[test]
fn the_picture_is_well_formed_and_has_every_word_of_the_screen() {
    let mut state = realistic();
    state.calls[0].id = "<&\u{1b}\">".to_owned();
    let picture = svg(&state, 100, 30);
    assert!(picture.contains("&lt;&amp;\u{fffd}\"&gt;") && picture.ends_with("</svg>\n"));
    assert_eq!(picture.matches("<text").count(), picture.matches("</text>").count());
    for word in ["QUALITY", "ENGINES", "voice to voice", "degraded"] {
        assert!(picture.contains(word), "{word}");
    }
}
