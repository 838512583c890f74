//! Lines into the cells of a terminal: the colour and weight of each meaning. Must not know what a line says.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::line::{Ink, Line};

/// Writes lines from the top of an area; what is beyond it is left out.
pub(crate) fn put(buffer: &mut Buffer, area: Rect, lines: &[Line], colour: bool) {
    let area = area.intersection(buffer.area);
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        let mut x = area.left();
        for piece in line.pieces() {
            let room = usize::from(area.right().saturating_sub(x));
            if room == 0 {
                break;
            }
            let mut style = style(piece.ink(), colour);
            if line.is_selected() {
                style = style.add_modifier(Modifier::REVERSED);
            }
            (x, _) = buffer.set_stringn(x, y, piece.text(), room, style);
        }
    }
}

/// The colours are those of the terminal's own palette, so that they suit light and dark ones.
fn style(ink: Ink, colour: bool) -> Style {
    let (hue, weight) = match ink {
        Ink::Plain => (None, Modifier::empty()),
        Ink::Quiet => (None, Modifier::DIM),
        Ink::Strong => (None, Modifier::BOLD),
        Ink::Title => (Some(Color::Cyan), Modifier::BOLD),
        Ink::Good => (Some(Color::Green), Modifier::empty()),
        Ink::Warning => (Some(Color::Yellow), Modifier::BOLD),
        Ink::Bad => (Some(Color::Red), Modifier::BOLD),
        Ink::Spark => (None, Modifier::DIM),
        Ink::Stage(stage) => (STAGES.get(stage).copied(), Modifier::empty()),
    };
    let style = Style::new().add_modifier(weight);
    hue.filter(|_| colour).map_or(style, |hue| style.fg(hue))
}

/// The colours of stages, in their order.
const STAGES: [Color; 5] = [Color::Blue, Color::Magenta, Color::Cyan, Color::Green, Color::Yellow];
