//! What the ladder promises, whatever the pressure does.

use std::time::Duration;

use offhook_quality::ladder::{Ladder, LadderSettings, Measure, Move};
use offhook_quality::pressure::Pressure;
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::cases;

const HOUR: u64 = 3600;

fn s(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn ladder(measures: usize) -> Ladder {
    Ladder::new(Measure::ALL[..measures].to_vec(), LadderSettings::default())
}

/// The pressure for so many seconds each, and the moves that follow from it, each with its second. Looks once
/// a second, also at the beginning.
fn moves(ladder: &mut Ladder, from: u64, spans: &[(u64, Pressure)]) -> Vec<(u64, Move)> {
    let (mut now, mut moves) = (from, Vec::new());
    for &(length, pressure) in spans {
        for second in now..now + length {
            moves.extend(ladder.look(s(second), pressure).map(|taken| (second, taken)));
        }
        now += length;
    }
    moves
}

#[test]
fn measures_are_taken_one_at_a_time_the_least_harmful_first() {
    let mut ladder = Ladder::new(
        vec![Measure::BuiltInVoice, Measure::NoPartials, Measure::BuiltInVoice],
        LadderSettings::default(),
    );
    let taken = moves(&mut ladder, 0, &[(60, Pressure::High)]);
    assert_eq!(taken, [(5, Move::Down(Measure::NoPartials)), (10, Move::Down(Measure::BuiltInVoice))]);
    assert_eq!(ladder.taken(), [Measure::NoPartials, Measure::BuiltInVoice]);
    let withdrawn = moves(&mut ladder, 60, &[(120, Pressure::Low)]);
    assert_eq!(withdrawn, [(90, Move::Up(Measure::BuiltInVoice)), (120, Move::Up(Measure::NoPartials))]);
    assert_eq!((ladder.step(), ladder.taken()), (0, &[][..]));
}

#[test]
fn pressure_must_last_without_a_break() {
    let (high, low, between) = (Pressure::High, Pressure::Low, Pressure::Between);
    let mut ladder = ladder(4);
    assert_eq!(moves(&mut ladder, 0, &[(5, high), (1, between), (5, high), (1, low), (5, high)]), []);
    assert_eq!(moves(&mut ladder, 17, &[(1, high)]).len(), 1);
    assert_eq!(moves(&mut ladder, 18, &[(30, low), (1, between), (30, low), (600, between)]), []);
    assert_eq!(ladder.step(), 1);
}

#[test]
fn a_measure_that_was_withdrawn_too_soon_is_kept_longer_the_next_time() {
    let (mut ladder, mut now) = (ladder(1), 0);
    for wait in [30, 60, 120, 240, 480, 480] {
        // High until the measure is taken, then low until it is withdrawn.
        let down = moves(&mut ladder, now, &[(6, Pressure::High)]);
        assert_eq!((down.len(), ladder.up_after()), (1, s(wait)));
        let up = moves(&mut ladder, now + 6, &[(wait + 1, Pressure::Low)]);
        assert_eq!(up, [(now + 6 + wait, Move::Up(Measure::NoPartials))]);
        now += 6 + wait + 1;
    }
    let calm = moves(&mut ladder, now, &[(120, Pressure::Between), (6, Pressure::High)]);
    assert_eq!((calm.len(), ladder.up_after()), (1, s(30)), "it was not missed for two minutes");
}

#[test]
fn a_moment_of_high_pressure_puts_off_forgiving() {
    let mut ladder = ladder(1);
    let relapse = [(6, Pressure::High), (31, Pressure::Low), (6, Pressure::High), (61, Pressure::Low)];
    moves(&mut ladder, 0, &relapse);
    assert_eq!(ladder.up_after(), s(60));
    moves(&mut ladder, 104, &[(100, Pressure::Low), (1, Pressure::High), (119, Pressure::Low)]);
    assert_eq!(ladder.up_after(), s(60));
    moves(&mut ladder, 324, &[(1, Pressure::Low)]);
    assert_eq!(ladder.up_after(), s(30));
}

#[test]
fn measures_have_a_name_and_a_sentence() {
    for measure in Measure::ALL {
        let name: StrDeserializer<'_, Error> = measure.name().into_deserializer();
        assert_eq!(Measure::deserialize(name), Ok(measure));
        assert_eq!(measure.to_string(), measure.name());
    }
    assert_eq!(Measure::NoPartials.sentence(), "partial transcripts are not made");
}

fn pressure() -> impl Strategy<Value = Pressure> {
    prop_oneof![Just(Pressure::Low), Just(Pressure::Between), Just(Pressure::High)]
}

/// Spans of pressure, as an adversary would choose them: about the times that the ladder waits.
fn spans() -> impl Strategy<Value = Vec<(u64, Pressure)>> {
    let length = prop_oneof![1..8_u64, 28..34_u64, 58..64_u64, 118..124_u64, 1..600_u64];
    prop::collection::vec((length, pressure()), 0..200)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn moves_are_apart_and_go_step_by_step(measures in 0..=4_usize, spans in spans()) {
        let mut ladder = ladder(measures);
        let moves = moves(&mut ladder, 0, &spans);
        prop_assert!(moves.windows(2).all(|two| two[1].0 - two[0].0 >= 5));
        let mut step = 0;
        for (_, taken) in &moves {
            match *taken {
                Move::Down(measure) => {
                    prop_assert_eq!(measure, Measure::ALL[step]);
                    step += 1;
                }
                Move::Up(measure) => {
                    step -= 1;
                    prop_assert_eq!(measure, Measure::ALL[step]);
                }
            }
        }
        prop_assert_eq!((step, ladder.taken()), (ladder.step(), &Measure::ALL[..step]));
    }

    #[test]
    fn a_server_at_ease_gets_everything_back(measures in 0..=4_usize, spans in spans()) {
        let mut ladder = ladder(measures);
        moves(&mut ladder, 0, &spans);
        let now = spans.iter().map(|(length, _)| length).sum();
        // The longest wait, once for each measure.
        moves(&mut ladder, now, &[(4 * 480 + 4, Pressure::Low)]);
        prop_assert_eq!(ladder.step(), 0);
    }

    #[test]
    fn no_pressure_makes_more_moves_than_its_time_allows(measures in 0..=4_usize, spans in spans()) {
        let mut ladder = ladder(measures);
        let count = moves(&mut ladder, 0, &spans).len() as u64;
        let time: u64 = spans.iter().map(|(length, _)| length).sum();
        prop_assert!(count <= 2 * time / 35 + measures as u64, "{count} moves in {time} s");
    }

    #[test]
    fn regular_pressure_finds_it_at_rest_or_gives_it_peace(
        measures in 1..=4_usize,
        high in 1..400_u64,
        low in 1..600_u64,
    ) {
        let mut ladder = ladder(measures);
        let rounds = 3 * HOUR / (high + low) + 1;
        let round = [(high, Pressure::High), (low, Pressure::Low)];
        let spans: Vec<_> = (0..rounds).flat_map(|_| round).collect();
        let all = moves(&mut ladder, 0, &spans);
        let n = measures as u64;
        let last = all.iter().filter(|(at, _)| (2 * HOUR..3 * HOUR).contains(at)).count() as u64;
        // One round may be cut at the beginning of the hour, and one at its end.
        prop_assert!(last <= 2 * n * HOUR / (n * 35 + 120) + 2 * n, "{last} moves an hour");
    }
}
