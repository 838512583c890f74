//! Which filler bridges the wait for a late answer. The same one is never said in two answers in a row: a
//! caller who hears "One moment, please." again and again hears a machine. Must not know when one is due.

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Fillers {
    last: Option<usize>,
    /// The answers that have ended since then, its own included.
    answers: u32,
}

impl Fillers {
    /// An answer is over.
    pub(super) fn answer_over(&mut self) {
        self.answers = self.answers.saturating_add(1);
    }

    /// The filler to say now; `None` if the only one was said in the answer before.
    pub(super) fn next<'a>(&mut self, fillers: &'a [String]) -> Option<&'a str> {
        let next = self.last.map_or(0, |last| last + 1) % fillers.len().max(1);
        let in_a_row = self.last == Some(next) && self.answers <= 1;
        let filler = fillers.get(next).filter(|filler| !filler.is_empty() && !in_a_row)?;
        (self.last, self.answers) = (Some(next), 0);
        Some(filler)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fillers of so many late answers in a row.
    fn said(fillers: &[&str], late: &[bool]) -> Vec<Option<String>> {
        let fillers: Vec<String> = fillers.iter().map(|&text| text.to_owned()).collect();
        let mut state = Fillers::default();
        let mut one = |late: &bool| {
            let said = if *late { state.next(&fillers).map(str::to_owned) } else { None };
            state.answer_over();
            said
        };
        late.iter().map(&mut one).collect()
    }

    #[test]
    fn fillers_take_turns_and_a_single_one_is_not_said_twice_in_a_row() {
        let texts = |all: &[Option<&str>]| all.iter().map(|t| t.map(str::to_owned)).collect::<Vec<_>>();
        assert_eq!(said(&["a", "b"], &[true; 3]), texts(&[Some("a"), Some("b"), Some("a")]));
        assert_eq!(said(&["a"], &[true; 3]), texts(&[Some("a"), None, Some("a")]));
        assert_eq!(said(&["a"], &[true, false, true]), texts(&[Some("a"), None, Some("a")]));
        assert_eq!(said(&[], &[true]), texts(&[None]));
    }
}
