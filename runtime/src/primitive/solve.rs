//! Triangular and general systems of equations, determinants and inverses: batches of matrices,
//! which are the last two axes. They are worked through in double precision.

use std::cmp::Ordering;

use super::{Call, Inferred, Shapes, primitive};
use crate::Real;

primitive! {
    /// X with T X = B, T a triangle of A. Parameters: whether it is the lower one, and whether its
    /// diagonal counts as ones.
    TRIANGULAR_SOLVE triangular_solve system, scratch matrices
}

primitive! {
    /// X with T^T X = B, T a triangle of A; parameters as those of `TRIANGULAR_SOLVE`.
    TRIANGULAR_SOLVE_TRANSPOSED triangular_solve_transposed system, scratch matrices
}

primitive! {
    /// The triangle that a triangular solve with these parameters reads, 0 elsewhere.
    TRIANGLE_READ triangle_read square
}

primitive! {
    /// The lower triangle mirrored: a symmetric matrix.
    MIRRORED mirrored square
}

primitive! {
    /// The adjoint of `MIRRORED`: the lower triangle, with what is above the diagonal added below.
    MIRRORED_BACK mirrored_back square
}

primitive! {
    /// L with L L^T = A from the lower triangle of A; NaN where A is not positive definite.
    CHOLESKY cholesky square, scratch matrices
}

primitive! {
    /// X with A X = B.
    SOLVE solve system, scratch matrices
}

primitive! {
    /// The inverse.
    INVERSE inverse square, scratch matrices
}

primitive! {
    /// The determinant, `[.., 1, 1]`.
    DETERMINANT determinant one_each, scratch matrices
}

primitive! {
    /// The logarithm of the determinant's magnitude, `[.., 1, 1]`.
    LOG_DETERMINANT log_determinant one_each, scratch matrices
}

primitive! {
    /// The sign of the determinant, `[.., 1, 1]`; 0 of a singular matrix.
    SIGN_OF_DETERMINANT sign_of_determinant one_each, scratch matrices
}

primitive! {
    /// The cofactors: the derivatives of the determinant, right for singular matrices, too.
    COFACTORS cofactors square, scratch matrices
}

/// Two matrices and a vector.
fn matrices((shapes, _): Shapes<'_>, _: &[i64]) -> usize {
    let n = side(shapes);
    2 * n * n + n
}

fn side(shapes: &[Vec<usize>]) -> usize {
    shapes[0].last().copied().unwrap_or(0)
}

fn square(shapes: &[&[usize]], _: &[i64]) -> Inferred {
    match shapes[0] {
        &[.., rows, columns] if rows == columns => Ok(shapes[0].to_vec()),
        _ => Err("it needs square matrices".to_owned()),
    }
}

fn one_each(shapes: &[&[usize]], args: &[i64]) -> Inferred {
    let mut shape = square(shapes, args)?;
    let rank = shape.len();
    shape[rank - 2..].fill(1);
    Ok(shape)
}

fn system(shapes: &[&[usize]], args: &[i64]) -> Inferred {
    square(shapes, args)?;
    let (a, b) = (shapes[0], shapes[1]);
    let rank = a.len();
    if b.len() == rank && b[..rank - 1] == a[..rank - 1] {
        Ok(b.to_vec())
    } else {
        Err(
            "the right side must be matrices of as many rows, in batches of the same shape"
                .to_owned(),
        )
    }
}

/// The matrices of a batch, one by one: numbers of the first operand, of the second, and results.
fn each<T: Real>(call: Call<'_, T>, mut work: impl FnMut(&[T], &[T], &mut [T], &mut [f64])) {
    let area = call.shapes[0].iter().rev().take(2).product::<usize>();
    let count: usize = call.shapes[0].iter().rev().skip(2).product();
    let (right, result) = (
        call.x[1].len().checked_div(count).unwrap_or(0),
        call.y.len().checked_div(count).unwrap_or(0),
    );
    for k in 0..count {
        let b = if call.x[1].is_empty() {
            &[][..]
        } else {
            &call.x[1][k * right..][..right]
        };
        let y = &mut call.y[k * result..][..result];
        work(&call.x[0][k * area..][..area], b, y, call.scratch);
    }
}

