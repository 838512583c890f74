//! Files that were cut off, damaged, or made to do harm. For all of them: no panic, never more samples than
//! the limit or than the bytes can hold, and a message that a person can use.

use offhook_formats::{Audio, FormatError, Limits, read};
use proptest::prelude::*;

use crate::helpers::{READABLE, file};

/// Two seconds, so that the limit is near.
const LIMITS: Limits = Limits { most_seconds: 2 };

/// Reads, and checks what holds for any bytes.
fn held(bytes: &[u8], hint: Option<&str>) -> Result<Audio, FormatError> {
    let result = read(bytes, hint, LIMITS);
    match &result {
        Ok(audio) => {
            assert!((1_000..=384_000).contains(&audio.rate), "a rate of {}", audio.rate);
            assert!(!audio.samples.is_empty());
            assert!(audio.samples.len() <= 2 * audio.rate as usize, "{} samples", audio.samples.len());
            assert!(audio.samples.iter().all(|sample| (-1.0..=1.0).contains(sample)));
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() < 400, "{text}");
            assert!(!text.contains("gave up"), "a decoder panicked: {text}");
        }
    }
    result
}

#[test]
fn a_file_that_was_cut_off_is_read_as_far_as_it_goes() {
    for name in READABLE {
        let whole = file(name);
        let length = held(&whole, None).unwrap().samples.len();
        for cut in (0..whole.len()).step_by(97) {
            if let Ok(audio) = held(&whole[..cut], None) {
                assert!(audio.samples.len() <= length + 6_000, "{name} cut at {cut}");
            }
        }
        // Vorbis begins with tables that are half of such a small file. One file's index is at its end; two
        // are a single cluster that states its size, of which symphonia gives all or nothing.
        if !["aac.m4a", "opus.webm", "vorbis.webm"].contains(&name) {
            assert!(held(&whole[..whole.len() * 7 / 8], None).is_ok(), "most of {name}");
        }
    }
}

#[test]
fn damage_in_the_middle_is_left_out() {
    for name in READABLE {
        let mut bytes = file(name);
        // Vorbis begins with tables that are half of such a small file.
        let middle = bytes.len() * 7 / 8;
        let length = held(&bytes, None).unwrap().samples.len();
        bytes[middle..middle + 40].fill(0x55);
        let left = held(&bytes, None).unwrap_or_else(|error| panic!("{name}: {error}")).samples.len();
        assert!(left * 2 > length, "{name}: {left} of {length}");
    }
}

#[test]
fn audio_beyond_the_limit_is_refused_by_its_length() {
    for name in READABLE {
        let error = read(&file(name), None, Limits { most_seconds: 0 }).unwrap_err();
        assert!(error.to_string().contains("too long: at most 0 seconds"), "{name}: {error}");
    }
}

#[test]
fn a_wav_file_with_65535_channels_is_refused() {
    let mut bytes = file("speech.wav");
    bytes[22..24].fill(0xff);
    let error = held(&bytes, None).unwrap_err().to_string();
    assert!(error.contains("65535 channels (1 to 32 are read)"), "{error}");
}

#[test]
fn a_flac_file_at_655350_hz_is_refused() {
    let mut bytes = file("flac.flac");
    // 20 bits of the rate, ten bytes into the first block.
    bytes[18..20].fill(0xff);
    bytes[20] = 0x60 | bytes[20] & 0x0f;
    let error = held(&bytes, None).unwrap_err().to_string();
    assert!(error.contains("FLAC file"), "{error}");
}

/// The checksum of a page of OGG (RFC 3533, 6).
fn sealed(mut page: Vec<u8>) -> Vec<u8> {
    page[22..26].fill(0);
    let sum = page.iter().fold(0_u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| {
            sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    });
    page[22..26].copy_from_slice(&sum.to_le_bytes());
    page
}

#[test]
fn an_ogg_file_that_promises_hours_has_what_it_has() {
    let bytes = file("silk.opus");
    let length = held(&bytes, None).unwrap().samples.len();
    let last = bytes.windows(4).rposition(|bytes| bytes == b"OggS").unwrap();
    let mut page = bytes[last..].to_vec();
    page[6..14].copy_from_slice(&(u64::MAX >> 1).to_le_bytes());
    let audio = held(&[&bytes[..last], &sealed(page)[..]].concat(), None).unwrap();
    assert!(audio.samples.len().abs_diff(length) < 6_000, "{} for {length}", audio.samples.len());
}

