//! One product over slices, for kernels that are made of products: made without allocating.
//!
//! It is a safe entrance: strides and lengths are checked here.

use super::super::isa::{Isa, isa};
use super::kernels::Tiles;
use super::product::Product;
use super::schedule::Schedule;
use super::stored::Stored;

/// `c (+)= a b` for operands that are read by the strides of their rows and columns. The columns of c are
/// contiguous.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Multiply(Product);

impl Multiply {
    /// A product of `[m, k]` and `[k, n]`.
    pub(crate) fn new(
        [m, k, n]: [usize; 3],
        a: (usize, usize),
        b: (usize, usize),
        c_row: usize,
    ) -> Multiply {
        assert!(c_row >= n, "rows of a result overlap");
        Multiply(Product {
            isa: isa(),
            m,
            n,
            k,
            a,
            b,
            c_row,
            b_stays: false,
            stored: [Stored::Own; 2],
            pairs: false,
        })
    }

    /// The same for a right operand that stays the same over several runs with the same scratch space.
    pub(crate) fn repeated(self) -> Multiply {
        Multiply(Product {
            b_stays: true,
            ..self.0
        })
    }

    /// Elements of scratch space that `run` needs, whatever the instruction set.
    pub(crate) fn scratch<T: Tiles>(&self) -> usize {
        let sets = Isa::available().iter();
        let needed = sets.map(|&isa| Schedule::single::<T>(&Product { isa, ..self.0 }).scratch());
        needed.max().unwrap_or(0)
    }

    /// Computes the product, or adds it to what c holds.
    ///
    /// # Panics
    /// When an operand or the scratch space is too short.
    pub(crate) fn run<T: Tiles>(
        &self,
        a: &[T],
        b: &[T],
        c: &mut [T],
        scratch: &mut [T],
        accumulate: bool,
    ) {
        self.run_again(false, a, b, c, scratch, accumulate);
    }

    /// As `run`. With `again`, the scratch space is as a run of this product left it, and b is what it was;
    /// what was packed of a [`repeated`](Self::repeated) one is not packed again.
    ///
    /// # Panics
    /// As `run`.
    pub(crate) fn run_again<T: Tiles>(
        &self,
        again: bool,
        a: &[T],
        b: &[T],
        c: &mut [T],
        scratch: &mut [T],
        accumulate: bool,
    ) {
        let Product { m, n, k, .. } = self.0;
        let schedule = Schedule::single::<T>(&self.0);
        if m == 0 || n == 0 {
            return;
        }
        let reach =
            |rows: usize, columns: usize, (row, column): (usize, usize)| match (rows, columns) {
                (0, _) | (_, 0) => 0,
                _ => (rows - 1) * row + (columns - 1) * column + 1,
            };
        assert!(
            a.len() >= reach(m, k, self.0.a)
                && b.len() >= reach(k, n, self.0.b)
                && c.len() >= reach(m, n, (self.0.c_row, 1))
                && scratch.len() >= schedule.scratch(),
            "an operand of a product is too short"
        );
        if k == 0 {
            if !accumulate {
                c.chunks_mut(self.0.c_row)
                    .take(m)
                    .for_each(|row| row[..n].fill(T::ZERO));
            }
            return;
        }
        let ready = again && self.0.b_stays && schedule.packs_right_whole(&self.0);
        let operands = (a.as_ptr().cast(), b.as_ptr().cast(), c.as_mut_ptr());
        // SAFETY: the operands are as long as their strides reach, c and the scratch space are borrowed
        // exclusively, and the product was made for an instruction set in use.
        unsafe {
            self.0.run(
                &schedule,
                operands,
                scratch.as_mut_ptr(),
                accumulate,
                ready,
                None,
            );
        }
    }
}
