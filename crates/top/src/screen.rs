//! The screen as a whole: which part has how many lines. What does not fit is left out, the least important
//! first. Must not know what a part says.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::figures::time;
use crate::line::{Ink, Line};
use crate::paint::put;
use crate::state::State;
use crate::view::View;
use crate::{advice, calls, engines, foot, head, latency, quality, sparks, tally};

/// The smallest screen that says anything.
const LEAST: (u16, u16) = (60, 16);

/// A part, in the order in which they stand below each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Sparks,
    Latency,
    Engines,
    Quality,
    Room,
    Calls,
    Advice,
    Tally,
}

const PARTS: [Part; 8] = [
    Part::Sparks,
    Part::Latency,
    Part::Engines,
    Part::Quality,
    Part::Room,
    Part::Calls,
    Part::Advice,
    Part::Tally,
];

/// All that a part has.
const ALL: usize = usize::MAX;

/// Who gets lines, until there are none left: the part, and how many it has then.
const GRANTS: [(Part, usize); 15] = [
    (Part::Quality, 1),
    (Part::Calls, 3),
    (Part::Latency, 2),
    (Part::Engines, 5),
    (Part::Sparks, 3),
    (Part::Latency, 7),
    (Part::Advice, 2),
    (Part::Calls, 5),
    (Part::Quality, ALL),
    (Part::Room, ALL),
    (Part::Engines, ALL),
    (Part::Calls, 10),
    (Part::Advice, ALL),
    (Part::Tally, ALL),
    (Part::Calls, ALL),
];

/// What is nice to have once everything is there.
const EXTRAS: [(Part, usize); 2] = [(Part::Latency, ALL), (Part::Sparks, ALL)];

/// The parts before which there is a blank line: as many as there is room for.
const GAPS: [&[Part]; 2] = [
    &[Part::Sparks, Part::Latency, Part::Engines, Part::Quality, Part::Calls, Part::Advice, Part::Tally],
    &[Part::Latency, Part::Engines, Part::Calls],
];

/// Draws what a person sees.
pub fn draw(frame: &mut Frame<'_>, view: &View) {
    let area = frame.area();
    paint(frame.buffer_mut(), area, view);
}

/// The same into any cells.
pub(crate) fn paint(buffer: &mut Buffer, area: Rect, view: &View) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let line = format!(
            "offhook top needs {} columns and {} lines: {width}x{height} is too small",
            LEAST.0, LEAST.1
        );
        put(buffer, area, &Line::of(line, Ink::Plain).wrap(width.max(1), 0), view.colour());
        return;
    }
    let mut lines = top(view, width);
    lines.truncate(height / 3);
    let left = height - lines.len() - 1;
    match view.state() {
        _ if view.help() => {
            lines.push(Line::default());
            lines.extend(foot::help(width));
        }
        Some(state) => lines.extend(body(state, view, width, left)),
        None => {}
    }
    put(buffer, Rect { height: area.height - 1, ..area }, &lines, view.colour());
    let last = Rect { y: area.bottom() - 1, height: 1, ..area };
    put(buffer, last, &[foot::line(view.sort(), width)], view.colour());
}

/// The head, and what is wrong.
fn top(view: &View, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    match view.state() {
        Some(state) => lines.push(head::figures(state, view.problem().is_none(), width)),
        None if view.problem().is_none() => {
            let line = Line::of("offhook", Ink::Title).with("  waiting for the server's figures", Ink::Plain);
            lines.push(line.fit(width));
        }
        None => lines.push(Line::of("offhook", Ink::Title).with("  NO REPLY", Ink::Bad)),
    }
    if let Some(problem) = view.problem() {
        let line = head::named("REASON").with(problem, Ink::Bad);
        match view.state().and(view.old()) {
            Some(age) => {
                let age = format!("these figures are {} old", time(age.as_secs_f64()));
                lines.push(line.fit(width));
                lines.push(head::named("AGE").with(age, Ink::Warning).fit(width));
            }
            None => lines.extend(line.wrap(width, head::INDENT)),
        }
    } else if let Some(age) = view.old().filter(|_| view.state().is_some()) {
        let text = format!("the server has not answered for {}", time(age.as_secs_f64()));
        lines.push(head::named("SLOW").with(text, Ink::Warning).fit(width));
    }
    lines.extend(view.state().into_iter().flat_map(|state| head::troubles(state, width)));
    lines
}

