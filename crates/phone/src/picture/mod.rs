//! A picture of a call: the voices of caller and agent as waves above each other, and between them the wait
//! of each turn, to scale and enlarged, with its stages. PURE: it is given the call and makes the text of an
//! SVG file. Must not know how anything was measured, nor files.

mod layout;
pub(crate) mod svg;

use std::ops::Range;

use super::dial::Outcome;
use super::result::{self, CallResult, TurnResult};
use super::terminal::{LATE_MS, label};
use layout::{Layout, Spot, bar_scale};
use offhook_core::audio::level::audible_span;
use offhook_core::stats::median;
use offhook_core::streams::native::StagesWire;
use offhook_core::units::PHONE_RATE;
use svg::{Path, Pen, Svg, width, wrapped};

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = WIDTH - 28.0;
const HEADER: f64 = 124.0;
const ROW: f64 = 288.0;
const FOOTER: f64 = 4.0;

// Distances from the top of a row.
const HEARD: f64 = 34.0;
const CALLER: f64 = 72.0;
const BAND: f64 = 102.0;
const BAR: f64 = 126.0;
const AGENT: f64 = 182.0;
const REPLY: f64 = 226.0;
const AXIS: f64 = 266.0;

/// Half the height of a wave.
const WAVE: f64 = 27.0;
const BAND_HEIGHT: f64 = 8.0;
const BAR_HEIGHT: f64 = 18.0;
/// The distance between bars of a wave.
const PITCH: f64 = 3.0;
/// A channel quieter than this is not scaled up to full height.
const FAINT: u16 = 2000;

/// The font size of the words, and the height of a line.
const WORDS: f64 = 14.0;
const LINE: f64 = 17.0;

/// The most pixels per millisecond of the enlarged bars, and the width of the figure beside them.
const ENLARGED: f64 = 0.5;
const BESIDE: f64 = 76.0;

/// The longest stage: more comes from a broken clock.
const LONGEST_MS: f64 = 600_000.0;

// Okabe and Ito's colours, which colour-blind people can tell apart, somewhat lighter on a dark background.
const GROUND: &str = "#10171f";
const PALE: &str = "#e8edf2";
const MUTED: &str = "#94a3b3";
const GRID: &str = "#25313d";
const INK: &str = "#0b1016";
const CALLER_COLOUR: &str = "#56b4e9";
const AGENT_COLOUR: &str = "#e69f00";
const ALARM: &str = "#ff7a4d";
const STAGES: [&str; 5] = ["#aab7c4", "#3d8fd6", "#d98bb8", "#1fb58a", "#f0e442"];

/// The wait of one turn, its place and its stages.
struct Wait<'a> {
    turn: &'a TurnResult,
    /// From the caller's last sound to the agent's first, in samples; empty if there was no answer.
    span: Range<usize>,
    spot: Spot,
    /// The names, colours and milliseconds of the stages that were reached.
    stages: Vec<(&'static str, &'static str, f64)>,
}

impl Wait<'_> {
    fn stages_ms(&self) -> f64 {
        self.stages.iter().map(|(_, _, ms)| ms).sum()
    }

    /// The length of the bar: the stopwatch and the server need not agree.
    fn ms(&self) -> f64 {
        self.stages_ms().max(self.turn.v2v_ms.unwrap_or(0.0))
    }

    fn tip(&self) -> String {
        let stages = self.stages.iter().map(|(name, _, ms)| format!("{name} {ms:.0} ms"));
        let parts: Vec<String> = std::iter::once(self.figure()).chain(stages).collect();
        format!("turn {}: {}", self.turn.turn, parts.join(", "))
    }

    fn figure(&self) -> String {
        self.turn.v2v_ms.map_or_else(|| "no answer".to_owned(), |ms| format!("{ms:.0} ms"))
    }
}

/// The words beside a wave.
struct Words {
    spot: Spot,
    text: String,
}

