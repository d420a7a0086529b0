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

/// What the gradient of an element is multiplied by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scaling<'a, T> {
    /// The inverse root of its own moment.
    Whole(&'a [T]),
    /// The product of the inverse roots of its row's moment, in units of the rows' mean, and of its
    /// column's.
    Factored {
        row_factors: &'a [T],
        column_factors: &'a [T],
    },
}

/// One matrix, or a whole leaf that isn't factored.
pub(crate) struct Part<'a, T> {
    pub(crate) blend: &'a Blend<T>,
    pub(crate) x: &'a mut [T],
    pub(crate) g: &'a [T],
    /// The least root of a moment.
    pub(crate) least: T,
    /// Room for two tiles.
    pub(crate) delta: &'a mut [T],
}

/// The square sums of parameters and update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Squares {
    pub(crate) parameters: f64,
    pub(crate) update: f64,
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

    /// Moves the whole moments towards the squares of the gradient, `added` to each, and measures.
    pub(crate) fn observe_whole(&mut self, moments: &mut [T], take: T, added: T) -> Squares {
        if self.is_plain() {
            vectorized(ObserveWhole::<'_, '_, T, true>(self, moments, take, added))
        } else {
            vectorized(ObserveWhole::<'_, '_, T, false>(self, moments, take, added))
        }
    }

    /// Moves the moments of rows and columns towards the means of the squares, `added` to each, and
    /// gives the square sum of the parameters; `work` has room for two rows.
    pub(crate) fn observe_factored(
        &mut self,
        rows: &mut [T],
        columns: &mut [T],
        work: &mut [T],
        take: f64,
        added: T,
    ) -> f64 {
        let height = rows.len() as f64;
        work.fill(T::default());
        let (sums, block) = work.split_at_mut(columns.len());
        let plain = self.is_plain();
        let pass = ObserveFactored {
            part: self,
            rows,
            sums,
            block,
            take,
            added,
        };
        let parameters = if plain {
            vectorized(Plain::<'_, '_, T, true>(pass))
        } else {
            vectorized(Plain::<'_, '_, T, false>(pass))
        };
        for (slot, sum) in columns.iter_mut().zip(&*sums) {
            mean_into(slot, sum.to_f64() / height, take);
        }
        parameters
    }

    /// The sum of the squared update.
    pub(crate) fn update_squares(&mut self, scaling: Scaling<'_, T>) -> f64 {
        if self.is_plain() {
            vectorized(Pass::<'_, '_, T, false, true>(self, scaling, T::default()))
        } else {
            vectorized(Pass::<'_, '_, T, false, false>(self, scaling, T::default()))
        }
    }

    /// Subtracts `scale` times the update; returns the sum of squared changes.
    pub(crate) fn subtract(&mut self, scaling: Scaling<'_, T>, scale: T) -> f64 {
        if self.is_plain() {
            vectorized(Pass::<'_, '_, T, true, true>(self, scaling, scale))
        } else {
            vectorized(Pass::<'_, '_, T, true, false>(self, scaling, scale))
        }
    }

    /// Whether the gradient alone decides the update, and nothing follows it.
    fn is_plain(&self) -> bool {
        !self.blend.extras && self.blend.l2 == T::default()
    }
}

/// The gradient that the rule sees; with `PLAIN` it doesn't depend on the parameter.
#[inline(always)]
fn gradient<T: Real, const PLAIN: bool>(blend: &Blend<T>, x: T, g: T) -> T {
    if PLAIN {
        g * blend.scale
    } else {
        blend.before::<true>(x, g).1
    }
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

/// Pieces of a row that stay in the first level cache.
#[inline(always)]
fn tiles(len: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..len)
        .step_by(TILE)
        .map(move |start| start..(start + TILE).min(len))
}

struct ObserveWhole<'a, 'p, T, const PLAIN: bool>(&'a mut Part<'p, T>, &'a mut [T], T, T);

impl<T: Real, const PLAIN: bool> Vectorized for ObserveWhole<'_, '_, T, PLAIN> {
    type Output = Squares;
    #[inline(always)]
    fn run(self) -> Squares {
        let Self(part, moments, take, added) = self;
        let (blend, least) = (*part.blend, part.least);
        let (mut parameters, mut update) = (0.0, 0.0);
        for tile in tiles(moments.len()) {
            let (x, g) = (&part.x[tile.clone()], &part.g[tile.clone()]);
            let (v, delta) = (&mut moments[tile], &mut part.delta[..x.len()]);
            for (((x, g), v), delta) in x.iter().zip(g).zip(v).zip(&mut *delta) {
                let g = gradient::<T, PLAIN>(&blend, *x, *g);
                *v += take * (g * g + added - *v);
                *delta = g * inverse_root(*v, least);
            }
            parameters += lane_sum::<T, true>(x);
            update += lane_sum::<T, true>(delta);
        }
        Squares { parameters, update }
    }
}

/// The inverse of the root of a moment, or of `least` if that is larger or the moment no number.
#[inline(always)]
fn inverse_root<T: Real>(moment: T, least: T) -> T {
    let root = moment.sqrt();
    T::from_f64(1.0) / if root > least { root } else { least }
}

/// With the gradient as it is, or with penalties.
struct Plain<'a, 'p, T, const PLAIN: bool>(ObserveFactored<'a, 'p, T>);

impl<T: Real, const PLAIN: bool> Vectorized for Plain<'_, '_, T, PLAIN> {
    type Output = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        self.0.run::<PLAIN>()
    }
}

