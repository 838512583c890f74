//! A telephone line with an echo, on a simulated clock: the agent's voice comes back through mu-law, the band
//! of a telephone and reflections, and callers speak over it. The agent stops when a real detector notices
//! them, and goes on when they are silent. The example `echo_table` uses it too.

use std::collections::VecDeque;
use std::fs::File;
use std::time::Duration;

use offhook_core::audio::g711::Law;
use offhook_core::audio::level::{audible_span, rms_dbfs};
use offhook_core::audio::wav;
use offhook_core::media::ear::{Ear, EarSettings};
use offhook_core::units::{CallTime, FRAME_SAMPLES};
use offhook_core::vad::{Detector, Earshot, Edge, Hysteresis};

/// How far ahead of its time audio is sent: `playback.lead_ms`.
const LEAD: usize = 1280;

/// The agent goes on this long after the caller's words, in samples.
const GOES_ON_AFTER: usize = 8000;

/// Levels below this are inaudible, as for the listener.
const AUDIBLE_DBFS: f32 = -50.0;

/// The reflections of an echo over 20 ms: samples, and amplitude.
const REFLECTIONS: [(usize, f64); 4] = [(0, 1.0), (23, -0.5), (71, 0.35), (160, 0.2)];

/// The way from the gateway's buffer back to the server.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// In milliseconds.
    pub delay_ms: f64,
    /// How much louder the echo is than the agent; minus infinity for none.
    pub gain_db: f64,
    /// How much the delay grows each second, in samples: 0.8 is 100 ppm.
    pub drift: f64,
    /// How much the delay grows at 12 s, in milliseconds.
    pub jump_ms: f64,
    /// How far a loudspeaker is driven into its limits; 0 for a linear way.
    pub overdrive: f64,
    /// The amplitude of the line's noise: 4 is -75 dBFS, 130 is -48 dBFS.
    pub noise: f64,
    /// One message of the caller in so many is lost without a trace; 0 for none.
    pub one_lost_in: u32,
}

impl Way {
    /// A linear way without losses.
    pub fn new(delay_ms: f64, gain_db: f64) -> Self {
        Self { delay_ms, gain_db, drift: 0.0, jump_ms: 0.0, overdrive: 0.0, noise: 4.0, one_lost_in: 0 }
    }
}

/// What a call came to.
#[derive(Debug, Default, Clone)]
pub struct Outcome {
    /// How long the agent spoke and nobody else, in seconds.
    pub agent_alone: f64,
    /// When the agent paused although no caller spoke, in seconds.
    pub false_pauses: Vec<f64>,
    /// By interruption: how long after the caller's first sound the agent paused, in milliseconds.
    pub obeyed_ms: Vec<Option<f64>>,
    /// When the echo was reported, in seconds since the agent began.
    pub found_after: Option<f64>,
    /// The delay that was found, in milliseconds.
    pub delay_ms: f64,
    /// The echo return loss, and its enhancement, in dB.
    pub loss_db: f64,
    pub enhancement_db: f64,
    /// The caller's part of the samples behind the ear, over everything else in them, in dB, while callers
    /// spoke over the agent.
    pub caller_over_rest_db: f64,
    /// The samples before and behind the ear.
    pub came: Vec<i16>,
    pub heard: Vec<i16>,
}

