//! Projections and proximal operators of plain slices, by exact formulas.
//!
//! The public ones are for loops of the user's own; [`Constraint`](crate::Constraint) applies them
//! after every update. All sums are in double precision.

use crate::Real;

/// The Euclidean norm.
fn norm<T: Real>(x: &[T]) -> f64 {
    x.iter()
        .map(|x| x.to_f64() * x.to_f64())
        .sum::<f64>()
        .sqrt()
}

fn map<T: Real>(x: &mut [T], f: impl Fn(f64) -> f64) {
    x.iter_mut().for_each(|x| *x = T::from_f64(f(x.to_f64())));
}

/// The proximal operator of `penalty |x|_1`: `sign(x) max(|x| - penalty, 0)`.
///
/// ```
/// let mut x = [2.0, -0.3];
/// cotangent_optimizers::projection::lasso(&mut x, 0.5);
/// assert_eq!(x, [1.5, 0.0]);
/// ```
pub fn lasso<T: Real>(x: &mut [T], penalty: f64) {
    map(x, |x| (x.abs() - penalty).max(0.0).copysign(x));
}

/// The proximal operator of `penalty |x|_1` on non-negative points: `max(x - penalty, 0)`.
pub fn non_negative_lasso<T: Real>(x: &mut [T], penalty: f64) {
    map(x, |x| (x - penalty).max(0.0));
}

/// The proximal operator of `penalty |x|^2 / 2`: `x / (1 + penalty)`.
pub fn ridge<T: Real>(x: &mut [T], penalty: f64) {
    map(x, |x| x / (1.0 + penalty));
}

/// The proximal operator of `l1 |x|_1 + l2 |x|^2 / 2`.
pub fn elastic_net<T: Real>(x: &mut [T], l1: f64, l2: f64) {
    lasso(x, l1);
    ridge(x, l2);
}

/// The proximal operator of `penalty |x|`, the slice being one group.
pub fn group_lasso<T: Real>(x: &mut [T], penalty: f64) {
    let norm = norm(x);
    let factor = if norm > penalty {
        1.0 - penalty / norm
    } else {
        0.0
    };
    map(x, |x| x * factor);
}

/// The nearest point with a Euclidean norm of at most `radius`.
pub fn l2_ball<T: Real>(x: &mut [T], radius: f64) {
    let norm = norm(x);
    if norm > radius {
        map(x, |x| x * (radius / norm));
    }
}

/// The nearest point with a Euclidean norm of exactly `radius`; zero stays zero.
pub fn l2_sphere<T: Real>(x: &mut [T], radius: f64) {
    let norm = norm(x);
    if norm > 0.0 {
        map(x, |x| x * (radius / norm));
    }
}

/// The nearest point between `lower` and `upper` in every element.
pub fn bounds<T: Real>(x: &mut [T], lower: f64, upper: f64) {
    map(x, |x| {
        if x < lower {
            lower
        } else if x > upper {
            upper
        } else {
            x
        }
    });
}

/// The nearest non-negative point that sums to `scale` (Duchi et al. 2008).
pub fn simplex<T: Real>(x: &mut [T], scale: f64) {
    simplex_with(x, scale, &mut Vec::new());
}

/// As `simplex`, in room that keeps its capacity.
pub(crate) fn simplex_with<T: Real>(x: &mut [T], scale: f64, room: &mut Vec<f64>) {
    room.clear();
    room.extend(x.iter().map(|x| x.to_f64()));
    let shift = simplex_shift(room, scale);
    map(x, |x| (x - shift).max(0.0));
}

/// The nearest point with a sum of absolute values of at most `radius`.
pub fn l1_ball<T: Real>(x: &mut [T], radius: f64) {
    l1_ball_with(x, radius, &mut Vec::new());
}

/// As `l1_ball`, in room that keeps its capacity.
pub(crate) fn l1_ball_with<T: Real>(x: &mut [T], radius: f64, room: &mut Vec<f64>) {
    room.clear();
    room.extend(x.iter().map(|x| x.to_f64().abs()));
    if room.iter().sum::<f64>() > radius {
        lasso(x, simplex_shift(room, radius));
    }
}

/// The shift t with `sum max(v - t, 0) = scale`; sorts the values.
fn simplex_shift(values: &mut [f64], scale: f64) -> f64 {
    values.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut sum, mut shift) = (0.0, f64::NEG_INFINITY);
    for (count, value) in values.iter().enumerate() {
        sum += value;
        let candidate = (sum - scale) / (count + 1) as f64;
        if *value <= candidate {
            break;
        }
        shift = candidate;
    }
    shift
}

/// The nearest point of the hyperplane `a'x = b`.
///
/// # Panics
/// When `a` and `x` differ in length.
pub fn hyperplane<T: Real>(x: &mut [T], a: &[f64], b: f64) {
    let distance = plane_distance(x, a, b);
    for (x, a) in x.iter_mut().zip(a) {
        *x = T::from_f64(x.to_f64() - distance * a);
    }
}

/// The nearest point of the half space `a'x <= b`.
///
/// # Panics
/// When `a` and `x` differ in length.
pub fn half_space<T: Real>(x: &mut [T], a: &[f64], b: f64) {
    if plane_distance(x, a, b) > 0.0 {
        hyperplane(x, a, b);
    }
}

/// `(a'x - b) / a'a`
fn plane_distance<T: Real>(x: &[T], a: &[f64], b: f64) -> f64 {
    assert_eq!(
        x.len(),
        a.len(),
        "a hyperplane has as many coefficients as the point elements"
    );
    let product: f64 = x.iter().zip(a).map(|(x, a)| x.to_f64() * a).sum();
    let square: f64 = a.iter().map(|a| a * a).sum();
    if square == 0.0 {
        0.0
    } else {
        (product - b) / square
    }
}

/// The largest singular value of a matrix of this shape, all axes but the last being rows, by
/// power iteration until it stands still.
pub fn spectral_norm<T: Real>(shape: &[usize], x: &[T]) -> f64 {
    spectral_norm_with(shape, x, &mut Vec::new())
}

/// As `spectral_norm`, in room that keeps its capacity.
pub(crate) fn spectral_norm_with<T: Real>(shape: &[usize], x: &[T], room: &mut Vec<f64>) -> f64 {
    let columns = shape.last().copied().unwrap_or(1);
    if x.is_empty() || columns == 0 {
        return 0.0;
    }
    let row_dot =
        |row: &[T], v: &[f64]| row.iter().zip(v).map(|(x, v)| x.to_f64() * v).sum::<f64>();
    // The longest row is a start that isn't orthogonal to the dominant direction in practice.
    let rows = || x.chunks_exact(columns);
    let longest = rows().max_by(|a, b| norm(a).total_cmp(&norm(b)));
    room.clear();
    room.extend(longest.unwrap_or_default().iter().map(|x| x.to_f64()));
    room.resize(columns + x.len() / columns, 0.0);
    let (v, u) = room.split_at_mut(columns);
    let mut value = 0.0;
    for _ in 0..1000 {
        let length = norm(v);
        if length == 0.0 {
            return value;
        }
        v.iter_mut().for_each(|v| *v /= length);
        for (u, row) in u.iter_mut().zip(rows()) {
            *u = row_dot(row, v);
        }
        let next = norm(u);
        v.fill(0.0);
        for (row, u) in rows().zip(&*u) {
            v.iter_mut()
                .zip(row)
                .for_each(|(v, x)| *v += u * x.to_f64());
        }
        let still = (next - value).abs() <= 1e-15 * next;
        value = next;
        if still {
            break;
        }
    }
    value
}
