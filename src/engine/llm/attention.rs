//! Causal attention of new rows over a paged cache, head by head. Must not know weights or sequences.

use std::sync::{Mutex, PoisonError};

use super::cache::{Cache, PAGE};
use super::math::{add_scaled, dot, softmax};

/// From this many multiplications on, the heads are shared out to candle's threads. Below it, waking
/// them costs more than it saves.
const SHARE_FROM: usize = 1 << 20;

/// How a layer looks at the cache.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) layer: usize,
    /// Heads of queries.
    pub(super) heads: usize,
    /// A row sees itself and this many minus one before it; `None` sees all.
    pub(super) window: Option<usize>,
    /// What a product of query and key is multiplied by.
    pub(super) scale: f32,
}

/// What every head needs to know.
struct Call<'a> {
    queries: &'a [f32],
    /// Position of the first row.
    start: usize,
    view: View,
    cache: &'a Cache,
}

/// For rows of queries that begin at position `start`, the weighted values they see: themselves and all
/// before them, or the last `window` positions. Their own keys and values are in the cache already.
pub(super) fn attend(queries: &[f32], start: usize, view: View, cache: &Cache) -> Vec<f32> {
    let heads = view.heads;
    let head_width = cache.geometry().head_width;
    let width = heads * head_width;
    let rows = queries.len() / width;
    let call = Call { queries, start, view, cache };
    let mut out = vec![0.0; queries.len()];
    let work = 2 * rows * (start + rows) * width;
    if work < SHARE_FROM {
        let mut scores = Vec::with_capacity(start + rows);
        for head in 0..heads {
            for (row, out) in out.chunks_exact_mut(width).enumerate() {
                let out = &mut out[head * head_width..(head + 1) * head_width];
                call.one(head, row, &mut scores, out);
            }
        }
        return out;
    }
    let shared: Vec<Mutex<Vec<f32>>> = (0..heads).map(|_| Mutex::default()).collect();
    candle_core::utils::barrier_pool().execute_chunked(heads, |mine| {
        let mut scores = Vec::with_capacity(start + rows);
        for head in mine {
            let mut seen = vec![0.0; rows * head_width];
            for (row, out) in seen.chunks_exact_mut(head_width).enumerate() {
                call.one(head, row, &mut scores, out);
            }
            if let Some(slot) = shared.get(head) {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = seen;
            }
        }
    });
    for (head, seen) in shared.into_iter().enumerate() {
        let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (out, seen) in out.chunks_exact_mut(width).zip(seen.chunks_exact(head_width)) {
            out[head * head_width..(head + 1) * head_width].copy_from_slice(seen);
        }
    }
    out
}

impl Call<'_> {
    /// One head of one row; `scores` is scratch, `out` is all zeros.
    fn one(&self, head: usize, row: usize, scores: &mut Vec<f32>, out: &mut [f32]) {
        let geometry = self.cache.geometry();
        let head_width = geometry.head_width;
        let View { layer, heads, window, scale } = self.view;
        let kv_head = head / (heads / geometry.kv_heads);
        let query = &self.queries[(row * heads + head) * head_width..][..head_width];
        let end = self.start + row + 1;
        let begin = window.map_or(0, |window| end.saturating_sub(window));
        scores.clear();
        for (page, slots) in pages(begin, end) {
            let (keys, _) = self.cache.head(layer, kv_head, page);
            let keys = keys[slots.start * head_width..slots.end * head_width].chunks_exact(head_width);
            scores.extend(keys.map(|key| dot(query, key) * scale));
        }
        softmax(scores);
        let mut weights = scores.iter();
        for (page, slots) in pages(begin, end) {
            let (_, values) = self.cache.head(layer, kv_head, page);
            let values = values[slots.start * head_width..slots.end * head_width].chunks_exact(head_width);
            for (value, weight) in values.zip(&mut weights) {
                add_scaled(out, *weight, value);
            }
        }
    }
}

/// The pages that hold positions `begin..end`, each with the slots that belong to them.
fn pages(begin: usize, end: usize) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> {
    (begin / PAGE..end.div_ceil(PAGE)).map(move |page| {
        let first = page * PAGE;
        (page, begin.saturating_sub(first)..(end - first).min(PAGE))
    })
}

#[cfg(test)]
mod tests {
    use super::super::cache::Geometry;
    use super::*;

    /// Two query heads over one key-value head of width 2, `positions` positions, value = position.
    fn cache(positions: usize) -> Cache {
        let mut cache = Cache::new(Geometry { layers: 1, kv_heads: 1, head_width: 2 });
        cache.reserve(positions);
        let keys = vec![0.0; positions * 2];
        let values: Vec<f32> = (0..positions).flat_map(|p| [p as f32, 1.0]).collect();
        cache.write(0, 0, &keys, &values);
        cache.commit(positions);
        cache
    }

    fn view(heads: usize, window: Option<usize>) -> View {
        View { layer: 0, heads, window, scale: 0.7 }
    }

    #[test]
    fn a_row_sees_itself_and_what_came_before_and_nothing_later() {
        let cache = cache(3);
        let out = attend(&[1.0; 8], 0, view(2, None), &cache);
        assert_eq!(out, [0.0, 1.0, 0.0, 1.0, 0.5, 1.0, 0.5, 1.0]);
    }

    #[test]
    fn a_window_hides_what_is_too_far_back() {
        let cache = cache(PAGE + 8);
        let out = attend(&[1.0; 4], PAGE + 1, view(2, Some(4)), &cache);
        let mean = (PAGE - 2 + PAGE - 1 + PAGE + PAGE + 1) as f32 / 4.0;
        assert!((out[0] - mean).abs() < 1e-4, "{out:?}");
    }

    #[test]
    fn shared_out_heads_give_what_one_thread_gives() {
        let positions = 600;
        let mut cache = Cache::new(Geometry { layers: 1, kv_heads: 4, head_width: 64 });
        cache.reserve(positions);
        let rows: Vec<f32> = (0..positions * 256).map(|i| (i as f32 * 0.11).sin()).collect();
        cache.write(0, 0, &rows, &rows);
        cache.commit(positions);
        let many = attend(&rows[590 * 256..], 590, view(4, None), &cache);
        let one = attend(&rows[599 * 256..], 599, view(4, None), &cache);
        assert_eq!(many[9 * 256..], one);
    }
}
