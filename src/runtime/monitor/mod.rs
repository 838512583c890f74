//! The monitor: looks once a second at what the server does, learns what a call costs, judges how hard the
//! server is pressed, and leaves things out before callers have to wait. Decides whether a further call is
//! taken. Must not know how a call works.

mod advice;
mod live_calls;
mod state;
mod turns;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::advice::figures;
pub use self::state::Seen;
use self::state::{SPARE_MEMORY, State, gives_way, mean_wait};
use super::followers::Follower;
use super::registry::Refused;
use crate::config::Config;
use crate::engine::cores::Now;
use crate::engine::engines::Engines;
use crate::ids::CallId;
use crate::quality::admission::{Limits, decide, predict, room};
use crate::quality::advice::Advice;
use crate::quality::ladder::{Ladder, LadderSettings, Measure, Move};
use crate::quality::pressure::{Pressure, judge};
use crate::report::Happened;
use crate::top::{self, Call, History};

/// The time from one look to the next.
pub const LOOK: Duration = Duration::from_secs(1);

/// Advice is worked out after so many looks.
const ADVICE_EVERY: u64 = 10;

/// The monitor.
pub struct Monitor {
    now: Now,
    config: Arc<Config>,
    /// Calls are refused when answers would become too slow.
    refuses: bool,
    state: Mutex<State>,
}

impl Follower for Monitor {
    fn told(&self, call: &CallId, happened: &Happened) {
        let now = (self.now)();
        let mut state = self.lock();
        match happened {
            Happened::Turn(turn) => state.turns.add(now, turn),
            Happened::Ended(summary) => state.turns.ended(summary),
            Happened::Started(_)
            | Happened::Disclosed { .. }
            | Happened::Agent { .. }
            | Happened::ToolRan(_)
            | Happened::Failed(..)
            | Happened::Summarised(_) => {}
        }
        state.calls.told(now, call, happened);
    }
}

impl Monitor {
    /// A monitor that has seen nothing. `refuses` lets it refuse calls when answers would become too slow.
    #[must_use]
    pub fn new(config: Arc<Config>, now: Now, refuses: bool) -> Self {
        let state = Mutex::new(State::new(LOOK));
        Self { now, config, refuses, state }
    }

    /// The engines are ready: what can be left out is known.
    pub fn begin(&self, engines: &Engines) {
        let mut available = self.config.quality.measures.clone();
        available.retain(|measure| match measure {
            Measure::NoPartials => self.config.stt.partial_pace.is_some(),
            Measure::ShortReplies => {
                self.config.quality.short_reply_words < self.config.agent.max_reply_words
            }
            Measure::SmallerModel => {
                let small = self.config.quality.small_model.as_deref();
                small.is_some_and(|small| small != self.config.llm.in_use)
            }
            Measure::BuiltInVoice => engines.voices.have_standbys(),
        });
        let mut state = self.lock();
        state.ladder = Ladder::new(available, LadderSettings::default());
        state.cores = engines.cores.count();
    }

    /// Looks at what the server does, and acts on it. Call it every [`LOOK`]. Returns what was done.
    pub fn look(&self, seen: Seen, engines: &Engines) -> Option<Move> {
        let now = (self.now)();
        let mut state = self.lock();
        let (before, last) = state.last.replace((now, seen.clone()))?;
        let passed = now.saturating_sub(before);
        if passed.is_zero() {
            return None;
        }
        let share = |time: Duration| time.as_secs_f64() / passed.as_secs_f64();
        let busy = share(seen.cpu.saturating_sub(last.cpu));
        // Work that gives way to any other presses nobody.
        let wanted = (busy - share(gives_way(&seen.work).saturating_sub(gives_way(&last.work)))).max(0.0);
        state.looked(now, seen.calls, wanted);
        state.looks += 1;
        state.cost.learn(seen.calls, wanted, passed);
        state.lately = state.turns.lately(now);
        let waited = mean_wait(&last.work, &seen.work).as_secs_f64() * 1000.0;
        let share = state.busy_share();
        let (pressure, reason) =
            judge(&state.turns.since_measure().recent(share, waited), &self.config.quality.thresholds);
        state.pressure = pressure;
        state.because = reason.map_or_else(String::new, |reason| reason.to_string());
        let v2v = state.lately.v2v_ms;
        state.history.push(busy, seen.resident as f64 / 1e6, seen.calls as u64, v2v);
        let step = state.ladder.look(now, pressure);
        if let Some(step) = step {
            self.step(&mut state, step, engines);
            // Whether it helps is seen in the turns that follow.
            state.turns.begin_anew(now);
        }
        state.note_real_time(&seen);
        if state.looks.is_multiple_of(ADVICE_EVERY) {
            let figures = figures(&self.config, &state, &seen, now);
            state.advise(&figures);
        }
        step
    }

