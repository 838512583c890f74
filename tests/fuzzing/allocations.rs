//! Watches the allocations of a thread, so that a length in a file cannot ask for gigabytes. Must not know
//! what is decoded.
#![expect(unsafe_code, reason = "an allocator is unsafe; this one only counts and passes on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with a count on threads that are watched.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    /// The bytes held since the watch began, and their maximum; `None` on threads that are not watched.
    static HELD: Cell<Option<(isize, isize)>> = const { Cell::new(None) };
}

fn count(bytes: isize) {
    // A thread that is ending no longer has its cell.
    let _ = HELD.try_with(|held| {
        if let Some((now, most)) = held.get() {
            let now = now.saturating_add(bytes);
            held.set(Some((now, most.max(now))));
        }
    });
}

fn size(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(size(layout.size()));
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(size(layout.size()));
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-size(layout.size()));
        // SAFETY: the pointer came from this allocator, which is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new: usize) -> *mut u8 {
        count(size(new).saturating_sub(size(layout.size())));
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, new) }
    }
}

/// The most bytes that the decoding of an input of this length may hold at once.
pub fn limit(length: usize) -> usize {
    (8 << 20) + 256 * length
}

/// Calls `run`, and panics if it held more than `limit` bytes at once.
pub fn watched(limit: usize, run: impl FnOnce()) {
    HELD.set(Some((0, 0)));
    run();
    let (_, most) = HELD.take().unwrap_or_default();
    assert!(most <= size(limit), "{most} bytes were held, more than {limit}");
}

#[test]
fn what_is_held_at_once_is_counted() {
    watched(4000, || (0..100).for_each(|_| drop(std::hint::black_box(vec![0_u8; 1000]))));
    let too_much =
        std::panic::catch_unwind(|| watched(4000, || drop(std::hint::black_box(vec![0_u8; 5000]))));
    assert!(too_much.is_err());
}
