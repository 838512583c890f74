//! What engines work on for a call.

use crate::engine::CancelFlag;
use crate::engine::wanted::Wanted;
use crate::ids::TurnId;

/// The reply that engines work on.
#[derive(Debug, Default)]
pub(super) struct Working {
    pub(super) turn: Option<TurnId>,
    /// Ends the generation, and the synthesis.
    pub(super) generating: CancelFlag,
    pub(super) speaking: CancelFlag,
    pub(super) wanted: Wanted,
    /// It has given a piece to the synthesiser.
    pub(super) spoke: bool,
}

impl Working {
    /// Another reply is worked on from now on.
    pub(super) fn begin(&mut self, turn: TurnId, wanted: bool) {
        *self = Self { turn: Some(turn), ..Self::default() };
        if wanted {
            self.wanted.set();
        }
    }

    pub(super) fn cancel(&mut self) {
        self.generating.cancel();
        self.speaking.cancel();
        self.turn = None;
    }
}
