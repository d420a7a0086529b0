//! Matrix products over batches that broadcast.
//!
//! `GemmPlan` knows shapes and batches; `product` cuts one product into blocks, which `pack` copies; `tile` holds the
//! innermost loops, compiled for every instruction set by `kernels`. Transposes are strides, and
//! nothing is copied for them but what a block needs.

mod kernels;
mod multiply;
mod pack;
mod product;
mod tile;

use std::fmt;

pub(crate) use self::kernels::Tiles;
pub(crate) use self::multiply::Multiply;
use self::product::Product;
use super::Write;
use super::isa::isa;
use crate::{DType, shape};

/// A matrix product whose shapes are known.
#[derive(Clone, Debug)]
pub(crate) struct GemmPlan {
    dtype: DType,
    /// One product of the batch.
    product: Product,
    /// Whether the product takes the right operand first.
    swapped: bool,
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
        let product = Product {
            isa: isa(),
            parts: 1,
            m,
            n,
            k,
            a: strides_a,
            b: strides_b,
            c_row: n,
        };
        let (product, batch) = product.join(batch);
        let (mut product, swapped) = product.upright();
        if batch.len() == 1 {
            product.parts = match dtype {
                DType::F64 => product.shares::<f64>(),
                _ => product.shares::<f32>(),
            };
        }
        GemmPlan {
            dtype,
            product,
            swapped,
            batch,
            write,
            results: output.iter().product(),
        }
    }

    /// The multiplications of the whole batch.
    pub(crate) fn multiplications(&self) -> usize {
        self.batch.len() * self.product.m * self.product.n * self.product.k
    }

    /// Bytes of scratch space that `run` needs.
    pub(crate) fn scratch_bytes(&self) -> usize {
        match self.dtype {
            DType::F64 => self.product.scratch::<f64>() * 8,
            _ => self.product.scratch::<f32>() * 4,
        }
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
            if self.write == Write::Store && (self.product.k == 0 || self.batch.is_empty()) {
                for index in 0..self.results {
                    *c.add(index) = T::ZERO;
                }
                return;
            }
            for &[at_a, at_b, at_c] in &self.batch {
                // Batches that share a result come again at an offset below the highest one.
                let fresh = self.write == Write::Store && at_c >= written;
                written = written.max(at_c + self.product.m * self.product.n);
                let (a, b) = if self.swapped {
                    (b.add(at_b), a.add(at_a))
                } else {
                    (a.add(at_a), b.add(at_b))
                };
                self.product.run(a, b, c.add(at_c), scratch, !fresh);
            }
        }
    }
}

impl fmt::Display for GemmPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let batch = self.batch.len();
        let Product { m, n, k, .. } = self.product;
        write!(f, "gemm {batch} x [{m}, {k}] [{k}, {n}] {:?}", self.write)
    }
}

#[cfg(test)]
mod tests;
