//! Which instruction set the kernels use: one for the whole process, the best that the processor has or the
//! one that the configuration names. Must not know formats.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
#[cfg(target_arch = "x86_64")]
use super::simd::Simd as _;

/// The kernels that multiply the matrices of a language model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KernelChoice {
    /// The best that this processor supports; candle if it supports none.
    #[default]
    Auto,
    /// AVX-512 with its byte products (VNNI).
    Avx512Vnni,
    /// AVX2 with the byte products of AVX-VNNI.
    AvxVnni,
    /// AVX2.
    Avx2,
    /// candle, which runs everywhere.
    Candle,
}

impl KernelChoice {
    /// All choices.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Avx512Vnni, Self::AvxVnni, Self::Avx2, Self::Candle];

    /// The name in `llm.kernels`.
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

    /// The choice of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }

    /// The instruction set on this machine; `None` stands for candle.
    ///
    /// # Errors
    /// If this processor lacks the chosen instructions.
    pub(super) fn isa(self) -> Result<Option<Isa>, String> {
        match self {
            Self::Auto => Ok(Isa::best()),
            Self::Candle => Ok(None),
            Self::Avx512Vnni | Self::AvxVnni | Self::Avx2 => {
                let chosen = Isa::all_here().find(|isa| isa.choice() == self);
                let missing = || {
                    let name = self.name();
                    format!(
                        "llm.kernels \"{name}\" is not supported by this processor; \"auto\" selects the best"
                    )
                };
                chosen.map(Some).ok_or_else(missing)
            }
        }
    }
}

/// An instruction set that there are kernels for. Processors of other families have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Isa {
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
}

impl Isa {
    /// The best first.
    const ALL: &[Self] = &[
        #[cfg(target_arch = "x86_64")]
        Self::Avx512Vnni,
        #[cfg(target_arch = "x86_64")]
        Self::AvxVnni,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
    ];

    /// The instruction sets that this processor has, the best first.
    pub(super) fn all_here() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|isa| isa.is_here())
    }

    /// The best instruction set that this processor has.
    pub(super) fn best() -> Option<Self> {
        Self::all_here().next()
    }

    #[cfg(target_arch = "x86_64")]
    fn is_here(self) -> bool {
        let avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        match self {
            Self::Avx2 => avx2,
            Self::AvxVnni => avx2 && is_x86_feature_detected!("avxvnni"),
            Self::Avx512Vnni => {
                avx2 && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_here(self) -> bool {
        match self {}
    }

    /// The choice that names this instruction set.
    pub(super) fn choice(self) -> KernelChoice {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => KernelChoice::Avx512Vnni,
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => KernelChoice::AvxVnni,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => KernelChoice::Avx2,
        }
    }

    /// The most rows in one tile.
    pub(super) fn widest(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => Avx512::WIDEST,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 | Self::AvxVnni => Avx2::<false>::WIDEST,
        }
    }
}
