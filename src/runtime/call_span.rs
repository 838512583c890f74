//! The span of a call's log lines, which names the call and the turn. A span's fields cannot be replaced, so
//! each turn has a span of its own, all under the socket's. Must not know what is logged.

use tracing::Span;

use crate::ids::{CallId, TurnId};

/// The span of the current turn.
#[derive(Debug)]
pub(super) struct CallSpan {
    call: CallId,
    socket: Span,
    turn: TurnId,
    span: Span,
}

impl CallSpan {
    /// The span of a call that begins on the socket with this span.
    pub(super) fn new(call: CallId, socket: Span) -> Self {
        let turn = TurnId::default();
        let span = of(&call, &socket, turn);
        Self { call, socket, turn, span }
    }

    /// The span of this turn.
    pub(super) fn of_turn(&mut self, turn: TurnId) -> &Span {
        if turn != self.turn {
            self.turn = turn;
            self.span = of(&self.call, &self.socket, turn);
        }
        &self.span
    }
}

/// At the level of errors: a filter that lets only errors pass must let their call be named.
fn of(call: &CallId, socket: &Span, turn: TurnId) -> Span {
    tracing::error_span!(parent: socket, "call", %call, turn = turn.0)
}
