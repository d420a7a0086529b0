//! Matrix products: blocked, packed, register-tiled (the scheme of BLIS: Van Zee and van de Geijn,
//! 2015), over batches that broadcast.
//!
//! Operands are read through strides while they are packed, so transposes cost nothing more. Every
//! element of the result is summed in the order of k, in blocks that depend on the shapes alone.

use std::fmt;

use super::isa::{Isa, isa};
use super::microkernel::{self, Vector};
use super::{Write, real::Real};
use crate::{DType, shape};

/// Depth of a packed block: two panels of this depth fit into the first-level cache.
const KC: usize = 256;
/// Rows of a packed block of the left operand, about half of the second-level cache.
const MC: usize = 192;
/// Columns of a packed block of the right operand.
const NC: usize = 1024;
/// A multiple of every tile's height (4, 6 and 12): a packed left block is padded to it.
const HEIGHT: usize = 48;
/// The largest register tile, in elements.
const TILE: usize = 12 * 32;

/// A matrix product whose shapes are known.
#[derive(Clone, Debug)]
pub(crate) struct GemmPlan {
    dtype: DType,
    m: usize,
    n: usize,
    k: usize,
    /// Strides of an operand's rows and columns, in elements.
    a: (usize, usize),
    b: (usize, usize),
    /// Offsets of the operands of each product of the batch, in elements.
    batch: Vec<[usize; 3]>,
    /// Whether the first product that reaches a result accumulates, too.
    write: Write,
    results: usize,
}

impl GemmPlan {
    /// Plans `output = op(a) op(b)` over the last two axes; batches broadcast, and are summed where
    /// the output has none.
    pub(crate) fn new(
        dtype: DType,
        a: &[usize],
        transpose_a: bool,
        b: &[usize],
        transpose_b: bool,
        output: &[usize],
        write: Write,
    ) -> GemmPlan {
        let split = |shape: &[usize]| {
            let (batch, matrix) = shape.split_at(shape.len() - 2);
            (batch.to_vec(), matrix[0], matrix[1])
        };
        let ((batch_a, a0, a1), (batch_b, b0, b1)) = (split(a), split(b));
        let (m, k, strides_a) = if transpose_a {
            (a1, a0, (1, a1))
        } else {
            (a0, a1, (a1, 1))
        };
        let (n, strides_b) = if transpose_b {
            (b0, (1, b1))
        } else {
            (b1, (b1, 1))
        };
        let batch_c = &output[..output.len().saturating_sub(2)];
        let domain = shape::broadcast(&[&batch_a, &batch_b, batch_c]).unwrap_or_default();
        let strides =
            [&batch_a[..], &batch_b, batch_c].map(|batch| shape::broadcast_strides(batch, &domain));
        let sizes = [a0 * a1, b0 * b1, m * n];
        let count: usize = domain.iter().product();
        let mut batch = Vec::with_capacity(count);
        for index in 0..count {
            let mut rest = index;
            let mut offsets = [0; 3];
            for (axis, &size) in domain.iter().enumerate().rev() {
                let position = rest % size;
                rest /= size;
                for (offset, stride) in offsets.iter_mut().zip(&strides) {
                    *offset += position * stride[axis];
                }
            }
            batch.push([0, 1, 2].map(|operand| offsets[operand] * sizes[operand]));
        }
        let results = output.iter().product();
        GemmPlan {
            dtype,
            m,
            n,
            k,
            a: strides_a,
            b: strides_b,
            batch,
            write,
            results,
        }
    }

    /// Bytes of scratch space that `run` needs.
    pub(crate) fn scratch_bytes(&self) -> usize {
        let rows = self.m.min(MC).next_multiple_of(HEIGHT);
        let columns = self.n.min(NC).next_multiple_of(32);
        (self.k.min(KC) * (rows + columns) + TILE) * self.dtype.size() + 64
    }

