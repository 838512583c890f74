//! Which language model is asked after one that failed, and for how long. Must not know a conversation.

/// So many turns begin with the model that stood in, before the one that failed is tried again.
const TURNS_WITHOUT: u32 = 3;

/// Which of the models is asked: rung 0 is the one in use.
#[derive(Debug, Default)]
pub(super) struct ModelFailover {
    models: usize,
    /// Where a turn begins, and for how many more.
    first: usize,
    turns: u32,
    /// A model failed in the turn that is not over yet: it does not count as one of `turns`.
    failed_now: bool,
}

impl ModelFailover {
    pub(super) fn new(models: usize) -> Self {
        Self { models, ..Self::default() }
    }

    /// True if there is more than one.
    pub(super) fn has_others(&self) -> bool {
        self.models > 1
    }

    /// Which is asked first.
    pub(super) fn first(&self) -> usize {
        self.first
    }

    /// Which is asked after that one, as long as not all were asked; one that is alone is asked twice.
    pub(super) fn after(&self, rung: usize, asks: usize) -> Option<usize> {
        let models = self.models.max(1);
        (asks < models.max(2)).then_some((rung + 1) % models)
    }

    /// True if somebody is left who stands in for that one.
    pub(super) fn has_stand_in(&self, rung: usize, asks: usize) -> bool {
        self.models > 1 && self.after(rung, asks).is_some()
    }

    /// One failed, or was late: it is not waited for again in every turn. Where none is left, all are
    /// tried again.
    pub(super) fn failed(&mut self, rung: usize) {
        self.first = if rung + 1 < self.models { rung + 1 } else { 0 };
        self.turns = if self.first > 0 { TURNS_WITHOUT } else { 0 };
        self.failed_now = true;
    }

    /// A turn has been answered.
    pub(super) fn turn_over(&mut self) {
        if std::mem::take(&mut self.failed_now) {
            return;
        }
        self.turns = self.turns.saturating_sub(1);
        if self.turns == 0 {
            self.first = 0;
        }
    }
}
