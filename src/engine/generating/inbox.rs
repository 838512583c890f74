//! A sink for tests: it keeps the results in a channel of a known size.

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::dialogue::Usage;

/// A result of a model.
#[derive(Debug)]
pub(super) enum Said {
    Text,
    EndOfTurn,
    Done(Result<Usage, EngineError>),
}

struct Inbox(Sender<Said>);

/// A sink with this number of places, and its receiver.
pub(super) fn inbox(places: usize) -> (Box<dyn ThinkSink>, Receiver<Said>) {
    let (said, inbox) = channel(places);
    (Box::new(Inbox(said)), inbox)
}

/// The number of texts before the end.
pub(super) fn words(inbox: &mut Receiver<Said>) -> usize {
    std::iter::from_fn(|| inbox.blocking_recv()).take_while(|said| matches!(said, Said::Text)).count()
}

/// The outcome at the end.
pub(super) fn end(mut inbox: Receiver<Said>) -> Result<Usage, EngineError> {
    loop {
        if let Said::Done(outcome) = inbox.blocking_recv().expect("an end") {
            return outcome;
        }
    }
}

impl ThinkSink for Inbox {
    fn has_room(&self) -> bool {
        self.0.capacity() >= 3
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn text(&mut self, _: String) {
        self.0.try_send(Said::Text).expect("room");
    }

    fn end_of_turn(&mut self, _: f32) {
        self.0.try_send(Said::EndOfTurn).expect("room");
    }

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        self.0.try_send(Said::Done(outcome)).expect("room");
    }
}
