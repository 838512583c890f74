//! The recorder against a model of a few lines: any events in any order, batches of any size, and servers
//! that end in between.

use std::collections::BTreeSet;

use offhook_records::{Options, Recorder};
use proptest::prelude::*;

use super::support::*;

#[derive(Debug, Clone)]
enum Step {
    Begin(u8),
    Turn(u8, u32),
    Fail(u8),
    End(u8),
    Restart,
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u8..3).prop_map(Step::Begin),
        6 => (0_u8..3, 0_u32..4).prop_map(|(call, turn)| Step::Turn(call, turn)),
        2 => (0_u8..3).prop_map(Step::Fail),
        2 => (0_u8..3).prop_map(Step::End),
        1 => Just(Step::Restart),
        1 => Just(Step::Flush),
    ]
}

/// A call as it should be.
#[derive(Debug, Clone, PartialEq, Default)]
struct Right {
    name: String,
    session: usize,
    begun: bool,
    end: Option<String>,
    turns: BTreeSet<u32>,
    events: usize,
}

#[derive(Default)]
struct Model {
    calls: Vec<Right>,
    session: usize,
}

impl Model {
    fn running(&mut self, name: &str) -> Option<&mut Right> {
        self.calls.iter_mut().find(|call| call.name == name && call.end.is_none())
    }

    /// The running call, or the last of this session, or a new one.
    fn call(&mut self, name: &str) -> &mut Right {
        let session = self.session;
        let is_here = |call: &Right| call.name == name;
        let at = self.calls.iter().position(|call| is_here(call) && call.end.is_none());
        let at = at.or_else(|| self.calls.iter().rposition(|call| is_here(call) && call.session == session));
        let at = at.unwrap_or_else(|| self.add(name));
        &mut self.calls[at]
    }

    fn add(&mut self, name: &str) -> usize {
        self.calls.push(Right { name: name.into(), session: self.session, ..Right::default() });
        self.calls.len() - 1
    }

    fn begin(&mut self, name: &str) {
        match self.running(name) {
            Some(call) if !call.begun => call.begun = true,
            running => {
                if let Some(call) = running {
                    call.end = Some("replaced".into());
                }
                let at = self.add(name);
                self.calls[at].begun = true;
            }
        }
    }

    fn restart(&mut self) {
        self.session += 1;
        self.calls.iter_mut().filter(|call| call.end.is_none()).for_each(|call| {
            call.end = Some("server_ended".into());
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_in_the_database_is_what_was_told(
        steps in prop::collection::vec(step(), 0..60),
        batch in 1_usize..20,
    ) {
        let place = place();
        let open = || Recorder::open(Options { batch, ..Options::of(&place.file) }, START).unwrap();
        let (mut recorder, mut model) = (open(), Model::default());
        for (at, step) in (START..).zip(&steps) {
            let name = |call: &u8| format!("call-{call}");
            match step {
                Step::Begin(call) => {
                    recorder.tell(at, &id(&name(call)), &began());
                    model.begin(&name(call));
                }
                Step::Turn(call, number) => {
                    recorder.tell(at, &id(&name(call)), &turn(*number, "a", "b"));
                    model.call(&name(call)).turns.insert(*number);
                }
                Step::Fail(call) => {
                    recorder.tell(at, &id(&name(call)), &failed("late"));
                    model.call(&name(call)).events += 1;
                }
                Step::End(call) => {
                    recorder.tell(at, &id(&name(call)), &ended("hung_up", 1.0));
                    model.call(&name(call)).end = Some("hung_up".into());
                }
                Step::Restart => {
                    drop(recorder);
                    recorder = open();
                    model.restart();
                }
                Step::Flush => prop_assert!(recorder.flush(LONG)),
            }
        }
        prop_assert!(recorder.close(LONG));
        let store = place.store();
        let mut got: Vec<Right> = Vec::new();
        let mut calls = store.list(&Default::default()).unwrap();
        calls.sort_by_key(|call| call.id);
        for call in calls {
            let whole = store.call(&offhook_records::Which::Id(call.id)).unwrap().unwrap();
            prop_assert!(call.ended_at.is_none_or(|ended| ended >= call.started_at));
            got.push(Right {
                name: call.call_id,
                session: 0,
                begun: call.begun,
                end: call.end_code,
                turns: whole.turns.iter().map(|turn| turn.turn).collect(),
                events: whole.events.len(),
            });
        }
        let right: Vec<Right> = model.calls.into_iter().map(|call| Right { session: 0, ..call }).collect();
        prop_assert_eq!(got, right);
    }
}
