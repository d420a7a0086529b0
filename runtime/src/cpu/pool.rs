//! Pooling over windows of the last one or two axes: the largest element, or the mean.
//!
//! Rows of results are worked on at once, tap after tap. Windows that follow each other without overlap,
//! as most do, are read as arrays of a constant size.

use super::dispatch::{Vectorized, vectorized};
use super::real::Real;

/// The sizes of a pooling: rows, then columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pooling {
    planes: usize,
    image: [usize; 2],
    window: [usize; 2],
    stride: [usize; 2],
    places: [usize; 2],
}

impl Pooling {
    /// The sizes for a tensor whose last axes have a window and a stride each, as `args` alternate.
    pub(crate) fn new(shape: &[usize], args: &[i64]) -> Result<Pooling, String> {
        let axes = args.len() / 2;
        if axes == 0 || axes > 2 || shape.len() < axes {
            return Err(format!("it has no {axes} axes for its windows"));
        }
        let lead = shape.len() - axes;
        let mut pooling = Pooling {
            planes: shape[..lead].iter().product(),
            image: [1; 2],
            window: [1; 2],
            stride: [1; 2],
            places: [1; 2],
        };
        for axis in 0..axes {
            let given = |k: usize| usize::try_from(args[2 * axis + k]).unwrap_or(0);
            let (size, window, stride) = (shape[lead + axis], given(0), given(1));
            if window == 0 || stride == 0 || window > size {
                return Err(format!(
                    "a window of {window} with stride {stride} does not fit an axis of size {size}"
                ));
            }
            let at = axis + 2 - axes;
            pooling.image[at] = size;
            pooling.window[at] = window;
            pooling.stride[at] = stride;
            pooling.places[at] = (size - window) / stride + 1;
        }
        Ok(pooling)
    }

    /// The shape of the result.
    pub(crate) fn infer(shapes: &[&[usize]], args: &[i64]) -> Result<Vec<usize>, String> {
        let pooling = Pooling::new(shapes[0], args)?;
        let axes = args.len() / 2;
        let lead = &shapes[0][..shapes[0].len() - axes];
        Ok([lead, &pooling.places[2 - axes..]].concat())
    }

    /// Elements of a row of results, which the gradient of the largest element needs as scratch space.
    pub(crate) fn row(&self) -> usize {
        self.places[1]
    }

    /// The largest element of each window; NaN if there is one.
    pub(crate) fn largest<T: Real>(&self, x: &[T], y: &mut [T]) {
        let pool = *self;
        vectorized(Pool {
            pool,
            x,
            y,
            step: Largest,
        });
    }

    /// The mean of each window.
    pub(crate) fn mean<T: Real>(&self, x: &[T], y: &mut [T]) {
        let pool = *self;
        vectorized(Pool {
            pool,
            x,
            y,
            step: Total,
        });
        let count = T::from_f64((self.window[0] * self.window[1]) as f64);
        y.iter_mut().for_each(|y| *y /= count);
    }

    /// The gradient of `largest`, given its result and that one's cotangent: elements that equal the
    /// largest share it evenly. `row` has room for a row of results.
    pub(crate) fn largest_back<T: Real>(
        &self,
        x: &[T],
        (y, dy): (&[T], &[T]),
        dx: &mut [T],
        row: &mut [T],
    ) {
        let pool = *self;
        vectorized(LargestBack {
            pool,
            x,
            y,
            dy,
            dx,
            row,
        });
    }

    /// The tangent of `largest`, given its result and a tangent of its operand: the mean over the elements
    /// that equal the largest.
    pub(crate) fn largest_along<T: Real>(&self, x: &[T], (y, tangent): (&[T], &[T]), to: &mut [T]) {
        self.rows(|at, from| {
            for place in 0..self.places[1] {
                let (mut sum, mut count) = (T::ZERO, T::ZERO);
                for i in 0..self.window[0] {
                    let first = from + i * self.image[1] + place * self.stride[1];
                    for k in first..first + self.window[1] {
                        if x[k] == y[at + place] {
                            sum += tangent[k];
                            count += T::ONE;
                        }
                    }
                }
                to[at + place] = sum / count;
            }
        });
    }

    /// The gradient of `mean`.
    pub(crate) fn mean_back<T: Real>(&self, dy: &[T], dx: &mut [T]) {
        let pool = *self;
        vectorized(MeanBack { pool, dy, dx });
    }

    /// For each row of results: calls `visit` with where it begins, and where the rows of its windows
    /// begin in the image, one after another.
    #[inline(always)]
    fn rows(&self, mut visit: impl FnMut(usize, usize)) {
        for plane in 0..self.planes {
            for p in 0..self.places[0] {
                let row = (plane * self.image[0] + p * self.stride[0]) * self.image[1];
                visit((plane * self.places[0] + p) * self.places[1], row);
            }
        }
    }

    /// Whether windows follow each other along a row.
    fn apart(&self) -> bool {
        self.window[1] == self.stride[1]
    }
}

/// What joins an element to those before it.
trait Join<T>: Copy {
    const FIRST: f64;
    fn join(self, sum: T, x: T) -> T;
}

#[derive(Clone, Copy)]
struct Largest;

impl<T: Real> Join<T> for Largest {
    const FIRST: f64 = f64::NEG_INFINITY;
    #[inline(always)]
    fn join(self, sum: T, x: T) -> T {
        #[allow(clippy::eq_op, reason = "only NaN differs from itself")]
        if x > sum || x != x { x } else { sum }
    }
}

