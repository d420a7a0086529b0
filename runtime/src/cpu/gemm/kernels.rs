//! The kernels of a matrix product for each instruction set and element type.

use super::super::isa::{Isa, for_isa};
use super::super::real::Real;
use super::super::vector::{self, Vector};
use super::copy::{self, Copy, CopyKernel};
use super::stored::Source;
use super::tile::{self, DotKernel, Dots, Tile, TileKernel};
use half::{bf16, f16};

/// Vectors in the width of a tile.
pub(super) const WIDTH: usize = 2;
/// Vectors in the width of a wide tile: one of few rows needs more columns to keep the machine busy, and
/// one that spans all columns reads the left operand once.
pub(super) const WIDE: usize = 4;

/// The kernels for one instruction set and element type.
pub(super) struct Kernels<T: 'static> {
    /// Elements in a vector.
    pub(super) lanes: usize,
    /// Whether tiles may read a last vector that is not whole.
    pub(super) masked: bool,
    /// Tiles of `WIDTH` vectors at most, by height and vectors, each less one.
    pub(super) tiles: &'static [[TileKernel<T>; WIDTH]],
    /// Tiles of fewer rows and `WIDE` vectors at most.
    pub(super) wide: &'static [[TileKernel<T>; WIDE]],
    /// By how the right operand is stored.
    pub(super) dots: &'static [DotKernel<T>],
    /// By how the operand is stored, for one whose rows lie one after the other along k.
    pub(super) copies: &'static [CopyKernel<T>],
    /// The same where columns do.
    pub(super) copies_along: &'static [CopyKernel<T>],
}

impl<T> Kernels<T> {
    /// The tiles of a height for panels of a width, by their vectors less one.
    #[inline]
    pub(super) fn of_height(&self, height: usize, panel: usize) -> &'static [TileKernel<T>] {
        match self.wide.get(height - 1) {
            Some(wide) if panel > WIDTH * self.lanes => wide,
            _ => &self.tiles[height - 1],
        }
    }
}

/// An element type that has kernels.
pub(crate) trait Tiles: Real {
    /// The kernels for an instruction set that the machine has; those of products of pairs, if it has them and
    /// they are asked for.
    #[allow(private_interfaces, reason = "only this module's parent calls it")]
    fn kernels(isa: Isa, pairs: bool) -> &'static Kernels<Self>;
}

/// The wide tiles of these heights.
macro_rules! wide {
    ([$($height:literal)*]) => {
        [$([
            tile::<$height, 1>,
            tile::<$height, 2>,
            tile::<$height, 3>,
            tile::<$height, 4>,
        ]),*]
    };
}

