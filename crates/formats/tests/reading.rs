//! Files of every kind, read.

use offhook_core::audio::to_i16;

use crate::helpers::{A_MINUTE, READABLE, alike, at, file, read, speech, spoken};

#[test]
fn files_of_every_kind_say_the_same() {
    let speech = speech();
    for name in READABLE {
        let audio = read(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (likeness, late) = alike(&speech, &at(&audio, 16_000));
        println!("{name:14} {:6} Hz {:6}: {likeness:.4}, {late} late", audio.rate, audio.samples.len());
        // At the lowest rates, the codecs keep what one understands rather than the wave.
        let most = match name {
            "hybrid.ogg" => 0.85,
            "shine.mp3" => 0.95,
            _ => 0.98,
        };
        assert!(likeness > most, "{name}: {likeness}");
        // Two encoders' delays are not stated: that of shine, and of AAC in fragments.
        let most = match name {
            "shine.mp3" => 400,
            "fragments.mp4" => 1_024,
            _ => 2,
        };
        assert!((-2..=most).contains(&late), "{name}: {late} late");
    }
}

#[test]
fn what_is_no_audio_at_the_ends_is_left_out() {
    for (name, rate, samples) in [
        ("speech.wav", 16_000, 16_000),
        ("mulaw.wav", 8_000, 8_000),
        ("flac.flac", 16_000, 16_000),
        ("mp3.mp3", 16_000, 16_000),
        ("vorbis.ogg", 16_000, 16_000),
        ("aac.m4a", 16_000, 16_000),
        ("silk.opus", 48_000, 48_000),
        ("celt.opus", 48_000, 48_000),
        ("hybrid.ogg", 48_000, 48_000),
        ("opus.webm", 48_000, 48_000),
    ] {
        let audio = read(&file(name)).unwrap();
        assert_eq!((audio.rate, audio.samples.len()), (rate, samples), "{name}");
    }
}

#[test]
fn flac_is_read_without_loss() {
    assert_eq!(to_i16(&read(&file("flac.flac")).unwrap().samples), spoken());
}

#[test]
fn raw_samples_are_read_at_the_rate_of_their_type() {
    let bytes = &file("speech.wav")[44..];
    for (hint, rate) in [("audio/pcm;rate=8000", 8_000), ("speech.raw", 16_000), ("a.PCM", 16_000)] {
        let audio = offhook_formats::read(bytes, Some(hint), A_MINUTE).unwrap();
        assert_eq!((audio.rate, to_i16(&audio.samples)), (rate, spoken()), "{hint}");
    }
    assert!(offhook_formats::read(bytes, Some("audio/pcm;rate=5"), A_MINUTE).is_err());
    assert!(offhook_formats::read(bytes, None, A_MINUTE).is_err());
}

#[test]
fn a_wrong_name_or_type_does_not_matter() {
    for (name, hint) in [("opus.webm", "audio/wav"), ("speech.wav", "speech.pcm"), ("mp3.mp3", "file.m4a")] {
        assert_eq!(offhook_formats::read(&file(name), Some(hint), A_MINUTE), read(&file(name)), "{name}");
    }
}

#[test]
fn the_channels_are_averaged() {
    let left: Vec<i16> = spoken();
    let right = vec![0; left.len()];
    let bytes = offhook_core::audio::wav::encode(16_000, &[&left, &right]).unwrap();
    let mono = read(&bytes).unwrap().samples;
    assert!(mono.iter().zip(speech()).all(|(half, whole)| (half * 2.0 - whole).abs() < 1e-6));
}
