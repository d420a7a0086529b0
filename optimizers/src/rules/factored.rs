//! The passes of Adafactor over one leaf: moments, the size of the update, the update.
//!
//! Every pass goes over tiles of rows that stay in the first level cache, computes the update anew
//! rather than storing it, and knows nothing of rates or forms.

use cotangent_runtime::cpu::{Vectorized, vectorized};

use crate::lanes::lane_sum;
use crate::slots::TILE;
use crate::{Blend, Real};

/// Column sums of so many rows are added up before they enter the sum of all: sums in single
/// precision stay short.
const ROWS_AT_ONCE: usize = 64;

/// What the update of an element is divided by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Divisor<'a, T> {
    /// The root of its own moment.
    Whole(&'a [T]),
    /// The product of the roots of the row's moment, in units of the rows' mean, and of the
    /// column's.
    Factored {
        rows: &'a [T],
        mean: f64,
        column_roots: &'a [T],
    },
}

/// One matrix, or a whole leaf that isn't factored.
pub(crate) struct Part<'a, T> {
    pub(crate) blend: &'a Blend<T>,
    pub(crate) x: &'a mut [T],
    pub(crate) g: &'a [T],
    /// The least divisor.
    pub(crate) least: T,
    /// Room for two tiles.
    pub(crate) delta: &'a mut [T],
}

impl<T: Real> Part<'_, T> {
    /// The matrix of this number in a stack of matrices of `len` elements.
    pub(crate) fn matrix(&mut self, index: usize, len: usize) -> Part<'_, T> {
        let range = index * len..(index + 1) * len;
        Part {
            blend: self.blend,
            x: &mut self.x[range.clone()],
            g: &self.g[range],
            least: self.least,
            delta: self.delta,
        }
    }

    /// Moves the whole moments towards the squares of the gradient, `added` to each.
    pub(crate) fn observe_whole(&mut self, moments: &mut [T], take: T, added: T) {
        struct Observe<'a, 'p, T>(&'a Part<'p, T>, &'a mut [T], T, T);
        impl<T: Real> Vectorized for Observe<'_, '_, T> {
            type Output = ();
            #[inline(always)]
            fn run(self) {
                let Self(part, moments, take, added) = self;
                for ((v, x), g) in moments.iter_mut().zip(&*part.x).zip(part.g) {
                    let g = part.blend.before::<true>(*x, *g).1;
                    *v += take * (g * g + added - *v);
                }
            }
        }
        vectorized(Observe(self, moments, take, added));
    }

    /// Moves the moments of rows and columns towards the means of the squares, `added` to each;
    /// `work` has room for two rows.
    pub(crate) fn observe_factored(
        &mut self,
        rows: &mut [T],
        columns: &mut [T],
        work: &mut [T],
        take: f64,
        added: T,
    ) {
        struct Observe<'a, 'p, T> {
            part: &'a mut Part<'p, T>,
            rows: &'a mut [T],
            sums: &'a mut [T],
            block: &'a mut [T],
            take: f64,
            added: T,
        }
        impl<T: Real> Vectorized for Observe<'_, '_, T> {
            type Output = ();
            #[inline(always)]
            fn run(self) {
                let width = self.sums.len();
                let Part {
                    blend, x, g, delta, ..
                } = self.part;
                let chunks = x.chunks_exact(width).zip(g.chunks_exact(width));
                for (index, ((x, g), row)) in chunks.zip(self.rows).enumerate() {
                    let mut sum = 0.0;
                    let mut start = 0;
                    while start < width {
                        let end = (start + TILE).min(width);
                        let squares = &mut delta[..end - start];
                        let elements = x[start..end].iter().zip(&g[start..end]);
                        let sums = squares.iter_mut().zip(&mut self.block[start..end]);
                        for ((x, g), (square, block)) in elements.zip(sums) {
                            let g = blend.before::<true>(*x, *g).1;
                            *square = g * g + self.added;
                            *block += *square;
                        }
                        sum += lane_sum::<T, false>(squares, 1.0);
                        start = end;
                    }
                    mean_into(row, sum / width as f64, self.take);
                    if index % ROWS_AT_ONCE == ROWS_AT_ONCE - 1 {
                        empty(self.block, self.sums);
                    }
                }
                empty(self.block, self.sums);
            }
        }
        let height = rows.len() as f64;
        work.fill(T::default());
        let (sums, block) = work.split_at_mut(columns.len());
        vectorized(Observe {
            part: self,
            rows,
            sums,
            block,
            take,
            added,
        });
        for (slot, sum) in columns.iter_mut().zip(&*sums) {
            mean_into(slot, sum.to_f64() / height, take);
        }
    }

    /// The sum of the squared update.
    pub(crate) fn update_squares(&mut self, divisor: Divisor<'_, T>) -> f64 {
        vectorized(Pass::<'_, '_, T, false>(self, divisor, T::default()))
    }

    /// Subtracts `scale` times the update; returns the sum of squared changes.
    pub(crate) fn subtract(&mut self, divisor: Divisor<'_, T>, scale: T) -> f64 {
        vectorized(Pass::<'_, '_, T, true>(self, divisor, scale))
    }
}

