//! What keys do.

use std::time::Duration;

use offhook_top::{Key, Sort, State, Then, View};
use ratatui::style::{Color, Modifier};

use super::{cells, realistic, screen, view};

/// The name of the selected call, from the line that tells all of it.
fn selected(view: &View) -> String {
    let shown = screen(view, 200, 60);
    let line = shown.lines().find(|line| line.starts_with("  ") && line.contains(" median "));
    line.map_or_else(String::new, |line| line.trim_start().split(' ').next().unwrap().to_owned())
}

fn press(view: &mut View, keys: &str) {
    for key in keys.chars() {
        assert_eq!(view.key(Key::Char(key)), Then::Stay);
    }
}

#[test]
fn q_escape_and_ctrl_c_end_the_screen_and_other_keys_do_not() {
    for key in [Key::Char('q'), Key::Escape, Key::CtrlC] {
        assert_eq!(View::new(true).key(key), Then::Quit);
    }
    for key in [Key::Char('x'), Key::Up, Key::Down, Key::Char('s'), Key::Char('h')] {
        assert_eq!(View::new(true).key(key), Then::Stay);
    }
}

#[test]
fn escape_leaves_the_page_of_help_first() {
    let mut view = view(realistic());
    press(&mut view, "h");
    assert!(screen(&view, 80, 24).contains("half open"));
    assert_eq!(view.key(Key::Escape), Then::Stay);
    assert!(!view.help());
    assert_eq!(view.key(Key::Escape), Then::Quit);
}

#[test]
fn a_selected_call_stays_selected_when_the_order_changes_and_its_place_does_when_it_ends() {
    let mut view = view(realistic());
    assert_eq!(selected(&view), "");
    press(&mut view, "jjj");
    assert_eq!(selected(&view), "aaf11cc0-8874-4b5e-9a37-2f0d8b6c1e44");
    press(&mut view, "s");
    assert_eq!((view.sort(), view.selected()), (Sort::Latency, Some(0)));
    assert_eq!(selected(&view), "aaf11cc0-8874-4b5e-9a37-2f0d8b6c1e44");
    let mut state = realistic();
    state.calls.remove(2);
    view.told(Ok(state), Duration::from_secs(1));
    assert_eq!(view.selected(), Some(0));
    view.told(Ok(State::default()), Duration::from_secs(2));
    assert_eq!(view.selected(), None);
}

#[test]
fn the_arrows_stop_at_both_ends_also_if_calls_have_one_name() {
    let mut state = realistic();
    state.calls.iter_mut().for_each(|call| call.id = "same".to_owned());
    let mut view = view(state);
    press(&mut view, "jjjjjjjjjj");
    assert_eq!(view.selected(), Some(6));
    press(&mut view, "kkkkkkkkkkkk");
    assert_eq!(view.selected(), Some(0));
}

#[test]
fn the_selected_call_is_on_the_screen_however_many_there_are() {
    let mut state = realistic();
    let call = state.calls[0].clone();
    let name = |i| format!("call-{i:03}");
    state.calls = (0..200)
        .map(|i| offhook_top::Call { id: name(i), since_s: 1000.0 - f64::from(i), ..call.clone() })
        .collect();
    let mut view = view(state);
    for i in 0..200 {
        let _ = view.key(Key::Down);
        let buffer = cells(&view, 80, 24);
        let reversed = (0..24).filter(|y| buffer[(0, *y)].modifier.contains(Modifier::REVERSED));
        let rows: Vec<u16> = reversed.collect();
        assert_eq!(rows.len(), 1, "call {i}");
        let row: String = (0..8).map(|x| buffer[(x, rows[0])].symbol()).collect();
        assert_eq!(row, name(i));
    }
    assert!(screen(&view, 80, 24).contains(" of 200"), "{}", screen(&view, 80, 24));
}

#[test]
fn without_colours_there_are_none_and_the_words_are_the_same() {
    let mut plain = View::new(false);
    plain.told(Ok(realistic()), Duration::ZERO);
    press(&mut plain, "j");
    let mut coloured = view(realistic());
    press(&mut coloured, "j");
    assert_eq!(screen(&plain, 120, 40), screen(&coloured, 120, 40));
    assert!(cells(&plain, 120, 40).content.iter().all(|cell| cell.fg == Color::Reset));
    assert!(cells(&coloured, 120, 40).content.iter().any(|cell| cell.fg == Color::Green));
}

#[test]
fn a_server_that_is_slow_to_answer_is_told_without_an_error() {
    let mut view = view(realistic());
    view.at(Duration::from_secs(2));
    assert!(!screen(&view, 80, 24).contains("SLOW"));
    view.at(Duration::from_secs(9));
    assert!(screen(&view, 80, 24).contains("SLOW     the server has not answered for 9 s"));
    view.told(Ok(realistic()), Duration::from_secs(10));
    assert!(!screen(&view, 80, 24).contains("SLOW"));
}

#[test]
fn why_calls_are_refused_and_injected_faults_are_told_at_the_top() {
    let state = State {
        ready: false,
        not_ready: Some("the language model does not answer".to_owned()),
        faults: vec!["every tenth synthesis fails".to_owned()],
        ..realistic()
    };
    let shown = screen(&view(state.clone()), 80, 24);
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].contains("NOT READY"), "{shown}");
    assert_eq!(lines[1], "REFUSES  new calls, because the language model does not answer");
    assert_eq!(lines[2], "FAULTS   every tenth synthesis fails");
    assert!(screen(&view(State { draining: true, ..state }), 80, 24).contains("DRAINING"));
}
