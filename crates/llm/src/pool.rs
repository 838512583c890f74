//! The memory of all caches of a model: pages of keys and values up to a limit, and places in it that calls
//! are promised. Must not know sequences, calls or what a page holds. PURE.
//!
//! The pool keeps two accounts, because they answer two questions. *Pages in use* are memory: with the spare
//! pages, they never exceed the limit. *Places* are promises: their sum never exceeds the limit either.
//! Copies without a promise (a history that is rebuilt) take free pages, or go without. If they took pages
//! that a call was promised and now needs, whatever can be computed again is released (`Sessions::let_go`).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use half::f16;
use half::slice::HalfBitsSliceExt;

/// Positions in a page. Small enough that a fork copies little, large enough that a page is read in one go.
pub(super) const PAGE: usize = 32;
/// Bytes of returned pages that are kept for reuse, rather than freed: the system would have to clear new
/// ones. At least one page is kept.
const SPARE_BYTES: usize = 64 << 20;

/// The dimensions of a model's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) layers: usize,
    pub(super) kv_heads: usize,
    pub(super) head_width: usize,
}

impl Geometry {
    /// Numbers in a page's keys; its values have as many.
    pub(super) fn page_numbers(self) -> usize {
        self.layers.saturating_mul(self.kv_heads).saturating_mul(PAGE).saturating_mul(self.head_width)
    }
}

/// The limit does not allow the request. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the language model's cache is full: {wanted} MiB wanted, {free} of {limit} MiB are free; raise llm.cache_mb"
)]
pub(super) struct CacheFull {
    wanted: Mib,
    free: Mib,
    limit: Mib,
}

/// Bytes, shown in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mib(usize);

impl fmt::Display for Mib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whole MiB, except for small models, whose pages are less than one.
        let mib = self.0 as f64 / (1 << 20) as f64;
        if self.0.is_multiple_of(1 << 20) { write!(f, "{mib}") } else { write!(f, "{mib:.2}") }
    }
}

/// Where the pages of a model's cache came from, since it was loaded. A page that was used before costs
/// nothing; the system has to find and clear the memory of a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolUse {
    /// Pages that had been used before.
    pub reused: u64,
    /// Pages that were made.
    pub made: u64,
}

/// The source of pages, shared by all caches of a model.
#[derive(Debug)]
pub(super) struct Pool {
    geometry: Geometry,
    limit_bytes: usize,
    /// Pages within the limit.
    pages: usize,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    in_use: usize,
    promised: usize,
    used: PoolUse,
    /// The memory of returned pages. With the pages in use, it is within the limit.
    spare: Vec<Vec<u16>>,
}

impl Pool {
    /// A pool of pages of this geometry, which together take `limit_bytes` at most.
    pub(super) fn new(geometry: Geometry, limit_bytes: usize) -> Arc<Self> {
        let mut pool = Self { geometry, limit_bytes, pages: 0, books: Mutex::default() };
        pool.pages = limit_bytes / pool.page_bytes();
        Arc::new(pool)
    }

    pub(super) fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Bytes of a page: keys and values of [`PAGE`] positions, in every layer.
    pub(super) fn page_bytes(&self) -> usize {
        self.geometry.page_numbers().saturating_mul(2 * size_of::<f16>()).max(1)
    }

    /// Pages within the limit.
    pub(super) fn pages(&self) -> usize {
        self.pages
    }

    /// Pages that caches hold. A shared page counts once.
    pub(super) fn pages_in_use(&self) -> usize {
        self.books().in_use
    }

    /// Pages that can still be taken.
    pub(super) fn pages_free(&self) -> usize {
        self.pages - self.pages_in_use()
    }

    /// Where the pages so far came from.
    pub(super) fn used(&self) -> PoolUse {
        self.books().used
    }

    /// True if [`Self::admit`] would give a place.
    pub(super) fn has_room(&self, tokens: usize) -> bool {
        self.pages_for(tokens) <= self.pages - self.books().promised
    }

    /// Pages that a sequence of `tokens` tokens fills.
    pub(super) fn pages_for(&self, tokens: usize) -> usize {
        tokens.div_ceil(PAGE)
    }

