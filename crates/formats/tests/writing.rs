//! Files of every kind, written as speech comes, and read back.

use offhook_core::audio::to_i16;
use offhook_formats::{Audio, Encoder, Format, Kind, PCM_RATE};

use crate::helpers::{A_MINUTE, alike, at, speech, spoken};

/// Writes samples, in blocks of this many.
fn written(format: Format, rate: u32, samples: &[i16], block: usize) -> Vec<u8> {
    let mut encoder = Encoder::new(format, rate).unwrap();
    let mut bytes = Vec::new();
    for block in samples.chunks(block) {
        bytes.extend(encoder.push(block).unwrap());
    }
    bytes.extend(encoder.finish().unwrap());
    bytes
}

/// Reads what was written, told only its type.
fn back(format: Format, bytes: &[u8]) -> Audio {
    offhook_formats::read(bytes, Some(format.mime()), A_MINUTE).unwrap()
}

#[test]
fn wav_and_flac_give_every_sample_back_at_the_voices_rate() {
    for format in [Format::Wav, Format::Flac] {
        for rate in [8_000, 16_000, 22_050, 24_000, 44_100, 48_000] {
            let audio = back(format, &written(format, rate, &spoken(), 300));
            assert_eq!(audio.rate, rate, "{format:?}");
            assert_eq!(to_i16(&audio.samples), spoken(), "{format:?} at {rate}");
        }
    }
}

#[test]
fn flac_gives_short_loud_and_quiet_audio_back() {
    let loud: Vec<i16> = (0..2_000).map(|n| if n % 7 < 3 { i16::MAX } else { i16::MIN }).collect();
    for samples in [&[1][..], &[-5; 17], &[0; 1_152], &[9; 1_153], &loud] {
        let audio = back(Format::Flac, &written(Format::Flac, 24_000, samples, 1_000));
        assert_eq!(to_i16(&audio.samples), samples);
    }
}

#[test]
fn flac_is_much_smaller_than_wav() {
    let size = |format| written(format, 16_000, &spoken(), 800).len();
    assert!(size(Format::Flac) * 4 < size(Format::Wav) * 3, "{}", size(Format::Flac));
}

#[test]
fn pcm_is_at_its_own_rate_with_nothing_lost_and_nothing_late() {
    let same = back(Format::Pcm, &written(Format::Pcm, PCM_RATE, &spoken(), 333));
    assert_eq!(to_i16(&same.samples), spoken());
    for rate in [8_000, 16_000, 22_050, 48_000] {
        let at_rate = to_i16(&at(&Audio { samples: speech(), rate: 16_000 }, rate));
        let audio = back(Format::Pcm, &written(Format::Pcm, rate, &at_rate, 333));
        assert_eq!(audio.rate, PCM_RATE);
        assert!(audio.samples.len().abs_diff(24_000) <= 2, "from {rate}: {}", audio.samples.len());
        let (likeness, late) = alike(&speech(), &at(&audio, 16_000));
        assert!(likeness > 0.99 && late == 0, "from {rate}: {likeness}, {late} late");
    }
}

#[test]
fn mp3_sounds_like_what_was_spoken() {
    for rate in [8_000, 16_000, 22_050, 24_000, 44_100, 48_000] {
        let audio = Audio { samples: speech(), rate: 16_000 };
        let bytes = written(Format::Mp3, rate, &to_i16(&at(&audio, rate)), 441);
        let audio = back(Format::Mp3, &bytes);
        let (likeness, late) = alike(&speech(), &at(&audio, 16_000));
        assert!(likeness > 0.99, "from {rate}: {likeness}, {late} late");
        assert!((0..1_200).contains(&late), "from {rate}: {late} late");
        // A second at 64 kbit/s, and the encoder's delay.
        assert!((8_000..9_200).contains(&bytes.len()), "from {rate}: {} bytes", bytes.len());
    }
}

