//! Reductions over axes: sums, products, extremes and `ln sum e^x`.
//!
//! A tensor is walked row by row, in order. Where the last axis is reduced, a row is folded in lanes
//! that are joined in a fixed order; where it is not, a row is folded into a row of results. Sums and
//! products run in double precision.

use super::dispatch::{Vectorized, vectorized};
use super::real::Real;

/// The most axes of a tensor that is reduced: indices live in arrays of this length.
pub(crate) const MOST_AXES: usize = 12;
/// Lanes of a fold: four vectors of doubles, so that one addition need not wait for the last.
const LANES: usize = 32;

/// Which reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    Sum,
    Maximum,
    Minimum,
    LogSumExp,
}

/// The rows of a tensor in order: where each begins, and where its results begin.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    /// The last axis, and whether its elements have results of their own.
    pub(crate) length: usize,
    pub(crate) kept: bool,
    /// The axes before it; neighbours that are both reduced, or both kept, are one.
    sizes: [usize; MOST_AXES],
    /// How far apart the results along them are, 0 where they are reduced.
    strides: [usize; MOST_AXES],
    axes: usize,
    position: [usize; MOST_AXES],
    row: usize,
    rows: usize,
    to: usize,
}

impl Walk {
    /// The walk over a tensor of at most [`MOST_AXES`] axes.
    pub(crate) fn new(shape: &[usize], reduced: impl Fn(usize) -> bool) -> Walk {
        let (mut sizes, mut kept) = ([1; MOST_AXES], [false; MOST_AXES]);
        let mut axes = 0;
        for (axis, &size) in shape.iter().enumerate() {
            let keeps = !reduced(axis);
            if size == 1 {
                continue;
            }
            if axes > 0 && kept[axes - 1] == keeps {
                sizes[axes - 1] *= size;
            } else {
                (sizes[axes], kept[axes]) = (size, keeps);
                axes += 1;
            }
        }
        let (mut strides, mut step) = ([0; MOST_AXES], 1);
        for axis in (0..axes).rev() {
            if kept[axis] {
                strides[axis] = step;
                step *= sizes[axis];
            }
        }
        let axes = axes.saturating_sub(1);
        Walk {
            length: sizes[axes],
            kept: kept[axes],
            rows: sizes[..axes].iter().product(),
            sizes,
            strides,
            axes,
            position: [0; MOST_AXES],
            row: 0,
            to: 0,
        }
    }
}

impl Iterator for Walk {
    type Item = (usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.row == self.rows {
            return None;
        }
        let place = (self.row * self.length, self.to);
        self.row += 1;
        for axis in (0..self.axes).rev() {
            self.position[axis] += 1;
            self.to += self.strides[axis];
            if self.position[axis] < self.sizes[axis] {
                break;
            }
            self.to -= self.strides[axis] * self.sizes[axis];
            self.position[axis] = 0;
        }
        Some(place)
    }
}

/// The sum of all elements.
pub(crate) fn sum<T: Real>(x: &[T]) -> f64 {
    struct Sum<'x, T>(&'x [T]);
    impl<T: Real> Vectorized for Sum<'_, T> {
        type Output = f64;
        #[inline(always)]
        fn run(self) -> f64 {
            total(self.0, T::ZERO, Element)
        }
    }
    vectorized(Sum(x))
}

/// Reduces `x`, over which `walk` leads, into `y`; `sums` has as many elements as `y`.
pub(crate) fn reduce<T: Real>(
    reduction: Reduction,
    walk: Walk,
    x: &[T],
    y: &mut [T],
    sums: &mut [f64],
) {
    vectorized(Reduce {
        reduction,
        walk,
        x,
        y,
        sums,
    });
}

struct Reduce<'r, T> {
    reduction: Reduction,
    walk: Walk,
    x: &'r [T],
    y: &'r mut [T],
    sums: &'r mut [f64],
}

