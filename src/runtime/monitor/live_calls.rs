//! What happens in each running call, in a few figures. Must not know who looks.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::CallId;
use crate::report::Happened;
use crate::top::Call;

/// The most turns of a call whose latency is kept, for its median.
const MOST: usize = 500;

/// The running calls.
#[derive(Debug, Default)]
pub(super) struct LiveCalls(BTreeMap<CallId, LiveCall>);

#[derive(Debug, Default)]
struct LiveCall {
    gateway: String,
    agent: String,
    since: Duration,
    v2v_ms: Vec<f64>,
    turns: u32,
    interruptions: u32,
    failures: u32,
}

impl LiveCalls {
    /// This happened to a call.
    pub(super) fn told(&mut self, now: Duration, call: &CallId, happened: &Happened) {
        match happened {
            Happened::Started(beginning) => {
                let gateway = beginning.gateway.clone();
                self.0.insert(call.clone(), LiveCall { gateway, since: now, ..LiveCall::default() });
            }
            Happened::Ended(_) => drop(self.0.remove(call)),
            Happened::Turn(turn) => {
                let Some(live) = self.0.get_mut(call) else { return };
                live.interruptions += u32::from(turn.turn.interrupted);
                if let Some(stages) = turn.turn.stages {
                    live.turns += 1;
                    if live.v2v_ms.len() == MOST {
                        live.v2v_ms.remove(0);
                    }
                    live.v2v_ms.push(stages.total_ms());
                }
            }
            Happened::Failed(..) => {
                if let Some(live) = self.0.get_mut(call) {
                    live.failures += 1;
                }
            }
            Happened::Agent { name, .. } => {
                if let Some(live) = self.0.get_mut(call) {
                    live.agent.clone_from(name);
                }
            }
            Happened::Disclosed { .. } | Happened::ToolRan(_) | Happened::Summarised(_) => {}
        }
    }

    /// All of them; `cpu` knows the processor time of a call.
    pub(super) fn list(&self, now: Duration, cpu: impl Fn(&CallId) -> Duration) -> Vec<Call> {
        let call = |(id, live): (&CallId, &LiveCall)| {
            let mut sorted = live.v2v_ms.clone();
            sorted.sort_by(f64::total_cmp);
            Call {
                id: id.as_str().to_owned(),
                gateway: live.gateway.clone(),
                agent: live.agent.clone(),
                since_s: now.saturating_sub(live.since).as_secs_f64(),
                turns: live.turns,
                v2v_ms: live.v2v_ms.last().copied(),
                v2v_p50_ms: sorted.get(sorted.len() / 2).copied(),
                interruptions: live.interruptions,
                failures: live.failures,
                cpu_s: cpu(id).as_secs_f64(),
            }
        };
        self.0.iter().map(call).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Beginning, ReportedTurn, Stages, Summary, TurnReport};

    #[test]
    fn a_call_is_listed_with_its_figures_until_it_ends() {
        let (mut calls, id) = (LiveCalls::default(), CallId::new("CA1"));
        calls.told(Duration::from_secs(1), &id, &Happened::Started(Beginning::default()));
        for ms in [100.0, 300.0, 200.0] {
            let stages = Some(Stages { stt_ms: ms, ..Stages::default() });
            let turn = TurnReport { stages, interrupted: ms > 250.0, ..TurnReport::default() };
            let turn = Happened::Turn(ReportedTurn { turn, ..ReportedTurn::default() });
            calls.told(Duration::from_secs(2), &id, &turn);
        }
        let listed = calls.list(Duration::from_secs(5), |_| Duration::from_millis(500));
        let Call { since_s, turns, v2v_ms, v2v_p50_ms, interruptions, cpu_s, .. } = listed[0].clone();
        assert_eq!((since_s, turns, interruptions, cpu_s), (4.0, 3, 1, 0.5));
        assert_eq!((v2v_ms, v2v_p50_ms), (Some(200.0), Some(200.0)));
        calls.told(Duration::from_secs(6), &id, &Happened::Ended(Summary::default()));
        assert!(calls.list(Duration::from_secs(7), |_| Duration::ZERO).is_empty());
    }
}
