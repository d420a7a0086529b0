//! Orthogonal factors of matrices, which are the last two axes: eigenvectors, singular vectors and
//! the Q of QR, by rotations and reflections in double precision. What goes with them (eigenvalues,
//! singular values, R) is a product of the factor with the matrix.

use super::{Call, Inferred, Shapes, primitive};
use crate::Real;

primitive! {
    /// The eigenvectors of a symmetric matrix as columns, by ascending eigenvalue.
    EIGENVECTORS eigenvectors |shapes, _| match shapes[0] {
        &[.., rows, columns] if rows == columns => Ok(shapes[0].to_vec()),
        _ => Err("it needs square matrices".to_owned()),
    }, scratch workspace
}

primitive! {
    /// The right singular vectors of `[.., m, n]`, m at least n, as columns, by descending singular
    /// value: `[.., n, n]`.
    SINGULAR_VECTORS singular_vectors |shapes, _| {
        let mut shape = tall(shapes)?;
        let rank = shape.len();
        shape[rank - 2] = shape[rank - 1];
        Ok(shape)
    }, scratch workspace
}

primitive! {
    /// Q with orthonormal columns and Q R = A, `[.., m, n]`, m at least n; R has a positive diagonal.
    ORTHOGONAL orthogonal |shapes, _| tall(shapes), scratch workspace
}

/// The most sweeps of rotations: convergence is quadratic, so that a few are enough.
const SWEEPS: usize = 60;

fn tall(shapes: &[&[usize]]) -> Inferred {
    match shapes[0] {
        &[.., rows, columns] if rows >= columns => Ok(shapes[0].to_vec()),
        _ => Err("it needs matrices with at least as many rows as columns".to_owned()),
    }
}

/// The matrix, its vectors and a number for each.
fn workspace((shapes, _): Shapes<'_>, _: &[i64]) -> usize {
    let (rows, columns) = sides(&shapes[0]);
    rows * columns + columns * columns + columns
}

fn sides(shape: &[usize]) -> (usize, usize) {
    match *shape {
        [.., rows, columns] => (rows, columns),
        _ => (0, 0),
    }
}

/// Runs `work(a, vectors, order, y)` for each matrix, with the unit matrix in `vectors`.
fn each<T: Real>(
    call: Call<'_, T>,
    mut work: impl FnMut(&mut [f64], &mut [f64], &mut [f64], &mut [T]),
) {
    let (rows, columns) = sides(&call.shapes[0]);
    let (height, _) = sides(call.shape);
    let (area, result) = (rows * columns, height * columns);
    if area == 0 {
        return;
    }
    for (x, y) in call.x[0]
        .chunks_exact(area)
        .zip(call.y.chunks_exact_mut(result))
    {
        let (a, rest) = call.scratch.split_at_mut(area);
        let (vectors, order) = rest.split_at_mut(columns * columns);
        for (to, x) in a.iter_mut().zip(x) {
            *to = x.to_f64();
        }
        for (at, v) in vectors.iter_mut().enumerate() {
            *v = f64::from(at % columns == at / columns);
        }
        work(a, vectors, order, y);
    }
}

/// Stores the columns of `vectors` in the order of their numbers, ascending.
fn store<T: Real>(vectors: &[f64], order: &mut [f64], y: &mut [T], number: impl Fn(usize) -> f64) {
    let n = order.len();
    for (k, place) in order.iter_mut().enumerate() {
        *place = k as f64;
    }
    order.sort_unstable_by(|&a, &b| {
        number(a as usize)
            .total_cmp(&number(b as usize))
            .then(a.total_cmp(&b))
    });
    for (at, y) in y.iter_mut().enumerate() {
        *y = T::from_f64(vectors[at / n * n + order[at % n] as usize]);
    }
}

/// Cosine and sine of the rotation that makes an off-diagonal element `c` between diagonal elements
/// `a` and `b` vanish.
fn rotation(a: f64, b: f64, c: f64) -> (f64, f64) {
    let slope = (b - a) / (2.0 * c);
    let tangent = 1.0_f64.copysign(slope) / (slope.abs() + slope.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    (cosine, cosine * tangent)
}

/// Rotates two columns of a matrix with rows of `width`.
fn rotate(a: &mut [f64], width: usize, p: usize, q: usize, (cosine, sine): (f64, f64)) {
    for row in a.chunks_exact_mut(width) {
        let (x, y) = (row[p], row[q]);
        row[p] = cosine * x - sine * y;
        row[q] = sine * x + cosine * y;
    }
}

/// Jacobi's method: rotations in the planes of all pairs until nothing is off the diagonal.
fn eigenvectors<T: Real>(call: Call<'_, T>) {
    let (n, _) = sides(&call.shapes[0]);
    each(call, |a, vectors, order, y| {
        let size: f64 = a.iter().map(|x| x * x).sum();
        for _ in 0..SWEEPS {
            let mut off = 0.0;
            for p in 0..n {
                for q in p + 1..n {
                    let element = a[p * n + q];
                    off += element * element;
                    if element == 0.0 {
                        continue;
                    }
                    let turn = rotation(a[p * n + p], a[q * n + q], element);
                    rotate(a, n, p, q, turn);
                    for k in 0..n {
                        let (x, y) = (a[p * n + k], a[q * n + k]);
                        a[p * n + k] = turn.0 * x - turn.1 * y;
                        a[q * n + k] = turn.1 * x + turn.0 * y;
                    }
                    rotate(vectors, n, p, q, turn);
                }
            }
            if off <= 1e-36 * size {
                break;
            }
        }
        store(vectors, order, y, |k| a[k * n + k]);
    });
}

/// Hestenes' one-sided form of Jacobi's method: rotations of columns until they are orthogonal.
fn singular_vectors<T: Real>(call: Call<'_, T>) {
    let (_, n) = sides(&call.shapes[0]);
    each(call, |a, vectors, order, y| {
        let dot = |a: &[f64], p: usize, q: usize| -> f64 {
            a.chunks_exact(n).map(|row| row[p] * row[q]).sum()
        };
        for _ in 0..SWEEPS {
            let mut turned = false;
            for p in 0..n {
                for q in p + 1..n {
                    let (c, u, v) = (dot(a, p, q), dot(a, p, p), dot(a, q, q));
                    if c == 0.0 || c.abs() <= 1e-16 * (u * v).sqrt() {
                        continue;
                    }
                    turned = true;
                    let turn = rotation(u, v, c);
                    rotate(a, n, p, q, turn);
                    rotate(vectors, n, p, q, turn);
                }
            }
            if !turned {
                break;
            }
        }
        store(vectors, order, y, |k| -dot(a, k, k));
    });
}

/// Gram and Schmidt's method, each column twice, which is as good as reflections.
fn orthogonal<T: Real>(call: Call<'_, T>) {
    let (rows, n) = sides(&call.shapes[0]);
    each(call, |a, _, _, y| {
        for k in 0..n {
            for _ in 0..2 {
                for j in 0..k {
                    let along: f64 = (0..rows).map(|i| a[i * n + j] * a[i * n + k]).sum();
                    for i in 0..rows {
                        a[i * n + k] -= along * a[i * n + j];
                    }
                }
            }
            let length = (0..rows).fold(0.0_f64, |length, i| length.hypot(a[i * n + k]));
            for i in 0..rows {
                a[i * n + k] /= length;
            }
        }
        for (y, &a) in y.iter_mut().zip(&*a) {
            *y = T::from_f64(a);
        }
    });
}
