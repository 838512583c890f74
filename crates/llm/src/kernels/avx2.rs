//! Eight lanes with AVX2, and with the byte products of AVX-VNNI where the processor has them. Must not know
//! formats.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::simd::Simd;

/// AVX2, FMA and F16C; with `VNNI`, AVX-VNNI too.
#[derive(Clone, Copy)]
pub(super) struct Avx2<const VNNI: bool>;

impl<const VNNI: bool> Simd for Avx2<VNNI> {
    const COUNT: usize = 8;
    const WIDEST: usize = 8;
    type Ints = __m256i;
    type Floats = __m256;

    #[inline(always)]
    unsafe fn zeros() -> __m256i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn load(at: *const u8) -> __m256i {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm256_loadu_si256(at.cast()) }
    }

    #[inline(always)]
    unsafe fn broadcast(at: *const i32) -> __m256i {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm256_set1_epi32(at.read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn bytes(byte: u8) -> __m256i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_set1_epi8(byte as i8) }
    }

    #[inline(always)]
    unsafe fn and(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_and_si256(a, b) }
    }

    #[inline(always)]
    unsafe fn merge(a: __m256i, mask: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_or_si256(_mm256_and_si256(a, mask), b) }
    }

    #[inline(always)]
    unsafe fn left(a: __m256i, bits: i32) -> __m256i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_sll_epi16(a, _mm_cvtsi32_si128(bits)) }
    }

    #[inline(always)]
    unsafe fn right(a: __m256i, bits: i32) -> __m256i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_srl_epi16(a, _mm_cvtsi32_si128(bits)) }
    }

    #[inline(always)]
    unsafe fn look_up(table: &[u8; 16], places: __m256i) -> __m256i {
        // SAFETY: the caller guarantees these features; the table has the sixteen bytes loaded.
        unsafe {
            _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast())), places)
        }
    }

    #[inline(always)]
    unsafe fn dot(sum: __m256i, codes: __m256i, inputs: __m256i) -> __m256i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe {
            if VNNI {
                return _mm256_dpbusd_avx_epi32(sum, codes, inputs);
            }
            // The sum of two products of at most 63 * 127 fits into 16 bits.
            let pairs = _mm256_maddubs_epi16(codes, inputs);
            _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        }
    }

    #[inline(always)]
    unsafe fn start_bytes(at: *const i32) -> __m256i {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { if VNNI { Self::broadcast(at) } else { _mm256_setzero_si256() } }
    }

    #[inline(always)]
    unsafe fn dot_bytes(sum: __m256i, codes: __m256i, inputs: __m256i) -> __m256i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe {
            if VNNI {
                return _mm256_dpbusd_avx_epi32(sum, codes, inputs);
            }
            // The sum of two products with codes up to 255 would not fit. With their sign moved to the
            // inputs, the codes are at most 128, and the sum of two products is at most 2 * 128 * 127.
            let weights = _mm256_xor_si256(codes, _mm256_set1_epi8(i8::MIN));
            let turned = _mm256_sign_epi8(inputs, weights);
            let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), turned);
            _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        }
    }

    #[inline(always)]
    unsafe fn dot_pairs(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)) }
    }

    #[inline(always)]
    unsafe fn pair(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_blend_epi16::<0b1010_1010>(a, _mm256_slli_epi32::<16>(b)) }
    }

    #[inline(always)]
    unsafe fn unsigned(at: *const u8) -> __m256i {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm256_cvtepu8_epi32(_mm_loadl_epi64(at.cast())) }
    }

    #[inline(always)]
    unsafe fn signed(at: *const u8) -> __m256i {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm256_cvtepi8_epi32(_mm_loadl_epi64(at.cast())) }
    }

    #[inline(always)]
    unsafe fn zero() -> __m256 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn splat(at: *const f32) -> __m256 {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm256_set1_ps(at.read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn constant(x: f32) -> __m256 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn floats(at: *const u8) -> __m256 {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm256_loadu_ps(at.cast()) }
    }

    #[inline(always)]
    unsafe fn halves(at: *const u8) -> __m256 {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(at.cast())) }
    }

    #[inline(always)]
    unsafe fn upper_halves(at: *const u8) -> __m256 {
        // SAFETY: the caller guarantees these features, and that all bytes loaded from `at` may be read.
        unsafe {
            let wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(at.cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(wide))
        }
    }

    #[inline(always)]
    unsafe fn to_floats(a: __m256i) -> __m256 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_cvtepi32_ps(a) }
    }

    #[inline(always)]
    unsafe fn plus(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn times(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn fused(a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn fused_off(a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the caller guarantees these features; only values are used.
        unsafe { _mm256_fnmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn store(at: *mut f32, a: __m256) {
        // SAFETY: the caller guarantees these features, and that all lanes may be written at `at`.
        unsafe { _mm256_storeu_ps(at, a) }
    }

    #[inline(always)]
    unsafe fn prefetch(at: *const u8) {
        // SAFETY: the caller guarantees these features; a prefetch reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }
}
