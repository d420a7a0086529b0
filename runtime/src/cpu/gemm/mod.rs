//! Matrix products over batches that broadcast.
//!
//! `GemmPlan` knows shapes and batches; `schedule` decides how one product is computed; `product` cuts one product into blocks, which `pack` lays out; `tile` and `copy`
//! hold the innermost loops, compiled for every instruction set by `kernels`. Transposes are strides, and
//! nothing is copied for them but what a block needs; operands that are `stored` in another type are converted on
//! the way.

mod copy;
mod kernels;
mod multiply;
mod pack;
mod product;
mod schedule;
mod stored;
mod tile;

use std::fmt;
use std::ops::Range;

pub(crate) use self::kernels::Tiles;
pub(crate) use self::multiply::Multiply;
use self::product::{Finish, Product};
use self::schedule::Schedule;
use self::stored::Stored;
use super::Write;
use super::isa::isa;
use super::precision::{Precision, precision};
use crate::{DType, shape};

/// An operand of a product: the last two axes are its matrices.
#[derive(Clone, Debug)]
pub(crate) struct Side<'s> {
    pub(crate) shape: &'s [usize],
    /// A stride for each axis, and where the first element is, in elements.
    pub(crate) strides: Vec<usize>,
    pub(crate) offset: usize,
    pub(crate) transposed: bool,
}

impl<'s> Side<'s> {
    /// An operand whose elements stand one after another.
    pub(crate) fn packed(shape: &'s [usize], transposed: bool) -> Side<'s> {
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        Side {
            shape,
            strides,
            offset: 0,
            transposed,
        }
    }

    /// Rows and columns of its matrices as they are multiplied, and their strides.
    fn matrix(&self) -> ([usize; 2], (usize, usize)) {
        let last = self.shape.len() - 2;
        let (rows, columns) = (self.shape[last], self.shape[last + 1]);
        let (row, column) = (self.strides[last], self.strides[last + 1]);
        match self.transposed {
            true => ([columns, rows], (column, row)),
            false => ([rows, columns], (row, column)),
        }
    }

    /// The axes before.
    fn batch(&self) -> &'s [usize] {
        &self.shape[..self.shape.len() - 2]
    }

    /// How far the matrices of a batch that is broadcast to `domain` are apart, axis by axis.
    fn apart(&self, domain: &[usize]) -> Vec<usize> {
        let batch = self.batch();
        let mut apart = vec![0; domain.len()];
        let own = batch.iter().zip(&self.strides);
        for (apart, (&size, &stride)) in apart[domain.len() - batch.len()..].iter_mut().zip(own) {
            *apart = if size == 1 { 0 } else { stride };
        }
        apart
    }
}

