//! The stage for tests of shared answers: a model that says what the test tells it to, and those who ask it.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::dialogue::Role;
use crate::engine::{NoRoom, Room};

/// A model that keeps its requests, for the test to answer.
pub(super) struct Model {
    begun: Mutex<Vec<(ThinkRequest, Box<dyn ThinkSink>)>>,
    pub(super) is_full: AtomicBool,
    rooms: Rooms,
}

impl Think for Model {
    fn begin(&self, request: ThinkRequest, sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(QueueFull("test"));
        }
        lock(&self.begun).push((request, sink));
        Ok(())
    }

    fn end_session(&self, _: &str) {}

    fn rooms(&self) -> &Rooms {
        &self.rooms
    }
}

/// What one was told.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Told {
    pub(super) texts: Vec<String>,
    pub(super) scores: Vec<f32>,
    pub(super) ends: Vec<Result<Usage, String>>,
}

/// One who asks, with its sink.
#[derive(Clone, Default)]
pub(super) struct Listener {
    pub(super) told: Arc<Mutex<Told>>,
    pub(super) cancel: CancelFlag,
    pub(super) wanted: Wanted,
    pub(super) buffered: BufferedPlayback,
    pub(super) cpu: CpuTime,
    pub(super) is_full: Arc<AtomicBool>,
    pub(super) is_closed: Arc<AtomicBool>,
}

impl Listener {
    pub(super) fn told(&self) -> Told {
        lock(&self.told).clone()
    }

    pub(super) fn text(&self) -> String {
        self.told().texts.concat()
    }

    pub(super) fn is_done(&self) -> bool {
        self.told().ends.len() == 1 && self.told().ends[0].is_ok()
    }
}

impl ThinkSink for Listener {
    fn has_room(&self) -> bool {
        !self.is_full.load(Ordering::Relaxed)
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    fn text(&mut self, text: String) {
        lock(&self.told).texts.push(text);
    }

    fn end_of_turn(&mut self, probability: f32) {
        lock(&self.told).scores.push(probability);
    }

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        lock(&self.told).ends.push(outcome.map_err(|error| error.to_string()));
    }
}

pub(super) struct Stage {
    pub(super) model: Arc<Model>,
    pub(super) sharing: Arc<Sharing>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let (begun, is_full) = (Mutex::default(), AtomicBool::new(false));
        let rooms = Rooms::new(|| Ok::<_, NoRoom>(Room::new(())), || true);
        let model = Arc::new(Model { begun, is_full, rooms });
        Self { sharing: Arc::new(Sharing::new(model.clone())), model }
    }

    pub(super) fn request(&self, question: &str, listener: &Listener) -> ThinkRequest {
        let message = |role, text: &str| Message { role, text: text.to_owned() };
        ThinkRequest {
            session: "a call".to_owned(),
            messages: vec![message(Role::System, "You answer."), message(Role::User, question)],
            task: Task::Answer,
            sampling: Sampling::default(),
            cancel: listener.cancel.clone(),
            wanted: listener.wanted.clone(),
            aside: false,
            buffered: listener.buffered.clone(),
            cpu: listener.cpu.clone(),
        }
    }

    pub(super) fn asks(&self) -> Listener {
        let listener = Listener::default();
        let request = self.request("Are you open?", &listener);
        self.sharing.begin(request, Box::new(listener.clone())).expect("room");
        listener
    }

    pub(super) fn generations(&self) -> usize {
        lock(&self.model.begun).len()
    }

    /// The request of the oldest generation, and its sink.
    pub(super) fn generation(&self) -> (ThinkRequest, Box<dyn ThinkSink>) {
        lock(&self.model.begun).remove(0)
    }

    pub(super) fn in_flight(&self) -> usize {
        lock(&self.sharing.in_flight.0).len()
    }
}

pub(super) fn usage() -> Usage {
    Usage { prompt: 50, reused: 30, read_ahead: 9, read_in_vain: 1, generated: 5, ..Usage::default() }
}

pub(super) fn says(sink: &mut dyn ThinkSink, texts: &[&str]) {
    texts.iter().for_each(|text| sink.text((*text).to_owned()));
}
