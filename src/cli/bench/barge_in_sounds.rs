//! Sounds of callers while the agent speaks: backchannels and interruptions by the built-in voice at several
//! paces and levels, the shipped callers, synthetic noises, and recorded ones. Returns samples at 8 kHz as a
//! gateway delivers them; knows no conversation.

use std::path::Path;

use super::vad_clips::wavs;
use crate::audio::g711::Law;
use crate::engine::flite::Flite;
use crate::engine::{CancelFlag, Synthesizer as _};
use crate::files::recordings;
use crate::phone::callers;
use crate::units::PHONE_RATE;

/// The right effect of a sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// None, or at most a pause.
    Backchannel,
    /// None, or at most a pause.
    Noise,
    /// The caller gets the turn.
    Interruption,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Backchannel => "backchannel",
            Self::Noise => "noise",
            Self::Interruption => "interruption",
        }
    }
}

/// One sound of a caller.
#[derive(Debug, Clone)]
pub(super) struct Sound {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) samples: Vec<i16>,
}

const BACKCHANNELS: [&str; 8] = ["Mm-hm.", "Okay.", "Yeah.", "Right.", "I see.", "Uh-huh.", "Sure.", "Yes."];
const INTERRUPTIONS: [&str; 8] = [
    "No.",
    "Stop.",
    "Wait a second.",
    "Sorry, what about Sunday?",
    "Can I come on Tuesday?",
    "I would like to book an appointment.",
    "No, I said Wednesday, not Monday.",
    "How much is a filling?",
];
const PACES: [f32; 4] = [0.8, 0.95, 1.1, 1.3];
const LEVELS_DB: [f32; 3] = [0.0, -8.0, -16.0];

/// All sounds, the same in every run.
pub(super) fn all(data: Option<&Path>) -> anyhow::Result<Vec<Sound>> {
    let mut sounds = Vec::new();
    for pace in PACES {
        let mut voice = Flite::new("slt", pace)?;
        for (kind, texts) in [(Kind::Backchannel, BACKCHANNELS), (Kind::Interruption, INTERRUPTIONS)] {
            for text in texts {
                let speech = voice.synthesize(text, &CancelFlag::default())?;
                let samples = crate::audio::resample::resample_i16(&speech.samples, speech.rate, PHONE_RATE)?;
                let name = |db| format!("{text} {pace} {db} dB");
                sounds.extend(LEVELS_DB.map(|db| sound(kind, name(db), &samples, db)));
            }
        }
    }
    for (name, clip) in callers::shipped()? {
        sounds.push(sound(Kind::Interruption, name.to_owned(), &clip.i16_at(PHONE_RATE)?, 0.0));
    }
    sounds.extend(made());
    if let Some(folder) = data {
        for path in wavs(&folder.join("noise"))? {
            let samples = recordings::read(&path)?.i16_at(PHONE_RATE)?;
            let pieces = samples.chunks_exact(PHONE_RATE as usize).step_by(3).take(40);
            let name = |i: usize| format!("{} {i}", path.display());
            sounds.extend(pieces.enumerate().map(|(i, piece)| sound(Kind::Noise, name(i), piece, 0.0)));
        }
    }
    Ok(sounds)
}

/// A sound with its level changed by `db`, through mu-law.
fn sound(kind: Kind, name: String, samples: &[i16], db: f32) -> Sound {
    let gain = 10.0_f32.powf(db / 20.0);
    let quieter: Vec<i16> = samples.iter().map(|&s| (f32::from(s) * gain) as i16).collect();
    let samples = Law::Mu.decode_all(&Law::Mu.encode_all(&quieter));
    Sound { kind, name, samples }
}

/// Synthetic noises: clicks, bangs, coughs (noise through a resonance that fades), hum and tones.
fn made() -> Vec<Sound> {
    let mut noise = Noise(1);
    let mut sounds = Vec::new();
    for ms in [5, 60, 200, 500, 1500] {
        let length = ms * PHONE_RATE as usize / 1000;
        let time = |i: usize| i as f32 / PHONE_RATE as f32;
        let fade = |i: usize| (-4.0 * i as f32 / length as f32).exp();
        let hiss: Vec<f32> = (0..length).map(|_| noise.next()).collect();
        let bang: Vec<f32> = hiss.iter().enumerate().map(|(i, x)| x * fade(i)).collect();
        let mut before = [0.0_f32; 2];
        let cough: Vec<f32> = bang
            .iter()
            .map(|x| {
                // A resonance at 600 Hz with a width of 200 Hz.
                let y = 0.3 * x + 1.646 * before[0] - 0.855 * before[1];
                before = [y, before[0]];
                y
            })
            .collect();
        let wave =
            |hz: f32| (0..length).map(|i| 0.5 * (std::f32::consts::TAU * hz * time(i)).sin()).collect();
        let kinds =
            [("hiss", hiss), ("bang", bang), ("cough", cough), ("hum", wave(100.0)), ("tone", wave(440.0))];
        for (name, wave) in kinds {
            let samples: Vec<i16> = wave.iter().map(|x| (x.clamp(-1.0, 1.0) * 12_000.0) as i16).collect();
            let name = |db| format!("{name} of {ms} ms, {db} dB");
            sounds.extend(LEVELS_DB.map(|db| sound(Kind::Noise, name(db), &samples, db)));
        }
    }
    sounds
}

/// White noise, -1 to 1, the same in every run (a linear congruential generator, Knuth's constants).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}
