//! How many threads candle's products use, where candle multiplies matrices instead of `kernels`. Must not
//! know models.
//!
//! The products run on candle's own pool (`candle_core::utils::barrier_pool`), which is made once per
//! process, at the first product. The environment variable `CANDLE_NUM_THREADS` sets its number of threads
//! (then `RAYON_NUM_THREADS`, then the number of cores). There is no other way to set it, and a rayon pool
//! around the products changes nothing. The calling thread counts, so 1 means no pool at all. With more,
//! waiting threads spin for a while, which is why a small model is fastest with 1.
#![allow(unsafe_code)]

/// candle's own variable.
const VARIABLE: &str = "CANDLE_NUM_THREADS";

/// rten's: it starts a pool for the whole process, beside the one that it is given for a voice, and only
/// loads with it.
const IDLE_POOL: &str = "RTEN_NUM_THREADS";

/// Sets the number of threads of candle's products, for the whole process. This works only at the start,
/// while the process has one thread. When it is too late, nothing changes, and the result is false.
pub fn limit_threads(threads: usize) -> bool {
    if is_limited_to(threads) {
        return true;
    }
    if !is_single_threaded() {
        return false;
    }
    // SAFETY: changing the environment is a data race only if another thread reads it meanwhile. This thread
    // is the only one, as the kernel has just reported, and it starts no other thread before `set_var`
    // returns.
    unsafe {
        std::env::set_var(VARIABLE, threads.max(1).to_string());
        std::env::set_var(IDLE_POOL, "1");
    }
    true
}

/// True if the pool has, or will have, `threads` threads.
pub(super) fn is_limited_to(threads: usize) -> bool {
    std::env::var(VARIABLE).is_ok_and(|set| set == threads.max(1).to_string())
}

fn is_single_threaded() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_several_threads_is_left_alone() {
        let before = std::env::var(VARIABLE);
        let set = std::thread::spawn(|| limit_threads(7)).join().unwrap();
        assert!(!set);
        assert_eq!(std::env::var(VARIABLE), before);
    }
}
