//! The register tile of a matrix product: `MR` rows by `NV` vectors of accumulators.
//!
//! One generic body serves every instruction set and both element types; `Vector` names the
//! instructions. The body is inlined into functions compiled for the instruction set, where its
//! loops over constants unroll and the accumulators stay in registers.

/// A vector register of an instruction set.
pub(super) trait Vector: Copy {
    /// The element.
    type Element: Copy;
    /// Elements in a register.
    const LANES: usize;

    /// Zeros.
    ///
    /// # Safety
    /// The machine has the instruction set; so for all functions here.
    unsafe fn zero() -> Self;

    /// # Safety
    /// `from` is valid for `LANES` elements.
    unsafe fn load(from: *const Self::Element) -> Self;

    /// # Safety
    /// `to` is valid for `LANES` elements.
    unsafe fn store(self, to: *mut Self::Element);

    /// The element in every lane.
    ///
    /// # Safety
    /// See `zero`.
    unsafe fn splat(value: Self::Element) -> Self;

    /// `self * b + c`
    ///
    /// # Safety
    /// See `zero`.
    unsafe fn multiply_add(self, b: Self, c: Self) -> Self;
}

/// `tile = a b` for packed panels: `a` holds `k` columns of `MR` rows, `b` holds `k` rows of
/// `NV * LANES` columns; `tile` is row-major with `NV * LANES` columns.
///
/// # Safety
/// The machine has the instruction set of `V`, and the panels and the tile have those sizes.
#[inline(always)]
pub(super) unsafe fn tile<V: Vector, const MR: usize, const NV: usize>(
    k: usize,
    a: *const V::Element,
    b: *const V::Element,
    tile: *mut V::Element,
) {
    // SAFETY: all pointers stay inside the panels and the tile, by the contract above.
    unsafe {
        let mut sums = [[V::zero(); NV]; MR];
        let (mut a, mut b) = (a, b);
        for _ in 0..k {
            let mut row = [V::zero(); NV];
            for (v, vector) in row.iter_mut().enumerate() {
                *vector = V::load(b.add(v * V::LANES));
            }
            for (r, sum) in sums.iter_mut().enumerate() {
                let factor = V::splat(*a.add(r));
                for (sum, vector) in sum.iter_mut().zip(row) {
                    *sum = factor.multiply_add(vector, *sum);
                }
            }
            a = a.add(MR);
            b = b.add(NV * V::LANES);
        }
        for (r, sum) in sums.iter().enumerate() {
            for (v, vector) in sum.iter().enumerate() {
                vector.store(tile.add((r * NV + v) * V::LANES));
            }
        }
    }
}

macro_rules! portable {
    ($($name:ident $ty:ident $lanes:literal;)*) => {$(
        /// Four or two elements, in whatever registers the target has.
        #[derive(Clone, Copy)]
        pub(super) struct $name([$ty; $lanes]);

        impl Vector for $name {
            type Element = $ty;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn zero() -> Self {
                $name([0.0; $lanes])
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
            unsafe fn splat(value: $ty) -> Self {
                $name([value; $lanes])
            }

            #[inline(always)]
            unsafe fn multiply_add(self, b: Self, c: Self) -> Self {
                $name(std::array::from_fn(|i| self.0[i] * b.0[i] + c.0[i]))
            }
        }
    )*};
}

portable! { PortableF32 f32 4; PortableF64 f64 2; }

#[cfg(target_arch = "x86_64")]
macro_rules! intrinsics {
    ($($name:ident $ty:ident $lanes:literal $register:ident $zero:ident $load:ident $store:ident $splat:ident $fma:ident;)*) => {$(
        /// A register of x86-64.
        #[derive(Clone, Copy)]
        pub(super) struct $name(std::arch::x86_64::$register);

        impl Vector for $name {
            type Element = $ty;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: the machine has the instruction set.
                $name(unsafe { std::arch::x86_64::$zero() })
            }

            #[inline(always)]
            unsafe fn load(from: *const $ty) -> Self {
                // SAFETY: as above, and valid for all lanes.
                $name(unsafe { std::arch::x86_64::$load(from) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $ty) {
                // SAFETY: as above, and valid for all lanes.
                unsafe { std::arch::x86_64::$store(to, self.0) };
            }

            #[inline(always)]
            unsafe fn splat(value: $ty) -> Self {
                // SAFETY: the machine has the instruction set.
                $name(unsafe { std::arch::x86_64::$splat(value) })
            }

            #[inline(always)]
            unsafe fn multiply_add(self, b: Self, c: Self) -> Self {
                // SAFETY: the machine has the instruction set.
                $name(unsafe { std::arch::x86_64::$fma(self.0, b.0, c.0) })
            }
        }
    )*};
}

#[cfg(target_arch = "x86_64")]
intrinsics! {
    Avx2F32 f32 8 __m256 _mm256_setzero_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_set1_ps _mm256_fmadd_ps;
    Avx2F64 f64 4 __m256d _mm256_setzero_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_set1_pd _mm256_fmadd_pd;
    Avx512F32 f32 16 __m512 _mm512_setzero_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_set1_ps _mm512_fmadd_ps;
    Avx512F64 f64 8 __m512d _mm512_setzero_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_set1_pd _mm512_fmadd_pd;
}
