//! The limits of this machine: how fast it reads memory, and how fast it multiplies bytes. With them, a
//! benchmark shows how close a model comes. Must not know clocks.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicUsize, Ordering};

use memmap2::{Advice, MmapMut};

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::isa::Isa;
use super::simd::{PANEL, Simd};
use super::thread_pool::ThreadPool;
use super::tile::AHEAD;

/// More memory than the processor's caches hold, unless they are shared with other machines.
const MEMORY: usize = 1 << 30;
/// Bytes that one task reads.
const CHUNK: usize = 4 << 20;
/// Sums computed at once: enough that none waits for another.
const CHAINS: usize = 12;
/// Consecutive products in each sum.
const LINKS: usize = 1 << 20;

/// Work to be timed.
pub(in super::super) struct Roofline<'a> {
    isa: Isa,
    workers: &'a ThreadPool,
    memory: MmapMut,
    /// Receives the results, so that the compiler does not remove their computation.
    sink: AtomicUsize,
}

impl<'a> Roofline<'a> {
    /// Allocates the memory that is read.
    pub(super) fn new(isa: Isa, workers: &'a ThreadPool) -> std::io::Result<Self> {
        let mut memory = MmapMut::map_anon(MEMORY)?;
        // Large pages show the machine at its best; where there are none, small ones must do. Pages that were
        // never written to would all be the same page, so they are filled.
        let _ = memory.advise(Advice::HugePage);
        memory.fill(1);
        Ok(Self { isa, workers, memory, sink: AtomicUsize::new(0) })
    }

    /// Reads the memory once, with all threads, and returns the number of bytes.
    pub(in super::super) fn read(&self) -> usize {
        let _on_duty = self.workers.on_duty();
        self.workers.share(MEMORY / CHUNK, &|number| {
            let chunk = &self.memory[number * CHUNK..(number + 1) * CHUNK];
            // SAFETY: this processor was found to have the instruction set.
            let sum = unsafe {
                match self.isa {
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512Vnni => read_avx512(chunk),
                    #[cfg(target_arch = "x86_64")]
                    Isa::AvxVnni => read_avx_vnni(chunk),
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx2 => read_avx2(chunk),
                }
            };
            self.sink.fetch_add(sum, Ordering::Relaxed);
        });
        MEMORY
    }

    /// Multiplies bytes as the kernels do, with all threads and nothing from memory. Returns the number of
    /// multiplications.
    pub(in super::super) fn multiply(&self) -> usize {
        let _on_duty = self.workers.on_duty();
        let tasks = 8 * self.workers.threads();
        self.workers.share(tasks, &|_| {
            // SAFETY: this processor was found to have the instruction set.
            let sum = unsafe {
                match self.isa {
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512Vnni => multiply_avx512(),
                    #[cfg(target_arch = "x86_64")]
                    Isa::AvxVnni => multiply_avx_vnni(),
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx2 => multiply_avx2(),
                }
            };
            self.sink.fetch_add(sum, Ordering::Relaxed);
        });
        let lanes: usize = match self.isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni => Avx512::COUNT,
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni | Isa::Avx2 => Avx2::<false>::COUNT,
        };
        tasks * CHAINS * LINKS * lanes * 4
    }
}

/// # Safety
/// The processor has the features of `L`.
#[inline(always)]
unsafe fn read<L: Simd>(chunk: &[u8]) -> usize {
    // SAFETY: the caller guarantees the features of `L`; only values are used.
    let mut sums = unsafe { [L::zeros(); 4] };
    for line in chunk.chunks_exact(16 * L::COUNT) {
        for (vector, sum) in line.chunks_exact(4 * L::COUNT).zip(&mut sums) {
            // SAFETY: a vector is as many bytes as are loaded; memory ahead is only prefetched.
            unsafe {
                L::prefetch(vector.as_ptr().wrapping_add(AHEAD));
                *sum = L::dot_pairs(*sum, L::load(vector.as_ptr()), L::bytes(1));
            }
        }
    }
    // SAFETY: the caller guarantees the features of `L`; only values are used.
    unsafe { folded::<L>(sums) }
}

/// # Safety
/// The processor has the features of `L`.
#[inline(always)]
unsafe fn multiply<L: Simd>() -> usize {
    // SAFETY: the caller guarantees the features of `L`; only values are used.
    let mut sums = unsafe { [L::zeros(); CHAINS] };
    // Each sum has codes of its own, and the compiler knows none of the values. Otherwise less would be
    // computed than is counted.
    let all: [[u8; 4 * PANEL]; CHAINS] =
        std::array::from_fn(|chain| [std::hint::black_box(chain as u8); 4 * PANEL]);
    for link in 0..LINKS {
        let inputs = std::hint::black_box(link as i32);
        for (sum, codes) in sums.iter_mut().zip(&all) {
            // SAFETY: a vector is at most as long as the codes, and `inputs` may be read.
            unsafe { *sum = L::dot(*sum, L::load(codes.as_ptr()), L::broadcast(&raw const inputs)) };
        }
    }
    // SAFETY: the caller guarantees the features of `L`; only values are used.
    unsafe { folded::<L>(sums) }
}

/// # Safety
/// The processor has the features of `L`.
#[inline(always)]
unsafe fn folded<L: Simd>(sums: impl IntoIterator<Item = L::Ints>) -> usize {
    let mut numbers = [0.0_f32; PANEL];
    let mut total = 0.0;
    for sum in sums {
        // SAFETY: `numbers` has room for all lanes.
        unsafe { L::store(numbers.as_mut_ptr(), L::to_floats(sum)) };
        total += numbers.iter().sum::<f32>();
    }
    total as usize
}

macro_rules! compiled {
    ($read:ident, $multiply:ident, $lanes:ty, $features:literal) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $read(chunk: &[u8]) -> usize {
            // SAFETY: this function enables the features of these lanes.
            unsafe { read::<$lanes>(chunk) }
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $multiply() -> usize {
            // SAFETY: as above.
            unsafe { multiply::<$lanes>() }
        }
    };
}

compiled!(read_avx512, multiply_avx512, Avx512, "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c");
compiled!(read_avx_vnni, multiply_avx_vnni, Avx2<true>, "avxvnni,avx2,fma,f16c");
compiled!(read_avx2, multiply_avx2, Avx2<false>, "avx2,fma,f16c");
