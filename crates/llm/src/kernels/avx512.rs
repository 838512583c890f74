//! Sixteen lanes with AVX-512 and its byte products (VNNI). Must not know formats.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::simd::Simd;

/// AVX-512 F, BW, VL and VNNI, and the features of `Avx2<false>`.
#[derive(Clone, Copy)]
pub(super) struct Avx512;

impl Simd for Avx512 {
    const COUNT: usize = 16;
    const WIDEST: usize = super::simd::WIDEST;
    type Ints = __m512i;
    type Floats = __m512;

    #[inline(always)]
    unsafe fn zeros() -> __m512i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn load(at: *const u8) -> __m512i {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm512_loadu_si512(at.cast()) }
    }

    #[inline(always)]
    unsafe fn broadcast(at: *const i32) -> __m512i {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm512_set1_epi32(at.read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn bytes(byte: u8) -> __m512i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_set1_epi8(byte as i8) }
    }

    #[inline(always)]
    unsafe fn and(a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_and_si512(a, b) }
    }

    #[inline(always)]
    unsafe fn merge(a: __m512i, mask: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_or_si512(_mm512_and_si512(a, mask), b) }
    }

    #[inline(always)]
    unsafe fn left(a: __m512i, bits: i32) -> __m512i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_sll_epi16(a, _mm_cvtsi32_si128(bits)) }
    }

    #[inline(always)]
    unsafe fn right(a: __m512i, bits: i32) -> __m512i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_srl_epi16(a, _mm_cvtsi32_si128(bits)) }
    }

    #[inline(always)]
    unsafe fn look_up(table: &[u8; 16], places: __m512i) -> __m512i {
        // SAFETY: the caller guarantees these features; the table has the sixteen bytes loaded.
        unsafe { _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128(table.as_ptr().cast())), places) }
    }

    #[inline(always)]
    unsafe fn dot(sum: __m512i, codes: __m512i, inputs: __m512i) -> __m512i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_dpbusd_epi32(sum, codes, inputs) }
    }

    #[inline(always)]
    unsafe fn start_bytes(at: *const i32) -> __m512i {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { Self::broadcast(at) }
    }

    #[inline(always)]
    unsafe fn dot_bytes(sum: __m512i, codes: __m512i, inputs: __m512i) -> __m512i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_dpbusd_epi32(sum, codes, inputs) }
    }

    #[inline(always)]
    unsafe fn dot_pairs(sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_dpwssd_epi32(sum, a, b) }
    }

    #[inline(always)]
    unsafe fn pair(a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_mask_blend_epi16(0xAAAA_AAAA, a, _mm512_slli_epi32::<16>(b)) }
    }

    #[inline(always)]
    unsafe fn unsigned(at: *const u8) -> __m512i {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm512_cvtepu8_epi32(_mm_loadu_si128(at.cast())) }
    }

    #[inline(always)]
    unsafe fn signed(at: *const u8) -> __m512i {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm512_cvtepi8_epi32(_mm_loadu_si128(at.cast())) }
    }

    #[inline(always)]
    unsafe fn zero() -> __m512 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn splat(at: *const f32) -> __m512 {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm512_set1_ps(at.read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn constant(x: f32) -> __m512 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn floats(at: *const u8) -> __m512 {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm512_loadu_ps(at.cast()) }
    }

    #[inline(always)]
    unsafe fn halves(at: *const u8) -> __m512 {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(at.cast())) }
    }

    #[inline(always)]
    unsafe fn upper_halves(at: *const u8) -> __m512 {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe {
            let wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(at.cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(wide))
        }
    }

    #[inline(always)]
    unsafe fn to_floats(a: __m512i) -> __m512 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_cvtepi32_ps(a) }
    }

    #[inline(always)]
    unsafe fn plus(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn times(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn fused(a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn fused_off(a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm512_fnmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn store(at: *mut f32, a: __m512) {
        // SAFETY: the caller guarantees these features, and that all lanes may be written at `at`.
        unsafe { _mm512_storeu_ps(at, a) }
    }

    #[inline(always)]
    unsafe fn prefetch(at: *const u8) {
        // SAFETY: the caller guarantees these features; a prefetch reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }
}
