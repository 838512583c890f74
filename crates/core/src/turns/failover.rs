//! Which language model is asked after one that failed, and for how long. Must not know a conversation.

/// The number of turns that begin with the stand-in before the model that failed is tried again.
const TURNS_WITHOUT: u32 = 3;

/// Which of the models is asked: rung 0 is the one in use.
#[derive(Debug, Default)]
pub(super) struct ModelFailover {
    models: usize,
    /// The rung that a turn begins with, and for how many more turns.
    first: usize,
    turns: u32,
    /// A model failed in the current turn, so that this turn does not count as one of `turns`.
    failed_now: bool,
}

impl ModelFailover {
    pub(super) fn new(models: usize) -> Self {
        Self { models, ..Self::default() }
    }

    /// True if there is more than one model.
    pub(super) fn has_others(&self) -> bool {
        self.models > 1
    }

    /// The rung that is asked first.
    pub(super) fn first(&self) -> usize {
        self.first
    }

    /// The rung that is asked after `rung`, until all models were asked. A single model is asked twice.
    pub(super) fn after(&self, rung: usize, asks: usize) -> Option<usize> {
        let models = self.models.max(1);
        (asks < models.max(2)).then_some((rung + 1) % models)
    }

    /// True if a model is left to stand in for `rung`.
    pub(super) fn has_stand_in(&self, rung: usize, asks: usize) -> bool {
        self.models > 1 && self.after(rung, asks).is_some()
    }

    /// A model failed or was late: not every turn waits for it again. If none is left, all are tried again.
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