struct ObserveFactored<'a, 'p, T> {
    part: &'a mut Part<'p, T>,
    rows: &'a mut [T],
    sums: &'a mut [T],
    block: &'a mut [T],
    take: f64,
    added: T,
}

impl<T: Real> ObserveFactored<'_, '_, T> {
    #[inline(always)]
    fn run<const PLAIN: bool>(self) -> f64 {
        let width = self.sums.len();
        let Part {
            blend, x, g, delta, ..
        } = self.part;
        let (blend, mut parameters) = (**blend, 0.0);
        let chunks = x.chunks_exact(width).zip(g.chunks_exact(width));
        for (index, ((x, g), row)) in chunks.zip(self.rows).enumerate() {
            let mut sum = 0.0;
            for tile in tiles(width) {
                let (x, g) = (&x[tile.clone()], &g[tile.clone()]);
                let (squares, block) = (&mut delta[..x.len()], &mut self.block[tile]);
                square::<T, PLAIN>(blend, self.added, x, g, squares, block);
                sum += lane_sum::<T, false>(squares);
                parameters += lane_sum::<T, true>(x);
            }
            mean_into(row, sum / width as f64, self.take);
            if index % ROWS_AT_ONCE == ROWS_AT_ONCE - 1 {
                empty(self.block, self.sums);
            }
        }
        empty(self.block, self.sums);
        parameters
    }
}

/// The update, measured or applied.
struct Pass<'a, 'p, T, const APPLY: bool, const PLAIN: bool>(
    &'a mut Part<'p, T>,
    Scaling<'a, T>,
    T,
);

impl<T: Real, const APPLY: bool, const PLAIN: bool> Vectorized for Pass<'_, '_, T, APPLY, PLAIN> {
    type Output = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        let Self(part, scaling, scale) = self;
        let least = part.least;
        match scaling {
            Scaling::Whole(moments) => {
                let factor = |moment| inverse_root(moment, least);
                row::<T, APPLY, PLAIN>(part, 0, moments, scale, factor)
            }
            Scaling::Factored {
                row_factors,
                column_factors,
            } => {
                let (width, largest) = (column_factors.len(), T::from_f64(1.0) / least);
                let mut squares = 0.0;
                for (index, &row_factor) in row_factors.iter().enumerate() {
                    // A product that is no number counts as the largest one.
                    let factor = |column| {
                        let product = row_factor * column;
                        if product < largest { product } else { largest }
                    };
                    let first = index * width;
                    squares += row::<T, APPLY, PLAIN>(part, first, column_factors, scale, factor);
                }
                squares
            }
        }
    }
}

/// One row from the element `first` on; `factor` makes of an element's value what its gradient is
/// multiplied by.
#[inline(always)]
fn row<T: Real, const APPLY: bool, const PLAIN: bool>(
    part: &mut Part<'_, T>,
    first: usize,
    values: &[T],
    scale: T,
    factor: impl Fn(T) -> T,
) -> f64 {
    let row = first..first + values.len();
    let (x, g) = (&mut part.x[row.clone()], &part.g[row]);
    let (blend, mut squares) = (*part.blend, 0.0);
    for tile in tiles(values.len()) {
        let delta = &mut part.delta[..tile.len()];
        let (x, g, values) = (&mut x[tile.clone()], &g[tile.clone()], &values[tile]);
        step::<T, APPLY, PLAIN>(blend, scale, x, g, values, delta, &factor);
        squares += lane_sum::<T, true>(delta);
    }
    squares
}

// The innermost loops take every array as an argument: so LLVM learns that they don't overlap.

/// The squares of a tile's gradient, which are also added to the block's.
#[inline(always)]
fn square<T: Real, const PLAIN: bool>(
    blend: Blend<T>,
    added: T,
    x: &[T],
    g: &[T],
    squares: &mut [T],
    block: &mut [T],
) {
    for (((x, g), square), block) in x.iter().zip(g).zip(squares).zip(block) {
        let g = gradient::<T, PLAIN>(&blend, *x, *g);
        *square = g * g + added;
        *block += *square;
    }
}

/// The update of a tile or, with `APPLY`, the change.
#[inline(always)]
fn step<T: Real, const APPLY: bool, const PLAIN: bool>(
    blend: Blend<T>,
    scale: T,
    x: &mut [T],
    g: &[T],
    values: &[T],
    delta: &mut [T],
    factor: impl Fn(T) -> T,
) {
    for (((x, g), value), delta) in x.iter_mut().zip(g).zip(values).zip(delta) {
        let update = gradient::<T, PLAIN>(&blend, *x, *g) * factor(*value);
        *delta = if APPLY {
            let (old, decayed) = (*x, *x * blend.shrink);
            let new = decayed - scale * update;
            *x = if PLAIN { new } else { blend.after::<true>(new) };
            *x - old
        } else {
            update
        };
    }
}
