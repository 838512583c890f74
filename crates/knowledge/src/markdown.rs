//! The blocks of a Markdown text, without its marks. Must not know what becomes of them.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A paragraph, an item of a list or a row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Block {
    pub(crate) headings: Vec<String>,
    pub(crate) text: String,
}

/// The paragraphs, items and rows of a Markdown text, each under its headings.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        reader.read(event);
    }
    reader.end_block();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    headings: Vec<(HeadingLevel, String)>,
    /// What was read of the current block, heading or cell.
    text: String,
    /// The cells of the current row, and those of the first row of its table.
    row: Vec<String>,
    header: Vec<String>,
}

impl Reader {
    fn read(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                self.end_block();
                self.headings.retain(|(other, _)| *other < level);
            }
            Event::End(TagEnd::Heading(level)) => {
                let heading = taken(&mut self.text);
                if !heading.is_empty() {
                    self.headings.push((level, heading));
                }
            }
            Event::End(TagEnd::TableCell) => self.row.push(taken(&mut self.text)),
            Event::End(TagEnd::TableHead) => self.header = std::mem::take(&mut self.row),
            Event::End(TagEnd::TableRow) => self.end_row(),
            Event::Start(Tag::Paragraph | Tag::Item | Tag::Table(_) | Tag::CodeBlock(_))
            | Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::CodeBlock)
            | Event::Rule => self.end_block(),
            Event::Text(text) | Event::Code(text) => self.text.push_str(&text),
            Event::SoftBreak => self.text.push(' '),
            Event::HardBreak => self.text.push('\n'),
            // Marks, and what only a browser shows.
            Event::Start(_)
            | Event::End(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => {}
        }
    }

    fn end_block(&mut self) {
        let text = taken(&mut self.text);
        self.put(text);
    }

    /// A row is a line of its own: the first cell, and behind it the others with what stands over them.
    fn end_row(&mut self) {
        let cells = std::mem::take(&mut self.row);
        let several = cells.len() > 2;
        let titled = |(column, cell): (usize, &String)| match self.header.get(column) {
            Some(title) if several && !title.is_empty() => format!("{title} {cell}"),
            _ => cell.clone(),
        };
        let others = cells.iter().enumerate().skip(1).filter(|(_, cell)| !cell.is_empty()).map(titled);
        let others = others.collect::<Vec<_>>().join(", ");
        let first = cells.first().cloned().unwrap_or_default();
        self.put(if others.is_empty() { first } else { format!("{first}: {others}") });
    }

    fn put(&mut self, text: String) {
        if !text.is_empty() {
            let headings = self.headings.iter().map(|(_, heading)| heading.clone()).collect();
            self.blocks.push(Block { headings, text });
        }
    }
}

fn taken(text: &mut String) -> String {
    std::mem::take(text).trim().to_owned()
}
