//! The innermost kernels of a convolution, generic over the vector register.
//!
//! A tile holds sums for `MR` channels by `NV` vectors of successive places. Each body is inlined into
//! functions compiled for an instruction set, where its loops over constants unroll.

use super::super::vector::Vector;

/// The most channels of a tile.
pub(super) const MOST_ROWS: usize = 8;
/// The most vectors of a tile.
pub(super) const MOST_VECTORS: usize = 3;
/// The most elements of a vector.
pub(super) const MOST_LANES: usize = 16;

/// Operands of a tile: `c[r, j] (+)= sum_d a[d, r] source[offsets[d] + j]`.
pub(super) struct Tile<T> {
    /// Length of the sums.
    pub(super) k: usize,
    /// `a[d, r]` is at `d * MR + r`.
    pub(super) a: *const T,
    pub(super) offsets: *const u32,
    pub(super) source: *const T,
    /// `c[r, j]` is at `r * c_row + j`.
    pub(super) c: *mut T,
    pub(super) c_row: usize,
    /// Whether c is added to.
    pub(super) accumulate: bool,
}

/// A tile of some height and width.
///
/// # Safety
/// The machine has the instruction set; `a` is valid for `k * MR` elements and `offsets` for k;
/// `source` is valid for `NV` vectors from every offset, `c` for `NV` vectors in each of `MR` rows, and
/// overlaps nothing.
pub(super) type TileKernel<T> = unsafe fn(&Tile<T>);

/// # Safety
/// As [`TileKernel`].
#[inline(always)]
pub(super) unsafe fn tile<V: Vector, const MR: usize, const NV: usize>(t: &Tile<V::Element>) {
    // SAFETY: all pointers stay inside the operands, by the contract above.
    unsafe {
        let mut sums = [[V::zero(); NV]; MR];
        if t.accumulate {
            for (r, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(t.c.add(r * t.c_row + v * V::LANES));
                }
            }
        }
        let mut a = t.a;
        for d in 0..t.k {
            let from = t.source.add(*t.offsets.add(d) as usize);
            let mut row = [V::zero(); NV];
            for (v, vector) in row.iter_mut().enumerate() {
                *vector = V::load(from.add(v * V::LANES));
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let factor = V::splat(*a.add(r));
                for (sum, vector) in sums.iter_mut().zip(row) {
                    *sum = factor.multiply_add(vector, *sum);
                }
            }
            a = a.add(MR);
        }
        for (r, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate() {
                sum.store(t.c.add(r * t.c_row + v * V::LANES));
            }
        }
    }
}

/// Channels, and taps, that the dot form works on at once.
pub(super) const DOTS: usize = 4;

/// Operands of dot products over several images:
/// `sums[r][d] = sum over images and j of y[r][j] x[d][j]`.
pub(super) struct Dots<T> {
    /// Where each channel's row of cotangents begins in the first image.
    pub(super) y: [*const T; DOTS],
    /// Where the elements begin that each tap meets in the first image.
    pub(super) x: [*const T; DOTS],
    /// From an image to the next one.
    pub(super) y_step: usize,
    pub(super) x_step: usize,
    pub(super) images: usize,
    /// Elements of a row, a whole number of vectors.
    pub(super) length: usize,
}

/// # Safety
/// The machine has the instruction set; every pointer is valid for `length` elements, in every image;
/// `length` is a multiple of the lanes.
pub(super) type DotKernel<T> = unsafe fn(&Dots<T>) -> [[T; DOTS]; DOTS];

/// # Safety
/// As [`DotKernel`].
#[inline(always)]
pub(super) unsafe fn dots<V: Vector>(t: &Dots<V::Element>) -> [[V::Element; DOTS]; DOTS]
where
    V::Element: std::ops::Add<Output = V::Element>,
{
    let mut sums = [[[V::Element::default(); MOST_LANES]; DOTS]; DOTS];
    // SAFETY: all pointers stay inside the operands, by the contract above; no vector has more than
    // `MOST_LANES` elements.
    unsafe {
        let mut lanes = [[V::zero(); DOTS]; DOTS];
        for image in 0..t.images {
            for j in (0..t.length).step_by(V::LANES) {
                let mut x = [V::zero(); DOTS];
                for (vector, from) in x.iter_mut().zip(t.x) {
                    *vector = V::load(from.add(image * t.x_step + j));
                }
                for (lanes, from) in lanes.iter_mut().zip(t.y) {
                    let y = V::load(from.add(image * t.y_step + j));
                    for (sum, x) in lanes.iter_mut().zip(x) {
                        *sum = y.multiply_add(x, *sum);
                    }
                }
            }
        }
        for (lanes, sums) in lanes.iter().zip(&mut sums) {
            for (lanes, sums) in lanes.iter().zip(sums) {
                lanes.store(sums.as_mut_ptr());
            }
        }
    }
    sums.map(|sums| {
        sums.map(|mut sums| {
            let mut width = V::LANES;
            while width > 1 {
                width /= 2;
                for lane in 0..width {
                    sums[lane] = sums[lane] + sums[lane + width];
                }
            }
            sums[0]
        })
    })
}
