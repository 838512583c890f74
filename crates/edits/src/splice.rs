//! Parts of a text that are replaced. Must not know what they say.

use std::ops::Range;

/// A part of the text, in bytes, and what takes its place.
pub(crate) type Splice = (Range<usize>, String);

/// The text with all of the splices, none of which overlap.
pub(crate) fn spliced(text: &str, mut splices: Vec<Splice>) -> Option<String> {
    splices.sort_by_key(|(range, _)| range.start);
    let (mut new, mut from) = (String::with_capacity(text.len()), 0);
    for (range, with) in splices {
        new.push_str(text.get(from..range.start)?);
        new.push_str(&with);
        from = range.end;
    }
    new.push_str(text.get(from..)?);
    Some(new)
}