#[test]
fn opus_sounds_like_what_was_spoken_and_begins_and_ends_with_it() {
    for rate in [8_000, 12_000, 16_000, 22_050, 24_000, 44_100, 48_000] {
        let audio = Audio { samples: speech(), rate: 16_000 };
        let samples = to_i16(&at(&audio, rate));
        let bytes = written(Format::Opus, rate, &samples, 441);
        let audio = back(Format::Opus, &bytes);
        let lasts = audio.samples.len() as f64 / f64::from(audio.rate);
        let spoken = samples.len() as f64 / f64::from(rate);
        assert!((lasts - spoken).abs() < 0.001, "from {rate}: {lasts} s of {spoken} s");
        let (likeness, late) = alike(&speech(), &at(&audio, 16_000));
        assert!(likeness > 0.97 && late.abs() <= 2, "from {rate}: {likeness}, {late} late");
        assert!((3_000..8_000).contains(&bytes.len()), "from {rate}: {} bytes", bytes.len());
    }
}

#[test]
fn opus_of_any_length_has_that_length() {
    for length in [1, 159, 160, 319, 320, 321, 5_000] {
        let samples: Vec<i16> = spoken().into_iter().cycle().take(length).collect();
        let audio = back(Format::Opus, &written(Format::Opus, 16_000, &samples, 1_000));
        assert_eq!(audio.samples.len(), length * audio.rate as usize / 16_000, "{length}");
    }
}

#[test]
fn the_bytes_do_not_depend_on_how_the_speech_is_cut() {
    for format in Format::ALL {
        let whole = written(format, 22_050, &spoken(), usize::MAX);
        for block in [1, 160, 1_152, 5_000] {
            assert!(written(format, 22_050, &spoken(), block) == whole, "{format:?} in blocks of {block}");
        }
    }
}

#[test]
fn bytes_leave_while_the_speech_goes_on() {
    for format in Format::ALL {
        let mut encoder = Encoder::new(format, 24_000).unwrap();
        // A page of Opus is full sooner or later: silence has few bytes.
        let (soon, least) = if format == Format::Opus { (4_800, 100) } else { (2_400, 300) };
        let first = encoder.push(&spoken()[..soon]).unwrap();
        assert!(first.len() > least, "{format:?}: {} bytes at first", first.len());
        let next = encoder.push(&spoken()[soon..2 * soon]).unwrap();
        assert!(next.len() > least, "{format:?}: {} bytes then", next.len());
    }
}

#[test]
fn a_wav_file_states_that_its_length_is_unknown() {
    let bytes = written(Format::Wav, 24_000, &[1, 2], 2);
    assert_eq!(bytes.len(), 44 + 4);
    assert_eq!((&bytes[4..8], &bytes[40..44]), (&[0xff; 4][..], &[0xff; 4][..]));
}

#[test]
fn nothing_spoken_is_a_file_of_nothing_rather_than_an_error() {
    for format in Format::ALL {
        let _ = Encoder::new(format, 16_000).unwrap().finish().unwrap();
        let mut encoder = Encoder::new(format, 16_000).unwrap();
        assert!(encoder.push(&[]).is_ok());
        assert!(encoder.finish().is_ok());
    }
}

#[test]
fn formats_have_the_names_and_types_of_the_trade() {
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    assert_eq!(Format::Mp3.mime(), "audio/mpeg");
    let error = "aac".parse::<Format>().unwrap_err().to_string();
    assert_eq!(
        error,
        "audio is not written as \"aac\", expected wav, pcm, flac, mp3 or opus; ask for wav if in doubt"
    );
}

#[test]
fn rates_that_make_no_sense_are_refused() {
    for format in Format::ALL {
        for rate in [0, 999, 400_000] {
            assert!(Encoder::new(format, rate).is_err(), "{format:?} at {rate}");
        }
    }
    let error = Encoder::new(Format::Pcm, 0).err().unwrap().to_string();
    assert!(error.starts_with("pcm cannot be written: cannot convert audio from 0 to 24000"), "{error}");
}

#[test]
fn kinds_have_names_for_people() {
    assert_eq!(Kind::WebM.to_string(), "WebM");
}
