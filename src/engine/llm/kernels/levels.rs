//! Which instructions the kernels use: one set for the whole process, the best that the processor has or what
//! the configuration asks for. Must not know formats.

use super::dispatch::WIDEST;

/// What is to multiply the matrices of a language model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KernelChoice {
    /// The best that this processor has; candle where there is nothing better.
    #[default]
    Auto,
    /// AVX-512 with its products of bytes.
    Avx512Vnni,
    /// AVX2 with the products of bytes of AVX-VNNI.
    AvxVnni,
    /// AVX2.
    Avx2,
    /// candle, which runs everywhere.
    Candle,
}

impl KernelChoice {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Avx512Vnni, Self::AvxVnni, Self::Avx2, Self::Candle];

    /// As `llm.kernels` says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Avx512Vnni => "avx512-vnni",
            Self::AvxVnni => "avx-vnni",
            Self::Avx2 => "avx2",
            Self::Candle => "candle",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }

    /// What that means here; `None` is candle.
    pub(super) fn level(self) -> Result<Option<Level>, String> {
        let level = match self {
            Self::Auto => return Ok(Level::best()),
            Self::Candle => return Ok(None),
            Self::Avx512Vnni => Level::Avx512Vnni,
            Self::AvxVnni => Level::AvxVnni,
            Self::Avx2 => Level::Avx2,
        };
        if level.is_here() {
            return Ok(Some(level));
        }
        Err(format!(
            "llm.kernels is \"{}\", which this processor does not have; \"auto\" finds what it has",
            self.name()
        ))
    }
}

impl From<Level> for KernelChoice {
    fn from(level: Level) -> Self {
        match level {
            Level::Avx512Vnni => Self::Avx512Vnni,
            Level::AvxVnni => Self::AvxVnni,
            Level::Avx2 => Self::Avx2,
        }
    }
}

/// A set of instructions that there are kernels for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Avx2,
    AvxVnni,
    Avx512Vnni,
}

impl Level {
    pub(super) const ALL: [Self; 3] = [Self::Avx512Vnni, Self::AvxVnni, Self::Avx2];

    /// True if this processor has it.
    pub(super) fn is_here(self) -> bool {
        let narrow = || {
            is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("f16c")
        };
        match self {
            Self::Avx2 => narrow(),
            Self::AvxVnni => narrow() && is_x86_feature_detected!("avxvnni"),
            Self::Avx512Vnni => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
                    && narrow()
            }
        }
    }

    /// The best that this processor has.
    pub(super) fn best() -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.is_here())
    }

    /// Most rows of one tile: as many as the registers hold sums of.
    pub(super) fn widest(self) -> usize {
        match self {
            Self::Avx512Vnni => WIDEST,
            Self::Avx2 | Self::AvxVnni => 8,
        }
    }
}
