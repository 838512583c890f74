//! What a person sees of a server: its last state, how old that is, which call is selected. Keys change it.
//! Pure: the time is passed in. Must not know how anything is drawn.

use std::time::Duration;

use crate::state::{Call, State};

/// Figures are old when they are this old: the server has not answered twice.
const OLD: Duration = Duration::from_secs(3);

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A letter or a sign.
    Char(char),
    /// The arrow up.
    Up,
    /// The arrow down.
    Down,
    /// Esc.
    Escape,
    /// C with Ctrl.
    CtrlC,
}

/// What happens after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Then {
    /// The screen stays.
    Stay,
    /// It ends.
    Quit,
}

/// By what calls are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The oldest first.
    #[default]
    Age,
    /// The slowest last turn first.
    Latency,
    /// The most turns first.
    Turns,
}

/// The selected call. It stays selected when others come, go, or change places.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Selected {
    id: String,
    /// Where it was: taken by the next one when it ends, and right if two calls have one name.
    place: usize,
}

/// What a person sees.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct View {
    colour: bool,
    state: Option<State>,
    /// When the state came.
    came: Duration,
    now: Duration,
    problem: Option<String>,
    sort: Sort,
    selected: Option<Selected>,
    help: bool,
}

impl View {
    /// Nothing known yet; with colours, or with weights alone (`NO_COLOR`).
    #[must_use]
    pub fn new(colour: bool) -> Self {
        Self { colour, ..Self::default() }
    }

    /// The server answered, or could not be asked. The last good state stays. `now` counts from any start.
    pub fn told(&mut self, answer: Result<State, String>, now: Duration) {
        self.now = now;
        match answer {
            Ok(state) => {
                self.state = Some(state);
                self.came = now;
                self.problem = None;
                self.follow();
            }
            Err(problem) => self.problem = Some(problem),
        }
    }

    /// Time has passed.
    pub fn at(&mut self, now: Duration) {
        self.now = now;
    }

    /// A key was pressed.
    pub fn key(&mut self, key: Key) -> Then {
        match key {
            Key::CtrlC | Key::Char('q') => return Then::Quit,
            Key::Escape if !self.help => return Then::Quit,
            Key::Escape => self.help = false,
            Key::Char('h' | '?') => self.help = !self.help,
            Key::Up | Key::Char('k') => self.go(false),
            Key::Down | Key::Char('j') => self.go(true),
            Key::Char('s') => {
                self.sort = match self.sort {
                    Sort::Age => Sort::Latency,
                    Sort::Latency => Sort::Turns,
                    Sort::Turns => Sort::Age,
                };
                self.follow();
            }
            Key::Char(_) => {}
        }
        Then::Stay
    }

    /// Selects the next call, or the one before; the first key selects the first call.
    fn go(&mut self, down: bool) {
        let Some(state) = &self.state else { return };
        let order = order(&state.calls, self.sort);
        let place = match self.selected.as_ref().map(|selected| selected.place) {
            None => 0,
            Some(place) if down => (place + 1).min(order.len().saturating_sub(1)),
            Some(place) => place.saturating_sub(1),
        };
        let call = order.get(place).map(|i| state.calls[*i].id.clone());
        self.selected = call.map(|id| Selected { id, place });
    }

    /// Finds the place of the selected call after calls have come, gone, or changed places.
    fn follow(&mut self) {
        let (Some(state), Some(selected)) = (&self.state, &self.selected) else { return };
        let order = order(&state.calls, self.sort);
        let is_there = |place: usize| order.get(place).is_some_and(|i| state.calls[*i].id == selected.id);
        let place = if is_there(selected.place) {
            selected.place
        } else {
            let found = (0..order.len()).find(|place| is_there(*place));
            found.unwrap_or_else(|| selected.place.min(order.len().saturating_sub(1)))
        };
        let call = order.get(place).map(|i| state.calls[*i].id.clone());
        self.selected = call.map(|id| Selected { id, place });
    }

    /// Whether there are colours.
    #[must_use]
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// The last good state.
    #[must_use]
    pub fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// Why the server could not be asked.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// How old the figures are, if that is worth a word.
    #[must_use]
    pub fn old(&self) -> Option<Duration> {
        let age = self.now.saturating_sub(self.came);
        (age >= OLD || self.problem.is_some()).then_some(age)
    }

    /// By what calls are sorted.
    #[must_use]
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// The place of the selected call among all, as they are sorted.
    #[must_use]
    pub fn selected(&self) -> Option<usize> {
        self.selected.as_ref().map(|selected| selected.place)
    }

    /// Whether the page of help is shown.
    #[must_use]
    pub fn help(&self) -> bool {
        self.help
    }
}

/// The indices of calls, sorted.
pub(crate) fn order(calls: &[Call], sort: Sort) -> Vec<usize> {
    let mut order: Vec<usize> = (0..calls.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&calls[*a], &calls[*b]);
        let first = match sort {
            Sort::Age => b.since_s.total_cmp(&a.since_s),
            Sort::Latency => b.v2v_ms.unwrap_or(-1.0).total_cmp(&a.v2v_ms.unwrap_or(-1.0)),
            Sort::Turns => b.turns.cmp(&a.turns),
        };
        first.then_with(|| a.id.cmp(&b.id))
    });
    order
}
