//! How a model encodes positions: which numbers of a head rotate, how fast, and how the rotation is stretched
//! for texts longer than those the model was first trained on. Must not know tokens, weights or caches.
//!
//! Two ways of stretching are supported: one factor (`linear`, Chen et al. 2023; Gemma 3, in the layers
//! without a window), or a factor for every pair (`rope_freqs`: Llama 3; `rope_factors_long` and `_short`:
//! Phi-3's LongRoPE, Ding et al. 2024, with a factor for the attention). All others are refused: a model that
//! runs without its stretching quietly gives wrong text.

use super::architecture::{Architecture, Keys, ShapeError};
use super::gguf::Gguf;
use super::value::GgufError;

const ALWAYS: &str = "rope_freqs.weight";
const LONG: &str = "rope_factors_long.weight";
const SHORT: &str = "rope_factors_short.weight";

/// The position encoding of a model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Positions {
    /// Numbers of a head that are rotated; the rest pass unchanged.
    pub(super) width: usize,
    /// In layers that see everything.
    pub(super) global: Turning,
    /// In layers with a window; as `global` in most architectures.
    pub(super) local: Turning,
    /// The tensor with a factor for every pair.
    pub(super) factors: Option<Factors>,
    /// The factor for sines and cosines.
    pub(super) attention: f32,
}

/// How fast the pairs rotate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Turning {
    pub(super) base: f64,
    /// Positions are divided by this.
    pub(super) factor: f64,
}

/// Which tensor has the factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Factors {
    /// One tensor for all lengths.
    Always,
    /// One tensor for sequences that may grow longer than this, another for all others.
    LongerThan(usize),
}

impl Factors {
    /// The name of the tensor for sequences of at most `positions` positions.
    pub(super) fn tensor(self, positions: usize) -> &'static str {
        match self {
            Self::Always => ALWAYS,
            Self::LongerThan(original) if positions > original => LONG,
            Self::LongerThan(_) => SHORT,
        }
    }
}

impl Positions {
    /// Reads and checks the metadata.
    pub(super) fn read(keys: &Keys<'_>, head_width: usize, context: usize) -> Result<Self, ShapeError> {
        const BASE: f64 = 10_000.0;
        let width = keys.maybe("rope.dimension_count", head_width)?.unwrap_or(head_width);
        if width % 2 != 0 {
            return Err(ShapeError::Impossible(format!("{width} rotated numbers per head are not pairs")));
        }
        let gemma = keys.architecture == Architecture::Gemma3;
        let base = keys.positive("rope.freq_base", 1e12)?;
        let base = base.unwrap_or(if gemma { 1e6 } else { BASE });
        let global = Turning { base, factor: linear(keys)? };
        let local = if gemma {
            let own = keys.positive("rope.freq_base_swa", 1e12)?;
            let own = own.or(keys.positive("rope.local_freq_base", 1e12)?);
            Turning { base: own.unwrap_or(BASE), factor: 1.0 }
        } else {
            global
        };
        let (factors, attention) = factors(keys, context)?;
        Ok(Self { width, global, local, factors, attention })
    }

    /// For each pair of a head, the divisor that turns a position into the pair's angle, in sequences of at
    /// most `positions` positions.
    pub(super) fn divisors(
        &self,
        file: &Gguf,
        turning: Turning,
        positions: usize,
    ) -> Result<Vec<f64>, ShapeError> {
        let pairs = self.width / 2;
        let factors = match self.factors {
            None => vec![1.0; pairs],
            Some(kind) => {
                let name = kind.tensor(positions);
                let factors = file.vector(name, pairs)?;
                if !factors.iter().all(|&x| x.is_finite() && x > 0.0) {
                    return Err(ShapeError::Impossible(format!(
                        "tensor \"{name}\" has factors that are not positive numbers"
                    )));
                }
                factors
            }
        };
        let divisor = |(pair, factor): (usize, f32)| {
            turning.base.powf(2.0 * pair as f64 / self.width as f64) * turning.factor * f64::from(factor)
        };
        Ok(factors.into_iter().enumerate().map(divisor).collect())
    }
}

/// The factor that all positions are divided by.
fn linear(keys: &Keys<'_>) -> Result<f64, ShapeError> {
    let kind = keys.key("rope.scaling.type");
    let factor = keys.positive("rope.scaling.factor", 1e6)?;
    match keys.file.text(&kind)? {
        None | Some("linear") => Ok(factor.or(keys.positive("rope.scale_linear", 1e6)?).unwrap_or(1.0)),
        // Its factors are in tensors.
        Some("longrope") if !keys.file.has_tensor(LONG) => {
            Err(GgufError::MissingTensor(LONG.to_owned()).into())
        }
        Some("none" | "longrope") => Ok(1.0),
        Some(other) => Err(ShapeError::Impossible(format!(
            "it scales its positions in a way that is not supported (metadata \"{kind}\" is \"{other}\")"
        ))),
    }
}

/// The tensor with factors, and the factor for the attention.
fn factors(keys: &Keys<'_>, context: usize) -> Result<(Option<Factors>, f32), ShapeError> {
    let [has_long, has_short, always] = [LONG, SHORT, ALWAYS].map(|name| keys.file.has_tensor(name));
    let attention = keys.positive("rope.scaling.attn_factor", 1e3)?.unwrap_or(1.0) as f32;
    match (has_long, has_short, always) {
        (false, false, false) => Ok((None, attention)),
        (false, false, true) => Ok((Some(Factors::Always), attention)),
        (true, true, false) => {
            let original = keys.maybe("rope.scaling.original_context_length", context)?;
            Ok((Some(Factors::LongerThan(original.unwrap_or(context))), attention))
        }
        (true, false, _) | (false, true, _) => {
            let (here, missing) = if has_long { (LONG, SHORT) } else { (SHORT, LONG) };
            Err(ShapeError::Impossible(format!(
                "tensor \"{here}\" is there, but tensor \"{missing}\" is missing"
            )))
        }
        (true, true, true) => Err(ShapeError::Impossible(format!(
            "it has tensors \"{LONG}\" and \"{ALWAYS}\": two ways to scale positions"
        ))),
    }
}