    /// Promises room for a sequence of `tokens` tokens, until the place is dropped. Pages that several
    /// sequences share count for each. A sequence that continues a fork whose origin is kept may need one
    /// more page, for its copy of the page in which the two part.
    ///
    /// # Errors
    /// If this place and the existing ones exceed the limit.
    pub(super) fn admit(self: &Arc<Self>, tokens: usize) -> Result<Place, CacheFull> {
        let pages = self.pages_for(tokens);
        let mut books = self.books();
        let free = self.pages - books.promised;
        if pages > free {
            return Err(self.full(pages, free));
        }
        books.promised += pages;
        Ok(Place { pages, pool: Arc::clone(self) })
    }

    /// Takes pages: all of them, or none. Their contents are arbitrary.
    ///
    /// # Errors
    /// If they and the pages in use exceed the limit.
    pub(super) fn take(self: &Arc<Self>, pages: usize) -> Result<Vec<Page>, CacheFull> {
        let mut books = self.books();
        let free = self.pages - books.in_use;
        if pages > free {
            return Err(self.full(pages, free));
        }
        books.in_use += pages;
        let kept = books.spare.len().saturating_sub(pages);
        let mut spare = books.spare.split_off(kept);
        books.used.reused += spare.len() as u64;
        books.used.made += (pages - spare.len()) as u64;
        drop(books);
        // The system clears new pages, and only when they are first touched.
        spare.resize_with(pages, || vec![0; 2 * self.geometry.page_numbers()]);
        Ok(spare.into_iter().map(|numbers| Page { numbers, pool: Arc::clone(self) }).collect())
    }

    fn give_back(&self, numbers: Vec<u16>) {
        let mut books = self.books();
        books.in_use -= 1;
        if books.spare.len() < (SPARE_BYTES / self.page_bytes()).max(1) {
            books.spare.push(numbers);
            return;
        }
        // Freeing takes a while, so the lock is released first.
        drop(books);
        drop(numbers);
    }

