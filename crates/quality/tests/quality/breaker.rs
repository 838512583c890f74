//! What a breaker promises to those who ask it, and to the engine.

use std::time::Duration;

use offhook_quality::breaker::{Breaker, BreakerSettings, Change, Ended, Health, LeftAlone, Pass};
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::cases;

const LONGEST: Duration = Duration::from_secs(10);
const LONGEST_TRY: Duration = Duration::from_secs(60);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn breaker() -> Breaker {
    Breaker::new(BreakerSettings::default())
}

/// A job that begins and ends at this time.
fn job(breaker: &mut Breaker, now: Duration, ended: Ended) -> Option<Change> {
    let pass = breaker.begin(now).unwrap();
    breaker.ended(now, pass, ended)
}

/// A breaker that opened at 0, and is closed to all jobs for 2 s.
fn opened() -> Breaker {
    let mut breaker = breaker();
    job(&mut breaker, ms(0), Ended::Hung).unwrap();
    breaker
}

#[test]
fn an_engine_that_fails_three_times_in_a_row_is_left_alone() {
    let mut breaker = breaker();
    for ended in [
        Ended::Done,
        Ended::Done,
        Ended::Done,
        Ended::Failed,
        Ended::Failed,
        Ended::Done,
        Ended::Failed,
        Ended::Failed,
    ] {
        job(&mut breaker, ms(0), ended);
    }
    assert_eq!(breaker.health(ms(0)), Health::Degraded);
    let change = job(&mut breaker, ms(0), Ended::Failed);
    assert_eq!(change, Some(Change { from: Health::Degraded, to: Health::Open }));
    assert_eq!(breaker.begin(ms(500)), Err(LeftAlone::Failed { left: ms(1500) }));
    assert_eq!((breaker.failures(), breaker.opened(), breaker.retry_in(ms(500))), (5, 1, Some(ms(1500))));
}

#[test]
fn an_engine_that_fails_more_often_than_not_is_left_alone() {
    let mut breaker = breaker();
    for ended in [Ended::Failed, Ended::Failed, Ended::Done, Ended::Failed, Ended::Done] {
        job(&mut breaker, ms(0), ended);
    }
    assert_eq!(breaker.health(ms(0)), Health::Degraded, "five jobs are too few");
    job(&mut breaker, ms(0), Ended::Failed);
    assert_eq!(breaker.health(ms(0)), Health::Open);
}

#[test]
fn an_engine_that_hangs_is_left_alone_at_once() {
    let mut breaker = breaker();
    (0..100).for_each(|_| assert_eq!(job(&mut breaker, ms(0), Ended::Done), None));
    let change = job(&mut breaker, ms(0), Ended::Hung);
    assert_eq!(change, Some(Change { from: Health::Ok, to: Health::Open }));
}

#[test]
fn an_engine_is_degraded_while_a_quarter_of_its_jobs_fail() {
    let mut breaker = breaker();
    let first = [Ended::Failed, Ended::Failed, Ended::Done];
    assert_eq!(first.map(|ended| job(&mut breaker, ms(0), ended)), [None; 3], "too few jobs");
    let degraded = Some(Change { from: Health::Ok, to: Health::Degraded });
    assert_eq!(job(&mut breaker, ms(0), Ended::Done), degraded);
    (0..4).for_each(|_| assert_eq!(job(&mut breaker, ms(0), Ended::Done), None, "2 of 8 are a quarter"));
    let well = Some(Change { from: Health::Degraded, to: Health::Ok });
    assert_eq!(job(&mut breaker, ms(0), Ended::Done), well);
}

#[test]
fn the_last_twenty_jobs_are_counted_and_none_of_before_once_it_was_left_alone() {
    let mut breaker = breaker();
    assert_eq!(breaker.recent(), (0, 0));
    for ended in [Ended::Failed, Ended::Withdrawn, Ended::Done, Ended::Failed] {
        job(&mut breaker, ms(0), ended);
    }
    assert_eq!(breaker.recent(), (3, 2), "what was withdrawn says nothing");
    for _ in 0..18 {
        job(&mut breaker, ms(0), Ended::Done);
    }
    assert_eq!(breaker.recent(), (20, 1));
    job(&mut breaker, ms(0), Ended::Hung);
    assert_eq!(breaker.recent(), (0, 0));
    job(&mut breaker, ms(2000), Ended::Done);
    assert_eq!(breaker.recent(), (0, 0), "it begins anew");
}

