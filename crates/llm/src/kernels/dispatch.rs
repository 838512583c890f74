//! A kernel for every instruction set, weight type and number of rows. Kernels are compiled here: each
//! function enables the features that its `Simd` needs.
#![allow(unsafe_code)]

use super::super::tensor_type::TensorType;
use super::activation::{Activation, gated};
#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::codes::{Bytes, Fives, Fours, Looked};
use super::flat::Flat;
use super::floats::{BF16, F16, F32, Floats};
use super::isa::Isa;
use super::nested::{Iq4Xs, Nested, Q2K, Q3K, Q4K, Q5K, Q6K};
use super::simd::{ROWS, WIDEST};
use super::tile::{Kernel, Work};

/// A compiled kernel. It may only be called under the conditions of [`Kernel::run`], on a processor that has
/// its instruction set.
pub(super) type Run = unsafe fn(&Work);

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn avx512<K: Kernel, const R: usize>(work: &Work) {
    // SAFETY: the caller meets the conditions of `Kernel::run` and guarantees the features enabled here.
    unsafe { K::run::<Avx512, R>(work) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avxvnni,avx2,fma,f16c")]
unsafe fn avx_vnni<K: Kernel, const R: usize>(work: &Work) {
    // SAFETY: the caller meets the conditions of `Kernel::run` and guarantees the features enabled here.
    unsafe { K::run::<Avx2<true>, R>(work) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn avx2<K: Kernel, const R: usize>(work: &Work) {
    // SAFETY: the caller meets the conditions of `Kernel::run` and guarantees the features enabled here.
    unsafe { K::run::<Avx2<false>, R>(work) }
}

/// The kernel for `rows` rows, one of [`ROWS`].
pub(super) fn kernel(isa: Isa, kind: TensorType, rows: usize) -> Run {
    match kind {
        TensorType::F32 => of::<Floats<F32>>(isa, rows),
        TensorType::F16 => of::<Floats<F16>>(isa, rows),
        TensorType::BF16 => of::<Floats<BF16>>(isa, rows),
        TensorType::Q4_0 => of::<Flat<Fours, false>>(isa, rows),
        TensorType::Q4_1 => of::<Flat<Fours, true>>(isa, rows),
        TensorType::Q5_0 => of::<Flat<Fives, false>>(isa, rows),
        TensorType::Q5_1 => of::<Flat<Fives, true>>(isa, rows),
        TensorType::Q8_0 => of::<Flat<Bytes, false>>(isa, rows),
        TensorType::Iq4Nl => of::<Flat<Looked, false>>(isa, rows),
        TensorType::Q2K => of::<Nested<Q2K>>(isa, rows),
        TensorType::Q3K => of::<Nested<Q3K>>(isa, rows),
        TensorType::Q4K => of::<Nested<Q4K>>(isa, rows),
        TensorType::Q5K => of::<Nested<Q5K>>(isa, rows),
        TensorType::Q6K => of::<Nested<Q6K>>(isa, rows),
        TensorType::Iq4Xs => of::<Iq4Xs>(isa, rows),
    }
}

/// A compiled [`gated`]. It may only be called on a processor that has its instruction set.
pub(super) type Gate = unsafe fn(Activation, &[f32], &[f32], &mut [f32]);

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
fn gate_avx512(activation: Activation, gate: &[f32], up: &[f32], out: &mut [f32]) {
    gated(activation, gate, up, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
fn gate_avx2(activation: Activation, gate: &[f32], up: &[f32], out: &mut [f32]) {
    gated(activation, gate, up, out);
}

/// [`gated`] in these instructions.
pub(super) fn gate(isa: Isa) -> Gate {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512Vnni => gate_avx512,
        #[cfg(target_arch = "x86_64")]
        Isa::AvxVnni | Isa::Avx2 => gate_avx2,
    }
}

fn of<K: Kernel>(isa: Isa, rows: usize) -> Run {
    let all: &[Run] = match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512Vnni => {
            &[avx512::<K, 1>, avx512::<K, 2>, avx512::<K, 4>, avx512::<K, 8>, avx512::<K, WIDEST>]
        }
        #[cfg(target_arch = "x86_64")]
        Isa::AvxVnni => &[avx_vnni::<K, 1>, avx_vnni::<K, 2>, avx_vnni::<K, 4>, avx_vnni::<K, 8>],
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => &[avx2::<K, 1>, avx2::<K, 2>, avx2::<K, 4>, avx2::<K, 8>],
    };
    let index = ROWS.iter().position(|&possible| possible == rows);
    all[index.expect("tiles are made with these numbers of rows")]
}