/// A matrix product whose shapes are known.
#[derive(Clone, Debug)]
pub(crate) struct GemmPlan {
    dtype: DType,
    /// One product of the batch.
    product: Product,
    schedule: Schedule,
    /// Whether the product takes the right operand first.
    swapped: bool,
    /// What the operands are stored as.
    stored: [Stored; 2],
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
        Self::reading(
            dtype,
            &Side::packed(a, transpose_a),
            &Side::packed(b, transpose_b),
            output,
            write,
        )
    }

    /// As `new`, for operands that are read where they are.
    pub(crate) fn reading(
        dtype: DType,
        a: &Side<'_>,
        b: &Side<'_>,
        output: &[usize],
        write: Write,
    ) -> GemmPlan {
        let ([m, k], strides_a) = a.matrix();
        let ([_, n], strides_b) = b.matrix();
        let batch_c = &output[..output.len().saturating_sub(2)];
        let domain = shape::broadcast(&[a.batch(), b.batch(), batch_c]).unwrap_or_default();
        let results = shape::broadcast_strides(batch_c, &domain);
        let results = results.into_iter().map(|stride| stride * m * n).collect();
        let strides: [Vec<usize>; 3] = [a.apart(&domain), b.apart(&domain), results];
        let count: usize = domain.iter().product();
        let mut batch = Vec::with_capacity(count);
        for index in 0..count {
            let mut rest = index;
            let mut offsets = [a.offset, b.offset, 0];
            for (axis, &size) in domain.iter().enumerate().rev() {
                let position = rest % size;
                rest /= size;
                for (offset, stride) in offsets.iter_mut().zip(&strides) {
                    *offset += position * stride[axis];
                }
            }
            batch.push(offsets);
        }
        let product = Product {
            isa: isa(),
            m,
            n,
            k,
            a: strides_a,
            b: strides_b,
            c_row: n,
            b_stays: false,
            stored: [Stored::Own; 2],
            pairs: false,
        };
        let (product, batch) = product.join(batch);
        let (mut product, swapped) = product.upright();
        let rounds = dtype == DType::F32 && precision() == Precision::Bf16;
        product.pairs = rounds && product.repays_pairs();
        GemmPlan {
            dtype,
            schedule: scheduled(dtype, &product, batch.len()),
            product,
            swapped,
            stored: [Stored::Own; 2],
            batch,
            write,
            results: output.iter().product(),
        }
    }

    /// Lets operand 0 or 1 of a product in `f32` be stored as `f16` or `bf16`: it is widened where it is read, and
    /// the digits are those of a widened operand.
    pub(crate) fn store(&mut self, operand: usize, dtype: DType) {
        self.stored[operand] = Stored::of(dtype);
        self.product.stored = self.stored;
        if self.swapped {
            self.product.stored.reverse();
        }
        self.schedule = scheduled(self.dtype, &self.product, self.batch.len());
    }

    /// The multiplications of the whole batch.
    pub(crate) fn multiplications(&self) -> usize {
        self.batch.len() * self.product.m * self.product.n * self.product.k
    }

    /// How many results the output has.
    pub(crate) fn results(&self) -> usize {
        self.results
    }

    /// Whether every result is handed over while it is in the cache, and by how many threads at a time.
    pub(crate) fn hands_over(&self) -> Option<usize> {
        (self.write != Write::Discard && self.once()).then_some(self.schedule.parts)
    }

    /// Whether no two products of the batch reach the same result.
    fn once(&self) -> bool {
        let product = &self.product;
        self.batch.len() * product.m * product.n == self.results && product.k > 0
    }

    /// Bytes of scratch space that `run` needs.
    pub(crate) fn scratch_bytes(&self) -> usize {
        self.schedule.scratch() * if self.dtype == DType::F64 { 8 } else { 4 }
    }

    /// Computes the product.
    ///
    /// # Safety
    /// The pointers are valid for operands of the planned shapes; `c` overlaps nothing; `scratch`
    /// has `scratch_bytes` bytes, aligned to 64.
    pub(crate) unsafe fn run(&self, a: *const u8, b: *const u8, c: *mut u8, scratch: *mut u8) {
        // SAFETY: the caller's contract.
        unsafe { self.run_with(a, b, c, scratch, None) };
    }

    /// Computes the product; `finish` is called for ranges of consecutive results, each result in one of
    /// them, as soon as they are computed and while they are in the cache: part of a row, or whole
    /// rows. It may change them. Several threads may call it at once.
    ///
    /// # Safety
    /// As `run`; `finish` touches no result outside its range.
    pub(crate) unsafe fn run_with(
        &self,
        a: *const u8,
        b: *const u8,
        c: *mut u8,
        scratch: *mut u8,
        finish: Option<&(dyn Fn(Range<usize>) + Sync)>,
    ) {
        // SAFETY: the caller's contract, with the element type that the plan was made for.
        unsafe {
            match self.dtype {
                DType::F64 => {
                    self.typed::<f64>(a, b, c.cast(), scratch.cast(), finish);
                }
                _ => self.typed::<f32>(a, b, c.cast(), scratch.cast(), finish),
            }
        }
    }

    /// # Safety
    /// As `run_with`.
    unsafe fn typed<T: Tiles>(
        &self,
        a: *const u8,
        b: *const u8,
        c: *mut T,
        scratch: *mut T,
        finish: Option<&(dyn Fn(Range<usize>) + Sync)>,
    ) {
        if self.write == Write::Discard {
            return;
        }
        let (size, n) = (self.product.m * self.product.n, self.product.n);
        // Results that several products of the batch reach are finished after the last one.
        let once = self.once();
        let mut written = 0;
        let bytes = self.stored.map(Stored::bytes::<T>);
        // SAFETY: offsets were computed from the shapes.
        unsafe {
            if self.write == Write::Store && (self.product.k == 0 || self.batch.is_empty()) {
                for index in 0..self.results {
                    *c.add(index) = T::ZERO;
                }
            } else {
                for &[at_a, at_b, at_c] in &self.batch {
                    // Batches that share a result come again at an offset below the highest one.
                    let fresh = self.write == Write::Store && at_c >= written;
                    written = written.max(at_c + size);
                    let (a, b) = (a.add(at_a * bytes[0]), b.add(at_b * bytes[1]));
                    let (a, b) = if self.swapped { (b, a) } else { (a, b) };
                    let part = |rows: Range<usize>, columns: Range<usize>| {
                        let Some(finish) = finish else { return };
                        if columns.len() == n {
                            finish(at_c + rows.start * n..at_c + rows.end * n);
                        } else {
                            for row in rows {
                                let start = at_c + row * n;
                                finish(start + columns.start..start + columns.end);
                            }
                        }
                    };
                    let part: Option<Finish<'_>> = match finish {
                        Some(_) if once => Some(&part),
                        _ => None,
                    };
                    let operands = (a, b, c.add(at_c));
                    self.product
                        .run(&self.schedule, operands, scratch, !fresh, false, part);
                }
            }
        }
        if let (Some(finish), false) = (finish, once || self.results == 0) {
            finish(0..self.results);
        }
    }
}

impl fmt::Display for GemmPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let batch = self.batch.len();
        let Product { m, n, k, .. } = self.product;
        write!(f, "gemm {batch} x [{m}, {k}] [{k}, {n}] {:?}", self.write)?;
        if self.product.pairs {
            write!(f, " rounded to bf16")?;
        }
        for (operand, stored) in ["a", "b"].into_iter().zip(self.stored) {
            if stored != Stored::Own {
                write!(f, ", {operand} of {stored:?}")?;
            }
        }
        Ok(())
    }
}

/// How one product of a batch of `count` is computed.
fn scheduled(dtype: DType, product: &Product, count: usize) -> Schedule {
    match (dtype, count) {
        (DType::F64, 1) => Schedule::shared::<f64>(product),
        (DType::F64, _) => Schedule::single::<f64>(product),
        (_, 1) => Schedule::shared::<f32>(product),
        _ => Schedule::single::<f32>(product),
    }
}

#[cfg(test)]
mod tests;
