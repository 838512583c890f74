//! Engines whose words come from a script, for measuring loads: either without any model (what does all
//! around the models cost?), or around real ones, which compute all that they would otherwise (what do models
//! of this size cost, whatever their words?). Must not know calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::ports::{Deliver, Hear, HearRequest, Think, ThinkRequest, ThinkSink};
use super::queue::QueueFull;
use super::{CancelFlag, EngineError, NoRoom, Room, Rooms, Task, Transcript};
use crate::dialogue::Usage;

/// What every caller says: a complete sentence, so that a turn ends as soon as it can.
const HEARD: &str = "What are your opening hours?";

/// What is answered, in turn.
const ANSWERS: [&str; 4] = [
    "We are open from Monday to Friday, eight to five.",
    "You can park behind the house.",
    "A cleaning costs ninety dollars.",
    "Yes, we take new patients. Shall I look for a time that suits you?",
];

/// A recogniser that hears the script.
pub struct ScriptedHear {
    /// Computes a transcript first.
    around: Option<Arc<dyn Hear>>,
}

impl ScriptedHear {
    /// Without a recogniser, or around one whose words are replaced.
    #[must_use]
    pub fn new(around: Option<Arc<dyn Hear>>) -> Self {
        Self { around }
    }
}

impl Hear for ScriptedHear {
    fn hear(&self, request: HearRequest, done: Deliver<Transcript>) -> Result<(), QueueFull> {
        let heard = || Transcript { text: HEARD.to_owned(), ..Transcript::default() };
        match &self.around {
            None => {
                done(Ok(heard()));
                Ok(())
            }
            Some(recogniser) => {
                recogniser.hear(request, Box::new(move |outcome| done(outcome.map(|_| heard()))))
            }
        }
    }
}

/// A language model that answers with the script.
pub struct ScriptedThink {
    /// Computes a token for each token of the script.
    around: Option<Arc<dyn Think>>,
    rooms: Rooms,
    answered: AtomicUsize,
}

impl ScriptedThink {
    /// Without a model, or around one whose tokens are replaced.
    #[must_use]
    pub fn new(around: Option<Arc<dyn Think>>) -> Self {
        let free = || Rooms::new(|| Ok::<_, NoRoom>(Room::new(())), || true);
        let rooms = around.as_ref().map_or_else(free, |model| model.rooms().clone());
        Self { around, rooms, answered: AtomicUsize::new(0) }
    }
}

impl Think for ScriptedThink {
    fn begin(&self, request: ThinkRequest, sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
        let number = self.answered.fetch_add(1, Ordering::Relaxed);
        let answer = ANSWERS[number % ANSWERS.len()];
        let words = if request.task == Task::Answer { tokens(answer) } else { Vec::new() };
        let mut sink =
            Scripted { words: words.into_iter(), cancel: request.cancel.clone(), sink: Some(sink) };
        match &self.around {
            Some(model) => model.begin(request, Box::new(sink)),
            None => {
                while sink.next_word() {}
                sink.done(Ok(Usage { generated: tokens(answer).len(), ..Usage::default() }));
                Ok(())
            }
        }
    }

    fn end_session(&self, session: &str) {
        if let Some(model) = &self.around {
            model.end_session(session);
        }
    }

    fn rooms(&self) -> &Rooms {
        &self.rooms
    }
}

/// The words of an answer, each with the space before it.
fn tokens(answer: &str) -> Vec<String> {
    answer.split_inclusive(' ').map(str::to_owned).collect()
}

/// Replaces tokens by those of the script, and ends the work when the script ends.
struct Scripted {
    words: std::vec::IntoIter<String>,
    cancel: CancelFlag,
    /// `None` once it was told the end.
    sink: Option<Box<dyn ThinkSink>>,
}

impl Scripted {
    /// Tells the next word; false at the end of the script.
    fn next_word(&mut self) -> bool {
        let (Some(word), Some(sink)) = (self.words.next(), &mut self.sink) else { return false };
        sink.text(word);
        true
    }
}

impl ThinkSink for Scripted {
    fn has_room(&self) -> bool {
        self.sink.as_ref().is_none_or(|sink| sink.has_room())
    }

    fn is_closed(&self) -> bool {
        self.sink.as_ref().is_none_or(|sink| sink.is_closed())
    }

    fn text(&mut self, _: String) {
        if !self.next_word()
            && let Some(mut sink) = self.sink.take()
        {
            sink.done(Ok(Usage::default()));
            self.cancel.cancel();
        }
    }

    fn end_of_turn(&mut self, probability: f32) {
        if let Some(sink) = &mut self.sink {
            sink.end_of_turn(probability);
        }
    }

    /// A model that ends before the script tells the rest at once.
    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        if outcome.is_ok() {
            while self.next_word() {}
        }
        if let Some(mut sink) = self.sink.take() {
            sink.done(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::engine::Sampling;
    use crate::engine::buffered_playback::BufferedPlayback;
    use crate::engine::cpu_time::CpuTime;
    use crate::engine::wanted::Wanted;

    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<String>>>);

    impl ThinkSink for Told {
        fn has_room(&self) -> bool {
            true
        }

        fn is_closed(&self) -> bool {
            false
        }

        fn text(&mut self, text: String) {
            self.0.lock().unwrap().push(text);
        }

        fn end_of_turn(&mut self, _: f32) {}

        fn done(&mut self, outcome: Result<Usage, EngineError>) {
            self.0.lock().unwrap().push(if outcome.is_ok() { "." } else { "!" }.to_owned());
        }
    }

    /// A model that writes `x` for ever, until it is cancelled.
    struct Endless(Rooms);

    impl Think for Endless {
        fn begin(&self, request: ThinkRequest, mut sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
            while !request.cancel.is_cancelled() {
                sink.text("x".to_owned());
            }
            Ok(())
        }

        fn end_session(&self, _: &str) {}

        fn rooms(&self) -> &Rooms {
            &self.0
        }
    }

    fn answered(model: &ScriptedThink) -> Vec<String> {
        let told = Told::default();
        let request = ThinkRequest {
            session: "s".into(),
            messages: Vec::new(),
            task: Task::Answer,
            sampling: Sampling::default(),
            cancel: CancelFlag::default(),
            wanted: Wanted::default(),
            aside: false,
            buffered: BufferedPlayback::default(),
            cpu: CpuTime::default(),
        };
        model.begin(request, Box::new(told.clone())).expect("room");
        told.0.lock().unwrap().clone()
    }

    #[test]
    fn the_script_is_answered_with_and_without_a_model_and_ends_once() {
        let free = Rooms::new(|| Ok::<_, NoRoom>(Room::new(())), || true);
        for model in [ScriptedThink::new(None), ScriptedThink::new(Some(Arc::new(Endless(free))))] {
            assert_eq!(answered(&model).concat(), format!("{}.", ANSWERS[0]));
            assert_eq!(answered(&model).concat(), format!("{}.", ANSWERS[1]));
        }
    }
}
