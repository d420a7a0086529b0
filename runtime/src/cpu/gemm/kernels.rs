//! The kernels of a matrix product for each instruction set and element type.

use super::super::isa::{Isa, for_isa};
use super::super::real::Real;
use super::super::vector::{self, Vector};
use super::tile::{self, Copy, CopyKernel, DotKernel, Dots, Tile, TileKernel};

/// Vectors in the width of a tile.
pub(super) const WIDTH: usize = 2;
/// Vectors in the width of a tile of few rows, which needs more columns to keep the machine busy.
pub(super) const WIDE: usize = 4;

/// The kernels for one instruction set and element type.
pub(super) struct Kernels<T: 'static> {
    /// Elements in a vector.
    pub(super) lanes: usize,
    /// Whether tiles may read a last vector that is not whole.
    pub(super) masked: bool,
    /// Tiles of `WIDTH` vectors at most, by height and vectors, each less one.
    pub(super) tiles: &'static [[TileKernel<T>; WIDTH]],
    /// Tiles of few rows and `WIDE` vectors at most.
    pub(super) wide: &'static [[TileKernel<T>; WIDE]],
    pub(super) dots: DotKernel<T>,
    pub(super) copy: CopyKernel<T>,
}

/// An element type that has kernels.
pub(crate) trait Tiles: Real {
    /// The kernels for an instruction set that the machine has.
    #[allow(private_interfaces, reason = "only this module's parent calls it")]
    fn kernels(isa: Isa) -> &'static Kernels<Self>;
}

/// The kernels of one instruction set and element type, in a module of their own.
macro_rules! kernels {
    ($module:ident $ty:ident $vector:ident ($arch:meta) [$($height:literal)*] $(#[$feature:meta])*) => {
        #[cfg($arch)]
        mod $module {
            use super::*;

            pub(super) static KERNELS: Kernels<$ty> = Kernels {
                lanes: vector::$vector::LANES,
                masked: vector::$vector::MASKED,
                tiles: &[$([tile::<$height, 1>, tile::<$height, 2>]),*],
                wide: &[
                    [tile::<1, 1>, tile::<1, 2>, tile::<1, 3>, tile::<1, 4>],
                    [tile::<2, 1>, tile::<2, 2>, tile::<2, 3>, tile::<2, 4>],
                ],
                dots,
                copy,
            };

            $(#[$feature])*
            unsafe fn tile<const MR: usize, const NV: usize>(operands: &Tile<$ty>) {
                // SAFETY: the caller's contract is the same.
                unsafe { tile::tile::<vector::$vector, MR, NV>(operands) }
            }

            $(#[$feature])*
            unsafe fn dots(operands: &Dots<$ty>) {
                // SAFETY: the caller's contract is the same.
                unsafe { tile::dots::<vector::$vector>(operands) }
            }

            $(#[$feature])*
            unsafe fn copy(operands: &Copy<$ty>) {
                // SAFETY: the caller's contract is the same.
                unsafe { tile::copy::<vector::$vector>(operands) }
            }
        }
    };
}

kernels! { portable_f32 f32 PortableF32 (all()) [1 2 3 4] }
kernels! { portable_f64 f64 PortableF64 (all()) [1 2 3 4] }
kernels! { neon_f32 f32 NeonF32 (target_arch = "aarch64") [1 2 3 4 5 6 7 8] }
kernels! { neon_f64 f64 NeonF64 (target_arch = "aarch64") [1 2 3 4 5 6 7 8] }
kernels! {
    avx2_f32 f32 Avx2F32 (target_arch = "x86_64") [1 2 3 4 5 6]
    #[target_feature(enable = "avx2,fma")]
}
kernels! {
    avx2_f64 f64 Avx2F64 (target_arch = "x86_64") [1 2 3 4 5 6]
    #[target_feature(enable = "avx2,fma")]
}
kernels! {
    avx512_f32 f32 Avx512F32 (target_arch = "x86_64") [1 2 3 4 5 6 7 8 9 10 11 12]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
}
kernels! {
    avx512_f64 f64 Avx512F64 (target_arch = "x86_64") [1 2 3 4 5 6 7 8 9 10 11 12]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
}

macro_rules! tiles {
    ($ty:ident $portable:ident $neon:ident $avx2:ident $avx512:ident) => {
        impl Tiles for $ty {
            #[allow(private_interfaces, reason = "only this module's parent calls it")]
            fn kernels(isa: Isa) -> &'static Kernels<$ty> {
                for_isa!(isa, $portable $neon $avx2 $avx512 :: KERNELS)
            }
        }
    };
}

tiles!(f32 portable_f32 neon_f32 avx2_f32 avx512_f32);
tiles!(f64 portable_f64 neon_f64 avx2_f64 avx512_f64);