/// All parts in this many lines, with blank lines between them if there is room for that.
fn body(state: &State, view: &View, width: usize, height: usize) -> Vec<Line> {
    let selected = view.selected();
    let draw = |part: Part, height: usize| match part {
        Part::Sparks => sparks::lines(state, width, height.clamp(2, 4) - 1),
        Part::Latency => latency::lines(state, width),
        Part::Engines => engines::lines(state, width, height),
        Part::Quality => quality::lines(state, width),
        Part::Room => quality::room(state, width),
        Part::Calls => calls::lines(state, view.sort(), selected, width, height),
        Part::Advice => advice::lines(state, width),
        Part::Tally => tally::lines(state, width),
    };
    let wanted = PARTS.map(|part| match part {
        Part::Calls => calls::wanted(state, selected),
        Part::Sparks
        | Part::Latency
        | Part::Engines
        | Part::Quality
        | Part::Room
        | Part::Advice
        | Part::Tally => draw(part, ALL).len(),
    });
    let (heights, gaps) = plan(wanted, height);
    let mut lines = Vec::new();
    for ((part, height), wanted) in PARTS.into_iter().zip(heights).zip(wanted) {
        if height == 0 {
            continue;
        }
        if gaps.contains(&part) {
            lines.push(Line::default());
        }
        let mut drawn = draw(part, height);
        drawn.truncate(height);
        // A sentence that is cut says so; tables say it in their titles.
        if height < wanted && matches!(part, Part::Quality | Part::Advice | Part::Tally) {
            drawn = with_ellipsis(drawn, width);
        }
        lines.extend(drawn);
    }
    lines
}

fn with_ellipsis(mut lines: Vec<Line>, width: usize) -> Vec<Line> {
    if let Some(last) = lines.pop() {
        lines.push(last.with(" …", Ink::Quiet).fit(width));
    }
    lines
}

/// The lines of each part, and the parts before which there is a blank line.
fn plan(wanted: [usize; PARTS.len()], height: usize) -> ([usize; PARTS.len()], &'static [Part]) {
    let (mut heights, mut left) = ([0; PARTS.len()], height);
    let grant = |heights: &mut [usize; PARTS.len()], left: &mut usize, (part, most): (Part, usize)| {
        let Some(i) = PARTS.iter().position(|other| *other == part) else { return };
        let more = most.min(wanted[i]).saturating_sub(heights[i]);
        // Half of the stages, or a title alone, would be read as all there is.
        let whole = matches!(part, Part::Latency | Part::Sparks) || heights[i] == 0;
        if more <= *left || !whole {
            let more = more.min(*left);
            heights[i] += more;
            *left -= more;
        }
    };
    for of in GRANTS {
        grant(&mut heights, &mut left, of);
    }
    let blanks = |gaps: &[Part]| {
        let shown = PARTS.iter().zip(heights).filter(|(_, height)| *height > 0);
        shown.filter(|(part, _)| gaps.contains(part)).count()
    };
    let gaps = GAPS.into_iter().find(|gaps| blanks(gaps) <= left).unwrap_or_default();
    left -= blanks(gaps);
    for of in EXTRAS {
        grant(&mut heights, &mut left, of);
    }
    (heights, gaps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_screen_shows_the_most_important_parts_and_a_large_one_all() {
        let wanted = [3, 8, 4, 2, 1, 7, 4, 2];
        assert_eq!(plan(wanted, 14), ([3, 2, 4, 1, 0, 4, 0, 0], &[][..]));
        assert_eq!(plan(wanted, 22), ([3, 7, 4, 1, 0, 5, 2, 0], &[][..]));
        assert_eq!(plan(wanted, 60), (wanted, GAPS[0]));
        assert_eq!(plan([0; 8], 10), ([0; 8], GAPS[0]));
    }
}
