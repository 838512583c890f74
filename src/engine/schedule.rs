//! Plans the next step of a language model: which replies take part, and with how many rows (tokens of one
//! sequence). PURE: knows no model, no thread and no clock.

use std::time::Duration;

use super::arbiter::Work;

/// The maximum number of rows of a step. More rows make it no faster per row, and delay work that arrives
/// meanwhile.
const MOST_ROWS: usize = 64;
/// The minimum slice of a prompt that comes first in a step, in tokens. Smaller slices read the weights too
/// often: the prompt of phi3-mini takes half as long again in slices of 8 as in slices of 64.
const LEAST_SLICE: usize = 16;
/// Steps are planned a little shorter than the limit, because no two steps with the same number of rows take
/// the same time.
const AIM: f32 = 0.9;

/// A reply, or a prefill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Its urgency.
    pub(super) work: Work,
    /// The audio that its call has left to play; `None` while the caller still waits for the first sound.
    pub(super) left: Option<Duration>,
    /// The last step that it took part in.
    pub(super) last_step: u64,
    /// The number of unread tokens of its prompt; 0 if it writes.
    pub(super) unread: usize,
}

/// The number of rows for each candidate; 0 leaves it out.
///
/// The most urgent work comes first. Of equals, the call whose playback runs out first comes first, then the
/// one that has waited longest. Rows are given out until the step would take `longest`. So that nothing waits
/// for ever, the first candidate always takes part, and so does one token of the first prompt that a call
/// waits for.
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

/// The maximum number of rows of the next step. With a slow model, not even the replies that write may fit
/// into a step. Then the limit is half of the shortest audio left to play, if that is longer, so that prompts
/// are still prefilled.
fn rows_of_a_step(candidates: &[Candidate], cost: &StepCost, longest: Duration) -> usize {
    let writers = || candidates.iter().filter(|c| c.unread == 0);
    let most = cost.rows_within(longest);
    let patience = writers().map(|c| c.left.unwrap_or_default() / 2).min().unwrap_or_default();
    let most = if most <= writers().count() { cost.rows_within(longest.max(patience)) } else { most };
    most.min(MOST_ROWS)
}

/// The time of a step by its number of rows: a fixed part, and a part for each row. Learned from past steps.
/// Steps with about the same number of rows are averaged together, so that a thousand short steps do not
/// erase the time of a long one.
#[derive(Debug, Clone, Default)]
pub(super) struct StepCost {
    /// The moving averages of rows and seconds, for steps of up to 1, 2, 4, ... rows.
    steps: [Option<(f64, f64)>; 9],
}

/// The weight of the newest step.
const NEWEST: f64 = 0.2;

impl StepCost {
    /// Learns the time of a step of `rows`.
    pub(super) fn learn(&mut self, rows: usize, took: Duration) {
        let bucket = rows.max(1).next_power_of_two().trailing_zeros() as usize;
        let Some(average) = self.steps.get_mut(bucket) else { return };
        let (x, y) = (rows as f64, took.as_secs_f64());
        *average = Some(average.map_or((x, y), |(ax, ay)| (ax + NEWEST * (x - ax), ay + NEWEST * (y - ay))));
    }

    /// The number of rows of a step that takes at most `longest`; unlimited before any step has been
    /// measured.
    fn rows_within(&self, longest: Duration) -> usize {
        let Some((fixed, each)) = self.line() else { return usize::MAX };
        let rows = (longest.as_secs_f64() - fixed) / each;
        if rows.is_finite() { rows.max(0.0) as usize } else { usize::MAX }
    }

    /// The straight line through the averages, by least squares: the fixed seconds, and the seconds for each
    /// row.
    fn line(&self) -> Option<(f64, f64)> {
        let known: Vec<(f64, f64)> = self.steps.iter().flatten().copied().collect();
        let n = known.len() as f64;
        let (x, y) = known.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
        let spread: f64 = known.iter().map(|p| (p.0 - x).powi(2)).sum();
        let slope: f64 = known.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>() / spread;
        match known.len() {
            0 => None,
            // One point does not give the fixed part, so it is taken as zero.
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

    /// 2 ms, plus 1 ms for each row.
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
