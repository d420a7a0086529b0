//! The innermost kernels of a matrix product, generic over the vector register.
//!
//! A tile holds `MR` rows by `NV` vectors of sums in registers; a dot form serves operands that run
//! along k. They read their operands in place, through strides: whether anything is copied first is
//! the driver's choice. Each body is inlined into functions compiled for an instruction set, where
//! its loops over constants unroll.

use super::super::vector::{Vector, prefetch};
use super::stored::Source;

/// Operands of a tile: `c (+)= a b`.
pub(super) struct Tile<T> {
    /// Length of the sums.
    pub(super) k: usize,
    /// `a[r, d]` is at `r * a_row + d % a_run * a_step + d / a_run * a_block`.
    pub(super) a: *const T,
    pub(super) a_row: usize,
    pub(super) a_step: usize,
    pub(super) a_run: usize,
    pub(super) a_block: usize,
    pub(super) ahead: Ahead,
    /// `b[d, j]` is at `d * b_step + j`.
    pub(super) b: *const T,
    pub(super) b_step: usize,
    /// `c[r, j]` is at `r * c_row + j`.
    pub(super) c: *mut T,
    pub(super) c_row: usize,
    /// Columns that exist; the last vector may have fewer than its lanes.
    pub(super) columns: usize,
    /// Whether c is added to.
    pub(super) accumulate: bool,
}

/// Cache lines that will be needed soon: these many at each run of the left operand.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    pub(super) from: *const u8,
    pub(super) lines: usize,
    /// Bytes from a line to the next one, and from the lines of a run to those of the next one.
    pub(super) apart: usize,
    pub(super) block: usize,
}

impl Ahead {
    /// No lines.
    pub(super) fn nothing() -> Self {
        Ahead {
            from: std::ptr::null(),
            lines: 0,
            apart: 0,
            block: 0,
        }
    }
}

/// A tile of some height and width.
///
/// # Safety
/// The machine has the instruction set; the operands have the height of the kernel, `columns`
/// columns and a depth of k, `c` overlaps nothing; where partial loads are not `MASKED`, `b` is
/// readable up to whole vectors.
pub(super) type TileKernel<T> = unsafe fn(&Tile<T>);

/// # Safety
/// As [`TileKernel`], for `MR` rows and a number of columns in the last of `NV` vectors.
#[inline(always)]
pub(super) unsafe fn tile<V: Vector, const MR: usize, const NV: usize>(t: &Tile<V::Element>) {
    // SAFETY: all pointers stay inside the operands, by the contract above.
    unsafe {
        let mask = V::mask(t.columns - (NV - 1) * V::LANES);
        let mut sums = [[V::zero(); NV]; MR];
        if t.accumulate {
            for r in 0..MR {
                for v in 0..NV {
                    prefetch(t.c.wrapping_add(r * t.c_row + v * V::LANES));
                }
            }
        }
        let (mut block, mut ahead) = (t.a, t.ahead.from);
        let (mut b, mut left) = (t.b, t.k);
        while left > 0 {
            let run = left.min(t.a_run);
            left -= run;
            for line in 0..t.ahead.lines {
                prefetch(ahead.wrapping_add(line * t.ahead.apart));
            }
            ahead = ahead.wrapping_add(t.ahead.block);
            let mut a = block;
            block = block.wrapping_add(t.a_block);
            for _ in 0..run {
                let mut row = [V::zero(); NV];
                for (v, vector) in row.iter_mut().enumerate() {
                    let from = b.add(v * V::LANES);
                    *vector = if V::MASKED && v + 1 == NV {
                        V::load_part(from, mask)
                    } else {
                        V::load(from)
                    };
                }
                for (r, sum) in sums.iter_mut().enumerate() {
                    let factor = V::splat(*a.add(r * t.a_row));
                    for (sum, vector) in sum.iter_mut().zip(row) {
                        *sum = factor.multiply_add(vector, *sum);
                    }
                }
                a = a.wrapping_add(t.a_step);
                b = b.wrapping_add(t.b_step);
            }
        }
        let whole = t.columns == NV * V::LANES;
        for (r, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate() {
                let to = t.c.add(r * t.c_row + v * V::LANES);
                if whole || v + 1 < NV {
                    let sum = if t.accumulate {
                        V::load(to).plus(sum)
                    } else {
                        sum
                    };
                    sum.store(to);
                } else {
                    let sum = if t.accumulate {
                        V::load_part(to, mask).plus(sum)
                    } else {
                        sum
                    };
                    sum.store_part(to, mask);
                }
            }
        }
    }
}

/// Columns that the dot form works on at once.
pub(super) const DOTS: usize = 4;

/// Operands of dot products: `c[j] (+)= sum_d a[d] b[d, j]`, both contiguous along d.
pub(super) struct Dots<T> {
    pub(super) k: usize,
    pub(super) a: *const T,
    /// `b[d, j]` is at `d + j * b_column`, stored as the kernel reads it.
    pub(super) b: *const u8,
    pub(super) b_column: usize,
    pub(super) c: *mut T,
    /// At most [`DOTS`].
    pub(super) columns: usize,
    pub(super) accumulate: bool,
}

/// # Safety
/// The machine has the instruction set; the operands have a depth of k and `columns` columns, of
/// which there is at least one; `c` overlaps nothing.
pub(super) type DotKernel<T> = unsafe fn(&Dots<T>);

/// # Safety
/// As [`DotKernel`].
#[inline(always)]
pub(super) unsafe fn dots<V: Vector, S: Source<V::Element>>(t: &Dots<V::Element>)
where
    V::Element: std::ops::Add<Output = V::Element> + std::ops::Mul<Output = V::Element>,
{
    // SAFETY: all pointers stay inside the operands, by the contract above; a column that does not
    // exist is replaced by the last one that does.
    unsafe {
        let b: [*const S; DOTS] =
            std::array::from_fn(|j| t.b.cast::<S>().add(j.min(t.columns - 1) * t.b_column));
        let mut sums = [[V::zero(); 2]; DOTS];
        let mut d = 0;
        while d + 2 * V::LANES <= t.k {
            for half in 0..2 {
                let at = d + half * V::LANES;
                let a = V::load(t.a.add(at));
                for (sum, b) in sums.iter_mut().zip(b) {
                    sum[half] = a.multiply_add(S::load(b.add(at)), sum[half]);
                }
            }
            d += 2 * V::LANES;
        }
        while d < t.k {
            let rest = (t.k - d).min(V::LANES);
            let a = V::load_part(t.a.add(d), V::mask(rest));
            for (sum, b) in sums.iter_mut().zip(b) {
                sum[0] = a.multiply_add(S::load_part(b.add(d), rest), sum[0]);
            }
            d += V::LANES;
        }
        for (j, [even, odd]) in sums.into_iter().enumerate().take(t.columns) {
            let mut lanes = [V::Element::default(); 16];
            even.plus(odd).store(lanes.as_mut_ptr());
            let mut width = V::LANES;
            while width > 1 {
                width /= 2;
                for lane in 0..width {
                    lanes[lane] = lanes[lane] + lanes[lane + width];
                }
            }
            let to = t.c.add(j);
            *to = if t.accumulate {
                *to + lanes[0]
            } else {
                lanes[0]
            };
        }
    }
}