#[test]
fn one_job_tries_an_engine_again_and_all_others_wait_for_its_end() {
    let mut breaker = opened();
    assert_eq!(breaker.health(ms(1999)), Health::Open);
    assert_eq!(breaker.health(ms(2000)), Health::HalfOpen);
    let probe = breaker.begin(ms(2000)).unwrap();
    assert!(probe.is_probe());
    assert_eq!(breaker.begin(ms(3000)), Err(LeftAlone::Tried { left: LONGEST_TRY - ms(1000) }));
    let change = breaker.ended(ms(3000), probe, Ended::Done);
    assert_eq!(change, Some(Change { from: Health::HalfOpen, to: Health::Ok }));
    assert!(!breaker.begin(ms(3000)).unwrap().is_probe());
    assert_eq!(breaker.retry_in(ms(3000)), None);
}

#[test]
fn each_failed_try_doubles_the_wait_up_to_the_longest() {
    let (mut breaker, mut now) = (opened(), ms(0));
    for wait in [2, 4, 8, 10, 10] {
        let wait = Duration::from_secs(wait);
        assert_eq!(breaker.retry_in(now), Some(wait));
        now += wait;
        let change = job(&mut breaker, now, Ended::Failed);
        assert_eq!(change, Some(Change { from: Health::HalfOpen, to: Health::Open }));
    }
    now += LONGEST;
    job(&mut breaker, now, Ended::Done);
    job(&mut breaker, now, Ended::Hung);
    assert_eq!(breaker.retry_in(now), Some(ms(2000)), "an engine that worked begins anew");
    assert_eq!(breaker.opened(), 7);
}

#[test]
fn a_try_that_its_call_withdraws_is_made_by_the_next_job() {
    let mut breaker = opened();
    let probe = breaker.begin(ms(2000)).unwrap();
    assert_eq!(breaker.ended(ms(2100), probe, Ended::Withdrawn), None);
    let next = breaker.begin(ms(2100)).unwrap();
    assert!(next.is_probe());
    assert_eq!(breaker.ended(ms(2200), probe, Ended::Done), None, "its end was told already");
    assert!(breaker.begin(ms(2200)).is_err());
    assert!(breaker.ended(ms(2300), next, Ended::Done).is_some());
}

#[test]
fn a_job_that_was_withdrawn_says_nothing_about_the_engine() {
    let mut breaker = breaker();
    for ended in [Ended::Failed, Ended::Failed, Ended::Withdrawn, Ended::Failed] {
        job(&mut breaker, ms(0), ended);
    }
    assert_eq!(breaker.health(ms(0)), Health::Open, "it did not end the row of failures either");
}

#[test]
fn results_of_before_neither_open_nor_close_it() {
    let mut breaker = breaker();
    let early: Vec<Pass> = (0..4).map(|_| breaker.begin(ms(0)).unwrap()).collect();
    job(&mut breaker, ms(0), Ended::Hung);
    assert_eq!(breaker.ended(ms(100), early[0], Ended::Done), None);
    assert_eq!(breaker.health(ms(100)), Health::Open);
    job(&mut breaker, ms(2000), Ended::Done);
    assert_eq!(breaker.ended(ms(2100), early[1], Ended::Hung), None);
    assert_eq!((breaker.health(ms(2100)), breaker.failures()), (Health::Ok, 1));
}

#[test]
fn health_has_one_name_for_people_and_programs() {
    for health in [Health::Ok, Health::Degraded, Health::Open, Health::HalfOpen] {
        let name: StrDeserializer<'_, Error> = health.name().into_deserializer();
        assert_eq!(Health::deserialize(name), Ok(health));
        assert_eq!(health.to_string(), health.name());
    }
}

