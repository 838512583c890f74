//! The ladder of quality under load: measures that each make calls a little worse and leave more cores to
//! them, taken one after the other when a server is pressed, and withdrawn in reverse when it is at ease.
//! Must not know what a measure does, nor why a server is pressed.
//!
//! How many moves there are is bounded, whatever the pressure does: each way down needs `down_after` of high
//! pressure, each way up at least `up_after` of low pressure, and no measure is withdrawn that was not taken.
//! So a time T sees at most `2 * T / (down_after + up_after)` moves and one more for each measure: with the
//! defaults and four measures, 209 an hour. If the pressure is by turns high and low, each for a fixed time,
//! the ladder comes to rest after some rounds, or each round gives it `relapse_within` of peace: at most 111
//! moves an hour with four measures, 47 with one.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pressure::Pressure;

/// How often the wait before a measure is withdrawn can double.
const MOST_DOUBLINGS: u32 = 4;

/// What makes calls worse and leaves more cores to them, the least harmful first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// No transcripts while the caller still speaks.
    NoPartials,
    /// Replies end sooner.
    ShortReplies,
    /// A smaller language model answers.
    SmallerModel,
    /// The built-in voice speaks.
    BuiltInVoice,
}

impl Measure {
    /// All measures, the least harmful first.
    pub const ALL: [Self; 4] = [Self::NoPartials, Self::ShortReplies, Self::SmallerModel, Self::BuiltInVoice];

    /// A word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoPartials => "no_partials",
            Self::ShortReplies => "short_replies",
            Self::SmallerModel => "smaller_model",
            Self::BuiltInVoice => "built_in_voice",
        }
    }

    /// What it means, for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoPartials => "partial transcripts are not made",
            Self::ShortReplies => "replies are kept short",
            Self::SmallerModel => "a smaller language model answers",
            Self::BuiltInVoice => "the built-in voice speaks",
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How long the pressure lasts before something is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LadderSettings {
    /// After so much high pressure without a break, one more measure is taken.
    pub down_after: Duration,
    /// After so much low pressure without a break, the last measure is withdrawn.
    pub up_after: Duration,
    /// A measure that has to be taken again within this time was withdrawn too soon.
    pub relapse_within: Duration,
}

impl Default for LadderSettings {
    fn default() -> Self {
        Self {
            down_after: Duration::from_secs(5),
            up_after: Duration::from_secs(30),
            relapse_within: Duration::from_secs(120),
        }
    }
}

/// A step on the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// This measure is taken.
    Down(Measure),
    /// This measure is withdrawn.
    Up(Measure),
}

/// The ladder. Look at the pressure every second or so: it is taken to last from one look to the next.
#[derive(Debug, Clone)]
pub struct Ladder {
    available: Vec<Measure>,
    settings: LadderSettings,
    /// How many of them are taken.
    step: usize,
    /// The pressure now, and since when it has been so without a break or a move.
    pressure: Pressure,
    since: Duration,
    /// When the pressure was high for the last time.
    last_high: Duration,
    /// When a measure was withdrawn, unless one was taken since.
    withdrawn: Option<Duration>,
    /// How often the wait before a measure is withdrawn has doubled.
    doublings: u32,
}

impl Ladder {
    /// A ladder of the measures that a server can take, in any order. None is taken yet.
    #[must_use]
    pub fn new(mut available: Vec<Measure>, settings: LadderSettings) -> Self {
        available.sort_unstable();
        available.dedup();
        Self {
            available,
            settings,
            step: 0,
            pressure: Pressure::Between,
            since: Duration::ZERO,
            last_high: Duration::ZERO,
            withdrawn: None,
            doublings: 0,
        }
    }

    /// The measures that can be taken, the least harmful first.
    #[must_use]
    pub fn available(&self) -> &[Measure] {
        &self.available
    }

    /// How many measures are taken.
    #[must_use]
    pub const fn step(&self) -> usize {
        self.step
    }

    /// The measures that are taken, the least harmful first.
    #[must_use]
    pub fn taken(&self) -> &[Measure] {
        &self.available[..self.step]
    }

    /// How long the pressure must be low now before a measure is withdrawn.
    #[must_use]
    pub fn up_after(&self) -> Duration {
        self.settings.up_after.saturating_mul(1 << self.doublings)
    }

    /// Looks at the pressure. Returns the move that follows from it, if any.
    pub fn look(&mut self, now: Duration, pressure: Pressure) -> Option<Move> {
        self.forgive(now);
        if pressure != self.pressure {
            (self.pressure, self.since) = (pressure, now);
        }
        let lasted = now.saturating_sub(self.since);
        match pressure {
            Pressure::High => {
                self.last_high = now;
                if lasted >= self.settings.down_after { self.down(now) } else { None }
            }
            Pressure::Between => None,
            Pressure::Low if lasted >= self.up_after() => self.up(now),
            Pressure::Low => None,
        }
    }

    /// A measure that was withdrawn and not missed was not withdrawn too soon. While it is still taken, quiet
    /// proves nothing: it may be quiet because of it.
    fn forgive(&mut self, now: Duration) {
        let held = |since: Duration| now.saturating_sub(since) >= self.settings.relapse_within;
        if self.withdrawn.is_some_and(held) && held(self.last_high) {
            self.doublings = 0;
        }
    }

    fn down(&mut self, now: Duration) -> Option<Move> {
        let measure = *self.available.get(self.step)?;
        let withdrawn = self.withdrawn.take();
        if withdrawn.is_some_and(|at| now.saturating_sub(at) < self.settings.relapse_within) {
            self.doublings = (self.doublings + 1).min(MOST_DOUBLINGS);
        }
        self.step += 1;
        self.since = now;
        Some(Move::Down(measure))
    }

    fn up(&mut self, now: Duration) -> Option<Move> {
        self.step = self.step.checked_sub(1)?;
        self.since = now;
        self.withdrawn = Some(now);
        Some(Move::Up(self.available[self.step]))
    }
}