fn load<T: Real>(a: &[T], to: &mut [f64]) {
    for (to, a) in to.iter_mut().zip(a) {
        *to = a.to_f64();
    }
}

fn triangular_solve<T: Real>(call: Call<'_, T>) {
    triangular(call, false);
}

fn triangular_solve_transposed<T: Real>(call: Call<'_, T>) {
    triangular(call, true);
}

fn triangular<T: Real>(call: Call<'_, T>, transposed: bool) {
    let n = side(call.shapes);
    let (lower, unit) = (call.args[0] == 1, call.args[1] == 1);
    each(call, |a, b, y, _| {
        let columns = b.len().checked_div(n).unwrap_or(0);
        let element = |i: usize, j: usize| {
            let at = if transposed { j * n + i } else { i * n + j };
            a[at].to_f64()
        };
        // Forward when the triangle that is solved, transposed or not, is a lower one.
        let forward = lower != transposed;
        for column in 0..columns {
            for step in 0..n {
                let i = if forward { step } else { n - 1 - step };
                let known = if forward { 0..i } else { i + 1..n };
                let mut rest = b[i * columns + column].to_f64();
                for j in known {
                    rest -= element(i, j) * y[j * columns + column].to_f64();
                }
                let pivot = if unit { 1.0 } else { element(i, i) };
                y[i * columns + column] = T::from_f64(rest / pivot);
            }
        }
    });
}

fn triangle_read<T: Real>(call: Call<'_, T>) {
    let n = side(call.shapes);
    let (lower, unit) = (call.args[0] == 1, call.args[1] == 1);
    for (at, (y, &x)) in call.y.iter_mut().zip(call.x[0]).enumerate() {
        let (i, j) = (at / n % n, at % n);
        let inside = if lower { j < i } else { j > i } || (i == j && !unit);
        *y = if inside { x } else { T::ZERO };
    }
}

fn mirrored<T: Real>(call: Call<'_, T>) {
    let n = side(call.shapes);
    each(call, |x, _, y, _| {
        for i in 0..n {
            for j in 0..n {
                y[i * n + j] = x[i.max(j) * n + i.min(j)];
            }
        }
    });
}

fn mirrored_back<T: Real>(call: Call<'_, T>) {
    let n = side(call.shapes);
    each(call, |x, _, y, _| {
        for i in 0..n {
            for j in 0..n {
                y[i * n + j] = match i.cmp(&j) {
                    Ordering::Less => T::ZERO,
                    Ordering::Equal => x[i * n + j],
                    Ordering::Greater => x[i * n + j] + x[j * n + i],
                };
            }
        }
    });
}

fn cholesky<T: Real>(call: Call<'_, T>) {
    let n = side(call.shapes);
    each(call, |a, _, y, scratch| {
        let l = &mut scratch[..n * n];
        load(a, l);
        for j in 0..n {
            for i in j..n {
                let mut rest = l[i * n + j];
                for k in 0..j {
                    rest -= l[i * n + k] * l[j * n + k];
                }
                // The root of a negative pivot is NaN, and so is all that depends on it.
                l[i * n + j] = if i == j {
                    rest.sqrt()
                } else {
                    rest / l[j * n + j]
                };
            }
        }
        for (at, y) in y.iter_mut().enumerate() {
            let below = at % n <= at / n;
            *y = T::from_f64(if below { l[at] } else { 0.0 });
        }
    });
}

/// Decomposes into a lower and an upper triangle with rows exchanged so that each pivot is the
/// largest of its column; `rows` becomes the order of the rows. Yields the sign of the exchange.
fn decompose(lu: &mut [f64], rows: &mut [f64], n: usize) -> f64 {
    let mut sign = 1.0;
    for (i, row) in rows.iter_mut().enumerate() {
        *row = i as f64;
    }
    for k in 0..n {
        let mut best = k;
        for i in k + 1..n {
            if lu[i * n + k].abs() > lu[best * n + k].abs() {
                best = i;
            }
        }
        if best != k {
            for j in 0..n {
                lu.swap(k * n + j, best * n + j);
            }
            rows.swap(k, best);
            sign = -sign;
        }
        let pivot = lu[k * n + k];
        if pivot == 0.0 {
            continue;
        }
        for i in k + 1..n {
            let factor = lu[i * n + k] / pivot;
            lu[i * n + k] = factor;
            for j in k + 1..n {
                lu[i * n + j] -= factor * lu[k * n + j];
            }
        }
    }
    sign
}

