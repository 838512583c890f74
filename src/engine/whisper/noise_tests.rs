//! Tests that the recogniser finds no words in sounds without words, which phone lines carry instead of
//! speech.

use std::f32::consts::TAU;

use super::tests::{options, over_the_line};
use super::*;
use crate::audio::to_i16;
use crate::engine::{CancelFlag, Effort, Recognizer as _};

/// Samples a second on the phone line.
const RATE: f32 = 8_000.0;

/// White noise, -1 to 1, always the same (a linear congruential generator with Knuth's constants).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    /// Noise through a resonance at `hz` with this width in Hz.
    fn resonant(&mut self, length: usize, hz: f32, width: f32) -> Vec<f32> {
        let radius = (-std::f32::consts::PI * width / RATE).exp();
        let turn = 2.0 * radius * (TAU * hz / RATE).cos();
        let mut before = [0.0_f32; 2];
        let mut wave: Vec<f32> = (0..length)
            .map(|_| {
                let y = (1.0 - radius) * self.next() + turn * before[0] - radius * radius * before[1];
                before = [y, before[0]];
                y
            })
            .collect();
        let peak = wave.iter().fold(1e-6_f32, |peak, x| peak.max(x.abs()));
        wave.iter_mut().for_each(|x| *x /= peak);
        wave
    }
}

/// Fourteen kinds of sound, `seconds` long.
fn sounds(seconds: f32) -> Vec<(&'static str, Vec<f32>)> {
    let length = (seconds * RATE) as usize;
    let mut noise = Noise(1);
    let tones = |hz: &[f32]| -> Vec<f32> {
        let at =
            |i: usize| hz.iter().map(|f| (TAU * f * i as f32 / RATE).sin()).sum::<f32>() / hz.len() as f32;
        (0..length).map(at).collect()
    };
    let shaped = |wave: Vec<f32>, shape: &dyn Fn(f32) -> f32| -> Vec<f32> {
        wave.iter().enumerate().map(|(i, x)| x * shape(i as f32 / length as f32)).collect()
    };
    let swell = |t: f32| (std::f32::consts::PI * t).sin();
    let fade = |t: f32| (-4.0 * t).exp();
    let beats = |t: f32| (1.0 - (t * seconds * 2.0).fract()).powi(2);
    let mut brown = 0.0_f32;
    let rumble = (0..length)
        .map(|_| {
            brown = 0.99 * brown + 0.1 * noise.next();
            brown
        })
        .collect();
    vec![
        ("silence", vec![0.0; length]),
        ("hiss", (0..length).map(|_| noise.next()).collect()),
        ("rumble", rumble),
        ("hum", tones(&[50.0, 100.0, 150.0])),
        ("a tone", tones(&[440.0])),
        ("the dial tone", tones(&[350.0, 440.0])),
        ("a key", tones(&[770.0, 1336.0])),
        ("a fax", tones(&[1100.0])),
        ("a chord", shaped(tones(&[261.6, 329.6, 392.0, 523.2]), &swell)),
        ("music", shaped(tones(&[196.0, 246.9, 293.7]), &beats)),
        ("breath", shaped(noise.resonant(length, 1_500.0, 1_200.0), &swell)),
        ("a cough", shaped(noise.resonant(length, 600.0, 200.0), &fade)),
        ("a bang", shaped((0..length).map(|_| noise.next()).collect(), &fade)),
        ("clicks", (0..length).map(|i| if i % 1_600 < 8 { 1.0 } else { 0.0 }).collect()),
    ]
}

#[test]
fn sounds_without_words_have_none() {
    let mut recognizer = load(&options()).unwrap().recognizer().unwrap();
    let effort = Effort { threads: 1, second_try: true };
    let mut made_up = Vec::new();
    for seconds in [0.3, 1.0, 2.5] {
        for (name, wave) in sounds(seconds) {
            for gain in [0.4, 0.05] {
                let line: Vec<f32> = wave.iter().map(|x| x * gain).collect();
                let audio = over_the_line(&to_i16(&line));
                let heard = recognizer.transcribe(&audio, effort, &CancelFlag::default()).unwrap();
                if !heard.text.is_empty() {
                    made_up.push(format!("{name} of {seconds} s at {gain}: {:?}", heard.text));
                }
            }
        }
    }
    assert!(made_up.is_empty(), "{made_up:#?}");
}
