//! Vector registers: the few instructions that hand-written kernels are made of.
//!
//! `Vector` names them; every instruction set and both element types implement it, so that one
//! generic kernel serves all. Its methods are inlined into functions compiled for the instruction
//! set. Nothing here knows what is computed. The NEON registers have run in an emulator
//! (`scripts/neon.sh`), not on a machine.

/// A vector register of an instruction set.
///
/// # Safety
/// For all functions: the machine has the instruction set.
pub(super) trait Vector: Copy {
    /// The element.
    type Element: Copy + Default;
    /// Which of the first elements a partial load or store touches.
    type Mask: Copy;
    /// Elements in a register.
    const LANES: usize;
    /// Whether a partial load costs no more than a whole one. Where it does, kernels read copies
    /// that are filled up to whole vectors.
    const MASKED: bool;

    /// Zeros.
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller's contract.
        unsafe { Self::splat(Self::Element::default()) }
    }

    /// The element in every lane.
    unsafe fn splat(value: Self::Element) -> Self;

    /// All lanes; `from` is valid for them.
    unsafe fn load(from: *const Self::Element) -> Self;

    /// All lanes; `to` is valid for them.
    unsafe fn store(self, to: *mut Self::Element);

    /// The first `count <= LANES` elements.
    unsafe fn mask(count: usize) -> Self::Mask;

    /// The elements of the mask, for which `from` is valid, and zeros.
    unsafe fn load_part(from: *const Self::Element, mask: Self::Mask) -> Self;

    /// The elements of the mask, for which `to` is valid.
    unsafe fn store_part(self, to: *mut Self::Element, mask: Self::Mask);

    /// `self + other`
    unsafe fn plus(self, other: Self) -> Self;

    /// `self * b + c`
    unsafe fn multiply_add(self, b: Self, c: Self) -> Self;
}

/// Asks for a cache line that will be needed; any address is allowed.
#[inline(always)]
pub(super) fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 machine has the instruction, and it never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Partial loads and stores, element by element.
macro_rules! parts_by_element {
    ($ty:ident) => {
        type Mask = usize;
        const MASKED: bool = false;

        #[inline(always)]
        unsafe fn mask(count: usize) -> usize {
            count
        }

        #[inline(always)]
        unsafe fn load_part(from: *const $ty, mask: usize) -> Self {
            let mut elements = [0.0; Self::LANES];
            for (lane, element) in elements.iter_mut().enumerate().take(mask) {
                // SAFETY: valid for the elements of the mask.
                *element = unsafe { *from.add(lane) };
            }
            // SAFETY: valid for all lanes.
            unsafe { Self::load(elements.as_ptr()) }
        }

        #[inline(always)]
        unsafe fn store_part(self, to: *mut $ty, mask: usize) {
            let mut elements = [0.0; Self::LANES];
            // SAFETY: valid for all lanes.
            unsafe { self.store(elements.as_mut_ptr()) };
            for (lane, element) in elements.into_iter().enumerate().take(mask) {
                // SAFETY: valid for the elements of the mask.
                unsafe { *to.add(lane) = element };
            }
        }
    };
}

macro_rules! portable {
    ($($name:ident $ty:ident $lanes:literal;)*) => {$(
        /// As many elements as 16 bytes hold, in whatever registers the target has.
        #[derive(Clone, Copy)]
        pub(super) struct $name([$ty; $lanes]);

        impl Vector for $name {
            type Element = $ty;
            const LANES: usize = $lanes;
            parts_by_element!($ty);

            #[inline(always)]
            unsafe fn splat(value: $ty) -> Self {
                $name([value; $lanes])
            }

            #[inline(always)]
            unsafe fn load(from: *const $ty) -> Self {
                // SAFETY: valid for all lanes.
                $name(unsafe { from.cast::<[$ty; $lanes]>().read_unaligned() })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $ty) {
                // SAFETY: valid for all lanes.
                unsafe { to.cast::<[$ty; $lanes]>().write_unaligned(self.0) };
            }

            #[inline(always)]
            unsafe fn plus(self, other: Self) -> Self {
                $name(std::array::from_fn(|i| self.0[i] + other.0[i]))
            }

            #[inline(always)]
            unsafe fn multiply_add(self, b: Self, c: Self) -> Self {
                $name(std::array::from_fn(|i| self.0[i] * b.0[i] + c.0[i]))
            }
        }
    )*};
}

