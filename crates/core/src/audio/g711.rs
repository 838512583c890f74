//! G.711, the codec of the phone network: one byte a sample, in the mu-law of America and Japan or the A-law
//! of the rest of the world. Must not know packets or gateways.
//!
//! Source: ITU-T Recommendation G.711 (11/88), tables 1 and 2. Samples are the recommendation's 14-bit
//! (mu-law) and 13-bit (A-law) values, shifted up to fill 16 bits, as in every soft phone.

/// The two companding laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// Mu-law, `PCMU`, 14 bits.
    Mu,
    /// A-law, `PCMA`, 13 bits.
    A,
}

impl Law {
    /// One byte as a 16-bit sample.
    #[must_use]
    pub fn decode(self, byte: u8) -> i16 {
        match self {
            Self::Mu => mulaw_decode(byte),
            Self::A => alaw_decode(byte),
        }
    }

    /// A 16-bit sample as the byte of the law's nearest value.
    #[must_use]
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Mu => mulaw_encode(sample),
            Self::A => alaw_encode(sample),
        }
    }

    /// Bytes as 16-bit samples.
    #[must_use]
    pub fn decode_all(self, bytes: &[u8]) -> Vec<i16> {
        bytes.iter().map(|&b| self.decode(b)).collect()
    }

    /// 16-bit samples as bytes.
    #[must_use]
    pub fn encode_all(self, samples: &[i16]) -> Vec<u8> {
        samples.iter().map(|&s| self.encode(s)).collect()
    }

    /// The byte of silence, for filling gaps.
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mu => 0xff,
            Self::A => 0xd5,
        }
    }
}

/// The bias that is added before the segment is found, so that each of the eight segments starts at a power
/// of two: 33 on the 14-bit scale, 132 on ours.
const MU_BIAS: i32 = 132;

/// The largest magnitude that still has a code: decision value 8159 on the 14-bit scale, 32636 on ours, less
/// one.
const MU_CLIP: i32 = 32_635;

/// The decoded value of every byte.
const MU_TABLE: [i16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = mulaw_value(byte as u8);
        byte += 1;
    }
    table
};
const A_TABLE: [i16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = alaw_value(byte as u8);
        byte += 1;
    }
    table
};

/// A mu-law byte as a 16-bit sample, -32124 to 32124.
#[must_use]
pub const fn mulaw_decode(byte: u8) -> i16 {
    MU_TABLE[byte as usize]
}

/// An A-law byte as a 16-bit sample, -32256 to 32256. A-law has no zero; its smallest values are 8 and -8.
#[must_use]
pub const fn alaw_decode(byte: u8) -> i16 {
    A_TABLE[byte as usize]
}

/// The mu-law byte for a 16-bit sample. Zero is `0xff`; the other zero, `0x7f`, is never produced.
#[must_use]
pub const fn mulaw_encode(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (sample as i32).abs();
    let biased = if magnitude > MU_CLIP { MU_CLIP } else { magnitude } + MU_BIAS;
    // 132 to 32767: the highest bit is 7 to 14, the segment 0 to 7.
    let segment = 24 - biased.leading_zeros() as i32;
    let step = (biased >> (segment + 3)) & 0x0f;
    !(sign | (segment << 4) | step) as u8
}

/// The A-law byte for a 16-bit sample.
#[must_use]
pub const fn alaw_encode(sample: i16) -> u8 {
    // The sign bit is set for positive values, and even bits are inverted on the line.
    let (sign, magnitude) = if sample < 0 { (0, !(sample as i32)) } else { (0x80, sample as i32) };
    let code = if magnitude < 256 {
        magnitude >> 4
    } else {
        // 256 to 32767: the highest bit is 8 to 14, the segment 1 to 7.
        let segment = 24 - magnitude.leading_zeros() as i32;
        (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)
    };
    (code as u8 | sign) ^ 0x55
}

const fn mulaw_value(byte: u8) -> i16 {
    let code = !byte as i32;
    let segment = (code >> 4) & 7;
    let magnitude = ((((code & 0x0f) << 3) + MU_BIAS) << segment) - MU_BIAS;
    (if code & 0x80 != 0 { -magnitude } else { magnitude }) as i16
}

