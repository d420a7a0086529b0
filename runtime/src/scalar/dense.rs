//! Dense second derivatives and Jacobians, several directions at a time.

use super::{Entries, Lanes, Matrix, Number};

/// The Hessian: `product` runs the function and its gradient along directions and returns the
/// tangents of the gradient. Only one triangle is taken from it, so the matrix is symmetric to
/// the last bit.
pub fn hessian<L: Lanes, F: Number, D: Entries, G: Entries>(
    mut directions: D,
    mut product: impl FnMut(&D) -> G,
) -> Matrix<F> {
    let count = directions.entries();
    let mut matrix = Matrix::zeros(count, count);
    for first in (0..count).step_by(L::COUNT) {
        seed(&mut directions, first);
        let mut row = 0;
        product(&directions).read(&mut |lanes| {
            for (lane, value) in lanes.iter().enumerate() {
                let column = first + lane;
                if column <= row {
                    matrix.set(row, column, *value);
                    matrix.set(column, row, *value);
                }
            }
            row += 1;
        });
    }
    matrix
}

/// The Jacobian by forward mode: `product` returns the tangents of the result along directions.
pub fn jacobian_forward<L: Lanes, F: Number, D: Entries, T: Entries>(
    rows: usize,
    mut directions: D,
    mut product: impl FnMut(&D) -> T,
) -> Matrix<F> {
    let count = directions.entries();
    let mut matrix = Matrix::zeros(rows, count);
    for first in (0..count).step_by(L::COUNT) {
        seed(&mut directions, first);
        let mut row = 0;
        product(&directions).read(&mut |lanes| {
            for (lane, value) in lanes.iter().enumerate().take(count - first) {
                matrix.set(row, first + lane, *value);
            }
            row += 1;
        });
    }
    matrix
}

/// The Jacobian by reverse mode: `product` returns the gradient for a cotangent of the result,
/// which starts as zeros.
pub fn jacobian_reverse<F: Number, T: Entries, G: Entries>(
    columns: usize,
    mut cotangent: T,
    mut product: impl FnMut(&T) -> G,
) -> Matrix<F> {
    let rows = cotangent.entries();
    let mut matrix = Matrix::zeros(rows, columns);
    for row in 0..rows {
        seed(&mut cotangent, row);
        let mut column = 0;
        product(&cotangent).read(&mut |lanes| {
            matrix.set(row, column, lanes[0]);
            column += 1;
        });
    }
    matrix
}

/// Makes the lanes unit directions: lane `k` points along entry `first + k`.
fn seed(directions: &mut impl Entries, first: usize) {
    let mut entry = 0;
    directions.write(&mut |lanes| {
        for (lane, value) in lanes.iter_mut().enumerate() {
            *value = f64::from(u8::from(first + lane == entry));
        }
        entry += 1;
    });
}
