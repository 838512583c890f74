//! Finds the kind of a file by its first bytes, as senders' names and types are often wrong. Only raw samples
//! have no mark of their own: for them, a hint is believed. Must not know how a kind is decoded.

use crate::error::FormatError;
use crate::kind::Kind;

/// The rate of raw samples whose hint states none.
const RAW_RATE: u32 = 16_000;

/// How far into a file the first frame of an MP3 may be: recorders of streams begin anywhere.
const MP3_SEARCH: usize = 4_096;

/// The kind of a file, and where in it the audio begins; `hint` is its name or its MIME type.
///
/// # Errors
/// If the file is empty, or begins like no kind that is read, or the hint asks for raw samples that are
/// not.
pub(crate) fn kind_of(bytes: &[u8], hint: Option<&str>) -> Result<(Kind, usize), FormatError> {
    if bytes.is_empty() {
        return Err(FormatError::Empty);
    }
    let begin = tag_length(bytes);
    let audio = bytes.get(begin..).unwrap_or_default();
    if let Some(kind) = marked(audio) {
        return Ok((kind, begin));
    }
    // Samples may look like the beginning of an MP3, so a hint of raw ones comes first.
    if let Some(kind) = hint.and_then(raw).transpose()? {
        return Ok((kind, 0));
    }
    // A tag stands before MP3 only, as FLAC has been seen above.
    match first_frame(audio) {
        Some(at) => Ok((Kind::Mp3, begin + at)),
        None if begin > 0 => Ok((Kind::Mp3, begin.min(bytes.len()))),
        None => Err(FormatError::Unknown { begins: beginning(bytes) }),
    }
}

/// Kinds that begin with a mark.
fn marked(bytes: &[u8]) -> Option<Kind> {
    let has = |at: usize, mark: &[u8]| bytes.get(at..at + mark.len()) == Some(mark);
    if has(0, b"RIFF") && has(8, b"WAVE") {
        Some(Kind::Wav)
    } else if has(0, b"fLaC") {
        Some(Kind::Flac)
    } else if has(0, b"OggS") {
        Some(Kind::Ogg)
    } else if has(0, &[0x1a, 0x45, 0xdf, 0xa3]) {
        Some(Kind::WebM)
    } else if has(4, b"ftyp") || has(4, b"moov") || has(4, b"styp") {
        Some(Kind::Mp4)
    } else {
        None
    }
}

/// The kind of samples that the hint names, if it says that they are raw: a type such as
/// `audio/pcm;rate=16000`, or a name that ends in `.pcm` or `.raw`.
fn raw(hint: &str) -> Option<Result<Kind, FormatError>> {
    let hint = hint.trim().to_ascii_lowercase();
    if hint.ends_with(".pcm") || hint.ends_with(".raw") {
        return Some(Ok(Kind::Raw { rate: RAW_RATE }));
    }
    let mut parts = hint.split(';').map(str::trim);
    if !matches!(parts.next(), Some("audio/pcm" | "audio/x-pcm" | "audio/raw" | "audio/x-raw")) {
        return None;
    }
    let mut rate = RAW_RATE;
    let refuse =
        |problem| Some(Err(FormatError::Unsupported { kind: Kind::Raw { rate: RAW_RATE }, problem }));
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        let value = value.trim().trim_matches('"');
        match (name.trim(), value.parse()) {
            ("rate", Ok(stated)) => rate = stated,
            ("rate", Err(_)) => return refuse(format!("its type has a rate of {:?}", shortened(value))),
            ("channels", Ok(1)) => {}
            ("channels", _) => return refuse(format!("it has {} channels, not one", shortened(value))),
            _ => {}
        }
    }
    Some(Ok(Kind::Raw { rate }))
}

fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}

/// The bytes of the ID3v2 tags at the beginning; 0 if there is none. A tag that promises more than there is
/// ends the file.
fn tag_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some([b'I', b'D', b'3', _, _, flags, size @ ..]) =
        bytes.get(at..).and_then(|rest| rest.get(..10))
    {
        // Four numbers of seven bits each.
        let size = size.iter().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        let footer = if flags & 0x10 == 0 { 0 } else { 10 };
        at += 10 + size + footer;
    }
    at
}

/// Where the first frame of an MP3 is: a header that is followed by another, or by the end, at the distance
/// that it states.
fn first_frame(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len().min(MP3_SEARCH)).find(|&at| {
        frame_length(&bytes[at..]).is_some_and(|length| {
            let next = bytes.get(at + length..).unwrap_or_default();
            frame_length(next).is_some() || (at == 0 && next.len() < 4)
        })
    })
}

/// The bytes of the frame that begins here, if its header is that of MPEG audio, layer III (ISO 11172-3,
/// 2.4.1.3, and ISO 13818-3 for the lower rates).
fn frame_length(bytes: &[u8]) -> Option<usize> {
    const RATES: [usize; 3] = [44_100, 48_000, 32_000];
    const KBIT_1: [usize; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const KBIT_2: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let &[sync, version, rates, _] = bytes.first_chunk()?;
    if sync != 0xff || version & 0xe6 != 0xe2 {
        return None;
    }
    let (halves, table, samples) = match version >> 3 & 3 {
        3 => (1, KBIT_1, 144),
        2 => (2, KBIT_2, 72),
        0 => (4, KBIT_2, 72),
        _ => return None,
    };
    let rate = RATES.get(usize::from(rates >> 2 & 3))? / halves;
    let kbit = *table.get(usize::from(rates >> 4)).filter(|&&kbit| kbit > 0)?;
    Some(samples * kbit * 1_000 / rate + usize::from(rates >> 1 & 1))
}

/// The first bytes, for a person.
fn beginning(bytes: &[u8]) -> String {
    let first = &bytes[..bytes.len().min(8)];
    if first.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        format!("it begins with {:?}", String::from_utf8_lossy(first))
    } else {
        let hex: Vec<_> = first.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("it begins with the bytes {}", hex.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_with_a_rate_makes_samples_of_bytes() {
        let kind = |hint| kind_of(&[0; 8], Some(hint)).map(|(kind, _)| kind);
        assert_eq!(kind("audio/pcm;rate=8000"), Ok(Kind::Raw { rate: 8_000 }));
        assert_eq!(kind("Audio/PCM ; Rate=\"24000\"; channels=1"), Ok(Kind::Raw { rate: 24_000 }));
        assert_eq!(kind("call.raw"), Ok(Kind::Raw { rate: 16_000 }));
        assert!(kind("audio/pcm;channels=2").unwrap_err().to_string().contains("it has 2 channels, not one"));
        assert!(kind("audio/pcm;rate=fast").is_err());
        assert!(matches!(kind("call.wav"), Err(FormatError::Unknown { .. })));
    }

    #[test]
    fn a_mark_is_believed_rather_than_a_name() {
        assert_eq!(kind_of(b"OggS....", Some("audio/pcm")), Ok((Kind::Ogg, 0)));
        assert_eq!(kind_of(b"fLaC....", Some("speech.mp3")), Ok((Kind::Flac, 0)));
    }

    #[test]
    fn tags_before_the_audio_are_skipped() {
        let tag = b"ID3\x04\0\0\0\0\x01\x02".to_vec();
        let mut file = [tag, vec![0; 130], b"fLaC".to_vec()].concat();
        assert_eq!(kind_of(&file, None), Ok((Kind::Flac, 140)));
        // A tag that ends beyond the file is one of an MP3 that was cut off.
        file.truncate(100);
        assert_eq!(kind_of(&file, None), Ok((Kind::Mp3, 100)));
    }
}
