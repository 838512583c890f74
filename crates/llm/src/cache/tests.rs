//! Tests of the cache: what forks see of each other, and what all of them together take from the pool.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const GEOMETRY: Geometry = Geometry { layers: 1, kv_heads: 2, head_width: 2 };

fn pool(pages: usize) -> Arc<Pool> {
    let page_bytes = Pool::new(GEOMETRY, 0).page_bytes();
    Pool::new(GEOMETRY, pages * page_bytes)
}

fn append(cache: &mut Cache, rows: &[f32]) {
    let more = rows.len() / 4;
    cache.reserve(more).unwrap();
    cache.write(0, cache.len(), rows, rows);
    cache.commit(more);
}

/// Position p has 4p, 4p + 1 in head 0 and 4p + 2, 4p + 3 in head 1.
fn filled(pool: &Arc<Pool>, positions: usize) -> Cache {
    let mut cache = Cache::new(Arc::clone(pool));
    append(&mut cache, &(0..positions * 4).map(|i| i as f32).collect::<Vec<_>>());
    cache
}

/// The key and the value of a head at a position.
fn read(cache: &Cache, head: usize, position: usize) -> ([f32; 2], [f32; 2]) {
    let (keys, values) = cache.head(0, head, position / PAGE);
    let slot = position % PAGE;
    let key = [keys[slot], keys[PAGE + slot]].map(f16::to_f32);
    (key, [values[2 * slot], values[2 * slot + 1]].map(f16::to_f32))
}

#[test]
fn every_head_finds_its_own_rows() {
    let cache = filled(&pool(2), PAGE + 1);
    assert_eq!(read(&cache, 1, 0), ([2.0, 3.0], [2.0, 3.0]));
    assert_eq!(read(&cache, 1, 1), ([6.0, 7.0], [6.0, 7.0]));
    let later = (PAGE * 4) as f32;
    assert_eq!(read(&cache, 0, PAGE), ([later, later + 1.0], [later, later + 1.0]));
}

#[test]
fn every_layer_finds_its_own_rows_however_they_were_sliced() {
    let geometry = Geometry { layers: 3, kv_heads: 2, head_width: 4 };
    let number = |layer: usize, i: usize| (layer * 600 + i) as f32;
    let pool = Pool::new(geometry, 1 << 20);
    for slice in [1, 5, PAGE, 70] {
        let mut cache = Cache::new(Arc::clone(&pool));
        while cache.len() < 70 {
            let (from, more) = (cache.len(), slice.min(70 - cache.len()));
            cache.reserve(more).unwrap();
            for layer in 0..3 {
                let rows = |sign: f32| -> Vec<f32> {
                    (from * 8..(from + more) * 8).map(|i| sign * number(layer, i)).collect()
                };
                cache.write(layer, from, &rows(1.0), &rows(-1.0));
            }
            cache.commit(more);
        }
        for (layer, head, position, i) in [(0, 0, 0, 0), (1, 1, 31, 3), (2, 0, 32, 1), (2, 1, 69, 2)] {
            let (keys, values) = cache.head(layer, head, position / PAGE);
            let expected = number(layer, position * 8 + head * 4 + i);
            assert_eq!(keys[i * PAGE + position % PAGE].to_f32(), expected);
            assert_eq!(values[position % PAGE * 4 + i].to_f32(), -expected);
        }
    }
}

#[test]
fn a_fork_does_not_see_what_its_origin_writes_later() {
    let mut origin = filled(&pool(2), 3);
    let fork = origin.clone();
    origin.truncate(2);
    append(&mut origin, &[-1.0; 4]);
    assert_eq!(read(&fork, 0, 2).0, [8.0, 9.0]);
    assert_eq!(read(&origin, 0, 2).0, [-1.0, -1.0]);
    assert_eq!(read(&origin, 0, 1).0, [4.0, 5.0], "the copy has what came before");
}

#[test]
fn a_fork_shares_the_pages_it_does_not_write_to() {
    let pool = pool(5);
    let origin = filled(&pool, 2 * PAGE + 1);
    let mut fork = origin.clone();
    assert_eq!(pool.pages_in_use(), 3);
    append(&mut fork, &[1.0; 4]);
    assert_eq!(pool.pages_in_use(), 4);
    assert!(Arc::ptr_eq(&origin.pages[1], &fork.pages[1]) && !Arc::ptr_eq(&origin.pages[2], &fork.pages[2]));
    drop(origin);
    assert_eq!(pool.pages_in_use(), 3);
}

#[test]
fn the_last_one_that_has_a_page_writes_to_it_without_a_copy() {
    let pool = pool(1);
    let mut cache = filled(&pool, 3);
    drop(cache.clone());
    append(&mut cache, &[1.0; 4]);
    assert_eq!((pool.pages_in_use(), cache.len()), (1, 4));
}

#[test]
fn truncating_gives_back_whole_pages_and_what_was_reserved() {
    let pool = pool(9);
    let mut cache = filled(&pool, 2 * PAGE + 1);
    cache.truncate(PAGE);
    assert_eq!((cache.len(), pool.pages_in_use()), (PAGE, 1));
    cache.reserve(4 * PAGE).unwrap();
    assert_eq!(pool.pages_in_use(), 5);
    cache.truncate(PAGE);
    assert_eq!((cache.len(), pool.pages_in_use()), (PAGE, 1));
}

#[test]
fn a_fork_does_not_hold_what_its_origin_only_reserved() {
    let pool = pool(4);
    let mut cache = filled(&pool, PAGE);
    cache.reserve(3 * PAGE).unwrap();
    let fork = cache.clone();
    drop(cache);
    assert_eq!((fork.len(), pool.pages_in_use()), (PAGE, 1));
}

