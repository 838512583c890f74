//! How many threads candle's products take, where it multiplies matrices instead of `kernels`. Must not know
//! models.
//!
//! They run on a pool of its own (`candle_core::utils::barrier_pool`), made once per process, at the first
//! product, with as many threads as the environment variable `CANDLE_NUM_THREADS` says (then `RAYON_NUM_THREADS`, then the number of cores). There is no other way
//! to tell it, and a rayon pool around it changes nothing. The calling thread is one of them, so 1 means
//! no pool at all; with more, waiting threads spin for a while, which is why a small model is fastest
//! with 1.
#![allow(unsafe_code)]

/// candle's own variable.
const VARIABLE: &str = "CANDLE_NUM_THREADS";

/// Sets the number of threads that candle's products take, for the whole process. Only at the
/// start, while the process has one thread; gives back false, and changes nothing, when it is too late.
pub fn limit_threads(threads: usize) -> bool {
    if is_limited_to(threads) {
        return true;
    }
    if !is_single_threaded() {
        return false;
    }
    // SAFETY: changing the environment is a data race only if another thread reads it meanwhile. This
    // thread is the only one, as the kernel has just said, and it starts no other before it returns.
    unsafe { std::env::set_var(VARIABLE, threads.max(1).to_string()) };
    true
}

/// True if the pool has, or will have, so many threads.
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
