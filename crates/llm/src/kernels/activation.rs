//! The activation functions of gated feed-forward layers, and the exponential that they need. All of it is
//! inlined, and compiles to the vector instructions of the function around it. Must not know models.

/// The activation of the gate in a feed-forward layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// `x · sigmoid(x)`.
    Silu,
    /// The Gaussian error linear unit, approximated by tanh.
    Gelu,
}

/// `a * b + c`, in one step with one rounding where the processor can. (Where it cannot, `mul_add` would call
/// a function that is exact and slow.)
#[inline(always)]
pub(crate) fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) { a.mul_add(b, c) } else { a * b + c }
}

/// The exponential of a number that is not above 0, accurate to about its last bit. Below -87, where the
/// result is smaller than any normal number, it is 0. There are no branches, so that the compiler can
/// vectorise it (polynomial and constants of Cephes' `expf`, Moshier 1989).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LOWEST: f32 = -87.0;
    // Adding this leaves the nearest whole number in the lowest bits: 1.5 * 2^23.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with few significant bits.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const SERIES: [f32; 6] =
        [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
    // Not `max`, which would turn NaN into a number.
    let bounded = if x < LOWEST { LOWEST } else { x };
    let rounded = fused(bounded, std::f32::consts::LOG2_E, ROUND);
    let twos = rounded - ROUND;
    let rest = fused(twos, -LN_2[1], fused(twos, -LN_2[0], bounded));
    let series = SERIES.into_iter().fold(0.0, |sum, factor| fused(sum, rest, factor));
    let exp = fused(series, rest * rest, rest) + 1.0;
    let power_of_two = f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23));
    if x < LOWEST { 0.0 } else { exp * power_of_two }
}

/// `activation(gate) * up`, element by element (SwiGLU and GeGLU, Shazeer 2020). It compiles to the vector
/// instructions of the function that it is inlined into.
#[inline(always)]
pub(crate) fn gated(activation: Activation, gate: &[f32], up: &[f32], out: &mut [f32]) {
    let each = out.iter_mut().zip(gate.iter().zip(up));
    match activation {
        Activation::Silu => each.for_each(|(out, (gate, up))| *out = gate * sigmoid(*gate) * up),
        Activation::Gelu => each.for_each(|(out, (gate, up))| *out = gelu(*gate) * up),
    }
}

/// The Gaussian error linear unit by tanh (Hendrycks and Gimpel 2016). `(1 + tanh(x)) / 2` is the sigmoid of
/// `2 x`.
#[inline(always)]
fn gelu(x: f32) -> f32 {
    const TWICE_ROOT: f32 = 1.595_769_2; // 2 sqrt(2 / pi)
    x * sigmoid(TWICE_ROOT * x * (1.0 + 0.044_715 * x * x))
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    let small = exp(-x.abs());
    let of_negative = if x < 0.0 { small } else { 1.0 };
    of_negative / (1.0 + small)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    fn wave(n: usize) -> Vec<f32> {
        (0..n).map(|i| (i as f32 * 0.37).sin()).collect()
    }

    #[test]
    fn both_gates_are_the_ones_of_candle() {
        let (gate, up) = (wave(40), wave(40));
        let gate: Vec<f32> = gate.iter().map(|x| x * 6.0).collect();
        let t = Tensor::from_slice(&gate, 40, &Device::Cpu).unwrap();
        for (activation, expected) in [(Activation::Silu, t.silu()), (Activation::Gelu, t.gelu())] {
            let expected = expected.unwrap().to_vec1::<f32>().unwrap();
            let mut ours = vec![0.0; gate.len()];
            gated(activation, &gate, &up, &mut ours);
            for ((a, b), up) in ours.iter().zip(expected).zip(&up) {
                assert!((a - b * up).abs() < 1e-5, "{activation:?} {a} {b}");
            }
        }
    }

    #[test]
    fn the_exponential_is_right_to_the_last_bits_and_ends_at_zero() {
        for i in 0..=870_000 {
            let x = i as f32 * -1e-4;
            let (ours, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours / exact - 1.0).abs() < 2e-7, "exp({x}) is {exact}, not {ours}");
        }
        assert_eq!([0.0, -0.0, -87.1, f32::MIN, f32::NEG_INFINITY].map(exp), [1.0, 1.0, 0.0, 0.0, 0.0]);
        assert!(exp(f32::NAN).is_nan());
    }
}