impl<T: Real> Vectorized for Reduce<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Reduce {
            reduction,
            walk,
            x,
            y,
            sums,
        } = self;
        match reduction {
            Reduction::Sum => {
                add_rows(walk, x, y, sums, Element);
                for (y, &sum) in y.iter_mut().zip(&*sums) {
                    *y = T::from_f64(sum);
                }
            }
            Reduction::Maximum => extremes(walk, x, y, Largest),
            Reduction::Minimum => extremes(walk, x, y, Smallest),
            Reduction::LogSumExp => {
                extremes(walk.clone(), x, y, Largest);
                add_rows(walk, x, y, sums, Exponential);
                for (y, &sum) in y.iter_mut().zip(&*sums) {
                    // Of nothing, and of minus infinities only, it is minus infinity.
                    if y.to_f64().is_finite() {
                        *y = T::from_f64(y.to_f64() + sum.ln());
                    }
                }
            }
        }
    }
}

/// What is summed: a function of an element and of what its result holds beforehand.
trait Term<T>: Copy {
    fn of(self, x: T, held: T) -> f64;
}

#[derive(Clone, Copy)]
struct Element;

impl<T: Real> Term<T> for Element {
    #[inline(always)]
    fn of(self, x: T, _: T) -> f64 {
        x.to_f64()
    }
}

/// `e^(x - largest)`, and 1 for the largest, even where it is infinite.
#[derive(Clone, Copy)]
struct Exponential;

impl<T: Real> Term<T> for Exponential {
    #[inline(always)]
    fn of(self, x: T, held: T) -> f64 {
        let term = (x - held).exp().to_f64();
        if x == held { 1.0 } else { term }
    }
}

#[inline(always)]
fn add_rows<T: Real>(walk: Walk, x: &[T], y: &[T], sums: &mut [f64], term: impl Term<T>) {
    let (length, kept) = (walk.length, walk.kept);
    sums.fill(0.0);
    for (from, to) in walk {
        let row = &x[from..from + length];
        if kept {
            let (sums, held) = (&mut sums[to..to + length], &y[to..to + length]);
            for ((sum, &x), &held) in sums.iter_mut().zip(row).zip(held) {
                *sum += term.of(x, held);
            }
        } else {
            sums[to] += total(row, y[to], term);
        }
    }
}

/// The sum over a row, in lanes.
#[inline(always)]
fn total<T: Real>(row: &[T], held: T, term: impl Term<T>) -> f64 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut sum = 0.0;
    for &x in rest {
        sum += term.of(x, held);
    }
    if chunks.is_empty() {
        return sum;
    }
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += term.of(x, held);
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        let (low, high) = lanes.split_at_mut(width);
        low.iter_mut()
            .zip(high)
            .for_each(|(low, high)| *low += *high);
        width /= 2;
    }
    lanes[0] + sum
}

/// Which element stays; NaN always does.
trait Better<T>: Copy {
    /// What every element beats.
    const LEAST: f64;
    fn beats(self, x: T, best: T) -> bool;

    #[inline(always)]
    fn of(self, x: T, best: T) -> T
    where
        T: Real,
    {
        let wins = self.beats(x, best) || x.to_f64().is_nan();
        if wins { x } else { best }
    }
}

#[derive(Clone, Copy)]
struct Largest;

impl<T: Real> Better<T> for Largest {
    const LEAST: f64 = f64::NEG_INFINITY;

    #[inline(always)]
    fn beats(self, x: T, best: T) -> bool {
        x > best
    }
}

#[derive(Clone, Copy)]
struct Smallest;

impl<T: Real> Better<T> for Smallest {
    const LEAST: f64 = f64::INFINITY;

    #[inline(always)]
    fn beats(self, x: T, best: T) -> bool {
        x < best
    }
}