#[test]
fn a_full_pool_leaves_the_cache_as_it_was() {
    let pool = pool(3);
    let origin = filled(&pool, PAGE + 3);
    let mut fork = origin.clone();
    // It needs one page for the copy and one for the positions beyond, but only one is free.
    fork.reserve(PAGE).unwrap_err();
    assert_eq!((fork.len(), pool.pages_in_use()), (PAGE + 3, 2));
    assert!(Arc::ptr_eq(&origin.pages[1], &fork.pages[1]));
    append(&mut fork, &[7.0; 4]);
    assert_eq!(pool.pages_free(), 0);
    assert_eq!((read(&fork, 1, PAGE + 3).1, read(&fork, 0, PAGE).0[0]), ([7.0; 2], (PAGE * 4) as f32));
    fork.reserve(PAGE).unwrap_err();
    drop(origin);
    fork.reserve(PAGE).unwrap();
}

#[test]
fn what_sixteen_bits_do_not_hold_becomes_the_largest_they_do() {
    let mut cache = Cache::new(pool(1));
    append(&mut cache, &[1e9, -1e9, f32::INFINITY, 1e-9]);
    assert_eq!(read(&cache, 0, 0), ([65504.0, -65504.0], [65504.0, -65504.0]));
    assert_eq!(read(&cache, 1, 0).0, [65504.0, 0.0]);
}

/// What can happen to a set of caches. The first number chooses the cache.
#[derive(Debug, Clone)]
enum Step {
    Fork(usize),
    Reserve(usize, usize),
    Append(usize, usize),
    Truncate(usize, usize),
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (which, many) = (0_usize..8, 0_usize..90);
    prop_oneof![
        2 => which.clone().prop_map(Step::Fork),
        1 => (which.clone(), many.clone()).prop_map(|(which, more)| Step::Reserve(which, more)),
        6 => (which.clone(), many.clone()).prop_map(|(which, more)| Step::Append(which, more)),
        2 => (which.clone(), 0_usize..300).prop_map(|(which, to)| Step::Truncate(which, to)),
        1 => which.prop_map(Step::Drop),
    ]
}

/// A model of a cache, which knows nothing of sharing but the names of its pages.
#[derive(Clone, Default)]
struct Model {
    names: Vec<usize>,
    rows: Vec<f32>,
}

impl Model {
    fn reserve(&mut self, more: usize, others: &[Model], next: &mut usize) {
        let others: HashSet<usize> = others.iter().flat_map(|m| m.names.iter().copied()).collect();
        for page in self.rows.len() / PAGE..(self.rows.len() + more).div_ceil(PAGE) {
            if more > 0 && self.names.get(page).is_none_or(|name| others.contains(name)) {
                match self.names.get_mut(page) {
                    Some(name) => *name = *next,
                    None => self.names.push(*next),
                }
                *next += 1;
            }
        }
    }
}

fn in_use(models: &[Model]) -> usize {
    models.iter().flat_map(|m| m.names.iter()).collect::<HashSet<_>>().len()
}

const LIMIT: usize = 12;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_pages_in_use_are_those_that_somebody_holds_and_each_keeps_its_own_numbers(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let pool = pool(LIMIT);
        let mut caches = vec![(Cache::new(Arc::clone(&pool)), Model::default())];
        let (mut next, mut number) = (0, 0_usize);
        for step in steps {
            let (Step::Fork(which)
            | Step::Reserve(which, _)
            | Step::Append(which, _)
            | Step::Truncate(which, _)
            | Step::Drop(which)) = step;
            let which = which % caches.len();
            let others: Vec<Model> =
                caches.iter().enumerate().filter(|(i, _)| *i != which).map(|(_, (_, m))| m.clone()).collect();
            let (cache, model) = &mut caches[which];
            match step {
                Step::Fork(_) => {
                    let mut fork = model.clone();
                    fork.names.truncate(fork.rows.len().div_ceil(PAGE));
                    let fork = (cache.clone(), fork);
                    caches.push(fork);
                }
                Step::Reserve(_, more) | Step::Append(_, more) => {
                    let mut after = model.clone();
                    after.reserve(more, &others, &mut next);
                    let all: Vec<Model> = others.iter().cloned().chain([after.clone()]).collect();
                    let fits = in_use(&all) <= LIMIT;
                    prop_assert_eq!(cache.reserve(more).is_ok(), fits);
                    if fits {
                        *model = after;
                        if matches!(step, Step::Append(..)) {
                            let rows = (number..).take(more).map(|n| (n % 2048) as f32).collect::<Vec<_>>();
                            number += more;
                            let wide: Vec<f32> = rows.iter().flat_map(|row| [*row; 4]).collect();
                            cache.write(0, cache.len(), &wide, &wide);
                            cache.commit(more);
                            model.rows.extend(rows);
                        }
                    }
                }
                Step::Truncate(_, to) => {
                    cache.truncate(to);
                    model.rows.truncate(to);
                    model.names.truncate(model.rows.len().div_ceil(PAGE));
                }
                Step::Drop(_) if caches.len() > 1 => drop(caches.swap_remove(which)),
                Step::Drop(_) => {}
            }
            let models: Vec<Model> = caches.iter().map(|(_, model)| model.clone()).collect();
            prop_assert_eq!(pool.pages_in_use(), in_use(&models));
            prop_assert!(pool.pages_in_use() <= LIMIT);
            for (cache, model) in &caches {
                prop_assert_eq!(cache.len(), model.rows.len());
                for (position, row) in model.rows.iter().enumerate() {
                    prop_assert_eq!(read(cache, 1, position), ([*row; 2], [*row; 2]));
                }
            }
        }
        drop(caches);
        prop_assert_eq!(pool.pages_free(), LIMIT);
    }
}