#[test]
fn a_refusal_says_for_how_long() {
    let refusal = opened().begin(ms(200)).unwrap_err();
    assert_eq!(refusal.to_string(), "the engine failed and is left alone for another 1800 ms");
    assert_eq!(refusal.left(), ms(1800));
}

/// What happens to a breaker.
#[derive(Debug, Clone, Copy)]
enum Step {
    Wait(u64),
    Begin,
    /// The end of a job in progress, or of one whose end was told before.
    End(usize, Ended),
}

fn step() -> impl Strategy<Value = Step> {
    let ended = prop_oneof![
        4 => Just(Ended::Done),
        4 => Just(Ended::Failed),
        1 => Just(Ended::Hung),
        1 => Just(Ended::Withdrawn),
    ];
    prop_oneof![
        (0..20_000_u64).prop_map(Step::Wait),
        Just(Step::Begin),
        (any::<usize>(), ended).prop_map(|(which, ended)| Step::End(which, ended)),
    ]
}

/// A breaker to which all of this happened, the time, and all passes that it gave.
fn after(steps: &[Step]) -> (Breaker, Duration, Vec<Pass>) {
    let (mut breaker, mut now) = (breaker(), ms(0));
    let mut passes: Vec<Pass> = Vec::new();
    // The job that tries the engine, and since when.
    let mut probe: Option<(Pass, Duration)> = None;
    for step in steps {
        match *step {
            Step::Wait(wait) => now += ms(wait),
            Step::Begin => {
                let Ok(pass) = breaker.begin(now) else { continue };
                if pass.is_probe() {
                    let given_up = probe.is_none_or(|(_, since)| now >= since + LONGEST_TRY);
                    assert!(given_up, "two jobs try the engine at once");
                    probe = Some((pass, now));
                }
                passes.push(pass);
            }
            Step::End(which, ended) => {
                let Some(&pass) = passes.get(which.checked_rem(passes.len()).unwrap_or(0)) else { continue };
                let (before, known) = (breaker.health(now), format!("{breaker:?}"));
                let change = breaker.ended(now, pass, ended);
                let told = Change { from: before, to: breaker.health(now) };
                assert_eq!(change, (told.from != told.to).then_some(told));
                if probe.is_some_and(|(probe, _)| probe == pass) {
                    probe = None;
                } else if pass.is_probe() {
                    assert_eq!(format!("{breaker:?}"), known, "its end was told before, or it was given up");
                }
            }
        }
    }
    (breaker, now, passes)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn an_open_breaker_lets_a_job_pass_after_the_longest_try_whatever_happened(
        steps in prop::collection::vec(step(), 0..100),
    ) {
        let (mut breaker, now, _) = after(&steps);
        prop_assert!(breaker.retry_in(now).is_none_or(|wait| wait <= LONGEST_TRY));
        let wait = breaker.begin(now).map_or_else(LeftAlone::left, |_| ms(0));
        prop_assert!(wait <= LONGEST_TRY);
        prop_assert!(breaker.begin(now + LONGEST_TRY).is_ok());
    }

    #[test]
    fn an_engine_that_does_all_jobs_in_time_is_healthy_again_whatever_happened(
        steps in prop::collection::vec(step(), 0..100),
    ) {
        let (mut breaker, now, _) = after(&steps);
        (0..=20).for_each(|_| { job(&mut breaker, now + LONGEST_TRY, Ended::Done); });
        prop_assert_eq!(breaker.health(now + LONGEST_TRY), Health::Ok);
    }

    #[test]
    fn passes_of_before_change_nothing(
        steps in prop::collection::vec(step(), 0..100),
        ends in prop::collection::vec(step(), 0..20),
    ) {
        let (mut breaker, now, passes) = after(&steps);
        let now = now + LONGEST_TRY;
        job(&mut breaker, now, Ended::Hung);
        let known = format!("{breaker:?}");
        for pass in passes {
            for end in &ends {
                let Step::End(_, ended) = *end else { continue };
                prop_assert_eq!(breaker.ended(now, pass, ended), None);
            }
        }
        prop_assert_eq!(format!("{breaker:?}"), known);
    }
}