    /// Computes the product.
    ///
    /// # Safety
    /// The pointers are valid for operands of the planned shapes; `c` overlaps nothing; `scratch`
    /// has `scratch_bytes` bytes, aligned to 64.
    pub(crate) unsafe fn run(&self, a: *const u8, b: *const u8, c: *mut u8, scratch: *mut u8) {
        // SAFETY: the caller's contract, with the element type that the plan was made for.
        unsafe {
            match self.dtype {
                DType::F64 => self.typed::<f64>(a.cast(), b.cast(), c.cast(), scratch.cast()),
                _ => self.typed::<f32>(a.cast(), b.cast(), c.cast(), scratch.cast()),
            }
        }
    }

    /// # Safety
    /// As `run`.
    unsafe fn typed<T: Tiles>(&self, a: *const T, b: *const T, c: *mut T, scratch: *mut T) {
        if self.write == Write::Discard {
            return;
        }
        let mut written = 0;
        // SAFETY: offsets were computed from the shapes.
        unsafe {
            if self.write == Write::Store && (self.k == 0 || self.batch.is_empty()) {
                for index in 0..self.results {
                    *c.add(index) = T::ZERO;
                }
                return;
            }
            for &[at_a, at_b, at_c] in &self.batch {
                // Batches that share a result come again at an offset below the highest one.
                let fresh = self.write == Write::Store && at_c >= written;
                written = written.max(at_c + self.m * self.n);
                self.product(a.add(at_a), b.add(at_b), c.add(at_c), scratch, !fresh);
            }
        }
    }

