//! The kernels of a convolution for each instruction set and element type, and their safe entrances.

use super::super::isa::{Isa, for_isa, isa};
use super::super::real::Real;
use super::super::vector::{self, Vector};
use super::super::workspace::Plain;
use super::tile::{
    self, DOTS, DotKernel, Dots, MOST_LANES, MOST_ROWS, MOST_VECTORS, Tile, TileKernel,
};

/// Taps that are summed before the next strip of channels: its weights stay in the first-level cache.
const DEPTH: usize = 512;

/// The kernels for one instruction set and element type.
pub(crate) struct Kernels<T: 'static> {
    /// Elements in a vector.
    lanes: usize,
    /// Tiles by height, a power of two, and vectors, less one.
    tiles: &'static [[TileKernel<T>; MOST_VECTORS]],
    dots: DotKernel<T>,
}

/// An element type that has kernels.
pub(crate) trait Planes: Real + Plain {
    /// The kernels for the instruction set in use.
    #[allow(private_interfaces, reason = "only this module's parent calls it")]
    fn kernels() -> &'static Kernels<Self>;
}

/// The kernels of one instruction set and element type, in a module of their own.
macro_rules! kernels {
    ($module:ident $ty:ident $vector:ident ($arch:meta) [$($height:literal)*] $(#[$feature:meta])*) => {
        #[cfg($arch)]
        mod $module {
            use super::*;

            pub(super) static KERNELS: Kernels<$ty> = Kernels {
                lanes: vector::$vector::LANES,
                tiles: &[$([tile::<$height, 1>, tile::<$height, 2>, tile::<$height, 3>]),*],
                dots,
            };

            $(#[$feature])*
            unsafe fn tile<const MR: usize, const NV: usize>(operands: &Tile<$ty>) {
                // SAFETY: the caller's contract is the same.
                unsafe { tile::tile::<vector::$vector, MR, NV>(operands) }
            }

            $(#[$feature])*
            unsafe fn dots(operands: &Dots<$ty>) -> [[$ty; DOTS]; DOTS] {
                // SAFETY: the caller's contract is the same.
                unsafe { tile::dots::<vector::$vector>(operands) }
            }
        }
    };
}

kernels! { portable_f32 f32 PortableF32 (all()) [1 2 4] }
kernels! { portable_f64 f64 PortableF64 (all()) [1 2 4] }
kernels! { neon_f32 f32 NeonF32 (target_arch = "aarch64") [1 2 4 8] }
kernels! { neon_f64 f64 NeonF64 (target_arch = "aarch64") [1 2 4 8] }
kernels! {
    avx2_f32 f32 Avx2F32 (target_arch = "x86_64") [1 2 4]
    #[target_feature(enable = "avx2,fma")]
}
kernels! {
    avx2_f64 f64 Avx2F64 (target_arch = "x86_64") [1 2 4]
    #[target_feature(enable = "avx2,fma")]
}
kernels! {
    avx512_f32 f32 Avx512F32 (target_arch = "x86_64") [1 2 4 8]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
}
kernels! {
    avx512_f64 f64 Avx512F64 (target_arch = "x86_64") [1 2 4 8]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
}

macro_rules! planes {
    ($ty:ident $portable:ident $neon:ident $avx2:ident $avx512:ident) => {
        impl Planes for $ty {
            #[allow(private_interfaces, reason = "only this module's parent calls it")]
            fn kernels() -> &'static Kernels<$ty> {
                for_isa!(isa(), $portable $neon $avx2 $avx512 :: KERNELS)
            }
        }
    };
}

planes!(f32 portable_f32 neon_f32 avx2_f32 avx512_f32);
planes!(f64 portable_f64 neon_f64 avx2_f64 avx512_f64);

/// The heights of the strips that rows of channels are cut into, as powers of two: all of them as high as can be
/// but the last one, which is filled up.
pub(super) fn strips<T: Planes>(rows: usize) -> impl Iterator<Item = usize> {
    let highest = T::kernels().tiles.len() - 1;
    let mut left = rows;
    std::iter::from_fn(move || {
        let height = (0..highest)
            .find(|&height| 1 << height >= left)
            .unwrap_or(highest);
        let some = left > 0;
        left = left.saturating_sub(1 << height);
        some.then_some(height)
    })
}

/// The most rows that strips of any instruction set have.
pub(super) fn padded_rows(rows: usize) -> usize {
    rows.next_multiple_of(MOST_ROWS)
}

/// Columns up to a whole number of the widest vectors.
pub(super) fn padded_columns(columns: usize) -> usize {
    columns.next_multiple_of(MOST_LANES)
}

/// `result[r, j] = sum_d weights[r, d] source[offsets[d] + j]` for `rows` rows of `columns` columns,
/// which both are filled up: `result` has rows of `padded_columns`. The weights are packed by strips.
///
/// # Panics
/// When an operand is too short.
pub(super) fn correlate<T: Planes>(
    (rows, columns): (usize, usize),
    weights: &[T],
    offsets: &[u32],
    source: &[T],
    result: &mut [T],
) {
    let (kernels, width) = (T::kernels(), padded_columns(columns));
    let deepest = offsets.iter().max().map_or(0, |&offset| offset as usize);
    assert!(
        weights.len() >= padded_rows(rows) * offsets.len()
            && result.len() >= padded_rows(rows) * width
            && source.len() >= deepest + width,
        "an operand of a convolution is too short"
    );
    if offsets.is_empty() {
        result.fill(T::ZERO);
        return;
    }
    for first in (0..offsets.len()).step_by(DEPTH) {
        let depth = (offsets.len() - first).min(DEPTH);
        let mut row = 0;
        for height in strips::<T>(rows) {
            let high = 1 << height;
            let mut column = 0;
            while column < width {
                let vectors = ((width - column) / kernels.lanes).min(MOST_VECTORS);
                // SAFETY: the instruction set is in use; strips end below the padded rows and tiles
                // at the padded columns, which are whole vectors; the operands are as long as
                // asserted, and the result is borrowed exclusively.
                unsafe {
                    kernels.tiles[height][vectors - 1](&Tile {
                        k: depth,
                        a: weights.as_ptr().add(row * offsets.len() + first * high),
                        offsets: offsets.as_ptr().add(first),
                        source: source.as_ptr().add(column),
                        c: result.as_mut_ptr().add(row * width + column),
                        c_row: width,
                        accumulate: first > 0,
                    });
                }
                column += vectors * kernels.lanes;
            }
            row += high;
        }
    }
}

/// Several images of one operand: its elements, and from an image to the next one.
pub(super) struct Images<'i, T> {
    pub(super) elements: &'i [T],
    pub(super) step: usize,
}

/// `to(r, d, s)` with the sum s over `images` images and `length` places j of
/// `y[r * length + j] x[offsets[d] + j]`, for all rows and offsets. `length` is a multiple of the widest
/// vector.
///
/// # Panics
/// When an operand is too short.
pub(super) fn dot_products<T: Planes>(
    rows: usize,
    offsets: &[u32],
    (images, length): (usize, usize),
    y: &Images<'_, T>,
    x: &Images<'_, T>,
    mut to: impl FnMut(usize, usize, T),
) {
    let kernels = T::kernels();
    let deepest = offsets.iter().max().map_or(0, |&offset| offset as usize);
    let before = images.saturating_sub(1);
    assert!(
        length.is_multiple_of(MOST_LANES)
            && y.elements.len() >= before * y.step + rows * length
            && x.elements.len() >= before * x.step + deepest + length,
        "an operand of a convolution is too short"
    );
    if images == 0 {
        return;
    }
    for row in (0..rows).step_by(DOTS) {
        for (block, taps) in offsets.chunks(DOTS).enumerate() {
            // SAFETY: the instruction set is in use; a row or tap that does not exist is replaced by
            // the last one that does, and the operands are as long as asserted.
            let sums = unsafe {
                let y_row = |k: usize| y.elements.as_ptr().add((row + k).min(rows - 1) * length);
                let x_tap = |k: usize| {
                    let offset = taps[k.min(taps.len() - 1)] as usize;
                    x.elements.as_ptr().add(offset)
                };
                (kernels.dots)(&Dots {
                    y: [y_row(0), y_row(1), y_row(2), y_row(3)],
                    x: [x_tap(0), x_tap(1), x_tap(2), x_tap(3)],
                    y_step: y.step,
                    x_step: x.step,
                    images,
                    length,
                })
            };
            for (r, sums) in sums.iter().enumerate().take(rows - row) {
                for (d, &sum) in sums.iter().enumerate().take(taps.len()) {
                    to(row + r, block * DOTS + d, sum);
                }
            }
        }
    }
}
