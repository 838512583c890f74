//! Changes lists element by element, so that their layout and comments stay. Must not know where a list is.

use std::ops::Range;

use toml::Value;
use toml::de::DeArray;

use crate::splice::Splice;
use crate::text;

/// The splices that make the list at `span` the list `new`.
pub(crate) fn splices(
    text: &str,
    span: Range<usize>,
    items: &DeArray<'_>,
    old: &Value,
    new: &[Value],
) -> Option<Vec<Splice>> {
    let old = old.as_array()?;
    let spans: Vec<Range<usize>> = items.iter().map(toml::Spanned::span).collect();
    if old.is_empty() || new.is_empty() || spans.len() != old.len() {
        return Some(vec![(span, text::written(&Value::Array(new.to_vec()), None)?)]);
    }
    let same = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let most = old.len().min(new.len()) - same;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(old, new)| old == new).count();
    let (left, come) = (old.len() - same - tail, new.len() - same - tail);
    let mut splices = Vec::new();
    for at in same..same + left.min(come) {
        splices.push((spans[at].clone(), text::written(&new[at], None)?));
    }
    if left > come {
        let (first, last) = (same + come, same + left - 1);
        // The separator goes with the elements: the one behind them, or the one before the last of all.
        let gone = match spans.get(last + 1) {
            Some(next) => spans[first].start..next.start,
            None => spans[first - 1].end..spans[last].end,
        };
        splices.push((gone, String::new()));
    }
    let between = match spans.as_slice() {
        [first, second, ..] => text.get(first.end..second.start)?,
        _ => ", ",
    };
    let between = if between.chars().all(|c| c == ',' || c.is_whitespace()) { between } else { ", " };
    let mut more = String::new();
    for value in new.iter().take(same + come).skip(same + left.min(come)) {
        let written = text::written(value, None)?;
        // At the beginning there is nothing to come after.
        more += &if same + left == 0 { format!("{written}{between}") } else { format!("{between}{written}") };
    }
    if !more.is_empty() {
        let at = if same + left == 0 { spans[0].start } else { spans[same + left - 1].end };
        match splices.iter_mut().find(|(range, _)| range.end == at) {
            Some((_, with)) => with.push_str(&more),
            None => splices.push((at..at, more)),
        }
    }
    Some(splices)
}
