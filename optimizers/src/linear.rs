//! Small dense linear algebra for rules over matrices, in double precision: products by the
//! runtime's kernels, eigenvectors by Jacobi rotations, orthogonal bases by reflections.

use cotangent_runtime::cpu::MatMul;

/// A row-major matrix.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) data: Vec<f64>,
}

impl Matrix {
    pub(crate) fn new(rows: usize, columns: usize, data: Vec<f64>) -> Self {
        debug_assert_eq!(data.len(), rows * columns);
        Self {
            rows,
            columns,
            data,
        }
    }

    fn identity(size: usize) -> Self {
        let mut data = vec![0.0; size * size];
        data.iter_mut().step_by(size + 1).for_each(|x| *x = 1.0);
        Self::new(size, size, data)
    }

    /// `self other`
    pub(crate) fn times(&self, other: &Matrix) -> Matrix {
        self.product(other, [false, false])
    }

    /// `self' other`
    pub(crate) fn transposed_times(&self, other: &Matrix) -> Matrix {
        self.product(other, [true, false])
    }

    /// `self other'`
    pub(crate) fn times_transposed(&self, other: &Matrix) -> Matrix {
        self.product(other, [false, true])
    }

    fn product(&self, other: &Matrix, [left, right]: [bool; 2]) -> Matrix {
        let (m, k) = if left {
            (self.columns, self.rows)
        } else {
            (self.rows, self.columns)
        };
        let n = if right { other.rows } else { other.columns };
        let mut data = vec![0.0; m * n];
        MatMul::with(m, k, n, [left, right], false).run(&self.data, &other.data, &mut data);
        Matrix::new(m, n, data)
    }

    /// The columns in this order.
    pub(crate) fn columns_in(&self, order: &[usize]) -> Matrix {
        let rows = self.data.chunks_exact(self.columns.max(1));
        let data = rows
            .flat_map(|row| order.iter().map(|&column| row[column]))
            .collect();
        Matrix::new(self.rows, order.len(), data)
    }

    /// Eigenvalues and, in the columns, eigenvectors of a symmetric matrix, by cyclic Jacobi
    /// rotations (Golub and Van Loan 2013, 8.5).
    pub(crate) fn eigen(&self) -> (Vec<f64>, Matrix) {
        let n = self.rows;
        let mut a = self.data.clone();
        let mut vectors = Matrix::identity(n);
        let total: f64 = a.iter().map(|x| x * x).sum();
        for _ in 0..60 {
            let off: f64 = (0..n)
                .flat_map(|i| (0..i).map(move |j| (i, j)))
                .map(|(i, j)| a[i * n + j].powi(2))
                .sum();
            if off <= 1e-34 * total {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    rotate(&mut a, &mut vectors.data, n, p, q);
                }
            }
        }
        ((0..n).map(|i| a[i * n + i]).collect(), vectors)
    }

    /// `self^exponent` of a symmetric matrix whose eigenvalues are at least `least`; those that
    /// rounding has made smaller count as that.
    pub(crate) fn power(&self, exponent: f64, least: f64) -> Matrix {
        let (values, vectors) = self.eigen();
        let mut scaled = vectors.clone();
        for row in scaled.data.chunks_exact_mut(self.rows.max(1)) {
            for (x, value) in row.iter_mut().zip(&values) {
                *x *= value.max(least).powf(exponent);
            }
        }
        scaled.times_transposed(&vectors)
    }

    /// An orthogonal basis of the columns of a square matrix, by Householder reflections.
    pub(crate) fn orthogonal(&self) -> Matrix {
        let n = self.rows;
        let mut r = self.data.clone();
        let mut q = Matrix::identity(n);
        for k in 0..n {
            let norm = (k..n).map(|i| r[i * n + k].powi(2)).sum::<f64>().sqrt();
            if norm == 0.0 {
                continue;
            }
            let alpha = if r[k * n + k] > 0.0 { -norm } else { norm };
            let mut v: Vec<f64> = (k..n).map(|i| r[i * n + k]).collect();
            v[0] -= alpha;
            let square: f64 = v.iter().map(|x| x * x).sum();
            if square == 0.0 {
                continue;
            }
            for column in 0..n {
                let dot: f64 = v
                    .iter()
                    .enumerate()
                    .map(|(i, v)| v * r[(k + i) * n + column])
                    .sum();
                for (i, v) in v.iter().enumerate() {
                    r[(k + i) * n + column] -= 2.0 * dot / square * v;
                }
            }
            for row in q.data.chunks_exact_mut(n) {
                let dot: f64 = v.iter().zip(&row[k..]).map(|(v, q)| v * q).sum();
                for (v, q) in v.iter().zip(&mut row[k..]) {
                    *q -= 2.0 * dot / square * v;
                }
            }
        }
        q
    }
}

/// Makes the element (p, q) of a symmetric matrix zero by a rotation.
fn rotate(a: &mut [f64], vectors: &mut [f64], n: usize, p: usize, q: usize) {
    let off = a[p * n + q];
    if off == 0.0 {
        return;
    }
    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * off);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = (t * t + 1.0).sqrt().recip();
    let s = t * c;
    let turn = |x: usize, y: usize, m: &mut [f64]| {
        let (left, right) = (m[x], m[y]);
        (m[x], m[y]) = (c * left - s * right, s * left + c * right);
    };
    for k in 0..n {
        turn(k * n + p, k * n + q, a);
    }
    for k in 0..n {
        turn(p * n + k, q * n + k, a);
    }
    for k in 0..n {
        turn(k * n + p, k * n + q, vectors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Positive definite: a product with its transpose, plus 1 on the diagonal.
    fn symmetric(n: usize) -> Matrix {
        let data = (0..n * n).map(|i| ((i * 7 + 3) as f64).sin()).collect();
        let a = Matrix::new(n, n, data);
        let mut product = a.times_transposed(&a);
        product
            .data
            .iter_mut()
            .step_by(n + 1)
            .for_each(|x| *x += 1.0);
        product
    }

    fn distance(a: &Matrix, b: &Matrix) -> f64 {
        a.data
            .iter()
            .zip(&b.data)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn powers_of_a_matrix_multiply_to_it() {
        for n in [1, 2, 5, 8] {
            let a = symmetric(n);
            let root = a.power(0.5, 0.5);
            assert!(distance(&root.times(&root), &a) < 1e-12 * n as f64);
            let whole = a.power(-1.0, 0.5).times(&a);
            assert!(distance(&whole, &Matrix::identity(n)) < 1e-12, "{n}");
        }
    }

    #[test]
    fn a_basis_is_orthogonal_and_triangular_to_the_matrix() {
        for n in [1, 3, 6] {
            let a = Matrix::new(
                n,
                n,
                (0..n * n).map(|i| ((i * 5 + 1) as f64).cos()).collect(),
            );
            let q = a.orthogonal();
            assert!(distance(&q.transposed_times(&q), &Matrix::identity(n)) < 1e-14);
            let r = q.transposed_times(&a);
            for i in 0..n {
                for j in 0..i {
                    assert!(r.data[i * n + j].abs() < 1e-13);
                }
            }
        }
    }
}
