//! What the caller's audio goes through before anyone listens: an offset is removed, the agent's own echo is
//! taken out, and the voice is brought to a level. Must not know what is spoken, or who decides that it is
//! speech. The only door for a call; samples are mono, 16 bits, at 8 kHz.

mod canceller;
mod dc;
mod delay;
mod doubts;
mod guard;
mod judge;
mod level;
mod noise_floor;
mod noise_suppressor;
mod power;
mod reference;
mod stream_clock;
mod tracker;

pub use guard::Echo;

use self::dc::DcFilter;
use self::guard::EchoGuard;
use self::level::LevelControl;
use self::noise_suppressor::NoiseSuppressor;
use crate::units::CallTime;

/// What the ear does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EarSettings {
    /// Removes a constant offset and rumble below 20 Hz.
    pub dc: bool,
    /// Takes out the agent's own voice where it comes back.
    pub echo_guard: bool,
    /// Makes steady noise behind the caller's voice quieter.
    pub noise_suppression: bool,
    /// Brings the caller's voice to about -23 dBFS, by at most 12 dB.
    pub level: bool,
}

impl Default for EarSettings {
    fn default() -> Self {
        Self { dc: true, echo_guard: true, noise_suppression: false, level: true }
    }
}

/// The ear of one call.
#[derive(Debug)]
pub struct Ear {
    dc: Option<DcFilter>,
    guard: Option<EchoGuard>,
    noise: Option<NoiseSuppressor>,
    level: Option<LevelControl>,
    is_told: bool,
}

impl Ear {
    /// The ear of a call that begins; `gaps` if its connection sends nothing in silence.
    #[must_use]
    pub fn new(settings: EarSettings, gaps: bool) -> Self {
        let EarSettings { dc, echo_guard, noise_suppression, level } = settings;
        Self {
            dc: dc.then(DcFilter::default),
            guard: echo_guard.then(|| EchoGuard::new(gaps)),
            noise: noise_suppression.then(NoiseSuppressor::new).flatten(),
            level: level.then(LevelControl::default),
            is_told: false,
        }
    }

    /// Notes samples of the agent that were sent, of which the first plays at `plays_at`.
    pub fn sent(&mut self, plays_at: CallTime, samples: &[i16]) {
        if let Some(guard) = &mut self.guard {
            guard.sent(plays_at, samples);
        }
    }

    /// The gateway's buffer is emptied at `now`: what was to play later never does.
    pub fn clear(&mut self, now: CallTime) {
        if let Some(guard) = &mut self.guard {
            guard.clear(now);
        }
    }

    /// Takes samples of the caller that came at `arrival`, and returns as many.
    #[must_use]
    pub fn hear(&mut self, mut samples: Vec<i16>, arrival: CallTime) -> Vec<i16> {
        if let Some(dc) = &mut self.dc {
            dc.filter(&mut samples);
        }
        if let Some(guard) = &mut self.guard {
            guard.hear(&mut samples, arrival);
        }
        // Behind the guard, which needs the echo as it came.
        if let Some(noise) = &mut self.noise {
            samples = noise.suppress(&samples);
        }
        // Behind both: the level of an echo is not the caller's.
        if let Some(level) = &mut self.level {
            level.control(&mut samples);
        }
        samples
    }

    /// The connection sends nothing from now on, because nothing sounds. No sound before a gap continues in
    /// the audio after it.
    pub fn gap_begins(&mut self) {
        if let Some(noise) = &mut self.noise {
            noise.restart();
        }
        if let Some(guard) = &mut self.guard {
            guard.gap_begins();
        }
        if let Some(level) = &mut self.level {
            level.gap_begins();
        }
    }

    /// The caller speaks from now on, or does not: the level follows speech alone.
    pub fn caller_speaks(&mut self, speaks: bool) {
        if let Some(level) = &mut self.level {
            level.caller_speaks(speaks);
        }
    }

    /// How much louder the samples are than they came, in dB.
    #[must_use]
    pub fn gain_db(&self) -> f32 {
        self.level.as_ref().map_or(0.0, LevelControl::gain_db)
    }

    /// The echo of the line, once it is known; `None` while there is none.
    #[must_use]
    pub fn echo(&self) -> Option<Echo> {
        self.guard.as_ref()?.echo()
    }

    /// The echo of the line, once in a call: when it becomes known.
    pub fn found_echo(&mut self) -> Option<Echo> {
        let echo = self.echo().filter(|_| !self.is_told)?;
        self.is_told = true;
        Some(echo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_suppressor_held_back_before_a_gap_is_not_heard_after_it() {
        let settings = EarSettings { dc: false, echo_guard: false, noise_suppression: true, level: false };
        for gap in [false, true] {
            let mut ear = Ear::new(settings, true);
            let loud = (0..1600).map(|n: i32| if n % 50 < 25 { 9000 } else { -9000 }).collect();
            assert_eq!(ear.hear(loud, CallTime::from_millis(200)).len(), 1600);
            if gap {
                ear.gap_begins();
            }
            let after = ear.hear(vec![0; 400], CallTime::from_millis(1000));
            assert_eq!(after.iter().all(|sample| *sample == 0), gap);
        }
    }
}