/// Draws a call.
pub fn draw(result: &CallResult, outcome: &Outcome) -> String {
    let len = outcome.caller.len().max(outcome.agent.len());
    let starts: Vec<usize> = outcome.turns.iter().map(|turn| turn.start).collect();
    let layout = Layout::new(len, &starts, LEFT, RIGHT);
    let waits = waits(result, outcome, &layout);
    let height = HEADER + ROW * layout.rows.len() as f64 + FOOTER;
    let (figure, sentence) = headline(result);
    let title = format!("A phone call: {figure} {sentence}");
    let mut svg = Svg::new(WIDTH, height, GROUND, title.trim(), &description(result, outcome));
    header(&mut svg, result, outcome, (&figure, &sentence), len);
    let scale = enlargement(&waits, &layout);
    if waits.iter().any(|wait| wait.ms() > 0.0) {
        let text = format!("lower bars: ×{:.0}", scale / layout.px_per_ms());
        svg.text((RIGHT, 98.0), &text, Pen { size: 13.0, fill: MUTED, bold: false, anchor: "end" });
    }
    for row in 0..layout.rows.len() {
        ground(&mut svg, &layout, row, &waits);
        for (samples, middle, colour) in
            [(&outcome.caller, CALLER, CALLER_COLOUR), (&outcome.agent, AGENT, AGENT_COLOUR)]
        {
            wave(&mut svg, &layout, row, samples, middle, colour);
        }
    }
    for wait in &waits {
        bar(&mut svg, &layout, wait, scale);
    }
    let (heard, replies) = words(result, outcome, &layout);
    write_words(&mut svg, &heard, |lines| HEARD - LINE * (lines as f64 - 1.0), CALLER_COLOUR);
    write_words(&mut svg, &replies, |_| REPLY, AGENT_COLOUR);
    svg.finish()
}

fn top(row: usize) -> f64 {
    HEADER + ROW * row as f64
}

fn samples(ms: f64) -> usize {
    (ms.clamp(0.0, LONGEST_MS) * f64::from(PHONE_RATE) / 1000.0) as usize
}

/// The waits of the turns that were begun.
fn waits<'a>(result: &'a CallResult, outcome: &Outcome, layout: &Layout) -> Vec<Wait<'a>> {
    let turns = result.turns.iter().zip(&outcome.turns);
    turns
        .map(|(turn, said)| {
            let stages = turn.stages.named().into_iter().zip(STAGES);
            let stages = stages
                .filter_map(|((name, ms), colour)| Some((label(name), colour, ms?.clamp(0.0, LONGEST_MS))));
            Wait {
                turn,
                span: said.speech_end..said.speech_end + samples(turn.v2v_ms.unwrap_or(0.0)),
                spot: layout.spot(said.speech_end),
                stages: stages.collect(),
            }
        })
        .collect()
}

/// The headline of the call: a figure and its meaning.
fn headline(result: &CallResult) -> (String, String) {
    match result.v2v() {
        Some((median, _)) => (
            format!("{median:.0} ms"),
            "in the median, from the caller's last sound to the agent's first".to_owned(),
        ),
        None => (String::new(), "No turn was answered".to_owned()),
    }
}

/// The picture in words.
fn description(result: &CallResult, outcome: &Outcome) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(text) = result::greeting(&outcome.turns, &outcome.reports) {
        parts.push(format!("The agent greets: {text}"));
    }
    for turn in &result.turns {
        let time = turn.v2v_ms.map_or_else(|| "no answer".to_owned(), |ms| format!("{ms:.0} ms"));
        let mut part = format!("Turn {}, {time}.", turn.turn);
        // Not every gateway carries reports.
        for (what, words) in [("Heard", &turn.heard), ("Replied", &turn.reply)] {
            if !words.is_empty() {
                part += &format!(" {what}: {words}");
            }
        }
        parts.push(part);
    }
    parts.join("\n")
}

fn header(svg: &mut Svg, result: &CallResult, outcome: &Outcome, headline: (&str, &str), len: usize) {
    let (figure, sentence) = headline;
    let big = Pen { size: 30.0, fill: PALE, bold: true, anchor: "start" };
    let plain = Pen { size: 18.0, bold: false, ..big };
    let small = Pen { size: 13.0, fill: MUTED, ..plain };
    svg.text((LEFT, 46.0), figure, big);
    let after = if figure.is_empty() { LEFT } else { LEFT + width(figure, big.size) * 1.2 + 14.0 };
    svg.text((after, 46.0), sentence, plain);
    let answered = result.turns.len() - result.unanswered();
    let mut facts = vec![format!("{answered} of {} turns answered", result.turns.len())];
    if let Some((median, max)) = result.v2v() {
        facts.push(format!("median {median:.0} ms, longest {max:.0} ms"));
    }
    facts.push(format!("{} glitches", result.glitches));
    facts.push(format!("{:.0} s", len as f64 / f64::from(PHONE_RATE)));
    if outcome.late_ms > LATE_MS {
        facts.push(format!("times may be off by {:.0} ms", outcome.late_ms));
    }
    svg.text((LEFT, 70.0), &facts.join("  ·  "), small);
    legend(svg, result, small);
}

