//! Normalisation: elements minus their mean, divided by their deviation, over any part of the axes; and its
//! gradient.
//!
//! A tensor is seen as `[outer, groups, inner]`; each group has its own statistics, taken in double
//! precision on lanes that are joined at the end, in an order that depends on the sizes alone. A group is
//! worked on from its first pass to its last before the next, so that it stays in the cache.

use super::dispatch::{Vectorized, vectorized};
use super::real::Real;

/// Lanes of a sum.
const LANES: usize = 16;
/// Rows that are shorter are summed side by side where a group has many of them.
const SHORT: usize = 8;

/// What is normalised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Normal {
    pub(crate) outer: usize,
    pub(crate) groups: usize,
    pub(crate) inner: usize,
    /// Whether the mean is subtracted.
    pub(crate) centred: bool,
    /// What is added to the variance.
    pub(crate) eps: f64,
}

/// Of one group: what is subtracted, and what is multiplied with.
#[derive(Clone, Copy, Default)]
struct Statistics {
    mean: f64,
    scale: f64,
}

impl Normal {
    /// Elements of a group.
    fn count(&self) -> f64 {
        (self.outer * self.inner) as f64
    }

    /// Whether groups are columns, worked on side by side.
    fn side_by_side(&self) -> bool {
        self.inner < SHORT && self.outer > 1
    }

    /// Floats of scratch space that both directions need.
    pub(crate) fn scratch(&self) -> usize {
        if self.side_by_side() {
            4 * self.groups
        } else {
            0
        }
    }

    /// Where the rows of a group begin.
    #[inline(always)]
    fn rows(self, group: usize) -> impl Iterator<Item = usize> {
        (0..self.outer).map(move |outer| (outer * self.groups + group) * self.inner)
    }

    fn statistics(&self, mean: f64, squares: f64) -> Statistics {
        let scale = 1.0 / (squares / self.count() + self.eps).sqrt();
        Statistics { mean, scale }
    }

    /// `y = (x - mean) / sqrt(var + eps)`, with the variance's divisor n; without the mean, and with the mean
    /// square, where it is not centred.
    pub(crate) fn forward<T: Real>(&self, x: &[T], y: &mut [T], scratch: &mut [f64]) {
        let normal = *self;
        vectorized(Forward {
            normal,
            x,
            y,
            scratch,
        });
    }

    /// The gradient of x from x, y and the cotangent of y: with the means m of a group,
    /// `x' = (y' - m(y') - y m(y y')) / sqrt(var + eps)`, without the second term where it is not centred.
    pub(crate) fn backward<T: Real>(
        &self,
        (x, y, dy): (&[T], &[T], &[T]),
        dx: &mut [T],
        scratch: &mut [f64],
    ) {
        let normal = *self;
        vectorized(Backward {
            normal,
            x,
            y,
            dy,
            dx,
            scratch,
        });
    }

    /// The statistics of a group of rows.
    #[inline(always)]
    fn of_rows<T: Real>(&self, x: &[T], group: usize) -> Statistics {
        let mut mean = 0.0;
        if self.centred {
            for at in self.rows(group) {
                mean += sum([&x[at..at + self.inner]; 2], |x, _| x);
            }
            mean /= self.count();
        }
        let mut squares = 0.0;
        for at in self.rows(group) {
            squares += sum([&x[at..at + self.inner]; 2], |x, _| (x - mean) * (x - mean));
        }
        self.statistics(mean, squares)
    }

    /// `to[g] += f(element number, g)` over all elements, column by column.
    #[inline(always)]
    fn columns(&self, to: &mut [f64], f: impl Fn(usize, usize) -> f64) {
        to.fill(0.0);
        for outer in 0..self.outer {
            for (group, to) in to.iter_mut().enumerate() {
                for inner in 0..self.inner {
                    *to += f((outer * self.groups + group) * self.inner + inner, group);
                }
            }
        }
    }

    /// The statistics of all columns, into two parts of the scratch space.
    #[inline(always)]
    fn of_columns<T: Real>(&self, x: &[T], means: &mut [f64], scales: &mut [f64]) {
        means.fill(0.0);
        if self.centred {
            self.columns(means, |at, _| x[at].to_f64());
            means.iter_mut().for_each(|mean| *mean /= self.count());
        }
        self.columns(scales, |at, group| (x[at].to_f64() - means[group]).powi(2));
        scales
            .iter_mut()
            .for_each(|scale| *scale = self.statistics(0.0, *scale).scale);
    }