portable! { PortableF32 f32 4; PortableF64 f64 2; }

/// A register whose instructions are intrinsics; what it needs for masks follows in braces.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! intrinsics {
    ($arch:ident $name:ident $ty:ident $lanes:literal $register:ident
     $splat:ident $load:ident $store:ident $add:ident
     ($x:ident $y:ident $z:ident) => $fma:ident($($order:ident),*);
     { $($masks:tt)* }) => {
        /// A register of the machine.
        #[derive(Clone, Copy)]
        pub(in crate::cpu) struct $name(std::arch::$arch::$register);

        impl Vector for $name {
            type Element = $ty;
            const LANES: usize = $lanes;
            $($masks)*

            #[inline(always)]
            unsafe fn splat(value: $ty) -> Self {
                // SAFETY: the machine has the instruction set.
                $name(unsafe { std::arch::$arch::$splat(value) })
            }

            #[inline(always)]
            unsafe fn load(from: *const $ty) -> Self {
                // SAFETY: as above, and valid for all lanes.
                $name(unsafe { std::arch::$arch::$load(from) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $ty) {
                // SAFETY: as above, and valid for all lanes.
                unsafe { std::arch::$arch::$store(to, self.0) };
            }

            #[inline(always)]
            unsafe fn plus(self, other: Self) -> Self {
                // SAFETY: the machine has the instruction set.
                $name(unsafe { std::arch::$arch::$add(self.0, other.0) })
            }

            #[inline(always)]
            unsafe fn multiply_add(self, b: Self, c: Self) -> Self {
                let ($x, $y, $z) = (self.0, b.0, c.0);
                // SAFETY: the machine has the instruction set.
                $name(unsafe { $fma($($order),*) })
            }
        }
    };
}

/// Masks that are intrinsics: `_mm512` takes the mask first where it loads, `_mm256` last.
#[cfg(target_arch = "x86_64")]
macro_rules! parts_by_mask {
    ($name:ident $ty:ident $mask:ident ($from:ident, $bits:ident) => $load:expr; $store:ident; $count:ident => $make:expr) => {
        type Mask = std::arch::x86_64::$mask;
        const MASKED: bool = true;

        #[inline(always)]
        unsafe fn mask($count: usize) -> Self::Mask {
            $make
        }

        #[inline(always)]
        unsafe fn load_part($from: *const $ty, $bits: Self::Mask) -> Self {
            // SAFETY: the machine has the instruction set, and the pointer is valid for the mask.
            $name(unsafe { $load })
        }

        #[inline(always)]
        unsafe fn store_part(self, to: *mut $ty, mask: Self::Mask) {
            // SAFETY: as above.
            unsafe { std::arch::x86_64::$store(to, mask, self.0) };
        }
    };
}

/// Ones and zeros: `count` ones begin `LANES - count` before the zeros.
#[cfg(target_arch = "x86_64")]
static MASKS_32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
#[cfg(target_arch = "x86_64")]
static MASKS_64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{MASKS_32, MASKS_64, Vector};

    intrinsics! {
        x86_64 Avx2F32 f32 8 __m256 _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_add_ps
        (x y z) => _mm256_fmadd_ps(x, y, z);
        { parts_by_mask!(
            Avx2F32 f32 __m256i (from, mask) => _mm256_maskload_ps(from, mask); _mm256_maskstore_ps;
            // SAFETY: 8 elements from `8 - count` are inside the table, because count <= 8.
            count => unsafe { _mm256_loadu_si256(MASKS_32.as_ptr().add(8 - count).cast()) }
        ); }
    }
    intrinsics! {
        x86_64 Avx2F64 f64 4 __m256d _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_add_pd
        (x y z) => _mm256_fmadd_pd(x, y, z);
        { parts_by_mask!(
            Avx2F64 f64 __m256i (from, mask) => _mm256_maskload_pd(from, mask); _mm256_maskstore_pd;
            // SAFETY: 4 elements from `4 - count` are inside the table, because count <= 4.
            count => unsafe { _mm256_loadu_si256(MASKS_64.as_ptr().add(4 - count).cast()) }
        ); }
    }
    intrinsics! {
        x86_64 Avx512F32 f32 16 __m512 _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps
        (x y z) => _mm512_fmadd_ps(x, y, z);
        { parts_by_mask!(
            Avx512F32 f32 __mmask16 (from, mask) => _mm512_maskz_loadu_ps(mask, from);
            _mm512_mask_storeu_ps; count => ((1_u32 << count) - 1) as u16
        ); }
    }
    // Its lanes are sums of `f32`; as factors they are pairs of `bf16`, whose products are both added.
    intrinsics! {
        x86_64 Avx512Pairs f32 16 __m512 _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps
        (x y z) => add_products_of_pairs(x, y, z);
        { parts_by_mask!(
            Avx512Pairs f32 __mmask16 (from, mask) => _mm512_maskz_loadu_ps(mask, from);
            _mm512_mask_storeu_ps; count => ((1_u32 << count) - 1) as u16
        ); }
    }

    impl Avx512Pairs {
        /// Pairs of an element of each vector.
        ///
        /// # Safety
        /// The machine has the instructions of pairs.
        #[inline(always)]
        pub(in crate::cpu) unsafe fn join(first: Avx512F32, second: Avx512F32) -> Avx512Pairs {
            // SAFETY: the caller's contract; the types that change are as long and of any bits.
            unsafe {
                let [first, second] = [first, second].map(|values| {
                    let rounded =
                        std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(values.0));
                    _mm512_cvtepu16_epi32(rounded)
                });
                let pairs = _mm512_or_si512(first, _mm512_slli_epi32::<16>(second));
                Avx512Pairs(_mm512_castsi512_ps(pairs))
            }
        }

        /// Pairs of neighbours: the first vector has those that come first.
        ///
        /// # Safety
        /// The machine has the instructions of pairs.
        #[inline(always)]
        pub(in crate::cpu) unsafe fn of_neighbours(
            first: Avx512F32,
            second: Avx512F32,
        ) -> Avx512Pairs {
            // SAFETY: the caller's contract; the types are as long and of any bits.
            unsafe {
                let pairs = _mm512_cvtne2ps_pbh(second.0, first.0);
                Avx512Pairs(std::mem::transmute::<__m512bh, __m512>(pairs))
            }
        }
    }

    /// # Safety
    /// The machine has the instruction, which is no part of the instruction set.
    #[inline(always)]
    unsafe fn add_products_of_pairs(x: __m512, y: __m512, sums: __m512) -> __m512 {
        // SAFETY: the caller's contract; both types are 64 bytes of which any are a value.
        unsafe {
            let [x, y] = [x, y].map(|pairs| std::mem::transmute::<__m512, __m512bh>(pairs));
            _mm512_dpbf16_ps(sums, x, y)
        }
    }
    intrinsics! {
        x86_64 Avx512F64 f64 8 __m512d _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_add_pd
        (x y z) => _mm512_fmadd_pd(x, y, z);
        { parts_by_mask!(
            Avx512F64 f64 __mmask8 (from, mask) => _mm512_maskz_loadu_pd(mask, from);
            _mm512_mask_storeu_pd; count => ((1_u32 << count) - 1) as u8
        ); }
    }
}
#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2F32, Avx2F64, Avx512F32, Avx512F64, Avx512Pairs};

#[cfg(target_arch = "aarch64")]
use std::arch::aarch64::{vfmaq_f32, vfmaq_f64};

#[cfg(target_arch = "aarch64")]
intrinsics! {
    aarch64 NeonF32 f32 4 float32x4_t vdupq_n_f32 vld1q_f32 vst1q_f32 vaddq_f32
    (x y z) => vfmaq_f32(z, x, y);
    { parts_by_element!(f32); }
}
#[cfg(target_arch = "aarch64")]
intrinsics! {
    aarch64 NeonF64 f64 2 float64x2_t vdupq_n_f64 vld1q_f64 vst1q_f64 vaddq_f64
    (x y z) => vfmaq_f64(z, x, y);
    { parts_by_element!(f64); }
}
