//! Counts the frames of a WebSocket as their bytes pass (RFC 6455, section 5.2): how many begin, and how many
//! make up one message. Reads headers and nothing else; the layer above checks them. Does no I/O.

/// The most frames of one message. A gateway's largest message has some dozens of fragments: a peer that
/// needs more sends fragments for their own sake.
pub(super) const MAX_FRAMES_PER_MESSAGE: u32 = 1024;

const FINAL: u8 = 0x80;
const OPCODE: u8 = 0x0f;
const CONTROL: u8 = 0x08;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;

/// A message came in more frames than are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message came in more than {MAX_FRAMES_PER_MESSAGE} frames")]
pub(super) struct TooManyFrames;

/// The position of the next byte in its frame.
#[derive(Debug, Clone, Copy)]
enum At {
    /// The first byte: whether the frame is the last of its message, and its opcode.
    First,
    /// The second byte: whether the frame is masked, and its length or how its length is written.
    Second,
    /// In the length: `bytes` more follow, and `known` is its value so far.
    Length { bytes: u8, known: u64, mask: u8 },
    /// In the mask and payload, which are skipped: the number of bytes left.
    Rest(u64),
}

/// Counts the frames of one direction of one socket.
#[derive(Debug)]
pub(super) struct Frames {
    at: At,
    /// Frames of the message that is not complete yet.
    of_message: u32,
}

impl Frames {
    /// At the beginning of the first frame.
    pub(super) const fn new() -> Self {
        Self { at: At::First, of_message: 0 }
    }

    /// Takes the next bytes. Returns how many frames begin in them.
    ///
    /// # Errors
    /// If a message has more frames than are allowed.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) -> Result<u32, TooManyFrames> {
        let mut begun = 0;
        while let [byte, rest @ ..] = bytes {
            self.at = match self.at {
                At::First => {
                    begun += 1;
                    self.begin(*byte)?;
                    At::Second
                }
                At::Second => {
                    let mask = if byte & MASKED == 0 { 0 } else { 4 };
                    match byte & LENGTH {
                        126 => At::Length { bytes: 2, known: 0, mask },
                        127 => At::Length { bytes: 8, known: 0, mask },
                        length => skipping(u64::from(mask) + u64::from(length)),
                    }
                }
                At::Length { bytes, known, mask } => {
                    let known = known << 8 | u64::from(*byte);
                    match bytes - 1 {
                        0 => skipping(known.saturating_add(mask.into())),
                        bytes => At::Length { bytes, known, mask },
                    }
                }
                At::Rest(left) => {
                    let skipped = left.min(bytes.len() as u64);
                    // At most `bytes.len()`, so the cast fits.
                    bytes = bytes.get(skipped as usize..).unwrap_or_default();
                    self.at = skipping(left - skipped);
                    continue;
                }
            };
            bytes = rest;
        }
        Ok(begun)
    }

    /// A frame begins. Control frames may come between the frames of a message and do not count.
    fn begin(&mut self, first: u8) -> Result<(), TooManyFrames> {
        if first & OPCODE & CONTROL != 0 {
            return Ok(());
        }
        self.of_message += 1;
        if self.of_message > MAX_FRAMES_PER_MESSAGE {
            return Err(TooManyFrames);
        }
        if first & FINAL != 0 {
            self.of_message = 0;
        }
        Ok(())
    }
}

/// The next `left` bytes are not part of a header.
const fn skipping(left: u64) -> At {
    if left == 0 { At::First } else { At::Rest(left) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of a client, with a mask of zeros.
    fn frame(first: u8, payload: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match payload {
            0..126 => frame.push(0x80 | u8::try_from(payload).unwrap()),
            126..65536 => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(payload).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((payload as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(vec![0x01; payload]);
        frame
    }

    #[test]
    fn frames_are_counted_however_their_bytes_are_cut() {
        let lengths = [0, 1, 125, 126, 300, 65_535, 65_536, 70_000, 0];
        let mut bytes: Vec<u8> = lengths.iter().flat_map(|&length| frame(0x81, length)).collect();
        // A frame without a mask: the layer above refuses it, but it counts as a frame.
        bytes.extend([0x82, 2, 7, 7]);
        for piece in [1, 2, 3, 7, 100, 4096, bytes.len()] {
            let mut frames = Frames::new();
            let begun: u32 = bytes.chunks(piece).map(|piece| frames.pass(piece).unwrap()).sum();
            assert_eq!(begun as usize, lengths.len() + 1, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_message_has_so_many_frames_and_no_more() {
        let mut frames = Frames::new();
        for _ in 0..3 {
            frames.pass(&frame(0x01, 1)).unwrap();
            for _ in 2..MAX_FRAMES_PER_MESSAGE {
                frames.pass(&frame(0x00, 0)).unwrap();
            }
            frames.pass(&frame(0x80, 0)).unwrap();
        }
        frames.pass(&frame(0x01, 0)).unwrap();
        let more = (0..MAX_FRAMES_PER_MESSAGE).map(|_| frames.pass(&frame(0x00, 0))).find(Result::is_err);
        assert_eq!(more, Some(Err(TooManyFrames)));
    }

    #[test]
    fn pings_between_its_fragments_are_none_of_a_message() {
        let mut frames = Frames::new();
        frames.pass(&frame(0x01, 5)).unwrap();
        for _ in 0..5 * MAX_FRAMES_PER_MESSAGE {
            assert_eq!(frames.pass(&frame(0x89, 3)), Ok(1));
        }
        frames.pass(&frame(0x80, 5)).unwrap();
        assert_eq!(frames.of_message, 0);
    }

    #[test]
    fn a_length_beyond_all_memory_is_only_a_number() {
        let mut frames = Frames::new();
        let mut endless = vec![0x82, 0x80 | 127];
        endless.extend([0xff; 8]);
        endless.extend([0; 4000]);
        assert_eq!(frames.pass(&endless), Ok(1));
        assert_eq!(frames.pass(&[0; 4000]), Ok(0));
    }
}
