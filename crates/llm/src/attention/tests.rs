//! Tests of attention: against sums that are written out plainly, and that other rows in a batch change
//! nothing.

use std::sync::Arc;

use half::f16;
use proptest::prelude::*;

use super::super::pool::{Geometry, Pool};
use super::*;

fn pool(kv_heads: usize, head_width: usize) -> Arc<Pool> {
    Pool::new(Geometry { layers: 2, kv_heads, head_width }, 1 << 26)
}

fn wave(n: usize, seed: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7 + seed * 13) as f32 * 0.37).sin() * 2.0).collect()
}

/// A cache with `positions` positions in layer 1. Everything beyond them in its pages is NaN.
fn cache(pool: &Arc<Pool>, positions: usize, seed: usize) -> Cache {
    let Geometry { kv_heads, head_width, .. } = pool.geometry();
    let width = kv_heads * head_width;
    let mut cache = Cache::new(Arc::clone(pool));
    let room = positions.next_multiple_of(PAGE);
    cache.reserve(room).unwrap();
    for layer in 0..2 {
        cache.write(layer, 0, &vec![f32::NAN; room * width], &vec![f32::NAN; room * width]);
    }
    cache.write(1, 0, &wave(positions * width, seed), &wave(positions * width, seed + 1));
    cache.commit(positions);
    cache
}

fn view(heads: usize, window: Option<usize>) -> View {
    View { layer: 1, heads, window, scale: 0.3 }
}