    fn full(&self, wanted: usize, free: usize) -> CacheFull {
        let mib = |pages: usize| Mib(pages.saturating_mul(self.page_bytes()));
        CacheFull { wanted: mib(wanted), free: mib(free), limit: Mib(self.limit_bytes) }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page of a pool, with 16-bit floats. Dropping the page gives it back to the pool.
#[derive(Debug)]
pub(super) struct Page {
    numbers: Vec<u16>,
    pool: Arc<Pool>,
}

impl Page {
    /// The numbers: those of the keys, then those of the values.
    pub(super) fn numbers(&self) -> &[f16] {
        self.numbers.reinterpret_cast()
    }

    pub(super) fn numbers_mut(&mut self) -> &mut [f16] {
        self.numbers.reinterpret_cast_mut()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.pool.give_back(std::mem::take(&mut self.numbers));
    }
}

/// Room promised to a sequence. Dropping the place ends the promise.
#[derive(Debug)]
pub(super) struct Place {
    pages: usize,
    pool: Arc<Pool>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.pool.books().promised -= self.pages;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GEOMETRY: Geometry = Geometry { layers: 2, kv_heads: 2, head_width: 128 };
    const PAGE_BYTES: usize = 2 * 2 * 128 * PAGE * 2 * 2;

    fn pool(pages: usize) -> Arc<Pool> {
        Pool::new(GEOMETRY, pages * PAGE_BYTES)
    }

    #[test]
    fn a_page_holds_keys_and_values_of_all_layers_in_two_bytes_each() {
        let pool = pool(3);
        assert_eq!(pool.page_bytes(), PAGE_BYTES);
        assert_eq!(pool.take(1).unwrap()[0].numbers().len() * 2, PAGE_BYTES);
        assert_eq!((pool.pages_for(0), pool.pages_for(32), pool.pages_for(33)), (0, 1, 2));
    }

    #[test]
    fn pages_are_taken_up_to_the_limit_and_given_back_when_dropped() {
        let pool = Pool::new(GEOMETRY, 4 * PAGE_BYTES - 1);
        let pages = pool.take(2).unwrap();
        assert_eq!((pool.pages_in_use(), pool.pages_free()), (2, 1));
        assert!(pool.take(2).is_err());
        assert_eq!((pool.pages_in_use(), pool.pages_free()), (2, 1));
        drop(pages);
        assert_eq!(pool.take(3).unwrap().len(), 3);
        assert_eq!((pool.pages_in_use(), pool.pages_free()), (0, 3));
    }

    #[test]
    fn pages_in_use_and_spare_ones_are_within_the_limit_together() {
        let pool = pool(4);
        let mut held = pool.take(3).unwrap();
        held.truncate(1);
        held.extend(pool.take(3).unwrap());
        assert_eq!(pool.books().spare.len(), 0, "those given back were not used first");
        drop(held);
        assert_eq!(pool.books().spare.len(), 4);
    }

    #[test]
    fn calls_of_the_same_length_one_after_the_other_use_the_same_pages() {
        let pool = pool(64);
        for call in 0..10_u64 {
            // Two calls at once, which grow page by page, and a page that both begin with.
            let shared = pool.take(1).unwrap();
            let mut held = Vec::new();
            for _ in 0..10 {
                held.extend(pool.take(2).unwrap());
            }
            assert_eq!(pool.used(), PoolUse { made: 21, reused: 21 * call });
            drop((shared, held));
        }
        let PoolUse { reused, made } = pool.used();
        assert!(reused * 10 > (reused + made) * 8, "{reused} of {} were reused", reused + made);
    }

    #[test]
    fn pages_that_are_refused_are_not_counted() {
        let pool = pool(2);
        assert!(pool.take(3).is_err());
        assert_eq!(pool.used(), PoolUse::default());
    }

    #[test]
    fn what_is_kept_spare_is_bounded() {
        let large = Geometry { layers: 32, kv_heads: 32, head_width: 128 };
        let pool = Pool::new(large, usize::MAX);
        drop(pool.take(10).unwrap());
        let spare = pool.books().spare.len();
        assert_eq!(spare, SPARE_BYTES / pool.page_bytes());
        assert!(spare < 10);
    }

    #[test]
    fn places_never_promise_more_than_there_is() {
        let pool = pool(4);
        let one = pool.admit(2 * PAGE).unwrap();
        let _other = pool.admit(PAGE + 1).unwrap();
        assert!(pool.admit(1).is_err());
        drop(one);
        let _again = pool.admit(2 * PAGE).unwrap();
        assert!(pool.admit(1).is_err());
    }

    #[test]
    fn a_place_is_a_promise_and_takes_no_memory() {
        let pool = pool(2);
        let _place = pool.admit(2 * PAGE).unwrap();
        assert_eq!(pool.pages_free(), 2);
        assert!(pool.take(2).is_ok());
    }

    #[test]
    fn a_full_cache_tells_what_was_wanted_what_is_free_the_limit_and_the_remedy() {
        let pool = Pool::new(GEOMETRY, 1 << 20);
        let held = pool.take(10).unwrap();
        assert_eq!(
            pool.take(7).unwrap_err().to_string(),
            "the language model's cache is full: 0.44 MiB wanted, 0.38 of 1 MiB are free; raise llm.cache_mb"
        );
        drop(held);
        let _place = pool.admit(8 * PAGE).unwrap();
        let refused = pool.admit(16 * PAGE).unwrap_err().to_string();
        assert!(refused.contains("1 MiB wanted, 0.50 of 1 MiB are free"), "{refused}");
    }

    #[test]
    fn a_limit_below_a_page_and_a_page_beyond_all_memory_are_refused_not_tried() {
        assert!(pool(0).take(1).is_err());
        assert!(Pool::new(GEOMETRY, PAGE_BYTES - 1).take(1).is_err());
        let absurd = Geometry { layers: usize::MAX, kv_heads: 9, head_width: 9 };
        let pool = Pool::new(absurd, usize::MAX / 2);
        assert!(pool.take(1).is_err() && pool.admit(1).is_err());
    }
}