/// The kernels of one instruction set and element type, in a module of their own; the types that operands may be
/// stored as, in the order of `Stored`.
macro_rules! kernels {
    ($module:ident $ty:ident $vector:ident ($arch:meta) [$($height:literal)*] [$($wide:literal)*] [$($stored:ident)*]
     $(#[$feature:meta])*) => {
        #[cfg($arch)]
        mod $module {
            use super::*;

            pub(super) static KERNELS: Kernels<$ty> = Kernels {
                lanes: vector::$vector::LANES,
                masked: vector::$vector::MASKED,
                tiles: &[$([tile::<$height, 1>, tile::<$height, 2>]),*],
                wide: &wide!([$($wide)*]),
                dots: &[$(dots::<$stored>),*],
                copies: &[$(copy::<$stored>),*],
                copies_along: &[$(copy::<$stored>),*],
            };

            $(#[$feature])*
            unsafe fn tile<const MR: usize, const NV: usize>(operands: &Tile<$ty>) {
                // SAFETY: the caller's contract is the same.
                unsafe { tile::tile::<vector::$vector, MR, NV>(operands) }
            }

            $(#[$feature])*
            unsafe fn dots<S: Source<$ty>>(operands: &Dots<$ty>) {
                // SAFETY: the caller's contract is the same.
                unsafe { tile::dots::<vector::$vector, S>(operands) }
            }

            $(#[$feature])*
            unsafe fn copy<S: Source<$ty>>(operands: &Copy<$ty>) {
                // SAFETY: the caller's contract is the same.
                unsafe { copy::copy::<vector::$vector, S>(operands) }
            }
        }
    };
}

kernels! { portable_f32 f32 PortableF32 (all()) [1 2 3 4] [1 2] [f32 f16 bf16] }
kernels! { portable_f64 f64 PortableF64 (all()) [1 2 3 4] [1 2] [f64] }
kernels! { neon_f32 f32 NeonF32 (target_arch = "aarch64") [1 2 3 4 5 6 7 8] [1 2] [f32 f16 bf16] }
kernels! { neon_f64 f64 NeonF64 (target_arch = "aarch64") [1 2 3 4 5 6 7 8] [1 2] [f64] }
kernels! {
    avx2_f32 f32 Avx2F32 (target_arch = "x86_64") [1 2 3 4 5 6] [1 2] [f32 f16 bf16]
    #[target_feature(enable = "avx2,fma")]
}
kernels! {
    avx2_f64 f64 Avx2F64 (target_arch = "x86_64") [1 2 3 4 5 6] [1 2] [f64]
    #[target_feature(enable = "avx2,fma")]
}
kernels! {
    avx512_f32 f32 Avx512F32 (target_arch = "x86_64") [1 2 3 4 5 6 7 8 9 10 11 12] [1 2 3 4 5 6] [f32 f16 bf16]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
}
kernels! {
    avx512_f64 f64 Avx512F64 (target_arch = "x86_64") [1 2 3 4 5 6 7 8 9 10 11 12] [1 2 3 4 5 6] [f64]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
}

/// Products of pairs: a place of an operand holds two `bf16` along k, and sums are `f32`.
#[cfg(target_arch = "x86_64")]
mod pairs {
    use super::*;

    pub(super) static KERNELS: Kernels<f32> = Kernels {
        lanes: vector::Avx512Pairs::LANES,
        masked: vector::Avx512Pairs::MASKED,
        tiles: &[
            [tile::<1, 1>, tile::<1, 2>],
            [tile::<2, 1>, tile::<2, 2>],
            [tile::<3, 1>, tile::<3, 2>],
            [tile::<4, 1>, tile::<4, 2>],
            [tile::<5, 1>, tile::<5, 2>],
            [tile::<6, 1>, tile::<6, 2>],
            [tile::<7, 1>, tile::<7, 2>],
            [tile::<8, 1>, tile::<8, 2>],
            [tile::<9, 1>, tile::<9, 2>],
            [tile::<10, 1>, tile::<10, 2>],
            [tile::<11, 1>, tile::<11, 2>],
            [tile::<12, 1>, tile::<12, 2>],
        ],
        wide: &wide!([1 2]),
        // Operands are always copied.
        dots: &[],
        copies: &[copy::<f32, false>, copy::<f16, false>, copy::<bf16, false>],
        copies_along: &[copy::<f32, true>, copy::<f16, true>, copy::<bf16, true>],
    };

    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bf16,avx2,fma")]
    unsafe fn tile<const MR: usize, const NV: usize>(operands: &Tile<f32>) {
        // SAFETY: the caller's contract is the same.
        unsafe { tile::tile::<vector::Avx512Pairs, MR, NV>(operands) }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bf16,avx2,fma")]
    unsafe fn copy<S: Source<f32>, const ALONG: bool>(operands: &Copy<f32>) {
        // SAFETY: the caller's contract is the same.
        unsafe { copy::pairs::<S, ALONG>(operands) }
    }
}

/// Whether the machine has the instructions for products of pairs, and an instruction set with them is in use.
pub(super) fn multiplies_pairs(isa: Isa) -> bool {
    #[cfg(target_arch = "x86_64")]
    return isa == Isa::Avx512 && is_x86_feature_detected!("avx512bf16");
    #[cfg(not(target_arch = "x86_64"))]
    return {
        let _ = isa;
        false
    };
}

impl Tiles for f32 {
    #[allow(private_interfaces, reason = "only this module's parent calls it")]
    fn kernels(isa: Isa, pairs: bool) -> &'static Kernels<f32> {
        #[cfg(target_arch = "x86_64")]
        if pairs {
            return &pairs::KERNELS;
        }
        let _ = pairs;
        for_isa!(isa, portable_f32 neon_f32 avx2_f32 avx512_f32 :: KERNELS)
    }
}

impl Tiles for f64 {
    #[allow(private_interfaces, reason = "only this module's parent calls it")]
    fn kernels(isa: Isa, _: bool) -> &'static Kernels<f64> {
        for_isa!(isa, portable_f64 neon_f64 avx2_f64 avx512_f64 :: KERNELS)
    }
}