    /// Whether a further call is taken.
    ///
    /// # Errors
    /// Why it is not.
    pub fn admit(&self, calls: usize) -> Result<(), Refused> {
        if !self.refuses {
            return Ok(());
        }
        let state = self.lock();
        let decided = decide(&state.load(calls), &state.cost, &self.limits());
        decided.map(drop).map_err(|too_much| Refused::Overloaded(too_much.into()))
    }

    /// A call was refused.
    pub fn turned_away(&self, refused: Refused) {
        let mut state = self.lock();
        state.refused_full += u64::from(matches!(refused, Refused::Full(_)));
        state.refused_memory += u64::from(matches!(refused, Refused::Memory(_)));
    }

    /// Whether advice is worked out at the next look, which then needs the 95th percentiles.
    #[must_use]
    pub fn advises_next(&self) -> bool {
        (self.lock().looks + 1).is_multiple_of(ADVICE_EVERY)
    }

    /// What is left out, and why.
    #[must_use]
    pub fn quality(&self) -> top::Quality {
        let state = self.lock();
        let taken = state.ladder.taken();
        top::Quality {
            step: u32::try_from(taken.len()).unwrap_or(u32::MAX),
            of: u32::try_from(state.ladder.available().len()).unwrap_or(u32::MAX),
            measures: taken.iter().map(|measure| measure.sentence().to_owned()).collect(),
            pressure: match state.pressure {
                Pressure::Low => top::Pressure::Low,
                Pressure::Between => top::Pressure::Between,
                Pressure::High => top::Pressure::High,
            },
            because: state.because.clone(),
        }
    }

    /// What a call costs, and for how many more there is room.
    #[must_use]
    pub fn admission(&self, calls: usize) -> top::Admission {
        let state = self.lock();
        let (load, limits) = (state.load(calls), self.limits());
        let places = self.config.server.max_calls.saturating_sub(calls);
        let room = if self.refuses { room(&load, &state.cost, &limits).min(places) } else { places };
        top::Admission {
            cores_per_call: state.cost.cores_per_call(),
            predicted_p95_ms: predict(&load, &state.cost, 1).p95_ms,
            limit_ms: limits.p95_ms,
            room: room as u64,
        }
    }

    /// Seconds of a core for a second of audio, in speech to text and in the voice, in calls that are over.
    #[must_use]
    pub fn real_time(&self) -> (Option<f64>, Option<f64>) {
        self.lock().real_time
    }

    /// What should be changed in the configuration.
    #[must_use]
    pub fn advice(&self) -> Vec<Advice> {
        self.lock().advice.clone()
    }

    /// The last two minutes.
    #[must_use]
    pub fn history(&self) -> History {
        self.lock().history.clone()
    }

    /// The running calls; `cpu` knows the processor time of a call.
    #[must_use]
    pub fn calls(&self, cpu: impl Fn(&CallId) -> Duration) -> Vec<Call> {
        self.lock().calls.list((self.now)(), cpu)
    }

    /// Tokens of all prompts, and those that were known before.
    #[must_use]
    pub fn prompt_tokens(&self) -> (u64, u64) {
        let figures = self.lock().turns.figures();
        (figures.prompt_tokens, figures.reused_tokens)
    }

    /// How often each measure was taken (true) or withdrawn.
    #[must_use]
    pub fn moves(&self) -> BTreeMap<(Measure, bool), u64> {
        self.lock().moves.clone()
    }

    fn limits(&self) -> Limits {
        let quality = &self.config.quality;
        let p95_ms = quality.most_p95.map_or(0.0, |most| most.as_secs_f64() * 1000.0);
        Limits { p95_ms, most_busy: quality.most_busy, spare_memory: SPARE_MEMORY }
    }

    /// Takes a measure, or withdraws it.
    fn step(&self, state: &mut State, step: Move, engines: &Engines) {
        let (measure, taken) = match step {
            Move::Down(measure) => (measure, true),
            Move::Up(measure) => (measure, false),
        };
        *state.moves.entry((measure, taken)).or_default() += 1;
        let (name, because) = (measure.name(), &state.because);
        if taken {
            tracing::warn!(measure = name, because, "the machine is pressed: {}", measure.sentence());
        } else {
            tracing::info!(
                measure = name,
                "the machine is at ease: no longer is it true that {}",
                measure.sentence()
            );
        }
        let quality = &self.config.quality;
        match measure {
            Measure::NoPartials => engines.measures.leave_partials_out(taken),
            Measure::ShortReplies => {
                engines.measures.shorten_replies(taken.then_some(quality.short_reply_words));
            }
            Measure::BuiltInVoice => engines.voices.relieve(taken),
            Measure::SmallerModel => {
                let small = quality.small_model.as_deref().filter(|_| taken);
                if let Err(error) = engines.models.relieve(small) {
                    tracing::error!(%error, "quality.small_model");
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in between loses a look, and no more.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
