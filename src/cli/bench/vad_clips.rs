//! The clips on which detectors are judged: telephone audio with known speech. Files in, samples and spans
//! out; knows no detector.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::audio::g711::Law;
use crate::audio::level::rms_dbfs;
use crate::audio::wav::Clip;
use crate::audio::{to_f32, to_i16};
use crate::files::recordings;
use crate::phone::callers;
use crate::units::{PHONE_RATE, duration_of, samples_in};

/// The silence around each recording of a stream.
const GAP: Duration = Duration::from_millis(800);

/// Audio of a clean recording counts as speech if its level is at most this far below the loudest moment.
const BELOW_PEAK_DB: f32 = 35.0;
/// The length of the pieces whose levels are compared.
const PIECE: Duration = Duration::from_millis(10);
/// Pauses up to this long count as speech, because they are inside words.
const INSIDE_WORDS: Duration = Duration::from_millis(150);

/// Audio with its true spans of speech.
#[derive(Debug, Clone)]
pub(super) struct Labelled {
    /// The name of the clip.
    pub(super) name: String,
    /// Samples at 8 kHz.
    pub(super) samples: Vec<i16>,
    /// The spans, in order, from the start of the audio.
    pub(super) speech: Vec<Range<Duration>>,
}

/// All clips: labelled recordings as they are, clean speech, and clean speech with each noise.
pub(super) fn all(data: Option<&Path>, ratios_db: &[f32]) -> anyhow::Result<Vec<Labelled>> {
    let Some(folder) = data else {
        let callers = callers::shipped()?.into_iter().map(|(_, clip)| clip);
        let callers = in_a_row(callers)?;
        return Ok(with_noises(&callers, &[("white noise".to_owned(), white_noise())], ratios_db));
    };
    let mut clips = labelled(&folder.join("vad"))?;
    let speech: Vec<Clip> =
        wavs(&folder.join("speech"))?.iter().map(|path| recordings::read(path)).collect::<Result<_, _>>()?;
    let speech = in_a_row(speech)?;
    let mut noises = Vec::new();
    for path in wavs(&folder.join("noise"))? {
        let samples = recordings::read(&path)?.at(PHONE_RATE)?;
        // Shorter files are impulse responses of rooms.
        if samples.len() >= 5 * PHONE_RATE as usize {
            noises.push((stem(&path), samples));
        }
    }
    clips.extend(with_noises(&speech, &noises, ratios_db));
    Ok(clips)
}

/// The WAV files in a folder and its sub-folders, in order.
pub(super) fn wavs(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("{} cannot be read; expected a folder of WAV files", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(wavs(&path)?);
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("wav")) {
            found.push(path);
        }
    }
    ensure!(!found.is_empty(), "{} holds no WAV file", folder.display());
    found.sort();
    Ok(found)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Joins all recordings into one stream, equally loud and with silence between them.
fn in_a_row(clips: impl IntoIterator<Item = Clip>) -> anyhow::Result<Labelled> {
    let gap = samples_in(GAP, PHONE_RATE);
    let (mut samples, mut speech) = (vec![0; gap], Vec::new());
    for clip in clips {
        let clip = as_loud_as_a_caller(&clip.at(PHONE_RATE)?);
        let start = duration_of(samples.len(), PHONE_RATE);
        speech.extend(spans(&clip).into_iter().map(|s| start + s.start..start + s.end));
        samples.extend(clip);
        samples.extend(vec![0; gap]);
    }
    Ok(Labelled { name: "clean speech".to_owned(), samples, speech })
}

/// Scales a recording to a peak at half of full scale.
fn as_loud_as_a_caller(clip: &[f32]) -> Vec<i16> {
    let peak = clip.iter().fold(1e-6_f32, |peak, s| peak.max(s.abs()));
    to_i16(&clip.iter().map(|s| s * 0.5 / peak).collect::<Vec<f32>>())
}

/// The spans in which a clean recording is loud enough to be speech.
fn spans(samples: &[i16]) -> Vec<Range<Duration>> {
    let size = samples_in(PIECE, PHONE_RATE);
    let levels: Vec<f32> = samples.chunks(size).map(rms_dbfs).collect();
    let threshold = levels.iter().copied().fold(f32::MIN, f32::max) - BELOW_PEAK_DB;
    let mut spans: Vec<Range<Duration>> = Vec::new();
    for (i, _) in levels.iter().enumerate().filter(|(_, level)| **level >= threshold) {
        let start = PIECE * u32::try_from(i).unwrap_or(u32::MAX);
        match spans.last_mut().filter(|last| start <= last.end + INSIDE_WORDS) {
            Some(last) => last.end = start + PIECE,
            None => spans.push(start..start + PIECE),
        }
    }
    spans
}

