//! The types IQ4_NL and IQ4_XS: codes of four bits that stand for unevenly spaced numbers, dense where
//! weights are frequent. Must not know what multiplies them.
//!
//! ggml's `block_iq4_nl` and `block_iq4_xs`, and `dequantize_row_*` of `ggml-quants.c`.

use half::f16;

/// The numbers that the codes stand for (`kvalues_iq4nl`).
pub(super) const NUMBERS: [i8; 16] =
    [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// The scales of the eight groups of an IQ4_XS block, from its first eight bytes: six bits each, 32 stands
/// for zero.
pub(super) fn group_scales(block: &[u8]) -> [i8; 8] {
    let high = u16::from_le_bytes([block[2], block[3]]);
    std::array::from_fn(|group| {
        let low = block[4 + group / 2] >> (group % 2 * 4) & 0x0f;
        let two = (high >> (2 * group) & 3) as u8;
        (low | two << 4).cast_signed() - 32
    })
}

/// A block of Q8_0, aligned as candle wants it: the scale, then two numbers in each 16 bits.
type Q8_0 = [u16; 17];

/// Blocks of IQ4_NL (18 bytes for 32 weights) as Q8_0, which has the same numbers.
pub(super) fn nl_as_q8_0(blocks: &[u8]) -> Vec<Q8_0> {
    let each = blocks.chunks_exact(18);
    each.map(|block| q8_0(u16::from_le_bytes([block[0], block[1]]), &block[2..])).collect()
}

/// Blocks of IQ4_XS (136 bytes for 256 weights) as Q8_0. Scales are rounded to 16 bits: each is off by at
/// most a part in 2,048, or by 3e-8 where it is small.
pub(super) fn xs_as_q8_0(blocks: &[u8]) -> Vec<Q8_0> {
    let mut out = Vec::with_capacity(blocks.len() / 136 * 8);
    for block in blocks.chunks_exact(136) {
        let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
        let groups = group_scales(block).into_iter().zip(block[8..].chunks_exact(16));
        out.extend(
            groups.map(|(small, codes)| q8_0(f16::from_f32(scale * f32::from(small)).to_bits(), codes)),
        );
    }
    out
}

/// A block of 32 codes: the low halves of all bytes, then the high ones.
fn q8_0(scale: u16, codes: &[u8]) -> Q8_0 {
    let mut out = [scale.to_le(); 17];
    let low = codes.iter().map(|byte| byte & 0x0f);
    let all: Vec<u8> = low.chain(codes.iter().map(|byte| byte >> 4)).collect();
    let number = |code: u8| NUMBERS.get(usize::from(code)).map_or(0, |number| number.cast_unsigned());
    for (out, two) in out[1..].iter_mut().zip(all.as_chunks::<2>().0) {
        *out = u16::from_ne_bytes(two.map(number));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The block's first scale and numbers, as `dequantize_row_iq4_xs` has them.
    #[test]
    fn a_block_of_iq4_xs_has_its_groups_scales_and_numbers_in_q8_0() {
        let mut block = [0x10; 136];
        block[..2].copy_from_slice(&f16::from_f32(0.5).to_le_bytes());
        // Scales of six bits: 0 and 1 from low parts of 5 and 9 and high parts of 2 and 3, and so on.
        block[2..4].copy_from_slice(&0b1110_u16.to_le_bytes());
        block[4..8].copy_from_slice(&[0x95, 0, 0, 0xf0]);
        assert_eq!(group_scales(&block), [5, 25, -32, -32, -32, -32, -32, -17]);
        let blocks = xs_as_q8_0(&block);
        let scales: Vec<f32> =
            blocks.iter().map(|block| f16::from_bits(u16::from_le(block[0])).to_f32()).collect();
        assert_eq!(scales, [2.5, 12.5, -16.0, -16.0, -16.0, -16.0, -16.0, -8.5]);
        for block in blocks {
            let bytes: Vec<i8> =
                block[1..].iter().flat_map(|two| two.to_ne_bytes()).map(u8::cast_signed).collect();
            assert_eq!((&bytes[..16], &bytes[16..]), (&[-127; 16][..], &[-104; 16][..]));
        }
    }
}
