//! For tests: checks whether repeated work leaks memory. Knows no engine.

use std::process::Command;

/// Set in the process in which a test runs alone.
const ALONE: &str = "OFFHOOK_TEST_ALONE";

/// Fails if every one of five rounds of `work` leaves `limit_mib` or more behind; a leak does so every time.
///
/// Other tests of this process allocate memory at the same time. So the calling test runs once more in its
/// own process, without other tests.
pub(super) fn assert_no_growth(limit_mib: f64, mut work: impl FnMut()) {
    let test = std::thread::current().name().expect("the thread of a test has its name").to_owned();
    if std::env::var(ALONE).as_deref() != Ok(test.as_str()) {
        let program = std::env::current_exe().expect("a path");
        let alone = Command::new(program).args(["--exact", &test]).env(ALONE, &test).output();
        let output = alone.expect("the test runs once more");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let mut grown = || {
        let before = resident_mib();
        work();
        resident_mib() - before
    };
    let rounds: Vec<f64> = (0..5).map(|_| grown()).collect();
    let least = rounds.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(least < limit_mib, "MiB more after each round: {rounds:?}");
}

/// The resident memory of this process in MiB, from the second field of `statm`, in pages of 4 KiB.
fn resident_mib() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok()).expect("a number") / 256.0
}
