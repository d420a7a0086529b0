//! SM3: second moments by slices along every axis.

use cotangent_runtime::cpu::{Vectorized, vectorized};
use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::lanes::{lane_max, lane_sum};
use crate::slots::TILE;
use crate::tensor_rule::{LeafStep, Slot, TensorRule};
use crate::{Blend, Error, Initial, OptimizerBuilder, Real, StepContext};

/// SM3 (Anil et al. 2019): the accumulator of an element is `g^2` plus the least of the maxima of
/// the slices that it lies in, one slice per axis; `m = mu m + (1 - mu) g / sqrt(accumulator +
/// eps)`, `x -= lr m`. Memory grows with the sum of the sizes, not with their product.
///
/// ```
/// use cotangent_optimizers::Sm3;
/// let mut x = vec![1.0_f64];
/// Sm3::new(0.1).momentum(0.0).build(&x)?.step(&mut x, &vec![4.0])?;
/// assert!((x[0] - 0.9).abs() < 1e-9);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sm3 {
    momentum: f64,
    eps: f64,
}

impl Sm3 {
    /// The rule with this learning rate and momentum 0.9.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                momentum: 0.9,
                eps: 1e-8,
            },
            rate,
        )
    }
}

setters! { Sm3 {
    /// The momentum mu, in [0, 1).
    momentum: f64;
    /// What is added under the root, above 0.
    eps: f64;
} }

impl TensorRule for Sm3 {
    const NAME: &'static str = "sm3";
    type Prepared<T: Real> = T;
    /// The new maxima.
    type Room<T: Real> = Vec<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("momentum", self.momentum, 0.0, 1.0)?;
        check_positive("eps", self.eps)
    }

    fn slots(&self, shape: &[usize]) -> Vec<Slot> {
        // A number is a slice of its own.
        let maxima = shape
            .iter()
            .sum::<usize>()
            .max(usize::from(shape.is_empty()));
        let slot = |name, shape| Slot {
            name,
            shape,
            initial: Initial::Value(0.0),
        };
        vec![
            slot("maxima", vec![maxima]),
            slot("momentum", shape.to_vec()),
        ]
    }

    fn room<T: Real>(&self, shape: &[usize]) -> Vec<T> {
        vec![T::default(); shape.iter().sum::<usize>().max(1)]
    }

    fn prepare<T: Real>(&self, context: &StepContext<'_>) -> T {
        T::from_f64(context.rate)
    }

    fn update<T: Real>(
        &self,
        _context: &StepContext<'_>,
        rate: &T,
        blend: &Blend<T>,
        leaf: &mut LeafStep<'_, T>,
        room: &mut Vec<T>,
    ) -> f64 {
        let shape = if leaf.shape.is_empty() {
            &[1]
        } else {
            leaf.shape
        };
        let (maxima, momentum) = leaf.slots.split_at_mut(shape.iter().sum());
        let new = &mut room[..maxima.len()];
        new.fill(T::default());
        let [keep, take, eps] = [self.momentum, 1.0 - self.momentum, self.eps].map(T::from_f64);
        let squares = vectorized(Rows {
            constants: Constants {
                blend,
                keep,
                take,
                eps,
                rate: *rate,
            },
            shape,
            maxima,
            new,
            momentum,
            x: leaf.x,
            g: leaf.g,
            delta: leaf.delta,
        });
        maxima.copy_from_slice(new);
        squares
    }
}

#[derive(Clone, Copy)]
struct Constants<'a, T> {
    blend: &'a Blend<T>,
    keep: T,
    take: T,
    eps: T,
    rate: T,
}

/// A leaf, row after row: the slices of all axes but the last are the same along a row.
struct Rows<'a, T> {
    constants: Constants<'a, T>,
    shape: &'a [usize],
    maxima: &'a [T],
    new: &'a mut [T],
    momentum: &'a mut [T],
    x: &'a mut [T],
    g: &'a [T],
    delta: &'a mut [T],
}

impl<T: Real> Vectorized for Rows<'_, T> {
    type Output = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        let Some((&width, outer)) = self.shape.split_last() else {
            return 0.0;
        };
        let places = outer.iter().sum();
        let (row_maxima, column_maxima) = self.maxima.split_at(places);
        let (new_rows, new_columns) = self.new.split_at_mut(places);
        let (change, sums) = self.delta.split_at_mut(TILE);
        let mut squares = 0.0;
        for first in (0..self.x.len()).step_by(width.max(1)) {
            let mut least = T::from_f64(f64::INFINITY);
            for place in slices(outer, first / width) {
                least = smaller(row_maxima[place], least);
            }
            let mut largest = T::default();
            let mut start = 0;
            while start < width {
                let end = (start + TILE).min(width);
                let range = first + start..first + end;
                let len = end - start;
                tile(
                    self.constants,
                    least,
                    &mut self.x[range.clone()],
                    &self.g[range.clone()],
                    &mut self.momentum[range],
                    &column_maxima[start..end],
                    &mut new_columns[start..end],
                    [&mut change[..len], &mut sums[..len]],
                );
                squares += lane_sum::<T, true>(&change[..len]);
                largest = larger(largest, lane_max(&sums[..len]));
                start = end;
            }
            for place in slices(outer, first / width) {
                new_rows[place] = larger(new_rows[place], largest);
            }
        }
        squares
    }
}

#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "one slice per array")]
fn tile<T: Real>(
    constants: Constants<'_, T>,
    least: T,
    x: &mut [T],
    g: &[T],
    momentum: &mut [T],
    maxima: &[T],
    new_maxima: &mut [T],
    [change, sums]: [&mut [T]; 2],
) {
    let Constants {
        blend,
        keep,
        take,
        eps,
        rate,
    } = constants;
    let (blend, len) = (*blend, x.len());
    let (g, momentum, maxima) = (&g[..len], &mut momentum[..len], &maxima[..len]);
    let (new_maxima, change, sums) = (&mut new_maxima[..len], &mut change[..len], &mut sums[..len]);
    for i in 0..len {
        let old = x[i];
        let (decayed, g) = blend.before::<true>(old, g[i]);
        let sum = g * g + smaller(maxima[i], least);
        let scaled = if sum > T::default() {
            g / (sum + eps).sqrt()
        } else {
            T::default()
        };
        let m = keep * momentum[i] + take * scaled;
        let new = blend.after::<true>(decayed - rate * m);
        momentum[i] = m;
        new_maxima[i] = larger(new_maxima[i], sum);
        sums[i] = sum;
        x[i] = new;
        change[i] = new - old;
    }
}

/// The places of the slices, one per axis, that the element of this number lies in.
#[inline(always)]
fn slices(shape: &[usize], element: usize) -> impl Iterator<Item = usize> + '_ {
    let mut inner: usize = shape.iter().product();
    let mut start = 0;
    shape.iter().map(move |&size| {
        inner /= size.max(1);
        let place = start + element / inner.max(1) % size.max(1);
        start += size;
        place
    })
}

// Comparisons rather than `min` and `max`: all values are numbers, and these vectorise.
#[inline(always)]
fn smaller<T: Real>(a: T, b: T) -> T {
    if a < b { a } else { b }
}

#[inline(always)]
fn larger<T: Real>(a: T, b: T) -> T {
    if a > b { a } else { b }
}
