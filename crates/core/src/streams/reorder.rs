//! Puts numbered messages back in order, for providers that do not promise their order. Holds only a few:
//! audio that waits is audio that is late. Must not know any provider.

use std::collections::BTreeMap;

/// The most messages that wait for a missing one: 60 ms with most gateways.
const WINDOW: usize = 3;

/// The messages that came too early, and wait.
#[derive(Debug)]
pub(super) struct Reorder<T> {
    /// The number that is due; `None` before the first message.
    next: Option<u64>,
    early: BTreeMap<u64, T>,
    /// The number of messages in a row that came too late.
    late: usize,
    disordered: u64,
}

impl<T> Reorder<T> {
    /// No message has come yet.
    pub(super) const fn new() -> Self {
        Self { next: None, early: BTreeMap::new(), late: 0, disordered: 0 }
    }

    /// Takes a message, and returns the messages that are now in order.
    ///
    /// The first message to come is the first of all. A message that comes twice, or after its place was
    /// given up, is dropped: the audio behind it has been heard. If only such messages come, the gateway has
    /// begun to count anew.
    pub(super) fn push(&mut self, number: u64, message: T) -> Vec<T> {
        let next = *self.next.get_or_insert(number);
        let mut ready = Vec::new();
        if number < next {
            self.disordered += 1;
            self.late += 1;
            if self.late <= WINDOW {
                return ready;
            }
            ready = self.finish();
            self.next = Some(number);
        } else if self.early.contains_key(&number) {
            self.disordered += 1;
            return ready;
        }
        self.late = 0;
        if number == next && !self.early.is_empty() {
            self.disordered += 1;
        }
        self.early.insert(number, message);
        ready.extend(self.in_order());
        if self.early.len() > WINDOW {
            // The missing message will not come in time.
            self.disordered += 1;
            self.next = self.early.keys().next().copied();
            ready.extend(self.in_order());
        }
        ready
    }

    /// All waiting messages, with or without gaps: nothing more will come.
    pub(super) fn finish(&mut self) -> Vec<T> {
        std::mem::take(&mut self.early).into_values().collect()
    }

    /// The number of messages that came late or twice, and of gaps that were given up.
    pub(super) const fn disordered(&self) -> u64 {
        self.disordered
    }

    fn in_order(&mut self) -> Vec<T> {
        let mut ready = Vec::new();
        while let Some(message) = self.next.and_then(|next| self.early.remove(&next)) {
            ready.push(message);
            self.next = self.next.map(|next| next.saturating_add(1));
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn given(numbers: &[u64]) -> (Vec<Vec<u64>>, u64) {
        let mut reorder = Reorder::new();
        let given = numbers.iter().map(|&number| reorder.push(number, number)).collect();
        (given, reorder.disordered())
    }

    #[test]
    fn two_that_changed_places_are_put_back() {
        assert_eq!(given(&[4, 6, 5, 7]), (vec![vec![4], vec![], vec![5, 6], vec![7]], 1));
    }

    #[test]
    fn a_gap_is_given_up_after_a_few_messages_and_counted() {
        let (given, disordered) = given(&[1, 3, 4, 5, 6, 7, 2]);
        assert_eq!(given, [vec![1], vec![], vec![], vec![], vec![3, 4, 5, 6], vec![7], vec![]]);
        assert_eq!(disordered, 2);
    }

    #[test]
    fn what_comes_twice_is_given_once() {
        assert_eq!(given(&[1, 1, 3, 3, 2]), (vec![vec![1], vec![], vec![], vec![], vec![2, 3]], 3));
    }

    #[test]
    fn what_waits_at_the_end_is_given() {
        let mut reorder = Reorder::new();
        for number in [1, 5, 3] {
            reorder.push(number, number);
        }
        assert_eq!(reorder.finish(), [3, 5]);
    }

    #[test]
    fn a_line_that_counts_anew_is_heard_again() {
        assert_eq!(given(&[900, 1, 2, 3, 4, 5]).0, [vec![900], vec![], vec![], vec![], vec![4], vec![5]]);
    }

    proptest! {
        #[test]
        fn few_wait_and_after_anything_a_steady_line_is_heard(
            numbers in prop::collection::vec(prop_oneof![0_u64..30, any::<u64>()], 0..80),
            from in 0_u64..30,
        ) {
            let mut reorder = Reorder::new();
            for number in numbers {
                reorder.push(number, number);
                prop_assert!(reorder.early.len() <= WINDOW);
            }
            let last = from + 10;
            let heard: Vec<u64> = (from..=last).flat_map(|number| reorder.push(number, number)).collect();
            // A number from before may have waited for its place behind the steady line.
            let of_the_line = heard.iter().rfind(|number| (from..=last).contains(number));
            prop_assert_eq!(of_the_line, Some(&last));
        }
    }
}