/// A recording, at 8 kHz. `path` begins at the root of the repository.
pub fn recording(path: &str) -> Vec<i16> {
    let file = File::open(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    wav::read(file, path).unwrap().i16_at(8000).unwrap()
}

/// The detector and the edges of a call with the shipped settings.
struct Detection {
    detector: Earshot,
    edges: Hysteresis,
}

impl Detection {
    fn new() -> Self {
        let ms = Duration::from_millis;
        Self { detector: Earshot::new(0.5), edges: Hysteresis::new(ms(60), ms(160), ms(120)) }
    }

    fn hear(&mut self, frame: &[i16], begin: CallTime, end: CallTime) -> Option<Edge> {
        let voiced = self.detector.is_speech(frame) && rms_dbfs(frame) >= AUDIBLE_DBFS;
        self.edges.push(voiced, begin, end)
    }
}

/// The band of a telephone and the reflections, sample by sample.
#[derive(Default)]
struct Reflected {
    last_in: f64,
    high_passed: f64,
    past: VecDeque<f64>,
}

impl Reflected {
    fn next(&mut self, sample: f64) -> f64 {
        // From about 300 Hz, with the last 600 Hz a little softer.
        let pole = 1.0 - std::f64::consts::TAU * 300.0 / 8000.0;
        let before = self.high_passed;
        self.high_passed = sample - self.last_in + pole * self.high_passed;
        self.last_in = sample;
        self.past.push_front(0.8 * self.high_passed + 0.2 * before);
        self.past.truncate(200);
        REFLECTIONS.iter().map(|(lag, share)| share * self.past.get(*lag).copied().unwrap_or(0.0)).sum()
    }
}

fn scale(agent: &[i16], gain_db: f64) -> f64 {
    let mut way = Reflected::default();
    let energy = |samples: &[f64]| samples.iter().map(|s| s * s).sum::<f64>().max(1.0);
    let sent: Vec<f64> = agent.iter().map(|s| f64::from(*s)).collect();
    let back: Vec<f64> = sent.iter().map(|s| way.next(*s)).collect();
    (energy(&sent) / energy(&back)).sqrt() * 10_f64.powf(gain_db / 20.0)
}

fn overdriven(sample: f64, overdrive: f64) -> f64 {
    let limit = 12_000.0;
    if overdrive > 0.0 { limit * (sample / limit * overdrive).tanh() / overdrive } else { sample }
}

fn through_mu_law(sample: f64) -> f64 {
    // `as` saturates.
    f64::from(Law::Mu.decode(Law::Mu.encode(sample.round() as i16)))
}

/// What a caller says: how long after the agent began (or went on) to speak, in milliseconds, and the sound.
pub type Phrase = (usize, Vec<i16>);

struct Caller {
    phrases: VecDeque<Phrase>,
    said: Option<Said>,
}

struct Said {
    start: usize,
    samples: Vec<i16>,
    /// When the sound becomes audible.
    onset: usize,
    noticed: Option<usize>,
}

impl Caller {
    fn voice_at(&self, at: usize) -> f64 {
        let sample = self.said.as_ref().and_then(|said| said.samples.get(at.checked_sub(said.start)?));
        sample.copied().map_or(0.0, f64::from)
    }
}

/// A call in which the agent speaks from the first second on, until all phrases were said and all of its
/// audio was played.
pub fn call(agent: &[i16], phrases: &[Phrase], way: &Way, settings: EarSettings) -> Outcome {
    let scale = scale(agent, way.gain_db);
    let mut ear = Ear::new(settings, false);
    let mut detection = Detection::new();
    let mut caller = Caller { phrases: phrases.to_vec().into(), said: None };
    let mut out = Outcome::default();
    // What the gateway plays, by time; what comes back of it, before the delay.
    let (mut played, mut back): (Vec<i16>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut reflected = Reflected::default();
    let (mut next, mut speaks_from, mut is_paused) = (0, 8000, false);
    let (mut alone, mut of_caller, mut of_rest) = (0_u32, 0.0, 0.0);
    let mut seed = 1_u32;
    let mut random = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 8) / f64::from(1 << 24)
    };
    let at = |samples: usize| CallTime::from_micros(samples as u64 * 125);
    for now in (0..).step_by(FRAME_SAMPLES) {
        let end = now + FRAME_SAMPLES;
        if next >= agent.len() && !caller.phrases.is_empty() {
            next = 0;
        }
        while !is_paused && now >= speaks_from && played.len() < now + LEAD && next < agent.len() {
            played.resize(played.len().max(now), 0);
            let frame: Vec<i16> = agent[next..].iter().copied().take(FRAME_SAMPLES).collect();
            ear.sent(at(played.len()), &frame);
            played.extend(&frame);
            next += frame.len();
        }
        if next >= agent.len() && played.len() + 8000 < now && caller.said.is_none() {
            break;
        }
        if caller.said.is_none()
            && let Some((_, samples)) =
                caller.phrases.pop_front_if(|(after, _)| !is_paused && now >= speaks_from + *after * 8)
        {
            let onset = now + audible_span(&samples, 8000).map_or(0, |span| span.start);
            caller.said = Some(Said { start: now, samples, onset, noticed: None });
        }
        let mut frame = Vec::with_capacity(FRAME_SAMPLES);
        for t in now..end {
            let sound = through_mu_law(f64::from(played.get(t).copied().unwrap_or(0)));
            back.push(reflected.next(overdriven(sound, way.overdrive)));
            let jump = if t > 12 * 8000 { way.jump_ms * 8.0 } else { 0.0 };
            let from = t as f64 - way.delay_ms * 8.0 - way.drift * t as f64 / 8000.0 - jump;
            let (whole, share) = (from.max(0.0) as usize, from.max(0.0).fract());
            let behind = |n: usize| back.get(n).copied().unwrap_or(0.0);
            let echo = scale * (behind(whole) * (1.0 - share) + behind(whole + 1) * share);
            let noise = (random() + random() + random() - 1.5) * 2.0 * way.noise;
            frame.push(through_mu_law(echo + caller.voice_at(t) + noise) as i16);
        }
        if way.one_lost_in > 0 && random() * f64::from(way.one_lost_in) < 1.0 {
            continue;
        }
        out.came.extend(&frame);
        let frame = ear.hear(frame, at(end));
        if let Some(echo) = ear.found_echo() {
            out.found_after = Some((end - 8000) as f64 / 8000.0);
            out.delay_ms = f64::from(echo.delay_ms);
        }
        let agent_sounds = now < played.len();
        for (t, sample) in (now..).zip(&frame) {
            let voice = caller.voice_at(t);
            if voice != 0.0 && agent_sounds {
                of_caller += voice * voice;
                of_rest += (f64::from(*sample) - voice).powi(2);
            }
        }
        out.heard.extend(&frame);
        if caller.said.is_none() && !is_paused && agent_sounds {
            alone += 1;
        }
        match detection.hear(&frame, at(now), at(end)) {
            Some(Edge::Started(_)) => ear.caller_speaks(true),
            Some(Edge::Paused(_)) => ear.caller_speaks(false),
            Some(Edge::Sustained) => match &mut caller.said {
                Some(said) => {
                    said.noticed.get_or_insert(end);
                    if !is_paused {
                        is_paused = true;
                        played.truncate(end);
                        ear.clear(at(end));
                    }
                }
                None => out.false_pauses.push(end as f64 / 8000.0),
            },
            None => {}
        }
        if let Some(said) =
            caller.said.take_if(|said| end > said.start + said.samples.len() + GOES_ON_AFTER / 2)
        {
            out.obeyed_ms.push(said.noticed.map(|at| (at as f64 - said.onset as f64) / 8.0));
            is_paused = false;
            speaks_from = end + GOES_ON_AFTER / 2;
        }
    }
    out.agent_alone = f64::from(alone) * 0.02;
    if let Some(echo) = ear.echo() {
        (out.loss_db, out.enhancement_db) = (f64::from(echo.loss_db), f64::from(echo.enhancement_db));
    }
    out.caller_over_rest_db = 10.0 * (of_caller / f64::max(of_rest, 1.0)).log10();
    out
}
