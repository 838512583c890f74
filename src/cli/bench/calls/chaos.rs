//! Engines that fail in turn while callers call: what do they hear then? Must not know the callers.

use std::time::Duration;

use serde::Serialize;

use crate::engine::faults::{Fault, Target};
use crate::runtime::http_client;

/// What an engine has, one after the other.
const FAULTS: [Fault; 4] = [Fault::Dead, Fault::Hung, Fault::Slow(Duration::from_millis(300)), Fault::Wrong];

/// The share of callers' turns that must be answered, be it by an apology.
pub(super) const AVAILABLE: f64 = 0.995;

/// A fault that was injected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Injected {
    /// Since the beginning of the load, in seconds.
    at_s: f64,
    /// Such as "stt=hung"; "stt=" when it was withdrawn.
    fault: String,
}

/// All engines and all faults in turn: each for half of `every`, and then none for as long. Told to the
/// server at this address, for ever; `injected` gets each.
pub(super) async fn inject(
    address: &str,
    every: Duration,
    mut injected: impl FnMut(Injected),
) -> anyhow::Result<()> {
    let client = http_client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
    let url = format!("http://{address}/debug/faults");
    let turns = FAULTS.iter().flat_map(|fault| Target::ALL.map(|target| (target, *fault)));
    let mut passed = Duration::ZERO;
    for (target, fault) in turns.cycle() {
        for told in [format!("{}={fault}", target.name()), format!("{}=", target.name())] {
            tokio::time::sleep(every / 2).await;
            passed += every / 2;
            let answer = client.put(&url).body(told.clone()).send().await?;
            anyhow::ensure!(answer.status().is_success(), "{url}: {}", answer.status());
            injected(Injected { at_s: passed.as_secs_f64(), fault: told });
        }
    }
    Ok(())
}
