//! The monitor: looks once a second at what the server does, learns what a call costs, judges how hard the
//! server is pressed, and leaves things out before callers have to wait. Decides whether a further call is taken.
//! Must not know how a call works.

mod advice;
mod live_calls;
mod turns;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::advice::figures;
use self::live_calls::LiveCalls;
use self::turns::{Lately, Turns};
use super::followers::Follower;
use super::registry::Refused;
use crate::config::Config;
use crate::engine::cores::Now;
use crate::engine::engines::Engines;
use crate::ids::CallId;
use crate::quality::admission::{CallCost, Limits, Load, decide, predict, room};
use crate::quality::advice::{Advice, Figures, advise};
use crate::quality::ladder::{Ladder, LadderSettings, Measure, Move};
use crate::quality::pressure::{Pressure, judge};
use crate::report::{CoreUse, Happened};
use crate::top::{self, Call, History};

/// The time from one look to the next.
pub const LOOK: Duration = Duration::from_secs(1);

/// Use of cores is averaged over so many looks.
const SMOOTHED: usize = 5;

/// Advice is worked out after so many looks.
const ADVICE_EVERY: u64 = 10;

/// The cores that a call takes, before any was measured: twice what the models that ship take.
const PRIOR_CORES_PER_CALL: f64 = 0.1;

/// Memory that a call may take beside the language model's cache, and memory that stays free.
const MEMORY_PER_CALL: u64 = 4 << 20;
const SPARE_MEMORY: u64 = 64 << 20;

/// What the server was seen to do at a look. Times and counts are since its start.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Calls that have a place.
    pub calls: usize,
    /// Processor time of the process.
    pub cpu: Duration,
    /// Its memory, in bytes.
    pub resident: u64,
    /// Memory that is free, in bytes; `None` if the system does not say.
    pub free_memory: Option<u64>,
    /// The use of cores by each kind of work.
    pub work: BTreeMap<&'static str, CoreUse>,
    /// The 95th percentile of each stage, by name, in milliseconds.
    pub p95: BTreeMap<&'static str, f64>,
    /// Events for the records that found no room, and that could not be written.
    pub records_dropped: u64,
    /// See above.
    pub records_lost: u64,
    /// Lines of the log that were dropped.
    pub log_lines: u64,
}

/// The monitor.
pub struct Monitor {
    now: Now,
    config: Arc<Config>,
    /// Calls are refused when answers would become too slow.
    refuses: bool,
    state: Mutex<State>,
}

struct State {
    turns: Turns,
    calls: LiveCalls,
    cost: CallCost,
    ladder: Ladder,
    pressure: Pressure,
    because: String,
    /// The model that answered before a smaller one took its place.
    replaced: Option<String>,
    looks: u64,
    last: Option<(Duration, Seen)>,
    /// Busy cores at the last looks, the newest last.
    busy: VecDeque<f64>,
    lately: Lately,
    longest_wait: Duration,
    cores: usize,
    history: History,
    advice: Vec<Advice>,
    told: BTreeSet<&'static str>,
    moves: BTreeMap<(Measure, bool), u64>,
    refused_full: u64,
    refused_memory: u64,
}

impl Follower for Monitor {
    fn told(&self, call: &CallId, happened: &Happened) {
        let now = (self.now)();
        let mut state = self.lock();
        match happened {
            Happened::Turn(turn) => state.turns.add(now, turn),
            Happened::Ended(summary) => state.turns.ended(summary),
            Happened::Started(_) | Happened::Disclosed { .. } | Happened::Failed(..) => {}
        }
        state.calls.told(now, call, happened);
    }
}

impl Monitor {
    /// A monitor that has seen nothing. `refuses` lets it refuse calls when answers would become too slow.
    #[must_use]
    pub fn new(config: Arc<Config>, now: Now, refuses: bool) -> Self {
        let state = State {
            turns: Turns::default(),
            calls: LiveCalls::default(),
            cost: CallCost::new(PRIOR_CORES_PER_CALL),
            ladder: Ladder::new(Vec::new(), LadderSettings::default()),
            pressure: Pressure::Low,
            because: String::new(),
            replaced: None,
            looks: 0,
            last: None,
            busy: VecDeque::new(),
            lately: Lately::default(),
            longest_wait: Duration::ZERO,
            cores: 1,
            history: History { every_s: LOOK.as_secs_f64(), ..History::default() },
            advice: Vec::new(),
            told: BTreeSet::new(),
            moves: BTreeMap::new(),
            refused_full: 0,
            refused_memory: 0,
        };
        Self { now, config, refuses, state: Mutex::new(state) }
    }

    /// The engines are ready: what can be left out is known.
    pub fn begin(&self, engines: &Engines) {
        let mut available = self.config.quality.measures.clone();
        available.retain(|measure| match measure {
            Measure::NoPartials => self.config.stt.partial_pace.is_some(),
            Measure::ShortReplies => {
                self.config.quality.short_reply_words < self.config.agent.max_reply_words
            }
            Measure::SmallerModel => self.config.quality.small_model.is_some(),
            Measure::BuiltInVoice => engines.standby.is_some(),
        });
        let mut state = self.lock();
        state.ladder = Ladder::new(available, LadderSettings::default());
        state.cores = engines.cores.count();
    }

