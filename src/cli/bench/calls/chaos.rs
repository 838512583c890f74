//! Engines that fail in turn while callers call: what do they hear then? Must not know the callers.

use std::time::Duration;

use serde::Serialize;

use crate::engine::faults::{Fault, Target};
use crate::phone::load::measures::StepResult;
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

/// What callers heard although engines failed.
pub(super) struct Verdict {
    /// The share of turns that were answered, be it by an apology.
    pub(super) availability: f64,
    /// The result in a few words.
    pub(super) headline: String,
    /// The result in sentences.
    pub(super) sentences: String,
}

impl Verdict {
    /// The verdict over these steps, in which so many faults were injected.
    pub(super) fn over(steps: &[StepResult], faults: usize) -> Self {
        let sum = |of: fn(&StepResult) -> u64| steps.iter().map(of).sum::<u64>();
        // Where the server reports it, a turn is answered by an answer or an apology, and not by a filler
        // alone.
        let answered = sum(|step| {
            let heard = step.turns - step.unanswered;
            step.answer_ms.map_or(heard, |answers| heard.min(answers.count as u64))
        });
        let turns = sum(|step| step.turns);
        let (begun, failed) = (sum(|step| step.calls.begun), sum(|step| step.calls.failed));
        let availability = if turns == 0 { 0.0 } else { answered as f64 / turns as f64 };
        let waits = steps.iter().rev().find_map(|step| step.v2v_ms);
        let waits = waits.map_or_else(String::new, |v2v| {
            format!(
                " The first sound came after {:.0} ms in the median, {:.0} ms at p95, {:.0} ms at most.",
                v2v.p50, v2v.p95, v2v.max
            )
        });
        Self {
            availability,
            headline: format!("{:.2} % of the turns were answered", availability * 100.0),
            sentences: format!(
                "{faults} faults were injected into engines. {answered} of {turns} turns were answered, be it by \
                 an apology. Of {begun} calls, {failed} ended before the caller had said everything: the agent says \
                 goodbye when it could not answer again and again.{waits}"
            ),
        }
    }
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

#[cfg(test)]
mod tests {
    use crate::phone::load::measures::{Calls, Spread};

    use super::*;

    #[test]
    fn turns_without_an_answer_and_calls_that_ended_early_are_told() {
        let step = StepResult {
            turns: 400,
            unanswered: 1,
            calls: Calls { begun: 50, failed: 3, ..Calls::default() },
            answer_ms: Some(Spread { count: 398, ..Spread::default() }),
            v2v_ms: Some(Spread { count: 399, p50: 330.0, p95: 900.0, max: 1200.0, ..Spread::default() }),
            ..StepResult::default()
        };
        let verdict = Verdict::over(&[step], 12);
        assert_eq!(verdict.headline, "99.50 % of the turns were answered");
        for told in ["12 faults", "398 of 400 turns", "Of 50 calls, 3 ended", "900 ms at p95"] {
            assert!(verdict.sentences.contains(told), "{told}: {}", verdict.sentences);
        }
        assert!(Verdict::over(&[], 12).availability < AVAILABLE, "nothing was tried");
    }
}
