//! Small dense matrices, row after row: Cholesky with a shift, least squares by reflections, and
//! elimination with pivots.

use super::vector::{dot, norm};

/// A lower triangular factor `L` of `A + shift I = L L'`.
pub(crate) struct Cholesky {
    lower: Vec<f64>,
    size: usize,
}

impl Cholesky {
    /// Factors a symmetric matrix, of which the lower triangle is read; `None` unless it is
    /// positive definite.
    pub(crate) fn of(matrix: &[f64], size: usize, shift: f64) -> Option<Self> {
        let mut lower = matrix.to_vec();
        for row in 0..size {
            for column in 0..=row {
                let (above, below) = lower.split_at(row * size);
                let known = if column == row {
                    &below[..column]
                } else {
                    &above[column * size..][..column]
                };
                let sum = below[column] - dot(&below[..column], known);
                lower[row * size + column] = if column < row {
                    sum / lower[column * size + column]
                } else {
                    let pivot = sum + shift;
                    if !(pivot > 0.0 && pivot.is_finite()) {
                        return None;
                    }
                    pivot.sqrt()
                };
            }
        }
        Some(Self { lower, size })
    }

    /// Factors with the smallest shift of a doubling series that makes the matrix positive definite
    /// (Nocedal and Wright 2006, algorithm 3.3); `None` if the matrix isn't finite.
    pub(super) fn shifted(matrix: &[f64], size: usize) -> Option<Self> {
        if !matrix.iter().all(|x| x.is_finite()) {
            return None;
        }
        let diagonal = (0..size).map(|i| matrix[i * size + i]);
        let smallest = diagonal.fold(f64::INFINITY, f64::min);
        let least = 1e-3 * norm(matrix).max(f64::MIN_POSITIVE);
        let mut shift = if smallest > 0.0 {
            0.0
        } else {
            least - smallest
        };
        loop {
            match Self::of(matrix, size, shift) {
                None => shift = (2.0 * shift).max(least),
                factor => return factor,
            }
        }
    }

    /// The logarithm of the determinant.
    pub(crate) fn log_determinant(&self) -> f64 {
        let diagonal = self.lower.iter().step_by(self.size + 1);
        2.0 * diagonal.map(|pivot| pivot.ln()).sum::<f64>()
    }

    /// Solves `A x = b` in place.
    pub(crate) fn solve(&self, b: &mut [f64]) {
        let size = self.size;
        for row in 0..size {
            let line = &self.lower[row * size..][..=row];
            b[row] = (b[row] - dot(&line[..row], &b[..row])) / line[row];
        }
        for row in (0..size).rev() {
            b[row] /= self.lower[row * size + row];
            let (before, solved) = b.split_at_mut(row);
            for (column, x) in before.iter_mut().enumerate() {
                *x -= self.lower[row * size + column] * solved[0];
            }
        }
    }
}

/// The `x` of least `|A x - b|` for a matrix of at least as many rows as columns, by Householder
/// reflections; `None` if the columns are dependent to rounding. Overwrites its arguments.
pub(super) fn least_squares(a: &mut [f64], b: &mut [f64], columns: usize) -> Option<Vec<f64>> {
    let rows = b.len();
    let mut diagonal = vec![0.0; columns];
    let mut reflector = vec![0.0; rows];
    for column in 0..columns {
        for row in column..rows {
            reflector[row] = a[row * columns + column];
        }
        let length = norm(&reflector[column..]);
        let head = if reflector[column] > 0.0 {
            -length
        } else {
            length
        };
        diagonal[column] = head;
        reflector[column] -= head;
        let square = dot(&reflector[column..], &reflector[column..]);
        if square == 0.0 || !square.is_finite() {
            return None;
        }
        for other in column + 1..columns {
            let overlap: f64 = (column..rows)
                .map(|row| reflector[row] * a[row * columns + other])
                .sum();
            for row in column..rows {
                a[row * columns + other] -= 2.0 * overlap / square * reflector[row];
            }
        }
        let overlap = dot(&reflector[column..], &b[column..]);
        for row in column..rows {
            b[row] -= 2.0 * overlap / square * reflector[row];
        }
    }
    let largest = diagonal.iter().fold(0.0, |m: f64, d| m.max(d.abs()));
    let mut x = vec![0.0; columns];
    for row in (0..columns).rev() {
        if diagonal[row].abs() <= 1e-15 * largest {
            return None;
        }
        let known: f64 = (row + 1..columns)
            .map(|k| a[row * columns + k] * x[k])
            .sum();
        x[row] = (b[row] - known) / diagonal[row];
    }
    Some(x)
}

/// Solves `A x = b` in place by elimination with row pivots; `None` if `A` is singular. Overwrites
/// the matrix.
pub(super) fn solve(a: &mut [f64], b: &mut [f64]) -> Option<()> {
    let size = b.len();
    for column in 0..size {
        let pivot = (column..size).max_by(|&i, &j| {
            let (i, j) = (a[i * size + column].abs(), a[j * size + column].abs());
            i.total_cmp(&j)
        })?;
        let value = a[pivot * size + column];
        if value == 0.0 || !value.is_finite() {
            return None;
        }
        for k in 0..size {
            a.swap(pivot * size + k, column * size + k);
        }
        b.swap(pivot, column);
        for row in column + 1..size {
            let factor = a[row * size + column] / value;
            for k in column..size {
                a[row * size + k] -= factor * a[column * size + k];
            }
            b[row] -= factor * b[column];
        }
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|k| a[row * size + k] * b[k]).sum();
        b[row] = (b[row] - known) / a[row * size + row];
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f64; 9] = [4.0, 1.0, -2.0, 1.0, 3.0, 0.5, -2.0, 0.5, 5.0];
    const B: [f64; 3] = [1.0, -2.0, 3.0];

    fn residual(x: &[f64]) -> f64 {
        let rows = A.chunks(3).zip(&B);
        rows.map(|(row, b)| (dot(row, x) - b).abs()).sum()
    }

    #[test]
    fn three_ways_solve_one_system() {
        let mut x = B;
        Cholesky::of(&A, 3, 0.0).unwrap().solve(&mut x);
        assert!(residual(&x) < 1e-14);
        let mut x = B;
        solve(&mut A.clone(), &mut x).unwrap();
        assert!(residual(&x) < 1e-14);
        let x = least_squares(&mut A.clone(), &mut B.clone(), 3).unwrap();
        assert!(residual(&x) < 1e-14);
    }

    #[test]
    fn a_line_through_points_is_the_textbook_one() {
        // Through (0, 1), (1, 3), (2, 4): slope 1.5, intercept 7 / 6.
        let mut a = [1.0, 0.0, 1.0, 1.0, 1.0, 2.0];
        let x = least_squares(&mut a, &mut [1.0, 3.0, 4.0], 2).unwrap();
        assert!((x[0] - 7.0 / 6.0).abs() < 1e-14 && (x[1] - 1.5).abs() < 1e-14);
    }

    #[test]
    fn what_has_no_solution_says_so() {
        assert!(Cholesky::of(&[1.0, 2.0, 2.0, 1.0], 2, 0.0).is_none());
        assert!(Cholesky::shifted(&[1.0, 2.0, 2.0, 1.0], 2).is_some());
        assert!(Cholesky::shifted(&[f64::NAN; 4], 2).is_none());
        assert!(solve(&mut [1.0, 2.0, 2.0, 4.0], &mut [1.0, 1.0]).is_none());
        assert!(least_squares(&mut [1.0, 1.0, 1.0, 1.0], &mut [1.0, 2.0], 2).is_none());
    }
}