/// The legend: the colours with the medians of the stages.
fn legend(svg: &mut Svg, result: &CallResult, pen: Pen) {
    let mut x = LEFT;
    let y = 98.0;
    let of_stage = |i: usize| result.turns.iter().filter_map(move |turn| turn.stages.named()[i].1);
    let medians: Vec<_> = (0..STAGES.len()).map(|i| median(of_stage(i))).collect();
    if medians.iter().any(Option::is_some) {
        svg.text((x, y), "median of", pen);
        x += width("median of", pen.size) + 10.0;
    }
    for (i, (name, _)) in StagesWire::default().named().into_iter().enumerate() {
        svg.rect((x, y - 10.0), (12.0, 12.0), &format!(r#"rx="2" fill="{}""#, STAGES[i]));
        let text = match medians[i] {
            Some(ms) => format!("{} {ms:.0} ms", label(name)),
            None => label(name).to_owned(),
        };
        svg.text((x + 18.0, y), &text, Pen { fill: PALE, ..pen });
        x += 18.0 + width(&text, pen.size) + 20.0;
    }
}

/// The background of a row: the seconds, the waits, the names of the voices.
fn ground(svg: &mut Svg, layout: &Layout, row: usize, waits: &[Wait<'_>]) {
    let y = top(row);
    let Some(shown) = layout.rows.get(row) else { return };
    let second = PHONE_RATE as usize;
    let end = layout.x(row, shown.end);
    let tick = Pen { size: 11.0, fill: MUTED, bold: false, anchor: "middle" };
    let mut grid = Path::default();
    for n in shown.start.div_ceil(second)..=shown.end / second {
        let x = layout.x(row, n * second);
        grid.stroke((x, y + CALLER - WAVE), (x, y + CALLER + WAVE));
        grid.stroke((x, y + AGENT - WAVE), (x, y + AGENT + WAVE));
        svg.text((x, y + AXIS), &format!("{n} s"), tick);
    }
    for middle in [CALLER, AGENT] {
        grid.stroke((LEFT, y + middle), (end, y + middle));
    }
    svg.path(&grid, &format!(r#"stroke="{GRID}" fill="none""#));
    for (name, middle, fill) in [("caller", CALLER, CALLER_COLOUR), ("agent", AGENT, AGENT_COLOUR)] {
        svg.text((LEFT - 14.0, y + middle + 5.0), name, Pen { size: 14.0, fill, bold: true, anchor: "end" });
    }
    for wait in waits {
        if let Some((from, to)) = layout.in_row(row, &wait.span) {
            let look = format!(r#"fill="{PALE}" fill-opacity="0.13""#);
            svg.rect((from, y + CALLER - WAVE), (to - from, BAND - CALLER + WAVE), &look);
            svg.rect((from, y + AGENT - WAVE), (to - from, 2.0 * WAVE), &look);
        }
        stages_in_time(svg, layout, row, wait);
    }
}

/// The stages of a wait, to scale.
fn stages_in_time(svg: &mut Svg, layout: &Layout, row: usize, wait: &Wait<'_>) {
    let y = top(row) + BAND;
    if wait.stages.is_empty()
        && let Some((from, to)) = layout.in_row(row, &wait.span)
    {
        svg.rect((from, y), (to - from, BAND_HEIGHT), &format!(r#"fill="{MUTED}""#));
    }
    let mut passed = 0.0;
    for (_, colour, ms) in &wait.stages {
        let from = wait.span.start + samples(passed);
        passed += ms;
        if let Some((from, to)) = layout.in_row(row, &(from..wait.span.start + samples(passed))) {
            svg.rect((from, y), (to - from, BAND_HEIGHT), &format!(r#"fill="{colour}""#));
        }
    }
}

/// The wave of a voice: one stroke for every few pixels, as high as its loudest sample.
fn wave(svg: &mut Svg, layout: &Layout, row: usize, samples: &[i16], middle: f64, colour: &str) {
    let Some(shown) = layout.rows.get(row) else { return };
    let loudest = samples.iter().map(|s| s.unsigned_abs()).fold(FAINT, u16::max);
    let bucket = ((PITCH / layout.px_per_sample()) as usize).max(1);
    let y = top(row) + middle;
    let mut path = Path::default();
    for from in (shown.start..shown.end.min(samples.len())).step_by(bucket) {
        let slice = &samples[from..shown.end.min(samples.len()).min(from + bucket)];
        let peak = slice.iter().map(|s| s.unsigned_abs()).fold(0, u16::max);
        // Less than proportional, so that quiet sounds are visible, too.
        let half = WAVE * (f64::from(peak) / f64::from(loudest)).powf(0.75);
        if half >= 1.0 {
            let x = layout.x(row, from + bucket / 2);
            path.stroke((x, y - half), (x, y + half));
        }
    }
    svg.path(&path, &format!(r#"stroke="{colour}" stroke-width="2" stroke-linecap="round" fill="none""#));
}

/// Pixels per millisecond of all enlarged bars.
fn enlargement(waits: &[Wait<'_>], layout: &Layout) -> f64 {
    let bars: Vec<(f64, f64)> = waits
        .iter()
        .enumerate()
        .map(|(i, wait)| {
            let next = waits.get(i + 1).filter(|next| next.spot.row == wait.spot.row);
            (wait.ms(), next.map_or(RIGHT, |next| next.spot.x) - wait.spot.x - BESIDE)
        })
        .collect();
    bar_scale(&bars, layout.px_per_ms(), ENLARGED)
}

/// The enlarged wait of a turn, with its time.
fn bar(svg: &mut Svg, layout: &Layout, wait: &Wait<'_>, scale: f64) {
    let y = top(wait.spot.row) + BAR;
    let (start, long) = (wait.spot.x, wait.ms() * scale);
    let x = start.min(RIGHT - BESIDE - long).max(LEFT);
    svg.group(&wait.tip());
    if long > 0.0 {
        let from = top(wait.spot.row) + BAND + BAND_HEIGHT;
        let to = start + wait.ms() * layout.px_per_ms();
        let corners = [(start, from), (to.min(RIGHT), from), (x + long, y), (x, y)];
        svg.path(&Path::area(&corners), &format!(r#"fill="{PALE}" fill-opacity="0.13""#));
    }
    if wait.stages.is_empty() {
        svg.rect((x, y), (long, BAR_HEIGHT), &format!(r#"fill="{MUTED}""#));
    }
    let mut at = x;
    for (_, colour, ms) in &wait.stages {
        let wide = ms * scale;
        svg.rect((at, y), (wide, BAR_HEIGHT), &format!(r#"fill="{colour}""#));
        let text = format!("{ms:.0}");
        let pen = Pen { size: 11.0, fill: INK, bold: false, anchor: "middle" };
        if width(&text, pen.size) + 4.0 <= wide {
            svg.text((at + wide / 2.0, y + 13.0), &text, pen);
        }
        at += wide;
    }
    // The stopwatch, below the server's stages.
    if let Some(ms) = wait.turn.v2v_ms.filter(|ms| *ms > 0.0) {
        let mut path = Path::default();
        let (end, under) = (x + ms * scale, y + BAR_HEIGHT + 4.0);
        path.stroke((x, under), (end, under));
        path.stroke((end, under - 3.0), (end, under + 3.0));
        path.stroke((x, under - 3.0), (x, under + 3.0));
        svg.path(&path, &format!(r#"stroke="{PALE}" fill="none""#));
    }
    let fill = if wait.turn.v2v_ms.is_some() { PALE } else { ALARM };
    let pen = Pen { size: 15.0, fill, bold: true, anchor: "start" };
    let after = if long > 0.0 { x + long + 8.0 } else { x };
    svg.text((after, y + 14.5), &wait.figure(), pen);
    svg.end();
}

/// The words of the caller and of the agent, each where its sound begins.
fn words(result: &CallResult, outcome: &Outcome, layout: &Layout) -> (Vec<Words>, Vec<Words>) {
    let at = |position, text: String| Words { spot: layout.spot(position), text };
    let mut replies = Vec::new();
    if let Some(text) = result::greeting(&outcome.turns, &outcome.reports) {
        let until = outcome.turns.first().map_or(outcome.agent.len(), |turn| turn.start);
        let before = outcome.agent.get(..until).and_then(|heard| audible_span(heard, PHONE_RATE));
        replies.push(at(before.map_or(0, |span| span.start), text));
    }
    let mut heard = Vec::new();
    for (turn, said) in result.turns.iter().zip(&outcome.turns) {
        heard.push(at(said.start, turn.heard.clone()));
        let cut = if turn.interrupted && !turn.reply.is_empty() { " (cut)" } else { "" };
        let answer = said.speech_end + samples(turn.v2v_ms.unwrap_or(0.0));
        replies.push(at(answer, format!("{}{cut}", turn.reply)));
    }
    heard.retain(|words| !words.text.is_empty());
    replies.retain(|words| !words.text.is_empty());
    (heard, replies)
}

/// Writes words in the room before the next ones begin, in at most two lines; `first` gives the place of the
/// first line in the row, from the number of lines.
fn write_words(svg: &mut Svg, all: &[Words], first: impl Fn(usize) -> f64, fill: &'static str) {
    for (i, words) in all.iter().enumerate() {
        let next = all.get(i + 1).filter(|next| next.spot.row == words.spot.row);
        let x = words.spot.x.min(RIGHT - 160.0);
        let room = next.map_or(WIDTH - 16.0, |next| next.spot.x - 14.0) - x;
        let lines = wrapped(&words.text, WORDS, room, 2);
        svg.group(&words.text);
        for (n, line) in lines.iter().enumerate() {
            let y = top(words.spot.row) + first(lines.len()) + LINE * n as f64;
            svg.text((x, y), line, Pen { size: WORDS, fill, bold: false, anchor: "start" });
        }
        svg.end();
    }
}

#[cfg(test)]
mod tests;