#[inline(always)]
fn extremes<T: Real, B: Better<T>>(walk: Walk, x: &[T], y: &mut [T], better: B) {
    let (length, kept, least) = (walk.length, walk.kept, T::from_f64(B::LEAST));
    y.fill(least);
    for (from, to) in walk {
        let row = &x[from..from + length];
        if kept {
            for (best, &x) in y[to..to + length].iter_mut().zip(row) {
                *best = better.of(x, *best);
            }
            continue;
        }
        let mut best = y[to];
        let mut lanes = [least; LANES];
        let (chunks, rest) = row.as_chunks::<LANES>();
        for chunk in chunks {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane = better.of(x, *lane);
            }
        }
        if !chunks.is_empty() {
            for lane in lanes {
                best = better.of(lane, best);
            }
        }
        for &x in rest {
            best = better.of(x, best);
        }
        y[to] = best;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::{Isa, with_isa};

    /// What the definition says, index by index.
    fn defined(reduction: Reduction, shape: &[usize], reduced: &[bool], x: &[f64]) -> Vec<f64> {
        let kept = |axis: usize| if reduced[axis] { 1 } else { shape[axis] };
        let results: usize = (0..shape.len()).map(kept).product();
        let mut members = vec![Vec::new(); results];
        for (index, &x) in x.iter().enumerate() {
            let (mut rest, mut to, mut step) = (index, 0, 1);
            for axis in (0..shape.len()).rev() {
                if !reduced[axis] {
                    to += rest % shape[axis] * step;
                    step *= shape[axis];
                }
                rest /= shape[axis];
            }
            members[to].push(x);
        }
        let fold = |members: &Vec<f64>| match reduction {
            Reduction::Sum => members.iter().sum(),
            Reduction::Maximum => members.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b)),
            Reduction::Minimum => members.iter().fold(f64::INFINITY, |a, &b| a.min(b)),
            Reduction::LogSumExp => members.iter().map(|x| x.exp()).sum::<f64>().ln(),
        };
        members.iter().map(fold).collect()
    }

    #[test]
    fn every_reduction_follows_its_definition_over_any_axes() {
        let shapes: [&[usize]; 8] = [
            &[],
            &[0],
            &[1, 5],
            &[33],
            &[3, 64],
            &[2, 3, 65],
            &[4, 1, 3, 2],
            &[2, 0, 3],
        ];
        for (shape, &isa) in shapes
            .iter()
            .flat_map(|s| Isa::available().iter().map(move |i| (s, i)))
        {
            let count: usize = shape.iter().product();
            let x: Vec<f64> = (0..count)
                .map(|i| (i * 37 % 101) as f64 / 20.0 - 2.0)
                .collect();
            for axes in 0..1_usize << shape.len() {
                let reduced: Vec<bool> =
                    (0..shape.len()).map(|axis| axes >> axis & 1 == 1).collect();
                for reduction in [
                    Reduction::Sum,
                    Reduction::Maximum,
                    Reduction::Minimum,
                    Reduction::LogSumExp,
                ] {
                    let want = defined(reduction, shape, &reduced, &x);
                    let (mut y, mut sums) = (vec![0.5; want.len()], vec![0.5; want.len()]);
                    let walk = Walk::new(shape, |axis| reduced[axis]);
                    with_isa(isa, || reduce(reduction, walk, &x, &mut y, &mut sums));
                    for (y, want) in y.iter().zip(&want) {
                        // Sums of 200 terms, in another order.
                        let close = y == want || (y - want).abs() <= 1e-13 * want.abs().max(1.0);
                        assert!(
                            close,
                            "{reduction:?} of {shape:?} over {reduced:?}: {y}, not {want}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn not_a_number_wins_wherever_it_stands() {
        for at in [0, 31, 32, 70] {
            let mut x = vec![1.0_f32; 71];
            x[at] = f32::NAN;
            for reduction in [Reduction::Maximum, Reduction::Minimum, Reduction::LogSumExp] {
                let (mut y, mut sums) = ([0.0], [0.0]);
                reduce(reduction, Walk::new(&[71], |_| true), &x, &mut y, &mut sums);
                assert!(y[0].is_nan(), "{reduction:?} with NaN at {at}");
                // The same column beside one without NaN.
                let pairs: Vec<f32> = x.iter().flat_map(|&x| [1.0, x]).collect();
                let (mut y, mut sums) = ([0.0; 2], [0.0; 2]);
                let walk = Walk::new(&[71, 2], |axis| axis == 0);
                reduce(reduction, walk, &pairs, &mut y, &mut sums);
                assert!(
                    !y[0].is_nan() && y[1].is_nan(),
                    "{reduction:?} with NaN at {at}"
                );
            }
        }
    }
}
