//! The gateway's playback buffer: how much audio may wait, what happens to marks on a clear, and what the
//! gateway reports unasked. PURE: it is given the time; positions are samples at 8 kHz since the start of the
//! call. Must not know the wire format.

use std::collections::VecDeque;
use std::fmt;

use super::playout::Playout;
use super::rates::Down;
use offhook_core::units::{FRAME_SAMPLES, PHONE_RATE};

/// Twilio holds ten minutes; more is discarded (its warning 31931).
pub(crate) const TEN_MINUTES: usize = 600 * PHONE_RATE as usize;

/// What a gateway reports to the server about its buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// The audio before this mark was played.
    Played(String),
    /// The audio before this mark was cleared.
    Thrown(String),
    /// The buffer was cleared.
    Cleared,
    /// The buffer is full: no more audio, please.
    Full,
    /// There is room again.
    Room,
    /// The buffer is empty.
    Drained,
}

/// A gateway's buffer.
pub(crate) trait Buffer: fmt::Debug {
    /// Audio at the connection's rate has arrived.
    ///
    /// # Errors
    /// What the server did wrong.
    fn play(&mut self, now: usize, samples: &[i16]) -> Result<(), String>;

    /// A mark has arrived.
    ///
    /// # Errors
    /// What the server did wrong.
    fn mark(&mut self, now: usize, name: String) -> Result<(), String>;

    /// A clear has arrived.
    fn clear(&mut self, now: usize);

    /// Forgets the waiting marks without reporting them.
    fn forget_marks(&mut self) {}

    /// Pauses playback.
    fn pause(&mut self, _now: usize) {}

    /// Resumes playback.
    fn resume(&mut self, _now: usize) {}

    /// Asks for one report when the buffer is empty.
    fn tell_drained(&mut self) {}

    /// The reports that are due by `now`, in order.
    fn due(&mut self, now: usize) -> Vec<Told>;

    /// When the next report is due, as far as that is known.
    fn next_due(&self) -> Option<usize>;

    /// The audio that was heard.
    fn playout(&self) -> &Playout;

    /// The audio that was heard, to be ended with the call.
    fn playout_mut(&mut self) -> &mut Playout;
}

/// What happens to the marks of cleared audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marks {
    /// They are reported at once.
    Echoed,
    /// They are never reported.
    Lost,
}

/// The fill levels, in samples, at which a gateway sends a report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Levels {
    /// At this level, the buffer is full.
    pub(crate) full: usize,
    /// Below this level, there is room again.
    pub(crate) room: usize,
}

/// How a gateway's queue works.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// While this many samples wait, arriving audio is discarded.
    pub(crate) limit: usize,
    /// What happens to marks on a clear.
    pub(crate) marks: Marks,
    /// The fill levels that are reported, if any.
    pub(crate) levels: Option<Levels>,
    /// Whether an empty queue is checked only every 20 ms.
    pub(crate) ticks: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { limit: TEN_MINUTES, marks: Marks::Echoed, levels: None, ticks: false }
    }
}

/// The audio that waits during a pause, and the marks in it.
#[derive(Debug)]
struct Held {
    audio: Vec<i16>,
    marks: Vec<(usize, Told)>,
}

/// A queue in which marks lie between chunks of audio, as in every gateway but jambonz.
#[derive(Debug)]
pub(crate) struct Queue {
    rules: Rules,
    down: Down,
    playout: Playout,
    marks: VecDeque<(usize, Told)>,
    /// Set during a pause.
    held: Option<Held>,
    /// Whether it was reported full, and has not had room since.
    full: bool,
    tell_drained: bool,
}

impl Queue {
    /// An empty queue of a connection at `rate`.
    pub(crate) fn new(rate: u32, rules: Rules) -> Self {
        Self {
            rules,
            down: Down::from(rate),
            playout: Playout::default(),
            marks: VecDeque::new(),
            held: None,
            full: false,
            tell_drained: false,
        }
    }

    /// The number of samples that wait.
    fn waiting(&self, now: usize) -> usize {
        let held = self.held.as_ref().map_or(0, |held| held.audio.len());
        held + self.playout.end_of_audio().saturating_sub(now)
    }

    /// When an empty queue is checked next.
    fn tick(&self, now: usize) -> usize {
        if self.rules.ticks { now.next_multiple_of(FRAME_SAMPLES) } else { now }
    }