/// Solves for one column of the right side, which `right(i)` gives by row; `x` is its result.
fn substitute(lu: &[f64], rows: &[f64], n: usize, right: impl Fn(usize) -> f64, x: &mut [f64]) {
    for i in 0..n {
        let mut rest = right(rows[i] as usize);
        for j in 0..i {
            rest -= lu[i * n + j] * x[j];
        }
        x[i] = rest;
    }
    for i in (0..n).rev() {
        let mut rest = x[i];
        for j in i + 1..n {
            rest -= lu[i * n + j] * x[j];
        }
        x[i] = rest / lu[i * n + i];
    }
}

fn solve<T: Real>(call: Call<'_, T>) {
    let n = side(call.shapes);
    each(call, |a, b, y, scratch| {
        let columns = b.len().checked_div(n).unwrap_or(0);
        let (lu, rest) = scratch.split_at_mut(n * n);
        let (rows, x) = rest.split_at_mut(n);
        load(a, lu);
        decompose(lu, rows, n);
        for column in 0..columns {
            substitute(lu, rows, n, |i| b[i * columns + column].to_f64(), x);
            for i in 0..n {
                y[i * columns + column] = T::from_f64(x[i]);
            }
        }
    });
}

fn inverse<T: Real>(call: Call<'_, T>) {
    let n = side(call.shapes);
    each(call, |a, _, y, scratch| {
        let (lu, rest) = scratch.split_at_mut(n * n);
        let (rows, x) = rest.split_at_mut(n);
        load(a, lu);
        decompose(lu, rows, n);
        for column in 0..n {
            substitute(lu, rows, n, |i| f64::from(i == column), x);
            for i in 0..n {
                y[i * n + column] = T::from_f64(x[i]);
            }
        }
    });
}

/// One number of each matrix, from the sign of its exchange of rows and its pivots.
fn of_pivots<T: Real>(
    call: Call<'_, T>,
    number: impl Fn(f64, &mut dyn Iterator<Item = f64>) -> f64,
) {
    let n = side(call.shapes);
    each(call, |a, _, y, scratch| {
        let (lu, rest) = scratch.split_at_mut(n * n);
        load(a, lu);
        let sign = decompose(lu, &mut rest[..n], n);
        y[0] = T::from_f64(number(sign, &mut (0..n).map(|i| lu[i * n + i])));
    });
}

fn determinant<T: Real>(call: Call<'_, T>) {
    of_pivots(call, |sign, pivots| {
        pivots.fold(sign, |product, pivot| product * pivot)
    });
}

fn log_determinant<T: Real>(call: Call<'_, T>) {
    of_pivots(call, |_, pivots| pivots.map(|pivot| pivot.abs().ln()).sum());
}

fn sign_of_determinant<T: Real>(call: Call<'_, T>) {
    // The product of the signs, and 0 or NaN with a pivot that is.
    let sign = |pivot: f64| if pivot == 0.0 { 0.0 } else { pivot.signum() };
    of_pivots(call, |exchange, pivots| {
        pivots.fold(exchange, |product, pivot| product * sign(pivot))
    });
}

fn cofactors<T: Real>(call: Call<'_, T>) {
    let n = side(call.shapes);
    each(call, |a, _, y, scratch| {
        let (lu, rest) = scratch.split_at_mut(n * n);
        let minor = n.saturating_sub(1);
        for (row, column) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
            let mut to = 0;
            for i in (0..n).filter(|&i| i != row) {
                for j in (0..n).filter(|&j| j != column) {
                    lu[to] = a[i * n + j].to_f64();
                    to += 1;
                }
            }
            let sign = decompose(&mut lu[..minor * minor], &mut rest[..minor], minor);
            let product = (0..minor).fold(sign, |product, i| product * lu[i * minor + i]);
            let flip = if (row + column) % 2 == 0 { 1.0 } else { -1.0 };
            y[row * n + column] = T::from_f64(flip * product);
        }
    });
}
