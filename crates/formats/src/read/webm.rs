//! The one thing that symphonia does not tell of WebM: how much of the last block is no audio
//! (DiscardPadding, Matroska's element 0x75A2, in nanoseconds). Must not know codecs.

/// Elements whose content is walked into: it follows their header, so nothing has to be kept of them.
const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1f43_b675;
const BLOCK_GROUP: u32 = 0xa0;
const SIMPLE_BLOCK: u32 = 0xa3;
const BLOCK: u32 = 0xa1;
const DISCARD_PADDING: u32 = 0x75a2;

/// The samples at the end that are no audio, at this rate.
pub(super) fn padding(bytes: &[u8], rate: u32) -> usize {
    let mut rest = bytes;
    let mut padding = 0;
    while let Some((id, size, content)) = element(rest) {
        rest = match id {
            SEGMENT | CLUSTER | BLOCK_GROUP => content,
            _ => {
                let Some((element, after)) = size.and_then(|size| content.split_at_checked(size)) else {
                    break;
                };
                match id {
                    // Only the last block's padding counts.
                    SIMPLE_BLOCK | BLOCK => padding = 0,
                    DISCARD_PADDING => padding = nanoseconds(element),
                    _ => {}
                }
                after
            }
        };
    }
    // No packet is longer than that.
    usize::try_from(padding.min(120_000_000) * u64::from(rate) / 1_000_000_000).unwrap_or(0)
}

/// The identifier, the size (`None` if it is unknown, or larger than any file) and what follows the header.
fn element(bytes: &[u8]) -> Option<(u32, Option<usize>, &[u8])> {
    let id_length = bytes.first()?.leading_zeros() as usize + 1;
    let id = bytes.get(..id_length).filter(|_| id_length <= 4)?;
    let id = id.iter().fold(0, |id, &byte| id << 8 | u32::from(byte));
    let bytes = bytes.get(id_length..)?;
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    let size = bytes.get(..length)?;
    let mask = 0xff_u8.checked_shr(length as u32).unwrap_or(0);
    let value = size[1..].iter().fold(u64::from(first & mask), |size, &byte| size << 8 | u64::from(byte));
    let unknown = value == (1 << (7 * length)) - 1;
    Some((id, usize::try_from(value).ok().filter(|_| !unknown), bytes.get(length..)?))
}

/// A whole number with a sign, of which a negative one (padding before the block) does not count.
fn nanoseconds(bytes: &[u8]) -> u64 {
    match bytes {
        [first, ..] if bytes.len() <= 8 && first & 0x80 == 0 => {
            bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
        }
        _ => 0,
    }
}
