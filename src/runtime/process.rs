//! What a process uses of the machine, from the kernel's figures (Linux, proc(5)). Must not know what the
//! process does.

use std::path::PathBuf;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;

/// What a process uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessUse {
    /// Processor time of all its threads since its start, in user and kernel mode.
    pub cpu: Duration,
    /// Memory in use, in bytes.
    pub resident: u64,
    /// The most memory that was in use, in bytes.
    pub peak: u64,
    /// Its threads.
    pub threads: u64,
}

/// What this process uses; nothing if the kernel does not tell.
#[must_use]
pub fn own() -> ProcessUse {
    read("self").unwrap_or_default()
}

/// What the process of this number uses; `None` if there is none.
#[must_use]
pub fn of(pid: u32) -> Option<ProcessUse> {
    read(&pid.to_string())
}

fn read(process: &str) -> Option<ProcessUse> {
    let folder = PathBuf::from("/proc").join(process);
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    let status = std::fs::read_to_string(folder.join("status")).ok()?;
    // The name of the program, in brackets, may hold anything: the numbers begin behind it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let per_second = clock_ticks_per_second().max(1);
    let spent = ticks(11)? + ticks(12)?;
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some(ProcessUse {
        cpu: Duration::from_micros(spent * 1_000_000 / per_second),
        resident: kilobytes("VmRSS:").unwrap_or_default() * 1024,
        peak: kilobytes("VmHWM:").unwrap_or_default() * 1024,
        threads: kilobytes("Threads:").unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_its_memory_and_its_threads() {
        let own = own();
        assert!(own.resident > 1 << 20 && own.peak >= own.resident && own.threads >= 1, "{own:?}");
        assert!(of(std::process::id()).is_some());
        assert_eq!(of(u32::MAX), None);
    }
}
