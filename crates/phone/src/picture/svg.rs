//! The few SVG shapes that a picture is made of, written as text that is always well-formed: words are
//! escaped, numbers are finite, elements are closed. Must not know what the picture shows.

use std::fmt::Write as _;

/// Fonts of which every system has one.
const FONTS: &str = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";

/// The width of a common letter, in font sizes: a little more than most fonts need.
const LETTER: f64 = 0.56;

/// A drawing that is being written.
#[derive(Debug)]
pub(crate) struct Svg {
    out: String,
    open: Vec<&'static str>,
}

/// The style of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pen {
    /// Font size.
    pub(crate) size: f64,
    /// Colour.
    pub(crate) fill: &'static str,
    /// Whether the letters are bold.
    pub(crate) bold: bool,
    /// The point of the text that is placed: `start`, `middle` or `end`.
    pub(crate) anchor: &'static str,
}

impl Svg {
    /// A drawing of this size on a background of its own; `title` and `desc` are for screen readers.
    pub(crate) fn new(width: f64, height: f64, background: &str, title: &str, desc: &str) -> Self {
        let mut svg = Self { out: String::new(), open: Vec::new() };
        let (w, h) = (number(width), number(height));
        svg.start(
            "svg",
            &format!(
                r#"xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-labelledby="title desc" font-family="{FONTS}""#
            ),
        );
        svg.line(&format!(r#"<title id="title">{}</title>"#, escaped(title)));
        svg.line(&format!(r#"<desc id="desc">{}</desc>"#, escaped(desc)));
        svg.line(&format!(r#"<rect width="{w}" height="{h}" rx="12" fill="{background}"/>"#));
        svg
    }

    /// The finished text.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.out
    }

    /// Opens a group with a tooltip; `end` closes it.
    pub(crate) fn group(&mut self, tip: &str) {
        self.start("g", "");
        self.line(&format!("<title>{}</title>", escaped(tip)));
    }

    /// Closes the element that was opened last.
    pub(crate) fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            self.line(&format!("</{name}>"));
        }
    }

    /// A rectangle; nothing if it has no width or height.
    pub(crate) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), look: &str) {
        if width <= 0.0 || height <= 0.0 {
            return;
        }
        self.line(&format!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" {look}/>"#,
            number(x),
            number(y),
            number(width),
            number(height)
        ));
    }

    /// One or several lines along the points of a [`Path`].
    pub(crate) fn path(&mut self, path: &Path, look: &str) {
        if !path.0.is_empty() {
            self.line(&format!(r#"<path d="{}" {look}/>"#, path.0));
        }
    }

    /// One line of text.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), text: &str, pen: Pen) {
        if text.is_empty() {
            return;
        }
        let weight = if pen.bold { r#" font-weight="600""# } else { "" };
        let anchor = match pen.anchor {
            "start" => String::new(),
            anchor => format!(r#" text-anchor="{anchor}""#),
        };
        self.line(&format!(
            r#"<text x="{}" y="{}" font-size="{}" fill="{}"{weight}{anchor}>{}</text>"#,
            number(x),
            number(y),
            number(pen.size),
            pen.fill,
            escaped(text)
        ));
    }

    fn start(&mut self, name: &'static str, attributes: &str) {
        let space = if attributes.is_empty() { "" } else { " " };
        self.line(&format!("<{name}{space}{attributes}>"));
        self.open.push(name);
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }
}

/// The points of a path.
#[derive(Debug, Default)]
pub(crate) struct Path(String);

impl Path {
    /// Adds a separate straight line.
    pub(crate) fn stroke(&mut self, from: (f64, f64), to: (f64, f64)) {
        let _ = write!(self.0, "M{} {}", number(from.0), number(from.1));
        let _ = write!(self.0, "L{} {}", number(to.0), number(to.1));
    }

    /// An area with these corners.
    pub(crate) fn area(corners: &[(f64, f64)]) -> Self {
        let mut path = Self::default();
        for (i, corner) in corners.iter().enumerate() {
            let to = if i == 0 { 'M' } else { 'L' };
            let _ = write!(path.0, "{to}{} {}", number(corner.0), number(corner.1));
        }
        path.0.push('Z');
        path
    }
}

/// A number with at most one decimal, and always valid in SVG.
pub(crate) fn number(value: f64) -> String {
    let value = if value.is_finite() { (value * 10.0).round() / 10.0 } else { 0.0 };
    // The sum turns -0 into 0.
    format!("{}", value + 0.0)
}

/// Text for XML: the five special characters are escaped, and characters that XML does not allow are left
/// out.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The approximate width of a text; fonts differ.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    // From U+1100 on are the scripts of East Asia, whose characters are square.
    text.chars().map(|c| if c < '\u{1100}' { LETTER } else { 1.0 }).sum::<f64>() * size
}

/// A text in at most `lines` lines of about this width; `…` replaces the rest.
pub(crate) fn wrapped(text: &str, size: f64, room: f64, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let longer = out.last().map(|line| format!("{line} {word}")).filter(|line| width(line, size) <= room);
        match (longer, out.last_mut()) {
            (Some(longer), Some(last)) => *last = longer,
            _ => out.push(word.to_owned()),
        }
    }
    let left_out = out.len() > lines;
    out.truncate(lines);
    let count = out.len();
    for (i, line) in out.iter_mut().enumerate() {
        let dots = left_out && i + 1 == count;
        if dots || width(line, size) > room {
            while !line.is_empty() && width(line, size) + size * LETTER > room {
                line.pop();
            }
            *line = format!("{}…", line.trim_end());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_fit_for_xml() {
        assert_eq!(escaped("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
        assert_eq!(escaped("a\u{0}b\nc\u{1b}[1m\u{ffff}é"), "ab c[1mé");
    }

    #[test]
    fn numbers_are_short_and_finite() {
        assert_eq!(number(1.0), "1");
        assert_eq!(number(2.34), "2.3");
        assert_eq!(number(-0.01), "0");
        assert_eq!(number(f64::NAN), "0");
        assert_eq!(number(f64::INFINITY), "0");
    }

    #[test]
    fn long_texts_are_wrapped_and_cut() {
        assert_eq!(wrapped("one two three", 10.0, 50.0, 3), ["one two", "three"]);
        assert_eq!(wrapped("one two three four five", 10.0, 50.0, 2), ["one two", "three…"]);
        assert_eq!(wrapped("incomprehensible", 10.0, 50.0, 2), ["incompr…"]);
        assert_eq!(wrapped("  ", 10.0, 50.0, 2), [""; 0]);
        assert_eq!(wrapped("word", 10.0, -5.0, 2), ["…"]);
    }
}