const fn alaw_value(byte: u8) -> i16 {
    let code = (byte ^ 0x55) as i32;
    let segment = (code >> 4) & 7;
    let step = code & 0x0f;
    // The middle of the step.
    let magnitude = if segment == 0 { (step << 4) + 8 } else { ((step << 4) + 0x108) << (segment - 1) };
    (if code & 0x80 != 0 { magnitude } else { -magnitude }) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LAWS: [Law; 2] = [Law::Mu, Law::A];

    #[test]
    fn the_reference_values_of_the_recommendation_come_out() {
        // Table 2a/2b of G.711, the ends of the segments, times four (14 bits to 16).
        for (byte, value) in [
            (0x80, 8031),
            (0x8f, 4191),
            (0x9f, 2079),
            (0xaf, 1023),
            (0xbf, 495),
            (0xcf, 231),
            (0xdf, 99),
            (0xef, 33),
            (0xfe, 2),
            (0xff, 0),
        ] {
            assert_eq!(mulaw_decode(byte), value * 4, "mu-law {byte:#x}");
            assert_eq!(mulaw_decode(byte & 0x7f), -value * 4, "mu-law, negative, {byte:#x}");
        }
        // Table 1a/1b, times eight (13 bits to 16), with the even bits inverted.
        for (byte, value) in [
            (0xff_u8, 4032),
            (0xf0, 2112),
            (0xef, 2016),
            (0xe0, 1056),
            (0xdf, 1008),
            (0xcf, 504),
            (0xbf, 252),
            (0xaf, 126),
            (0x9f, 63),
            (0x81, 3),
            (0x80, 1),
        ] {
            assert_eq!(alaw_decode(byte ^ 0x55), value * 8, "A-law {byte:#x}");
            assert_eq!(alaw_decode((byte & 0x7f) ^ 0x55), -value * 8, "A-law, negative, {byte:#x}");
        }
    }

    #[test]
    fn every_byte_comes_back_as_itself_but_the_second_zero() {
        for law in LAWS {
            for byte in 0..=255 {
                let expected = if law == Law::Mu && byte == 0x7f { 0xff } else { byte };
                assert_eq!(law.encode(law.decode(byte)), expected, "{law:?} {byte:#x}");
            }
        }
    }

    #[test]
    fn no_sample_is_off_by_more_than_half_a_step() {
        for sample in i16::MIN..=i16::MAX {
            // Samples beyond the last step get the last value.
            let held = i32::from(sample).clamp(-MU_CLIP, MU_CLIP);
            let byte = mulaw_encode(sample);
            let half_step = 4 << ((!byte >> 4) & 7);
            assert!((i32::from(mulaw_decode(byte)) - held).abs() <= half_step, "mu-law {sample}");

            let byte = alaw_encode(sample);
            let half_step = 8 << (((byte ^ 0x55) >> 4) & 7).saturating_sub(1);
            assert!((i32::from(alaw_decode(byte)) - i32::from(sample)).abs() <= half_step, "A-law {sample}");
        }
    }

    #[test]
    fn silence_is_the_quietest_value() {
        assert_eq!(mulaw_decode(Law::Mu.silence()), 0);
        assert_eq!(alaw_decode(Law::A.silence()), 8);
    }

    proptest! {
        #[test]
        fn a_louder_sample_never_gets_a_quieter_value(a: i16, b: i16) {
            let (low, high) = (a.min(b), a.max(b));
            for law in LAWS {
                prop_assert!(law.decode(law.encode(low)) <= law.decode(law.encode(high)));
            }
        }

        #[test]
        fn a_sample_and_its_opposite_get_opposite_values(a in 1..=i16::MAX) {
            prop_assert_eq!(mulaw_decode(mulaw_encode(a)), -mulaw_decode(mulaw_encode(-a)));
            // A-law's steps are closed below for positive and above for negative values.
            prop_assert_eq!(alaw_decode(alaw_encode(a)), -alaw_decode(alaw_encode(-1 - a)));
        }

        #[test]
        fn whole_buffers_are_coded_sample_by_sample(bytes: Vec<u8>) {
            for law in LAWS {
                let samples = law.decode_all(&bytes);
                prop_assert_eq!(samples.len(), bytes.len());
                prop_assert_eq!(law.decode_all(&law.encode_all(&samples)), samples);
            }
        }
    }
}