    /// Plays audio now, or after the audio that waits.
    fn start(&mut self, now: usize, samples: &[i16]) {
        let dry = self.playout.end_of_audio() <= now;
        self.playout.play(if dry { self.tick(now) } else { now }, samples);
    }
}

impl Buffer for Queue {
    fn play(&mut self, now: usize, samples: &[i16]) -> Result<(), String> {
        if self.waiting(now) >= self.rules.limit {
            let seconds = self.rules.limit as f64 / f64::from(PHONE_RATE);
            return Err(format!("more audio than the gateway holds ({seconds:.0} s): it discards the rest"));
        }
        let samples = self.down.push(samples);
        match &mut self.held {
            Some(held) => held.audio.extend(samples),
            None => self.start(now, &samples),
        }
        if !self.full && self.rules.levels.is_some_and(|levels| self.waiting(now) >= levels.full) {
            self.full = true;
            self.marks.push_front((now, Told::Full));
        }
        Ok(())
    }

    fn mark(&mut self, now: usize, name: String) -> Result<(), String> {
        let mark = Told::Played(name);
        match &mut self.held {
            Some(held) => held.marks.push((held.audio.len(), mark)),
            None => {
                let end = self.playout.end_of_audio();
                let at = if end > now { end } else { self.tick(now) };
                self.marks.push_back((at, mark));
            }
        }
        Ok(())
    }

    fn clear(&mut self, now: usize) {
        if let Some(held) = &mut self.held {
            held.audio.clear();
            self.marks.extend(held.marks.drain(..).map(|(_, mark)| (now, mark)));
        }
        let told = |mark: Told| match (self.rules.marks, mark) {
            (Marks::Echoed, Told::Played(name)) => Some(Told::Thrown(name)),
            (Marks::Lost, Told::Played(_)) => None,
            (Marks::Echoed | Marks::Lost, other) => Some(other),
        };
        // Marks that have played by now only wait to be reported.
        let (played, waits): (Vec<_>, Vec<_>) = self.marks.drain(..).partition(|(at, _)| *at < now);
        let thrown = waits.into_iter().filter_map(|(_, mark)| Some((now, told(mark)?)));
        self.marks = played.into_iter().chain(thrown).chain([(now, Told::Cleared)]).collect();
        self.playout.clear(now);
    }

    fn pause(&mut self, now: usize) {
        if self.held.is_none() {
            let (played, waits): (Vec<_>, Vec<_>) = self.marks.drain(..).partition(|(at, _)| *at <= now);
            self.marks = played.into();
            let marks = waits.into_iter().map(|(at, mark)| (at - now, mark)).collect();
            self.held = Some(Held { audio: self.playout.take_back(now), marks });
        }
    }

    fn resume(&mut self, now: usize) {
        let Some(held) = self.held.take() else { return };
        let base = self.tick(now);
        self.start(now, &held.audio);
        self.marks.extend(held.marks.into_iter().map(|(at, mark)| (base + at, mark)));
    }

    fn tell_drained(&mut self) {
        self.tell_drained = true;
    }

    fn due(&mut self, now: usize) -> Vec<Told> {
        let count = self.marks.iter().take_while(|(at, _)| *at <= now).count();
        let mut due: Vec<Told> = self.marks.drain(..count).map(|(_, told)| told).collect();
        let waiting = self.waiting(now);
        // A paused queue does not report room.
        if self.full && self.held.is_none() && self.rules.levels.is_some_and(|levels| waiting < levels.room) {
            self.full = false;
            due.push(Told::Room);
        }
        if self.tell_drained && self.held.is_none() && waiting == 0 {
            self.tell_drained = false;
            due.push(Told::Drained);
        }
        due
    }

    fn next_due(&self) -> Option<usize> {
        let end = self.playout.end_of_audio();
        let room = self.rules.levels.filter(|_| self.full && self.held.is_none());
        let room = room.map(|levels| (end + 1).saturating_sub(levels.room));
        let drained = (self.tell_drained && self.held.is_none()).then_some(end);
        let mark = self.marks.front().map(|(at, _)| *at);
        [mark, room, drained].into_iter().flatten().min()
    }

    fn playout(&self) -> &Playout {
        &self.playout
    }

    fn playout_mut(&mut self) -> &mut Playout {
        &mut self.playout
    }
}

#[cfg(test)]
mod tests;
