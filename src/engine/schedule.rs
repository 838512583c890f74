//! Which replies take part in the next step of a language model, and with how many rows (tokens of one
//! sequence). PURE: knows no model, no thread and no clock.

use std::time::Duration;

use super::arbiter::Work;

/// Rows of a step at most. More make it no faster a row, and hold up what comes meanwhile.
const MOST_ROWS: usize = 64;
/// A prompt that is alone is read in slices of so many tokens at least: fewer read the weights too often
/// (phi3-mini's prompt takes half as long again in slices of 8 as in slices of 64).
const LEAST_SLICE: usize = 16;
/// Steps are planned a little shorter than they may be: no two of as many rows take the same time.
const AIM: f32 = 0.9;

/// A reply, or a prompt that is only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    /// How urgent it is.
    pub(super) work: Work,
    /// What its call has left to play; `None` while its caller still waits for the first sound.
    pub(super) left: Option<Duration>,
    /// The step it took part in last.
    pub(super) last_step: u64,
    /// Tokens of its prompt that are still to be read; 0 if it writes.
    pub(super) unread: usize,
}

/// So many rows for each candidate; 0 leaves it out.
///
/// The most urgent work comes first, of equals the call whose playback runs out first, then whoever has
/// waited longest. Rows are given until the step would take `longest`. So that nothing waits for ever, the
/// first always takes part, and so does one token of the first prompt that somebody waits for.
pub(super) fn plan(candidates: &[Candidate], cost: &StepCost, longest: Duration) -> Vec<usize> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|&i| {
        let c = candidates[i];
        (c.work, c.left.unwrap_or_default(), c.last_step)
    });
    let most = rows_of_a_step(candidates, cost, longest.mul_f32(AIM));
    let mut rows = vec![0; candidates.len()];
    let (mut taken, mut reads) = (0, false);
    for i in order {
        let Candidate { work, unread, .. } = candidates[i];
        let wanted = unread.max(1);
        let least = match unread {
            0 => usize::from(taken == 0),
            _ if taken == 0 => LEAST_SLICE,
            _ => usize::from(!reads && work == Work::Prefill),
        };
        let given = wanted.min(most.saturating_sub(taken).max(least));
        rows[i] = given;
        taken += given;
        reads |= unread > 0 && given > 0;
    }
    rows
}

/// How many rows the next step may have. Where not even those who write fit into a step, for the model is
/// slow, the half of what is left to play bounds it, so that prompts are read all the same.
fn rows_of_a_step(candidates: &[Candidate], cost: &StepCost, longest: Duration) -> usize {
    let writers = || candidates.iter().filter(|c| c.unread == 0);
    let most = cost.rows_within(longest);
    let patience = writers().map(|c| c.left.unwrap_or_default() / 2).min().unwrap_or_default();
    let most = if most <= writers().count() { cost.rows_within(longest.max(patience)) } else { most };
    most.min(MOST_ROWS)
}

/// What a step takes, by its rows: so much in any case, and so much a row. Learned from the steps that
/// were; those of about as many rows count together, so that a thousand short ones do not blot out what a
/// long one took.
#[derive(Debug, Clone, Default)]
pub(super) struct StepCost {
    /// Steps of up to 1, 2, 4, ... rows: moving averages of rows and seconds.
    steps: [Option<(f64, f64)>; 9],
}

/// The weight of the newest step.
const NEWEST: f64 = 0.2;

impl StepCost {
    /// A step of `rows` took so long.
    pub(super) fn learn(&mut self, rows: usize, took: Duration) {
        let bucket = rows.max(1).next_power_of_two().trailing_zeros() as usize;
        let Some(average) = self.steps.get_mut(bucket) else { return };
        let (x, y) = (rows as f64, took.as_secs_f64());
        *average = Some(average.map_or((x, y), |(ax, ay)| (ax + NEWEST * (x - ax), ay + NEWEST * (y - ay))));
    }

    /// Rows of a step that takes at most `longest`; without experience, as many as there may be.
    fn rows_within(&self, longest: Duration) -> usize {
        let Some((fixed, each)) = self.line() else { return usize::MAX };
        let rows = (longest.as_secs_f64() - fixed) / each;
        if rows.is_finite() { rows.max(0.0) as usize } else { usize::MAX }
    }

