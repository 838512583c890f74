//! Tests of `wav`: the input that is read, the faults that are accepted, and the messages of refusals.

use super::*;
use hound::{SampleFormat, WavSpec, WavWriter};
use proptest::prelude::*;

fn made_by_hound(spec: WavSpec, fill: impl FnOnce(&mut WavWriter<&mut Cursor<Vec<u8>>>)) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
    fill(&mut writer);
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// A file by hand: format tag, channels, rate, bits, data.
fn raw(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    file.extend(tag.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend([0; 6]);
    file.extend(bits.to_le_bytes());
    file.extend(b"data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

#[test]
fn integers_of_every_width_mean_the_same_level() {
    for bits in [8, 16, 24, 32] {
        let spec = WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: bits,
            sample_format: SampleFormat::Int,
        };
        let file = made_by_hound(spec, |w| {
            for level in [-0.5, 0.0, 0.25] {
                w.write_sample((level * 2_f64.powi(i32::from(bits) - 1)) as i32).unwrap();
            }
        });
        let clip = read(&file[..], "a.wav").unwrap();
        assert_eq!(clip, Clip { samples: vec![-0.5, 0.0, 0.25], rate: 16_000 }, "{bits} bits");
    }
}

#[test]
fn floats_are_read_and_kept_in_range() {
    let spec =
        WavSpec { channels: 1, sample_rate: 48_000, bits_per_sample: 32, sample_format: SampleFormat::Float };
    let file = made_by_hound(spec, |w| {
        for sample in [0.5_f32, -3.0, f32::NAN, f32::INFINITY] {
            w.write_sample(sample).unwrap();
        }
    });
    assert_eq!(read(&file[..], "a.wav").unwrap().samples, [0.5, -1.0, 0.0, 0.0]);
    let file = raw(3, 1, 8_000, 64, &0.125_f64.to_le_bytes());
    assert_eq!(read(&file[..], "a.wav").unwrap().samples, [0.125]);
}

#[test]
fn phone_codecs_are_read() {
    let clip = read(&raw(7, 1, 8_000, 8, &[0xff, 0x80])[..], "a.wav").unwrap();
    assert_eq!(clip.samples, [0.0, 32_124.0 / 32_768.0]);
    let clip = read(&raw(6, 1, 8_000, 8, &[0xd5, 0xaa])[..], "a.wav").unwrap();
    assert_eq!(clip.samples, [8.0 / 32_768.0, 32_256.0 / 32_768.0]);
}

#[test]
fn channels_are_averaged() {
    let file = encode(8_000, &[&[16_384, 8_192, 4], &[0, -8_192]]).unwrap();
    let clip = read(&file[..], "a.wav").unwrap();
    assert_eq!(clip.samples, [0.25, 0.0, 2.0 / 32_768.0]);
}

#[test]
fn other_chunks_are_passed_over() {
    let mut file = raw(1, 1, 8_000, 16, &[0, 64]);
    // An odd chunk, padded, before the format.
    file.splice(12..12, *b"LIST\x03\0\0\0abc\0");
    assert_eq!(read(&file[..], "a.wav").unwrap().samples, [0.5]);
}

#[test]
fn a_stream_without_a_length_is_read_to_its_end() {
    for size in [0, u32::MAX, 0x7fff_ffff] {
        let mut file = raw(1, 1, 8_000, 16, &[0, 64, 0, 192]);
        file[40..44].copy_from_slice(&size.to_le_bytes());
        assert_eq!(read(&file[..], "-").unwrap().samples, [0.5, -0.5], "size {size}");
    }
}

#[test]
fn a_file_that_is_cut_short_gives_what_is_there() {
    let file = encode(8_000, &[&[8_192; 100]]).unwrap();
    assert_eq!(read(&file[..file.len() - 11], "a.wav").unwrap().samples, vec![0.25; 94]);
}

/// All channels of a file, and its completeness.
fn channels_of(file: &[u8]) -> (Vec<Vec<f32>>, Completeness) {
    let mut reader = Reader::open(file, "a.wav").unwrap();
    let mut all = vec![Vec::new(); reader.channel_count()];
    while let Some(block) = reader.read().unwrap() {
        for (channel, block) in all.iter_mut().zip(block) {
            channel.extend(block);
        }
    }
    (all, reader.completeness())
}

#[test]
fn channels_are_read_apart_block_by_block() {
    let left: Vec<i16> = (0..10_000).map(|n| n as i16).collect();
    let right: Vec<i16> = left.iter().map(|n| -n).collect();
    let (channels, completeness) = channels_of(&encode(8_000, &[&left, &right]).unwrap());
    assert_eq!([to_i16(&channels[0]), to_i16(&channels[1])], [left, right]);
    assert_eq!(completeness, Completeness::Whole);
}

#[test]
fn how_much_is_missing_is_known_where_the_header_has_a_length() {
    let file = encode(8_000, &[&[8_192; 8_000]]).unwrap();
    let half_a_second = Completeness::Short(Duration::from_millis(500));
    assert_eq!(channels_of(&file[..file.len() - 8_000]).1, half_a_second);
    // A sample and a half counts as one; half a sample does not count.
    assert_eq!(channels_of(&file[..file.len() - 3]).1, Completeness::Short(Duration::from_micros(125)));
    assert_eq!(channels_of(&file[..file.len() - 1]).1, Completeness::Whole);
    for size in [0, u32::MAX, 0x7fff_f000] {
        let mut file = raw(1, 1, 8_000, 16, &[0, 64, 0, 192]);
        file[40..44].copy_from_slice(&size.to_le_bytes());
        assert_eq!(channels_of(&file), (vec![vec![0.5, -0.5]], Completeness::Unknown), "size {size}");
    }
    let promised = |file: &[u8]| Reader::open(file, "a.wav").unwrap().promised();
    assert_eq!(promised(&file), Some(Duration::from_secs(1)));
    assert_eq!(promised(&raw(1, 1, 8_000, 16, &[])), None);
}

#[test]
fn no_audio_is_no_error() {
    assert!(read(&encode(8_000, &[&[]]).unwrap()[..], "a.wav").unwrap().samples.is_empty());
}

#[test]
fn something_else_is_refused_by_name_with_a_remedy() {
    let message = |bytes: &[u8]| read(bytes, "song.mp3").unwrap_err().to_string();
    assert_eq!(
        message(b"ID3\x04 and so on, long enough"),
        "song.mp3 is not a WAV file: it begins with \"ID3\\u{4}\", expected RIFF/WAVE with PCM audio; \
         `sox IN OUT.wav` converts it"
    );
    assert!(message(b"").contains("it is empty"));
    assert!(message(b"RIFF").contains("not a WAV file"));
    assert!(message(b"RIFF\0\0\0\0WAVE").contains("no audio"));
    assert!(message(b"RIFF\0\0\0\0WAVEdata\x02\0\0\0ab").contains("before its format"));
    assert!(message(&raw(2, 1, 8_000, 4, b"ab")).contains("format 2 with 4 bits a sample; expected PCM"));
    assert!(message(&raw(1, 0, 8_000, 16, b"ab")).contains("0 channels"));
    assert!(message(&raw(1, 1, 7, 16, b"ab")).contains("7 samples a second"));
}

#[test]
fn more_than_an_hour_is_refused_before_memory_runs_out() {
    let head = raw(7, 1, 1_000, 8, &[]);
    let endless = head.chain(std::io::repeat(0xff));
    let error = read(endless, "long.wav").unwrap_err().to_string();
    assert_eq!(error, "long.wav is too long: at most 3600 seconds and 1024 MiB of audio are read");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(tag in 0_u16..8, channels: u16, rate: u32, bits in 0_u16..70, data: Vec<u8>, cut in 0_usize..60) {
        let file = raw(tag, channels % 4, rate % 100_000, bits, &data);
        let _ = read(&file[..], "a.wav");
        let _ = read(&file[..file.len().min(cut)], "a.wav");
        let _ = read(&data[..], "a.wav");
    }
}
