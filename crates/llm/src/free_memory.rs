//! The memory that is left for a model: the machine's, or that of the container (its control group, version
//! 2, as a container sees it) if that is less. Must not know models.

/// Bytes that can be allocated without swapping; `None` if the system does not say.
#[must_use]
pub fn free_memory() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| available(&text));
    let group = |name: &str| read(&format!("/sys/fs/cgroup/memory.{name}"));
    let container = group("max").and_then(|limit| {
        left(&limit, &group("current").unwrap_or_default(), &group("stat").unwrap_or_default())
    });
    machine.into_iter().chain(container).min()
}

/// What is left of a container's limit, in bytes; `None` if there is none ("max"). Files that are cached
/// count as used, and give way.
fn left(limit: &str, current: &str, stat: &str) -> Option<u64> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let cached = |line: &str| {
        let (name, bytes) = line.split_once(' ')?;
        ["active_file", "inactive_file"].contains(&name).then(|| number(bytes)).flatten()
    };
    let cached: u64 = stat.lines().filter_map(cached).sum();
    let used = number(current).unwrap_or(0).saturating_sub(cached);
    Some(number(limit)?.saturating_sub(used))
}

/// What /proc/meminfo calls available, in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_that_is_free_is_read_from_the_system() {
        assert_eq!(available("MemTotal:  100 kB\nMemAvailable:    2048 kB\n"), Some(2 << 20));
        assert_eq!(available("MemTotal:  100 kB\n"), None);
        let stat = "anon 100\nactive_file 200\ninactive_file 300\n";
        assert_eq!(left("1000\n", "700\n", stat), Some(800));
        assert_eq!(left("max\n", "700\n", stat), None);
    }
}