/// The clean stream, and a mix with each noise at each ratio of speech to noise, all through mu-law.
fn with_noises(clean: &Labelled, noises: &[(String, Vec<f32>)], ratios_db: &[f32]) -> Vec<Labelled> {
    let speech = to_f32(&clean.samples);
    let loud = speech_power(clean, &speech);
    let mut clips = vec![through_mulaw(clean.clone())];
    for (name, noise) in noises {
        let power = noise.iter().map(|s| s * s).sum::<f32>() / noise.len() as f32;
        for ratio in ratios_db {
            let gain = (loud / power / 10_f32.powf(ratio / 10.0)).sqrt();
            let mixed: Vec<f32> =
                speech.iter().zip(noise.iter().cycle()).map(|(s, n)| s + n * gain).collect();
            clips.push(through_mulaw(Labelled {
                name: format!("{name}, {ratio} dB"),
                samples: to_i16(&mixed),
                speech: clean.speech.clone(),
            }));
        }
    }
    clips
}

/// The mean power of the speech.
fn speech_power(clean: &Labelled, samples: &[f32]) -> f32 {
    let at = |t: Duration| samples_in(t, PHONE_RATE).min(samples.len());
    let (mut sum, mut count) = (0.0, 1.0);
    for span in &clean.speech {
        let piece = &samples[at(span.start)..at(span.end)];
        sum += piece.iter().map(|s| s * s).sum::<f32>();
        count += piece.len() as f32;
    }
    sum / count
}

fn through_mulaw(clip: Labelled) -> Labelled {
    Labelled { samples: Law::Mu.decode_all(&Law::Mu.encode_all(&clip.samples)), ..clip }
}

/// Recordings labelled by hand: NAME.wav, and NAME.spans with a line "start end" in seconds for each span.
fn labelled(folder: &Path) -> anyhow::Result<Vec<Labelled>> {
    let mut clips = Vec::new();
    for path in wavs(folder)? {
        let label = path.with_extension("spans");
        let Ok(text) = std::fs::read_to_string(&label) else { continue };
        let samples = as_loud_as_a_caller(&recordings::read(&path)?.at(PHONE_RATE)?);
        let clip = Labelled { name: stem(&path), samples, speech: read_spans(&text, &label)? };
        clips.push(through_mulaw(clip));
    }
    Ok(clips)
}

fn read_spans(text: &str, path: &Path) -> anyhow::Result<Vec<Range<Duration>>> {
    let mut spans = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = || format!("{} line {}: expected \"start end\" in seconds", path.display(), number + 1);
        let (start, end) = line.trim().split_once(' ').with_context(wrong)?;
        let seconds = |text: &str| {
            text.trim().parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok()).with_context(wrong)
        };
        let span = seconds(start)?..seconds(end)?;
        ensure!(span.start < span.end, "{}: the end is not after the start", wrong());
        spans.push(span);
    }
    Ok(spans)
}

/// Ten seconds of white noise, the same in every run (a linear congruential generator, Numerical Recipes).
fn white_noise() -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0 - 0.5
    };
    (0..10 * PHONE_RATE).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_a_clean_recording_are_where_it_is_loud_and_bridge_the_pauses_inside_words() {
        let piece = |ms: u64, value: i16| vec![value; samples_in(Duration::from_millis(ms), PHONE_RATE)];
        let audio = [
            piece(200, 0),
            piece(300, 9000),
            piece(100, 0),
            piece(200, 9000),
            piece(400, 10),
            piece(100, 9000),
        ]
        .concat();
        let ms = Duration::from_millis;
        assert_eq!(spans(&audio), [ms(200)..ms(800), ms(1200)..ms(1300)]);
    }

    #[test]
    fn a_wrong_label_is_told_with_its_line() {
        let error = read_spans("0.1 0.2\n0.3", Path::new("x.spans")).expect_err("no end");
        assert_eq!(error.to_string(), "x.spans line 2: expected \"start end\" in seconds");
        assert!(read_spans("2 1", Path::new("x.spans")).is_err());
    }
}
