//! Lets a test wait for another thread. A test that would wait for ever fails instead.

use std::time::Duration;

/// The maximum number of tries, a millisecond apart.
const TRIES: usize = 10_000;

/// Returns once `condition` holds.
///
/// # Panics
/// If it does not hold within ten seconds.
#[track_caller]
pub(crate) fn wait_until(mut condition: impl FnMut() -> bool) {
    for _ in 0..TRIES {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("nothing happened in ten seconds");
}