#[derive(Clone, Copy)]
struct Total;

impl<T: Real> Join<T> for Total {
    const FIRST: f64 = 0.0;
    #[inline(always)]
    fn join(self, sum: T, x: T) -> T {
        sum + x
    }
}

struct Pool<'p, T, J> {
    pool: Pooling,
    x: &'p [T],
    y: &'p mut [T],
    step: J,
}

impl<T: Real, J: Join<T>> Vectorized for Pool<'_, T, J> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Pool { pool, x, y, step } = self;
        y.fill(T::from_f64(J::FIRST));
        pool.rows(|at, from| {
            let y = &mut y[at..at + pool.places[1]];
            for i in 0..pool.window[0] {
                let x = &x[from + i * pool.image[1]..][..pool.image[1]];
                match pool.window[1] {
                    2 if pool.apart() => join_windows::<T, J, 2>(step, x, y),
                    3 if pool.apart() => join_windows::<T, J, 3>(step, x, y),
                    _ => {
                        for j in 0..pool.window[1] {
                            let x = x[j..].iter().step_by(pool.stride[1]);
                            y.iter_mut()
                                .zip(x)
                                .for_each(|(y, &x)| *y = step.join(*y, x));
                        }
                    }
                }
            }
        });
    }
}

#[inline(always)]
fn join_windows<T: Real, J: Join<T>, const K: usize>(step: J, x: &[T], y: &mut [T]) {
    for (y, x) in y.iter_mut().zip(x.as_chunks::<K>().0) {
        for &x in x {
            *y = step.join(*y, x);
        }
    }
}

struct LargestBack<'p, T> {
    pool: Pooling,
    x: &'p [T],
    y: &'p [T],
    dy: &'p [T],
    dx: &'p mut [T],
    row: &'p mut [T],
}

impl<T: Real> Vectorized for LargestBack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let LargestBack {
            pool,
            x,
            y,
            dy,
            dx,
            row,
        } = self;
        let (columns, places) = (pool.image[1], pool.places[1]);
        dx.fill(T::ZERO);
        let row = &mut row[..places];
        pool.rows(|at, from| {
            let (y, dy) = (&y[at..at + places], &dy[at..at + places]);
            row.fill(T::ZERO);
            for i in 0..pool.window[0] {
                let x = &x[from + i * columns..][..columns];
                match pool.window[1] {
                    2 if pool.apart() => count_windows::<T, 2>(x, y, row),
                    3 if pool.apart() => count_windows::<T, 3>(x, y, row),
                    _ => {
                        for j in 0..pool.window[1] {
                            let x = x[j..].iter().step_by(pool.stride[1]);
                            for ((count, &y), &x) in row.iter_mut().zip(y).zip(x) {
                                *count += T::select(x == y, T::ONE, T::ZERO);
                            }
                        }
                    }
                }
            }
            row.iter_mut()
                .zip(dy)
                .for_each(|(share, &dy)| *share = dy / *share);
            for i in 0..pool.window[0] {
                let x = &x[from + i * columns..][..columns];
                let dx = &mut dx[from + i * columns..][..columns];
                match pool.window[1] {
                    2 if pool.apart() => give_windows::<T, 2>(x, y, row, dx),
                    3 if pool.apart() => give_windows::<T, 3>(x, y, row, dx),
                    _ => {
                        for j in 0..pool.window[1] {
                            let x = x[j..].iter().step_by(pool.stride[1]);
                            let dx = dx[j..].iter_mut().step_by(pool.stride[1]);
                            for (((dx, &x), &y), &share) in dx.zip(x).zip(y).zip(&*row) {
                                *dx += T::select(x == y, share, T::ZERO);
                            }
                        }
                    }
                }
            }
        });
    }
}

#[inline(always)]
fn count_windows<T: Real, const K: usize>(x: &[T], y: &[T], counts: &mut [T]) {
    let windows = x.as_chunks::<K>().0;
    for ((count, &y), x) in counts.iter_mut().zip(y).zip(windows) {
        for &x in x {
            *count += T::select(x == y, T::ONE, T::ZERO);
        }
    }
}

#[inline(always)]
fn give_windows<T: Real, const K: usize>(x: &[T], y: &[T], shares: &[T], dx: &mut [T]) {
    let windows = x.as_chunks::<K>().0.iter().zip(dx.as_chunks_mut::<K>().0);
    for ((x, dx), (&y, &share)) in windows.zip(y.iter().zip(shares)) {
        for (dx, &x) in dx.iter_mut().zip(x) {
            *dx += T::select(x == y, share, T::ZERO);
        }
    }
}

struct MeanBack<'p, T> {
    pool: Pooling,
    dy: &'p [T],
    dx: &'p mut [T],
}

impl<T: Real> Vectorized for MeanBack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let MeanBack { pool, dy, dx } = self;
        let count = T::from_f64((pool.window[0] * pool.window[1]) as f64);
        dx.fill(T::ZERO);
        pool.rows(|at, from| {
            let dy = &dy[at..at + pool.places[1]];
            for i in 0..pool.window[0] {
                let dx = &mut dx[from + i * pool.image[1]..][..pool.image[1]];
                for j in 0..pool.window[1] {
                    let dx = dx[j..].iter_mut().step_by(pool.stride[1]);
                    dx.zip(dy).for_each(|(dx, &dy)| *dx += dy / count);
                }
            }
        });
    }
}