/// The sum of the squares of some values.
pub(crate) fn square_sum<T: Real>(values: &[T]) -> f64 {
    crate::norm::squares(values, 1.0)
}

fn mean_into<T: Real>(slot: &mut T, mean: f64, take: f64) {
    let old = slot.to_f64();
    *slot = T::from_f64(old + take * (mean - old));
}

/// Adds one row to another and clears it.
#[inline(always)]
fn empty<T: Real>(from: &mut [T], into: &mut [T]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into += *from;
        *from = T::default();
    }
}

/// The update, measured or applied.
struct Pass<'a, 'p, T, const APPLY: bool>(&'a mut Part<'p, T>, Divisor<'a, T>, T);

impl<T: Real, const APPLY: bool> Vectorized for Pass<'_, '_, T, APPLY> {
    type Output = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        let Self(part, divisor, scale) = self;
        match divisor {
            Divisor::Whole(moments) => row::<T, APPLY>(part, 0, moments, scale, T::sqrt),
            Divisor::Factored {
                rows,
                mean,
                column_roots,
            } => {
                let width = column_roots.len();
                let mut squares = 0.0;
                for (index, moment) in rows.iter().enumerate() {
                    let root = T::from_f64((moment.to_f64() / mean).sqrt());
                    let divisor = |column| root * column;
                    squares += row::<T, APPLY>(part, index * width, column_roots, scale, divisor);
                }
                squares
            }
        }
    }
}

/// One row from the element `first` on; `divisor` makes the divisor of an element's value. One that
/// is no number counts as the least one.
#[inline(always)]
fn row<T: Real, const APPLY: bool>(
    part: &mut Part<'_, T>,
    first: usize,
    values: &[T],
    scale: T,
    divisor: impl Fn(T) -> T,
) -> f64 {
    let row = first..first + values.len();
    let (x, g) = (&mut part.x[row.clone()], &part.g[row]);
    let (blend, least) = (*part.blend, part.least);
    let mut squares = 0.0;
    let mut start = 0;
    while start < values.len() {
        let end = (start + TILE).min(values.len());
        let delta = &mut part.delta[..end - start];
        let elements = x[start..end].iter_mut().zip(&g[start..end]);
        let elements = elements.zip(&values[start..end]).zip(&mut *delta);
        for (((x, g), value), delta) in elements {
            let old = *x;
            let (decayed, g) = blend.before::<true>(old, *g);
            let update = g / divisor(*value).max(least);
            *delta = if APPLY {
                let new = blend.after::<true>(decayed - scale * update);
                *x = new;
                new - old
            } else {
                update
            };
        }
        squares += lane_sum::<T, true>(delta, 1.0);
        start = end;
    }
    squares
}