    /// Looks at what the server does, and acts on it. Call it every [`LOOK`].
    pub fn look(&self, seen: Seen, engines: &Engines) {
        let now = (self.now)();
        let mut state = self.lock();
        let Some((before, last)) = state.last.replace((now, seen.clone())) else { return };
        let passed = now.saturating_sub(before);
        if passed.is_zero() {
            return;
        }
        let busy = seen.cpu.saturating_sub(last.cpu).as_secs_f64() / passed.as_secs_f64();
        state.busy.push_back(busy);
        if state.busy.len() > SMOOTHED {
            state.busy.pop_front();
        }
        state.looks += 1;
        state.cost.learn(seen.calls, busy, passed);
        state.lately = state.turns.lately(now);
        state.longest_wait = longest_wait(&last.work, &seen.work);
        let (share, waited) = (state.busy_share(), state.longest_wait.as_secs_f64() * 1000.0);
        let (pressure, reason) = judge(&state.lately.recent(share, waited), &self.config.quality.thresholds);
        state.pressure = pressure;
        state.because = reason.map_or_else(String::new, |reason| reason.to_string());
        let v2v = state.lately.v2v_ms;
        state.history.push(busy, seen.resident as f64 / 1e6, seen.calls as u64, v2v);
        if let Some(step) = state.ladder.look(now, pressure) {
            self.step(&mut state, step, engines);
        }
        if state.looks.is_multiple_of(ADVICE_EVERY) {
            let figures = figures(&self.config, &state, &seen, now);
            state.advise(&figures);
        }
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
        let state = self.lock();
        state.last.as_ref().map_or((None, None), |(_, seen)| state.real_time(seen))
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
            Measure::BuiltInVoice => {
                if let Some(standby) = &engines.standby {
                    standby.relieve(taken);
                }
            }
            Measure::SmallerModel => {
                let in_use = engines.models.in_use().to_owned();
                let wanted = if taken { quality.small_model.clone() } else { state.replaced.take() };
                if let Some(wanted) = wanted {
                    state.replaced = taken.then_some(in_use);
                    if let Err(error) = engines.models.switch_to(&wanted) {
                        tracing::error!(%error, "quality.small_model");
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in between loses a look, and no more.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Cores that were busy over the last looks.
    fn busy_cores(&self) -> f64 {
        self.busy.iter().sum::<f64>() / self.busy.len().max(1) as f64
    }

    fn busy_share(&self) -> f64 {
        self.busy_cores() / self.cores.max(1) as f64
    }

    /// Seconds of a core for a second of audio, in speech to text and in the voice; `None` before a call is over.
    fn real_time(&self, seen: &Seen) -> (Option<f64>, Option<f64>) {
        let held = |names: [&str; 2]| -> f64 {
            names.iter().filter_map(|name| seen.work.get(name)).map(|used| used.held.as_secs_f64()).sum()
        };
        let per = |held: f64, audio: f64| (audio > 0.0).then(|| held / audio);
        let (heard_s, spoken_s) = self.turns.audio_s();
        (per(held(["transcript", "partial"]), heard_s), per(held(["first_speech", "speech"]), spoken_s))
    }

    fn load(&self, calls: usize) -> Load {
        let window = self.history.cpu.iter().rev().take(60);
        let busy_lately = window.clone().sum::<f64>() / window.count().max(1) as f64;
        let free = self.last.as_ref().and_then(|(_, seen)| seen.free_memory);
        Load {
            calls,
            cores: self.cores,
            busy_cores: self.busy_cores(),
            fixed_ms: self.lately.silence_ms.unwrap_or(0.0),
            p95_ms: self.lately.typical_v2v_ms().filter(|_| self.lately.turns >= 5),
            measured_busy: busy_lately,
            free_memory: free.unwrap_or(u64::MAX),
            memory_per_call: MEMORY_PER_CALL,
        }
    }

    /// Works advice out, and logs what is new in it, once.
    fn advise(&mut self, figures: &Figures) {
        self.advice = advise(figures);
        for advice in &self.advice {
            if self.told.insert(advice.id) {
                tracing::info!(key = advice.key, "advice: {advice}");
            }
        }
    }
}

/// The longest wait for cores between two looks. Of the waits since the start only the longest is known: it counts
/// at the look at which it grew.
fn longest_wait(before: &BTreeMap<&'static str, CoreUse>, now: &BTreeMap<&'static str, CoreUse>) -> Duration {
    let grown = now.iter().filter(|(name, used)| {
        before.get(*name).is_none_or(|before| before.longest_wait < used.longest_wait)
    });
    grown.map(|(_, used)| used.longest_wait).max().unwrap_or_default()
}

#[cfg(test)]
mod tests;
