//! Keys and values of a sequence, in pages of a fixed number of positions. A fork shares its pages with
//! its origin and copies a page when it writes to it. Must not know weights or what is computed from it.

use std::sync::Arc;

/// Positions in a page. Small enough that a fork copies little, large enough that a page is read in one go.
pub(super) const PAGE: usize = 32;

/// What a model's cache looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) layers: usize,
    pub(super) kv_heads: usize,
    pub(super) head_width: usize,
}

impl Geometry {
    /// Numbers in a page's keys (its values are as many).
    fn page_numbers(self) -> usize {
        self.layers * self.kv_heads * PAGE * self.head_width
    }
}

/// Layer by layer, head by head, position by position.
#[derive(Debug, Clone)]
struct Page {
    keys: Vec<f32>,
    values: Vec<f32>,
}

/// The keys and values of one sequence. Cloning is cheap: it shares the pages.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    geometry: Geometry,
    pages: Vec<Arc<Page>>,
    length: usize,
}

impl Cache {
    pub(super) fn new(geometry: Geometry) -> Self {
        Self { geometry, pages: Vec::new(), length: 0 }
    }

    pub(super) fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Positions that are filled in every layer.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Makes room for `more` positions after the filled ones.
    pub(super) fn reserve(&mut self, more: usize) {
        let numbers = self.geometry.page_numbers();
        while self.pages.len() * PAGE < self.length + more {
            self.pages.push(Arc::new(Page { keys: vec![0.0; numbers], values: vec![0.0; numbers] }));
        }
    }

    /// Writes rows of keys and values of one layer, from `position` on, into reserved room.
    pub(super) fn write(&mut self, layer: usize, position: usize, keys: &[f32], values: &[f32]) {
        let Geometry { kv_heads, head_width, .. } = self.geometry;
        let width = kv_heads * head_width;
        for (row, (keys, values)) in keys.chunks_exact(width).zip(values.chunks_exact(width)).enumerate() {
            let at = position + row;
            let Some(page) = self.pages.get_mut(at / PAGE) else { return };
            let page = Arc::make_mut(page);
            for head in 0..kv_heads {
                let to = ((layer * kv_heads + head) * PAGE + at % PAGE) * head_width;
                let from = head * head_width;
                page.keys[to..to + head_width].copy_from_slice(&keys[from..from + head_width]);
                page.values[to..to + head_width].copy_from_slice(&values[from..from + head_width]);
            }
        }
    }

    /// Counts `more` positions as filled, after every layer has written them.
    pub(super) fn commit(&mut self, more: usize) {
        self.length += more;
    }

    /// Forgets everything from position `to` on.
    pub(super) fn truncate(&mut self, to: usize) {
        if to < self.length {
            self.length = to;
            self.pages.truncate(to.div_ceil(PAGE));
        }
    }

    /// The keys and values of one head in one page: `PAGE` rows each.
    pub(super) fn head(&self, layer: usize, head: usize, page: usize) -> (&[f32], &[f32]) {
        let numbers = PAGE * self.geometry.head_width;
        let at = (layer * self.geometry.kv_heads + head) * numbers;
        match self.pages.get(page) {
            Some(page) => (&page.keys[at..at + numbers], &page.values[at..at + numbers]),
            None => (&[], &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GEOMETRY: Geometry = Geometry { layers: 1, kv_heads: 2, head_width: 2 };

    fn filled(positions: usize) -> Cache {
        let mut cache = Cache::new(GEOMETRY);
        cache.reserve(positions);
        let rows: Vec<f32> = (0..positions * 4).map(|i| i as f32).collect();
        cache.write(0, 0, &rows, &rows);
        cache.commit(positions);
        cache
    }

    #[test]
    fn every_head_finds_its_own_rows() {
        let cache = filled(PAGE + 1);
        assert_eq!(cache.head(0, 1, 0).0[..4], [2.0, 3.0, 6.0, 7.0]);
        let later = (PAGE * 4) as f32;
        assert_eq!(cache.head(0, 0, 1).1[..2], [later, later + 1.0]);
    }

    #[test]
    fn a_fork_does_not_see_what_its_origin_writes_later() {
        let mut origin = filled(3);
        let fork = origin.clone();
        origin.write(0, 2, &[-1.0; 4], &[-1.0; 4]);
        assert_eq!(fork.head(0, 0, 0).0[4..6], [8.0, 9.0]);
        assert_eq!(origin.head(0, 0, 0).0[4..6], [-1.0, -1.0]);
    }

    #[test]
    fn a_fork_shares_the_pages_it_does_not_write_to() {
        let origin = filled(2 * PAGE);
        let mut fork = origin.clone();
        fork.reserve(1);
        fork.write(0, 2 * PAGE, &[1.0; 4], &[1.0; 4]);
        assert!(Arc::ptr_eq(&origin.pages[1], &fork.pages[1]));
        assert_eq!(origin.pages.len(), 2);
    }

    #[test]
    fn truncating_frees_whole_pages() {
        let mut cache = filled(2 * PAGE + 1);
        cache.truncate(PAGE);
        assert_eq!((cache.len(), cache.pages.len()), (PAGE, 1));
    }
}
