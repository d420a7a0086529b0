//! A matrix product over slices, planned once: the safe entrance to `gemm`.
//!
//! Sizes are checked here and nowhere below. It knows no tensors.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use super::threads::Shared;
use super::{GemmPlan, Write};
use crate::Float;
use crate::buffer::Buffer;

/// A planned matrix product `c = a b`, or `c += a b`, of row-major matrices, either of which may be
/// read transposed. It allocates when it is planned, and never when it runs.
///
/// ```
/// use cotangent_runtime::cpu::MatMul;
/// // [2, 3] by [3, 1]
/// let mut product = MatMul::new(2, 3, 1);
/// let mut c = [f64::NAN; 2];
/// product.run(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0, 0.0, -1.0], &mut c);
/// assert_eq!(c, [-2.0, -2.0]);
/// ```
pub struct MatMul<T: Float> {
    plan: GemmPlan,
    scratch: Buffer<f64>,
    /// Elements of a, b and c.
    lengths: [usize; 3],
    element: PhantomData<T>,
}

impl<T: Float> MatMul<T> {
    /// Plans `c[m, n] = a[m, k] b[k, n]`.
    #[must_use]
    pub fn new(m: usize, k: usize, n: usize) -> Self {
        Self::planned([m, k, n], [false; 2], Write::Store)
    }

    /// Plans the product of operands that are stored transposed where `transposed` says so: `a` as
    /// `[k, m]`, `b` as `[n, k]`. With `accumulate` it adds to what `c` holds.
    #[must_use]
    pub fn with(m: usize, k: usize, n: usize, transposed: [bool; 2], accumulate: bool) -> Self {
        let write = if accumulate {
            Write::Accumulate
        } else {
            Write::Store
        };
        Self::planned([m, k, n], transposed, write)
    }

    fn planned([m, k, n]: [usize; 3], transposed: [bool; 2], write: Write) -> Self {
        let order = |rows, columns, swap: bool| {
            if swap {
                [columns, rows]
            } else {
                [rows, columns]
            }
        };
        let (a, b) = (order(m, k, transposed[0]), order(k, n, transposed[1]));
        let plan = GemmPlan::new(
            T::DTYPE,
            &a,
            transposed[0],
            &b,
            transposed[1],
            &[m, n],
            write,
        );
        MatMul {
            scratch: Buffer::zeros(plan.scratch_bytes().div_ceil(8)),
            plan,
            lengths: [m * k, k * n, m * n],
            element: PhantomData,
        }
    }

    /// Computes the product.
    ///
    /// # Panics
    /// When a slice has not the length of its matrix.
    pub fn run(&mut self, a: &[T], b: &[T], c: &mut [T]) {
        assert_eq!(
            [a.len(), b.len(), c.len()],
            self.lengths,
            "lengths of the operands and the result of a matrix product"
        );
        // SAFETY: the lengths are those of the planned shapes, and c is borrowed exclusively.
        unsafe {
            self.plan.run(
                a.as_ptr().cast(),
                b.as_ptr().cast(),
                c.as_mut_ptr().cast(),
                self.scratch.as_mut_slice().as_mut_ptr().cast(),
            );
        }
    }

    /// As `run`, and hands results to `finish` as soon as they are computed and while they are in the cache,
    /// for a bias, an activation, a residual: consecutive ones, part of a row or whole rows, with the number
    /// of the first. Every result is handed over once; several threads may do it at a time.
    ///
    /// ```
    /// use cotangent_runtime::cpu::MatMul;
    /// let (mut product, bias) = (MatMul::new(2, 1, 2), [0.5, -10.0]);
    /// let mut c = [f64::NAN; 4];
    /// product.run_with(&[1.0, 2.0], &[3.0, 4.0], &mut c, &|first, results| {
    ///     for (at, result) in (first..).zip(results) {
    ///         *result = (*result + bias[at % 2]).max(0.0);
    ///     }
    /// });
    /// assert_eq!(c, [3.5, 0.0, 6.5, 0.0]);
    /// ```
    ///
    /// # Panics
    /// When a slice has not the length of its matrix.
    pub fn run_with(
        &mut self,
        a: &[T],
        b: &[T],
        c: &mut [T],
        finish: &(dyn Fn(usize, &mut [T]) + Sync),
    ) {
        assert_eq!(
            [a.len(), b.len(), c.len()],
            self.lengths,
            "lengths of the operands and the result of a matrix product"
        );
        // SAFETY: no two ranges overlap, so a part reads and writes results that are its own.
        let shared = unsafe { Shared::new(c.as_mut_ptr()) };
        let ranges = |range: Range<usize>| {
            // SAFETY: as above; ranges lie inside the results, which are computed and borrowed exclusively.
            let results = unsafe {
                std::slice::from_raw_parts_mut(shared.get().add(range.start), range.len())
            };
            finish(range.start, results);
        };
        // SAFETY: as in `run`.
        unsafe {
            self.plan.run_with(
                a.as_ptr().cast(),
                b.as_ptr().cast(),
                shared.get().cast(),
                self.scratch.as_mut_slice().as_mut_ptr().cast(),
                Some(&ranges),
            );
        }
    }
}

impl<T: Float> fmt::Debug for MatMul<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.plan)
    }
}