    /// Calls `visit(element number, group)` for all elements in their order.
    #[inline(always)]
    fn each(&self, mut visit: impl FnMut(usize, usize)) {
        let mut at = 0;
        for _ in 0..self.outer {
            for group in 0..self.groups {
                for _ in 0..self.inner {
                    visit(at, group);
                    at += 1;
                }
            }
        }
    }
}

/// The sum of `f(a, b)` over two rows, in lanes.
#[inline(always)]
fn sum<T: Real>([a, b]: [&[T]; 2], f: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (whole_a, rest_a) = a.as_chunks::<LANES>();
    let (whole_b, rest_b) = b.as_chunks::<LANES>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for l in 0..LANES {
            lanes[l] += f(a[l].to_f64(), b[l].to_f64());
        }
    }
    for (lane, (a, b)) in lanes.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *lane += f(a.to_f64(), b.to_f64());
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for l in 0..width {
            lanes[l] += lanes[l + width];
        }
    }
    lanes[0]
}

struct Forward<'n, T> {
    normal: Normal,
    x: &'n [T],
    y: &'n mut [T],
    scratch: &'n mut [f64],
}

impl<T: Real> Vectorized for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Forward {
            normal,
            x,
            y,
            scratch,
        } = self;
        if normal.side_by_side() {
            let (means, rest) = scratch.split_at_mut(normal.groups);
            let scales = &mut rest[..normal.groups];
            normal.of_columns(x, means, scales);
            normal.each(|at, g| y[at] = T::from_f64((x[at].to_f64() - means[g]) * scales[g]));
            return;
        }
        for group in 0..normal.groups {
            let Statistics { mean, scale } = normal.of_rows(x, group);
            for at in normal.rows(group) {
                let rows = y[at..at + normal.inner]
                    .iter_mut()
                    .zip(&x[at..at + normal.inner]);
                rows.for_each(|(y, x)| *y = T::from_f64((x.to_f64() - mean) * scale));
            }
        }
    }
}

struct Backward<'n, T> {
    normal: Normal,
    x: &'n [T],
    y: &'n [T],
    dy: &'n [T],
    dx: &'n mut [T],
    scratch: &'n mut [f64],
}

impl<T: Real> Vectorized for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Backward {
            normal,
            x,
            y,
            dy,
            dx,
            scratch,
        } = self;
        let count = normal.count();
        if normal.side_by_side() {
            let (means, rest) = scratch.split_at_mut(normal.groups);
            let (scales, rest) = rest.split_at_mut(normal.groups);
            let (flows, rest) = rest.split_at_mut(normal.groups);
            let along = &mut rest[..normal.groups];
            normal.of_columns(x, means, scales);
            flows.fill(0.0);
            if normal.centred {
                normal.columns(flows, |at, _| dy[at].to_f64());
            }
            normal.columns(along, |at, _| dy[at].to_f64() * y[at].to_f64());
            normal.each(|at, g| {
                let flow = dy[at].to_f64() - flows[g] / count;
                dx[at] = T::from_f64((flow - y[at].to_f64() * along[g] / count) * scales[g]);
            });
            return;
        }
        for group in 0..normal.groups {
            let Statistics { scale, .. } = normal.of_rows(x, group);
            let (mut flow, mut along) = (0.0, 0.0);
            for at in normal.rows(group) {
                let row = at..at + normal.inner;
                let rows = [&dy[row.clone()], &y[row]];
                if normal.centred {
                    flow += sum(rows, |dy, _| dy);
                }
                along += sum(rows, |dy, y| dy * y);
            }
            (flow, along) = (flow / count, along / count);
            for at in normal.rows(group) {
                let row = at..at + normal.inner;
                let (dy, y) = (&dy[row.clone()], &y[row.clone()]);
                for ((dx, dy), y) in dx[row].iter_mut().zip(dy).zip(y) {
                    *dx = T::from_f64((dy.to_f64() - flow - y.to_f64() * along) * scale);
                }
            }
        }
    }
}