fn atom(name: &[u8; 4], size: u32, content: &[u8]) -> Vec<u8> {
    [&size.to_be_bytes()[..], name, content].concat()
}

#[test]
fn mp4_atoms_of_no_size_of_huge_size_and_within_themselves_end() {
    let ftyp = atom(b"ftyp", 16, b"M4A \0\0\0\0");
    let mut nested = Vec::new();
    for n in 0..1_000_u32 {
        let name = if n % 2 == 0 { b"moov" } else { b"trak" };
        nested.extend(atom(name, 8 * (1_000 - n), b""));
    }
    let wide = atom(b"moov", 1, &u64::MAX.to_be_bytes());
    for evil in [
        atom(b"moov", 0, b""),
        atom(b"moov", 4, b""),
        atom(b"moov", u32::MAX, &atom(b"trak", u32::MAX, &[0; 64])),
        wide,
        nested,
        // The file's own atom again, as its content.
        atom(b"moov", 24, &ftyp),
    ] {
        assert!(held(&[&ftyp[..], &evil].concat(), None).is_err());
    }
}

#[test]
fn mp4_tables_that_promise_milliards_of_packets_end() {
    // Every 32-bit number of the index in turn becomes the largest, or nothing.
    let bytes = file("aac.m4a");
    let index = bytes.windows(4).position(|name| name == b"moov").unwrap();
    for at in (index + 4..bytes.len() - 4).step_by(2) {
        for number in [u32::MAX, i32::MAX as u32, 0] {
            let mut bytes = bytes.clone();
            bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
            let _ = held(&bytes, None);
        }
    }
}

#[test]
fn webm_nested_a_thousand_deep_ends() {
    let head = &file("opus.webm")[..40];
    // A cluster in a cluster, each of unknown size; a group in a group; a list of tracks in itself.
    for element in
        [&b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff"[..], b"\xa0\xff", b"\x16\x54\xae\x6b\xff"]
    {
        let segment = b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff";
        let bytes = [head, segment, &element.repeat(1_000)].concat();
        assert!(held(&bytes, None).is_err());
    }
}

#[test]
fn errors_say_what_was_wrong_what_was_expected_and_what_to_do() {
    let text = |bytes: &[u8]| held(bytes, None).unwrap_err().to_string();
    let expected = "expected WAV, FLAC, MP3, OGG (Vorbis or Opus), M4A (AAC) or WebM (Opus)";
    for error in [
        text(b""),
        text(b"Hello, this is text."),
        text(&[0; 100]),
        text(&file("alac.m4a")),
        text(&file("vorbis.ogg")[..50]),
    ] {
        assert!(error.contains(expected), "{error}");
    }
    assert!(text(b"Hello, this is text.").contains("it begins with \"Hello, t\""));
    assert!(text(&file("alac.m4a")).contains("its audio is Apple Lossless (ALAC)"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_or_refused(
        mark in proptest::sample::select(vec![
            &b""[..], b"RIFF\0\0\0\0WAVEfmt ", b"fLaC", b"OggS\0\x02", b"\x1a\x45\xdf\xa3", b"\0\0\0\x10ftypM4A ",
            b"ID3\x04\0\0\0\0\0\x08", b"\xff\xfb\x90\x44",
        ]),
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        hint in proptest::option::of("audio/pcm;rate=[0-9]{1,10}|[a-z]{0,3}\\.(raw|mp3)|\\PC{0,20}"),
    ) {
        let _ = held(&[mark, &bytes].concat(), hint.as_deref());
    }

    #[test]
    fn any_change_to_a_file_is_read_or_refused(
        name in proptest::sample::select(READABLE.to_vec()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        near_the_head in any::<bool>(),
        cut in proptest::option::of((any::<prop::sample::Index>(), 0_usize..300)),
    ) {
        let mut bytes = file(name);
        for (at, byte) in changes {
            let end = if near_the_head { bytes.len().min(600) } else { bytes.len() };
            let at = at.index(end);
            bytes[at] = byte;
        }
        if let Some((from, length)) = cut {
            let from = from.index(bytes.len());
            bytes.drain(from..bytes.len().min(from + length));
        }
        let _ = held(&bytes, None);
    }
}
