//! The one thing that symphonia does not tell of MP4: which part of the decoded audio is played (the edit
//! list, ISO 14496-12, 8.6.6). Encoders of AAC put a frame or two of nothing before it. Must not know codecs.

/// The part of a track that is played, in seconds as fractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edit {
    /// Where it begins, and in how many parts of a second that is.
    start: (u64, u64),
    /// How long it is, likewise; 0 if it is not stated.
    length: (u64, u64),
    skipped: u64,
}

impl Edit {
    /// Takes the next samples. Returns how many of them come before the part that is played.
    pub(super) fn skip(&mut self, samples: usize, rate: u32) -> usize {
        let start = u128::from(self.start.0) * u128::from(rate) / u128::from(self.start.1.max(1));
        let left = start.saturating_sub(u128::from(self.skipped));
        let skip = usize::try_from(left).unwrap_or(samples).min(samples);
        self.skipped += skip as u64;
        skip
    }

    /// Of this many samples, those that come after the part that is played: less than two frames of AAC, or
    /// the list is not about them.
    pub(super) fn padding(self, samples: usize, rate: u32) -> usize {
        let length = u128::from(self.length.0) * u128::from(rate);
        let length = length.div_ceil(u128::from(self.length.1.max(1)));
        let padding = samples.saturating_sub(usize::try_from(length).unwrap_or(usize::MAX));
        if self.length.0 == 0 || padding > 4_096 { 0 } else { padding }
    }
}

/// The edit of the first track of sound, if it has a single one.
pub(super) fn edit(bytes: &[u8]) -> Option<Edit> {
    let mut rest = bytes;
    let (mut movie, mut media) = (0, 0);
    let mut edit = None;
    while let Some(Atom { name, content, within, after }) = Atom::first(rest) {
        // What contains others is walked into: they follow its header, and what follows it follows them.
        rest = match name {
            b"moov" | b"edts" | b"mdia" => within,
            b"trak" => {
                edit = None;
                within
            }
            _ => after,
        };
        match name {
            b"mvhd" => movie = timescale(content),
            b"mdhd" => media = timescale(content),
            b"elst" => edit = single(content),
            b"hdlr" if content.get(8..12) == Some(b"soun") => {
                let (length, start) = edit?;
                // An edit that skips more than a second is a cut that somebody made: all is read.
                let short = start <= media;
                return short.then_some(Edit { start: (start, media), length: (length, movie), skipped: 0 });
            }
            _ => {}
        }
    }
    None
}

struct Atom<'a> {
    name: &'a [u8; 4],
    content: &'a [u8],
    /// Everything after its header.
    within: &'a [u8],
    /// Everything after its content.
    after: &'a [u8],
}

impl<'a> Atom<'a> {
    /// The atom that begins here.
    fn first(bytes: &'a [u8]) -> Option<Self> {
        let size = u64::from(u32_at(bytes, 0)?);
        let name = bytes.get(4..8)?.first_chunk()?;
        let (header, size) = match size {
            0 => (8, bytes.len() as u64),
            1 => (16, u64::from(u32_at(bytes, 8)?) << 32 | u64::from(u32_at(bytes, 12)?)),
            size => (8, size),
        };
        let size = usize::try_from(size).ok().filter(|&size| size >= header)?;
        let (atom, after) = bytes.split_at_checked(size).unwrap_or((bytes, &[]));
        Some(Self { name, content: atom.get(header..)?, within: bytes.get(header..)?, after })
    }
}

/// Parts of a second, of a header of the movie or of a track.
fn timescale(header: &[u8]) -> u64 {
    let at = if header.first() == Some(&1) { 20 } else { 12 };
    u32_at(header, at).unwrap_or(0).into()
}

/// The length and the beginning of the only edit, in parts of the movie's and of the media's second.
fn single(list: &[u8]) -> Option<(u64, u64)> {
    let long = list.first() == Some(&1);
    if u32_at(list, 4)? != 1 {
        return None;
    }
    let wide = |at| Some(u64::from(u32_at(list, at)?) << 32 | u64::from(u32_at(list, at + 4)?));
    if long { Some((wide(8)?, wide(16)?)) } else { Some((u32_at(list, 8)?.into(), u32_at(list, 12)?.into())) }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}
