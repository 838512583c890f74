//! What the screen promises, on a terminal in memory: what is shown at which size, that keys do what they
//! say, and that nothing a server or a caller sends garbles it. Each test is a sentence.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod form;
mod golden;
mod hostile;
mod keys;
mod property;

use std::time::Duration;

use offhook_top::{State, View, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

/// The state of a server on a busy day.
fn realistic() -> State {
    serde_json::from_str(include_str!("realistic.json")).unwrap()
}

/// A view of this state that came just now.
fn view(state: State) -> View {
    let mut view = View::new(true);
    view.told(Ok(state), Duration::ZERO);
    view
}

/// The cells of a screen of this size.
fn cells(view: &View, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, view)).unwrap();
    terminal.backend().buffer().clone()
}

/// Its lines, without blanks at their ends.
fn screen(view: &View, width: u16, height: u16) -> String {
    let buffer = cells(view, width, height);
    let mut out = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut x = 0;
        while x < width {
            let cell = &buffer[(x, y)];
            line.push_str(cell.symbol());
            x += ratatui::buffer::CellWidth::cell_width(cell).max(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