/// The same attention by the formula, in 64 bits, over what `cache` wrote.
fn plainly(queries: &[f32], start: usize, view: View, pool: &Pool, seed: usize) -> Vec<f64> {
    let Geometry { kv_heads, head_width, .. } = pool.geometry();
    let (width, group) = (kv_heads * head_width, view.heads / kv_heads);
    let positions = start + queries.len() / (view.heads * head_width);
    let held = |seed| -> Vec<f64> {
        wave(positions * width, seed).into_iter().map(|x| f16::from_f32(x).to_f64()).collect()
    };
    let (keys, values) = (held(seed), held(seed + 1));
    let mut out = Vec::new();
    for (line, query) in queries.chunks_exact(head_width).enumerate() {
        let (position, head) = (start + line / view.heads, line % view.heads / group);
        let begin = view.window.map_or(0, |window| (position + 1).saturating_sub(window));
        let at = |position: usize| position * width + head * head_width;
        let dot = |key: &[f64]| query.iter().zip(key).map(|(q, k)| f64::from(*q) * k).sum::<f64>();
        let weights: Vec<f64> = (begin..=position)
            .map(|p| (dot(&keys[at(p)..at(p) + head_width]) * f64::from(view.scale)).exp())
            .collect();
        let sum: f64 = weights.iter().sum();
        let value = |i| weights.iter().enumerate().map(move |(p, weight)| (p, weight, i));
        out.extend(
            (0..head_width).map(|i| {
                value(i).map(|(p, weight, i)| weight * values[at(begin + p) + i]).sum::<f64>() / sum
            }),
        );
    }
    out
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn a_row_sees_itself_and_what_came_before_and_nothing_later() {
    let pool = pool(1, 2);
    let mut cache = Cache::new(pool);
    cache.reserve(3).unwrap();
    cache.write(1, 0, &[0.0; 6], &[0.0, 1.0, 1.0, 1.0, 2.0, 1.0]);
    cache.commit(3);
    let parts = [Part { rows: 2, start: 0, cache: &cache }, Part { rows: 1, start: 2, cache: &cache }];
    let out = attend(&ThreadPool::new(1), &[1.0; 12], &parts, view(2, None));
    assert_eq!(out, [0.0, 1.0, 0.0, 1.0, 0.5, 1.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0]);
}

#[test]
fn the_numbers_are_those_of_the_formula_whatever_the_heads_the_window_and_the_page() {
    for (heads, kv_heads, head_width) in [(1, 1, 2), (4, 4, 64), (8, 2, 80), (4, 1, 256), (3, 3, 50)] {
        let pool = pool(kv_heads, head_width);
        for (start, rows) in [(0, 1), (0, PAGE + 3), (PAGE - 1, 2), (PAGE, 1), (3 * PAGE + 5, 40)] {
            let cache = cache(&pool, start + rows, 3);
            for window in [None, Some(1), Some(7), Some(PAGE), Some(PAGE + 9), Some(1000)] {
                let queries = wave(rows * heads * head_width, 9);
                let view = view(heads, window);
                let ours =
                    attend(&ThreadPool::new(1), &queries, &[Part { rows, start, cache: &cache }], view);
                for (a, b) in ours.iter().zip(plainly(&queries, start, view, &pool, 3)) {
                    let off = (f64::from(*a) - b).abs();
                    assert!(off < 2e-5, "{heads}/{kv_heads} heads, {start}+{rows}, {window:?}: {a}, not {b}");
                }
            }
        }
    }
}

#[test]
fn numbers_held_in_sixteen_bits_are_off_by_their_rounding_only() {
    // Numbers have eleven bits: a weighted mean of values is off by 2^-11 of the values, and by the error of
    // the scores.
    let pool = pool(2, 64);
    let (positions, queries) = (200, wave(4 * 64, 5));
    let cache = cache(&pool, positions, 3);
    let ours =
        attend(&ThreadPool::new(1), &queries, &[Part { rows: 1, start: 199, cache: &cache }], view(4, None));
    let (keys, values) = (wave(positions * 128, 3), wave(positions * 128, 4));
    for (head, (query, ours)) in queries.chunks_exact(64).zip(ours.chunks_exact(64)).enumerate() {
        let at = head / 2 * 64;
        let scores = keys.chunks_exact(128).map(|key| key[at..at + 64].iter().zip(query).map(|(k, q)| k * q));
        let weights: Vec<f32> = scores.map(|products| (products.sum::<f32>() * 0.3).exp()).collect();
        let sum: f32 = weights.iter().sum();
        for (i, ours) in ours.iter().enumerate() {
            let exact =
                weights.iter().zip(values.chunks_exact(128)).map(|(w, v)| w * v[at + i]).sum::<f32>() / sum;
            assert!((ours - exact).abs() < 0.01, "{ours} {exact}");
        }
    }
}

#[test]
fn shared_out_the_numbers_are_those_of_one_thread() {
    let pool = pool(2, 96);
    let caches = [cache(&pool, 300, 1), cache(&pool, 90, 2)];
    let parts =
        [Part { rows: 100, start: 200, cache: &caches[0] }, Part { rows: 30, start: 60, cache: &caches[1] }];
    let queries = wave(130 * 8 * 96, 4);
    for window in [None, Some(50)] {
        let alone = attend_shared(&ThreadPool::new(1), &queries, &parts, view(8, window), false);
        let shared = attend_shared(&ThreadPool::new(3), &queries, &parts, view(8, window), true);
        assert_eq!(bits(&alone), bits(&shared));
    }
}

#[test]
fn an_empty_batch_gives_nothing() {
    assert!(attend(&ThreadPool::new(1), &[], &[], view(2, None)).is_empty());
    let cache = cache(&pool(1, 2), 3, 1);
    assert!(
        attend(&ThreadPool::new(1), &[], &[Part { rows: 0, start: 3, cache: &cache }], view(2, None))
            .is_empty()
    );
}

#[test]
fn high_scores_do_not_overflow_wherever_they_come() {
    let mut cache = Cache::new(pool(1, 2));
    cache.reserve(2 * PAGE).unwrap();
    let keys: Vec<f32> =
        (0..2 * PAGE).flat_map(|p| [if p == PAGE + 1 { 6e4 } else { p as f32 }, 0.0]).collect();
    let values: Vec<f32> = (0..2 * PAGE).flat_map(|p| [p as f32, 1.0]).collect();
    cache.write(1, 0, &keys, &values);
    cache.commit(2 * PAGE);
    let part = |position| [Part { rows: 1, start: position, cache: &cache }];
    assert_eq!(
        attend(&ThreadPool::new(1), &[1e3, 0.0], &part(2 * PAGE - 1), view(1, None)),
        [(PAGE + 1) as f32, 1.0]
    );
    assert_eq!(attend(&ThreadPool::new(1), &[1e3, 0.0], &part(PAGE), view(1, None)), [PAGE as f32, 1.0]);
    assert_eq!(attend(&ThreadPool::new(1), &[-1e3, 0.0], &part(2 * PAGE - 1), view(1, None)), [0.0, 1.0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn company_slices_and_threads_change_no_bit_of_a_row(
        shape in prop::sample::select(vec![(4, 4, 16), (8, 2, 24), (4, 1, 64), (6, 2, 5)]),
        window in prop::option::of(1_usize..120),
        parts in prop::collection::vec((0_usize..150, 1_usize..90), 1..5),
        share in any::<bool>(),
    ) {
        let (heads, kv_heads, head_width) = shape;
        let pool = pool(kv_heads, head_width);
        let view = view(heads, window);
        let caches: Vec<Cache> =
            parts.iter().enumerate().map(|(i, (start, rows))| cache(&pool, start + rows, i)).collect();
        let parts: Vec<Part<'_>> = parts
            .iter()
            .zip(&caches)
            .map(|(&(start, rows), cache)| Part { rows, start, cache })
            .collect();
        let width = heads * head_width;
        let rows: usize = parts.iter().map(|part| part.rows).sum();
        let queries = wave(rows * width, 77);
        let together = attend_shared(&ThreadPool::new(2), &queries, &parts, view, share);
        let mut row = 0;
        for Part { rows, start, cache } in parts {
            for position in start..start + rows {
                let numbers = row * width..(row + 1) * width;
                let alone = [Part { rows: 1, start: position, cache }];
                let alone = attend_shared(&ThreadPool::new(1), &queries[numbers.clone()], &alone, view, false);
                prop_assert_eq!(bits(&alone), bits(&together[numbers]));
                row += 1;
            }
        }
    }
}