    /// # Safety
    /// As `run`, for one product of the batch.
    unsafe fn product<T: Tiles>(
        &self,
        a: *const T,
        b: *const T,
        c: *mut T,
        scratch: *mut T,
        accumulate: bool,
    ) {
        let isa = isa();
        let (mr, nr) = T::tile_size(isa);
        let (m, n, k) = (self.m, self.n, self.k);
        let depth = k.min(KC);
        let packed_a = scratch;
        // SAFETY: scratch holds both packed blocks and a tile; all offsets stay inside operands.
        unsafe {
            let packed_b = packed_a.add(depth * m.min(MC).next_multiple_of(HEIGHT));
            let tile = packed_b.add(depth * n.min(NC).next_multiple_of(32));
            for n0 in (0..n).step_by(NC) {
                let columns = (n - n0).min(NC);
                for k0 in (0..k).step_by(KC) {
                    let depth = (k - k0).min(KC);
                    let first = k0 == 0 && !accumulate;
                    let (row, column) = self.b;
                    pack(
                        b.add(k0 * row + n0 * column),
                        column,
                        row,
                        columns,
                        depth,
                        nr,
                        packed_b,
                    );
                    for m0 in (0..m).step_by(MC) {
                        let rows = (m - m0).min(MC);
                        let (row, column) = self.a;
                        pack(
                            a.add(m0 * row + k0 * column),
                            row,
                            column,
                            rows,
                            depth,
                            mr,
                            packed_a,
                        );
                        for j in (0..columns).step_by(nr) {
                            for i in (0..rows).step_by(mr) {
                                T::tile(
                                    isa,
                                    depth,
                                    packed_a.add(i * depth),
                                    packed_b.add(j * depth),
                                    tile,
                                );
                                let (height, width) = ((rows - i).min(mr), (columns - j).min(nr));
                                for r in 0..height {
                                    let from = tile.add(r * nr);
                                    let to = c.add((m0 + i + r) * n + n0 + j);
                                    if first {
                                        std::ptr::copy_nonoverlapping(from, to, width);
                                    } else {
                                        for column in 0..width {
                                            *to.add(column) = *to.add(column) + *from.add(column);
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl fmt::Display for GemmPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let batch = self.batch.len();
        write!(
            f,
            "gemm {batch} x [{}, {}] [{}, {}] {:?}",
            self.m, self.k, self.k, self.n, self.write
        )
    }
}

/// Packs `count` rows of `depth` elements into panels of `width` rows, interleaved by depth; the
/// last panel is filled up with zeros.
///
/// # Safety
/// `from` is valid for the strides and counts; `to` for `count`, rounded up, times `depth`.
unsafe fn pack<T: Real>(
    from: *const T,
    stride: usize,
    depth_stride: usize,
    count: usize,
    depth: usize,
    width: usize,
    to: *mut T,
) {
    let mut to = to;
    for start in (0..count).step_by(width) {
        let rows = (count - start).min(width);
        // SAFETY: row start + r < count and d < depth; `to` advances by width for each d.
        unsafe {
            if stride == 1 {
                for d in 0..depth {
                    let source = from.add(start + d * depth_stride);
                    std::ptr::copy_nonoverlapping(source, to, rows);
                    for r in rows..width {
                        *to.add(r) = T::ZERO;
                    }
                    to = to.add(width);
                }
            } else {
                for r in 0..width {
                    let source = from.add((start + r.min(rows - 1)) * stride);
                    for d in 0..depth {
                        *to.add(d * width + r) = if r < rows {
                            *source.add(d * depth_stride)
                        } else {
                            T::ZERO
                        };
                    }
                }
                to = to.add(depth * width);
            }
        }
    }
}

/// The register tiles of an element type.
pub(crate) trait Tiles: Real {
    /// Rows and columns of the tile.
    fn tile_size(isa: Isa) -> (usize, usize);

    /// Computes a tile.
    ///
    /// # Safety
    /// As `microkernel::tile`, and the machine has the instruction set.
    unsafe fn tile(isa: Isa, k: usize, a: *const Self, b: *const Self, tile: *mut Self);
}

macro_rules! tiles {
    ($ty:ident $portable:ident $avx2:ident $avx512:ident) => {
        impl Tiles for $ty {
            fn tile_size(isa: Isa) -> (usize, usize) {
                #[cfg(target_arch = "x86_64")]
                match isa {
                    Isa::Avx512 => return (12, 2 * microkernel::$avx512::LANES),
                    Isa::Avx2 => return (6, 2 * microkernel::$avx2::LANES),
                    Isa::Portable => {}
                }
                let _ = isa;
                (4, 2 * microkernel::$portable::LANES)
            }

            unsafe fn tile(isa: Isa, k: usize, a: *const $ty, b: *const $ty, tile: *mut $ty) {
                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx2,fma")]
                    unsafe fn avx2(k: usize, a: *const $ty, b: *const $ty, tile: *mut $ty) {
                        // SAFETY: the caller's contract.
                        unsafe { microkernel::tile::<microkernel::$avx2, 6, 2>(k, a, b, tile) }
                    }
                    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
                    unsafe fn avx512(k: usize, a: *const $ty, b: *const $ty, tile: *mut $ty) {
                        // SAFETY: the caller's contract.
                        unsafe { microkernel::tile::<microkernel::$avx512, 12, 2>(k, a, b, tile) }
                    }
                    match isa {
                        // SAFETY: the machine has the instruction set, by the contract.
                        Isa::Avx512 => return unsafe { avx512(k, a, b, tile) },
                        // SAFETY: as above.
                        Isa::Avx2 => return unsafe { avx2(k, a, b, tile) },
                        Isa::Portable => {}
                    }
                }
                let _ = isa;
                // SAFETY: the caller's contract.
                unsafe { microkernel::tile::<microkernel::$portable, 4, 2>(k, a, b, tile) }
            }
        }
    };
}

tiles!(f32 PortableF32 Avx2F32 Avx512F32);
tiles!(f64 PortableF64 Avx2F64 Avx512F64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Float;
    use crate::cpu::{isa::Isa, with_isa};

    /// Small integers, whose products and sums are exact in every order.
    fn whole(len: usize, step: usize) -> Vec<f64> {
        (0..len).map(|i| ((i * step) % 13) as f64 - 6.0).collect()
    }

    fn check<T: Float + Tiles>(m: usize, n: usize, k: usize, ta: bool, tb: bool, write: Write) {
        let to = |values: &[f64]| values.iter().map(|&v| T::from_f64(v)).collect::<Vec<T>>();
        let (a, b) = (whole(m * k, 5), whole(k * n, 7));
        let start = whole(m * n, 3);
        let mut expected = if write == Write::Store {
            vec![0.0; m * n]
        } else {
            start.clone()
        };
        for i in 0..m {
            for j in 0..n {
                for d in 0..k {
                    let left = if ta { a[d * m + i] } else { a[i * k + d] };
                    let right = if tb { b[j * k + d] } else { b[d * n + j] };
                    expected[i * n + j] += left * right;
                }
            }
        }
        let shape = |rows, columns, swap| {
            if swap {
                [columns, rows]
            } else {
                [rows, columns]
            }
        };
        let plan = GemmPlan::new(
            T::DTYPE,
            &shape(m, k, ta),
            ta,
            &shape(k, n, tb),
            tb,
            &[m, n],
            write,
        );
        let (a, b, mut c) = (to(&a), to(&b), to(&start));
        let mut scratch = vec![0_u64; plan.scratch_bytes() / 8 + 8];
        // SAFETY: the operands have the planned shapes.
        unsafe {
            plan.run(
                a.as_ptr().cast(),
                b.as_ptr().cast(),
                c.as_mut_ptr().cast(),
                scratch.as_mut_ptr().cast(),
            );
        }
        assert_eq!(
            c,
            to(&expected),
            "{m}x{k} by {k}x{n}, transposed {ta} {tb}, {write:?}"
        );
    }

    #[test]
    fn products_equal_the_naive_sum_on_every_instruction_set() {
        for &isa in Isa::available() {
            with_isa(isa, || {
                for (m, n, k) in [
                    (0, 3, 2),
                    (2, 3, 0),
                    (1, 1, 1),
                    (3, 5, 7),
                    (12, 32, 4),
                    (13, 33, 9),
                    (64, 10, 64),
                    (17, 31, 300),
                    (200, 40, 3),
                    (5, 1030, 2),
                    (1, 65, 127),
                    (65, 1, 31),
                ] {
                    for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
                        for write in [Write::Store, Write::Accumulate] {
                            check::<f32>(m, n, k, ta, tb, write);
                            check::<f64>(m, n, k, ta, tb, write);
                        }
                    }
                }
            });
        }
    }

    #[test]
    fn every_padding_of_a_tile_stays_in_its_block() {
        for &isa in Isa::available() {
            with_isa(isa, || {
                for m in 1..=50 {
                    check::<f32>(m, 33, 9, false, false, Write::Store);
                    check::<f64>(m, 17, 9, true, true, Write::Accumulate);
                }
                check::<f32>(193, 1025, 257, false, false, Write::Store);
            });
        }
    }

    #[test]
    fn batches_broadcast_and_sum() {
        // [2, 1, 2] by [2, 1]: the right operand serves both products.
        let (a, b) = ([1.0_f64, 2.0, 3.0, 4.0], [10.0, 1.0]);
        let mut c = [0.0; 2];
        let plan = GemmPlan::new(
            DType::F64,
            &[2, 1, 2],
            false,
            &[2, 1],
            false,
            &[2, 1, 1],
            Write::Store,
        );
        let mut scratch = vec![0_u64; plan.scratch_bytes() / 8 + 8];
        // SAFETY: the operands have the planned shapes.
        unsafe {
            plan.run(
                a.as_ptr().cast(),
                b.as_ptr().cast(),
                c.as_mut_ptr().cast(),
                scratch.as_mut_ptr().cast(),
            )
        };
        assert_eq!(c, [12.0, 34.0]);
        // An output without the batch receives the sum over it.
        let mut sum = [0.0; 1];
        let plan = GemmPlan::new(
            DType::F64,
            &[2, 1, 2],
            false,
            &[2, 1],
            false,
            &[1, 1],
            Write::Store,
        );
        // SAFETY: as above.
        unsafe {
            plan.run(
                a.as_ptr().cast(),
                b.as_ptr().cast(),
                sum.as_mut_ptr().cast(),
                scratch.as_mut_ptr().cast(),
            )
        };
        assert_eq!(sum, [46.0]);
    }
}
