//! Keys and values of a sequence, in pages of a fixed number of positions. A fork shares its pages with its
//! origin, and copies a page before it writes to it. Must not know weights, or what is computed from the
//! cache.

use std::ops::Range;
use std::sync::Arc;

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::pool::{CacheFull, Geometry, PAGE, Page, Pool};

/// The keys and values of one sequence, as 16-bit floats.
///
/// A page has its keys, then its values, each layer by layer, head by head. A head's values are stored row by
/// row. Its keys are transposed: each number for all positions in turn, so that a query meets the keys of a
/// whole page at once.
#[derive(Debug)]
pub(super) struct Cache {
    pool: Arc<Pool>,
    pages: Vec<Arc<Page>>,
    length: usize,
}

impl Clone for Cache {
    /// A fork: cheap, because it shares the pages. Pages that are only reserved stay with the origin.
    fn clone(&self) -> Self {
        let filled = self.pages.iter().take(self.length.div_ceil(PAGE));
        Self { pool: Arc::clone(&self.pool), pages: filled.cloned().collect(), length: self.length }
    }
}

impl Cache {
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self { pool, pages: Vec::new(), length: 0 }
    }

    pub(super) fn geometry(&self) -> Geometry {
        self.pool.geometry()
    }

    /// Positions that are filled in every layer.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Makes room for `more` positions after the filled ones: takes missing pages from the pool, and copies
    /// the last page if another cache shares it. Until the next fork, `write` then cannot fail there.
    ///
    /// # Errors
    /// If the pool does not have enough pages. The cache is then unchanged.
    pub(super) fn reserve(&mut self, more: usize) -> Result<(), CacheFull> {
        let first = self.length / PAGE;
        let end = if more == 0 { first } else { (self.length + more).div_ceil(PAGE) };
        let shared = |page: usize| self.pages.get(page).is_none_or(|page| Arc::strong_count(page) > 1);
        let missing: Vec<usize> = (first..end).filter(|page| shared(*page)).collect();
        let taken = self.pool.take(missing.len())?;
        for (at, mut page) in missing.into_iter().zip(taken) {
            match self.pages.get_mut(at) {
                Some(old) => {
                    page.numbers_mut().copy_from_slice(old.numbers());
                    *old = Arc::new(page);
                }
                None => self.pages.push(Arc::new(page)),
            }
        }
        Ok(())
    }

    /// Writes rows of keys and values of one layer, from `position` on, into reserved room. Numbers too large
    /// for 16-bit floats become the largest that fit.
    pub(super) fn write(&mut self, layer: usize, position: usize, keys: &[f32], values: &[f32]) {
        let Geometry { kv_heads, head_width, .. } = self.geometry();
        let width = kv_heads * head_width;
        let (keys, values) = (halves(keys), halves(values));
        let middle = self.geometry().page_numbers();
        let end = position + keys.len() / width;
        for (page, slots) in pages(position, end) {
            let Some(page_numbers) = self.pages.get_mut(page).and_then(Arc::get_mut).map(Page::numbers_mut)
            else {
                debug_assert!(false, "page {page} was not reserved");
                return;
            };
            let (all_keys, all_values) = page_numbers.split_at_mut(middle);
            let row = (page * PAGE + slots.start - position) * width;
            for head in 0..kv_heads {
                let at = (layer * kv_heads + head) * PAGE * head_width;
                let from = row + head * head_width;
                let to = &mut all_values[at + slots.start * head_width..at + slots.end * head_width];
                for (to, from) in to.chunks_exact_mut(head_width).zip(values[from..].chunks(width)) {
                    to.copy_from_slice(&from[..head_width]);
                }
                let to = all_keys[at..at + PAGE * head_width].chunks_exact_mut(PAGE);
                for (number, to) in to.enumerate() {
                    let from = keys[from + number..].iter().step_by(width);
                    to[slots.clone()].iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }

    /// Counts `more` positions as filled, after every layer has written them.
    pub(super) fn commit(&mut self, more: usize) {
        self.length += more;
    }

    /// Forgets everything from position `to` on, and gives back reserved pages.
    pub(super) fn truncate(&mut self, to: usize) {
        self.length = self.length.min(to);
        self.pages.truncate(self.length.div_ceil(PAGE));
    }

    /// The keys and values of one head in one page: keys as rows of [`PAGE`] numbers, one for each position,
    /// values as [`PAGE`] rows. Positions that are not filled may hold anything.
    pub(super) fn head(&self, layer: usize, head: usize, page: usize) -> (&[f16], &[f16]) {
        let Geometry { kv_heads, head_width, .. } = self.geometry();
        let numbers = PAGE * head_width;
        let at = (layer * kv_heads + head) * numbers;
        match self.pages.get(page) {
            Some(page) => {
                let (keys, values) = page.numbers().split_at(self.geometry().page_numbers());
                (&keys[at..at + numbers], &values[at..at + numbers])
            }
            None => (&[], &[]),
        }
    }
}

/// The pages that hold positions `begin..end`, each with the slots that belong to them.
pub(super) fn pages(begin: usize, end: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let pages = (begin / PAGE..end.div_ceil(PAGE)).map(move |page| {
        let first = page * PAGE;
        (page, begin.saturating_sub(first)..(end - first).min(PAGE))
    });
    pages.filter(|(_, slots)| !slots.is_empty())
}

/// Converts to 16-bit floats, none of them infinite: a weight of zero times infinity would be NaN.
fn halves(numbers: &[f32]) -> Vec<f16> {
    let limit = f16::MAX.to_f32();
    let bounded: Vec<f32> = numbers.iter().map(|number| number.clamp(-limit, limit)).collect();
    let mut halves = vec![f16::ZERO; numbers.len()];
    halves.convert_from_f32_slice(&bounded);
    halves
}

#[cfg(test)]
mod tests;