    /// The straight line through what is known, by least squares: seconds in any case, seconds a row.
    fn line(&self) -> Option<(f64, f64)> {
        let known: Vec<(f64, f64)> = self.steps.iter().flatten().copied().collect();
        let n = known.len() as f64;
        let (x, y) = known.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
        let spread: f64 = known.iter().map(|p| (p.0 - x).powi(2)).sum();
        let slope: f64 = known.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>() / spread;
        match known.len() {
            0 => None,
            // One point says nothing about where the line begins: then it begins at nothing.
            1 => Some((0.0, y / x)),
            _ => Some(if slope > 0.0 { ((y - slope * x).max(0.0), slope) } else { (0.0, y / x) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn writes(work: Work, left: u64, last_step: u64) -> Candidate {
        Candidate { work, left: Some(MS(left)), last_step, unread: 0 }
    }

    fn reads(work: Work, unread: usize) -> Candidate {
        Candidate { work, left: None, last_step: 0, unread }
    }

    /// 2 ms, and 1 ms a row.
    fn cost() -> StepCost {
        let mut cost = StepCost::default();
        [1, 4, 16].into_iter().for_each(|rows| cost.learn(rows, MS(2 + rows as u64)));
        cost
    }

    #[test]
    fn all_that_write_go_together_and_a_prompt_takes_what_is_left_of_the_step() {
        let candidates =
            [writes(Work::Decode, 900, 1), reads(Work::Prefill, 1000), writes(Work::UrgentDecode, 90, 1)];
        assert_eq!(plan(&candidates, &cost(), MS(12)), [1, 6, 1]);
    }

    #[test]
    fn whose_playback_runs_out_first_goes_first_and_equals_take_turns() {
        let candidates = [
            writes(Work::Decode, 900, 1),
            writes(Work::UrgentDecode, 9, 2),
            writes(Work::UrgentDecode, 2, 3),
            writes(Work::Decode, 900, 0),
        ];
        assert_eq!(plan(&candidates, &cost(), MS(3)), [0, 0, 1, 0]);
        assert_eq!(plan(&candidates, &cost(), MS(6)), [0, 1, 1, 1]);
    }

    #[test]
    fn a_caller_who_hears_nothing_yet_goes_before_one_whose_voice_plays_on() {
        let waits = Candidate { left: None, ..writes(Work::Decode, 0, 9) };
        assert_eq!(plan(&[writes(Work::Decode, 400, 0), waits], &cost(), MS(3)), [0, 1]);
    }

    #[test]
    fn where_one_step_is_longer_than_allowed_everything_that_is_waited_for_still_goes_on() {
        let candidates = [writes(Work::Decode, 2, 0), reads(Work::Prefill, 50), reads(Work::Idle, 50)];
        assert_eq!(plan(&candidates, &cost(), MS(1)), [1, 1, 0]);
        assert_eq!(plan(&candidates[2..], &cost(), MS(1)), [LEAST_SLICE]);
    }

    #[test]
    fn where_the_model_is_slow_a_prompt_is_read_as_long_as_voices_have_enough_to_play() {
        let slow = |left| [writes(Work::Decode, left, 0), reads(Work::Prefill, 50)];
        assert_eq!(plan(&slow(60), &cost(), MS(3)), [1, 27]);
        assert_eq!(plan(&slow(4), &cost(), MS(3)), [1, 1]);
    }

    #[test]
    fn what_is_only_prepared_takes_what_nobody_else_needs() {
        let candidates = [reads(Work::Speculation, 50), reads(Work::Prefill, 6), reads(Work::Idle, 50)];
        assert_eq!(plan(&candidates, &cost(), MS(22)), [11, 6, 0]);
    }

    #[test]
    fn a_thousand_short_steps_do_not_make_it_forget_what_a_long_one_took() {
        let mut cost = cost();
        (0..1000).for_each(|_| cost.learn(1, MS(3)));
        assert_eq!(cost.rows_within(MS(33)), 31);
    }

    proptest! {
        #[test]
        fn somebody_always_goes_on_and_nobody_gets_more_than_there_is(
            unread in prop::collection::vec((0_usize..100, 0_usize..10, 0_u64..500), 1..20),
            took in prop::collection::vec((1_usize..80, 0_u64..300), 0..20),
            longest in 0_u64..200,
        ) {
            let mut cost = StepCost::default();
            took.into_iter().for_each(|(rows, ms)| cost.learn(rows, MS(ms)));
            let candidates: Vec<Candidate> = unread
                .iter()
                .map(|&(unread, work, left)| Candidate { unread, ..writes(Work::ALL[work], left, 0) })
                .collect();
            let rows = plan(&candidates, &cost, MS(longest));
            prop_assert!((1..=MOST_ROWS + 1).contains(&rows.iter().sum()));
            prop_assert!(rows.iter().zip(&candidates).all(|(&rows, c)| rows <= c.unread.max(1)));
        }
    }
}
