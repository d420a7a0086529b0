//! Small dense linear algebra for rules over matrices, in double precision: products by the
//! runtime's kernels, eigenvectors by Jacobi rotations, orthogonal bases by reflections.
//!
//! Every operation owns its result and all the room that it wants, made once for one size, and
//! allocates nothing when it runs.

use cotangent_runtime::cpu::MatMul;

use crate::Real;

/// A row-major matrix.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) data: Vec<f64>,
}

impl Matrix {
    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            data: vec![0.0; rows * columns],
        }
    }

    /// Takes these elements.
    pub(crate) fn read<T: Real>(&mut self, elements: &[T]) {
        for (own, element) in self.data.iter_mut().zip(elements) {
            *own = element.to_f64();
        }
    }

    /// Writes its elements over others.
    pub(crate) fn write<T: Real>(&self, elements: &mut [T]) {
        for (element, own) in elements.iter_mut().zip(&self.data) {
            *element = T::from_f64(*own);
        }
    }

    /// Becomes the columns of another matrix of its size, in this order.
    pub(crate) fn take_columns(&mut self, other: &Matrix, order: &[usize]) {
        let width = self.columns.max(1);
        let rows = self.data.chunks_exact_mut(width);
        for (row, other) in rows.zip(other.data.chunks_exact(width)) {
            for (own, &column) in row.iter_mut().zip(order) {
                *own = other[column];
            }
        }
    }

    fn set_identity(&mut self) {
        self.data.fill(0.0);
        let diagonal = self.data.iter_mut().step_by(self.columns + 1);
        diagonal.for_each(|x| *x = 1.0);
    }
}

/// A product of matrices of fixed sizes, either of which may be stored transposed.
#[derive(Debug)]
pub(crate) struct Product {
    plan: MatMul<f64>,
    result: Matrix,
}

impl Product {
    /// `a b`: m by k, and k by n.
    pub(crate) fn plain(m: usize, k: usize, n: usize) -> Self {
        Self::planned(m, k, n, [false, false])
    }

    /// `a' b` of matrices with k rows.
    pub(crate) fn transposed_left(m: usize, k: usize, n: usize) -> Self {
        Self::planned(m, k, n, [true, false])
    }

    /// `a b'` of matrices with k columns.
    pub(crate) fn transposed_right(m: usize, k: usize, n: usize) -> Self {
        Self::planned(m, k, n, [false, true])
    }

    fn planned(m: usize, k: usize, n: usize, transposed: [bool; 2]) -> Self {
        Self {
            plan: MatMul::with(m, k, n, transposed, false),
            result: Matrix::zeros(m, n),
        }
    }

    pub(crate) fn of(&mut self, a: &Matrix, b: &Matrix) -> &mut Matrix {
        self.plan.run(&a.data, &b.data, &mut self.result.data);
        &mut self.result
    }

    /// The last one.
    pub(crate) fn result(&self) -> &Matrix {
        &self.result
    }
}

/// Eigenvalues and eigenvectors of symmetric matrices of one size.
#[derive(Debug)]
pub(crate) struct Eigen {
    rotated: Matrix,
    pub(crate) values: Vec<f64>,
    /// In the columns.
    pub(crate) vectors: Matrix,
}

impl Eigen {
    pub(crate) fn new(size: usize) -> Self {
        Self {
            rotated: Matrix::zeros(size, size),
            values: vec![0.0; size],
            vectors: Matrix::zeros(size, size),
        }
    }

    /// By cyclic Jacobi rotations (Golub and Van Loan 2013, 8.5).
    pub(crate) fn decompose(&mut self, matrix: &Matrix) {
        let n = matrix.rows;
        let a = &mut self.rotated.data;
        a.copy_from_slice(&matrix.data);
        self.vectors.set_identity();
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
                    rotate(a, &mut self.vectors.data, n, p, q);
                }
            }
        }
        for (value, diagonal) in self.values.iter_mut().zip(a.iter().step_by(n + 1)) {
            *value = *diagonal;
        }
    }
}

/// Powers of symmetric matrices of one size.
#[derive(Debug)]
pub(crate) struct Power {
    eigen: Eigen,
    scaled: Matrix,
    product: Product,
}

impl Power {
    pub(crate) fn new(size: usize) -> Self {
        Self {
            eigen: Eigen::new(size),
            scaled: Matrix::zeros(size, size),
            product: Product::transposed_right(size, size, size),
        }
    }

    /// `matrix^exponent` of a matrix whose eigenvalues are at least `least`; those that rounding
    /// has made smaller count as that.
    pub(crate) fn of(&mut self, matrix: &Matrix, exponent: f64, least: f64) -> &Matrix {
        self.eigen.decompose(matrix);
        let factors = &mut self.eigen.values;
        for value in factors.iter_mut() {
            *value = value.max(least).powf(exponent);
        }
        let vectors = &self.eigen.vectors;
        let width = matrix.rows.max(1);
        let rows = self.scaled.data.chunks_exact_mut(width);
        for (row, vectors) in rows.zip(vectors.data.chunks_exact(width)) {
            for ((x, vector), factor) in row.iter_mut().zip(vectors).zip(&*factors) {
                *x = vector * factor;
            }
        }
        self.product.of(&self.scaled, vectors)
    }
}

/// Orthogonal bases of the columns of square matrices of one size.
#[derive(Debug)]
pub(crate) struct Basis {
    triangle: Matrix,
    reflector: Vec<f64>,
    basis: Matrix,
}

impl Basis {
    pub(crate) fn new(size: usize) -> Self {
        Self {
            triangle: Matrix::zeros(size, size),
            reflector: vec![0.0; size],
            basis: Matrix::zeros(size, size),
        }
    }

    /// By Householder reflections.
    pub(crate) fn of(&mut self, matrix: &Matrix) -> &Matrix {
        let n = matrix.rows;
        let r = &mut self.triangle.data;
        r.copy_from_slice(&matrix.data);
        self.basis.set_identity();
        for k in 0..n {
            let norm = (k..n).map(|i| r[i * n + k].powi(2)).sum::<f64>().sqrt();
            if norm == 0.0 {
                continue;
            }
            let alpha = if r[k * n + k] > 0.0 { -norm } else { norm };
            let v = &mut self.reflector[..n - k];
            for (i, v) in v.iter_mut().enumerate() {
                *v = r[(k + i) * n + k];
            }
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
            for row in self.basis.data.chunks_exact_mut(n) {
                let dot: f64 = v.iter().zip(&row[k..]).map(|(v, q)| v * q).sum();
                for (v, q) in v.iter().zip(&mut row[k..]) {
                    *q -= 2.0 * dot / square * v;
                }
            }
        }
        &self.basis
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

    fn matrix(n: usize, element: impl Fn(usize) -> f64) -> Matrix {
        let mut matrix = Matrix::zeros(n, n);
        matrix.read(&(0..n * n).map(element).collect::<Vec<f64>>());
        matrix
    }

    /// Positive definite: a product with its transpose, plus 1 on the diagonal.
    fn symmetric(n: usize) -> Matrix {
        let a = matrix(n, |i| ((i * 7 + 3) as f64).sin());
        let mut product = Product::transposed_right(n, n, n).of(&a, &a).clone();
        let diagonal = product.data.iter_mut().step_by(n + 1);
        diagonal.for_each(|x| *x += 1.0);
        product
    }

    fn distance(a: &Matrix, b: &Matrix) -> f64 {
        a.data
            .iter()
            .zip(&b.data)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max)
    }

    fn identity(n: usize) -> Matrix {
        matrix(n, |i| if i % (n + 1) == 0 { 1.0 } else { 0.0 })
    }

    #[test]
    fn powers_of_a_matrix_multiply_to_it() {
        for n in [1, 2, 5, 8] {
            let (a, mut power) = (symmetric(n), Power::new(n));
            let mut product = Product::plain(n, n, n);
            // The inverse first: nothing of it may be left in the root.
            let inverse = power.of(&a, -1.0, 0.5);
            let whole = product.of(inverse, &a);
            assert!(distance(whole, &identity(n)) < 1e-12, "{n}");
            let root = power.of(&a, 0.5, 0.5);
            assert!(distance(product.of(root, root), &a) < 1e-12 * n as f64);
        }
    }

    #[test]
    fn a_basis_is_orthogonal_and_triangular_to_the_matrix() {
        for n in [1, 3, 6] {
            let mut basis = Basis::new(n);
            basis.of(&symmetric(n));
            let a = matrix(n, |i| ((i * 5 + 1) as f64).cos());
            let q = basis.of(&a);
            let mut product = Product::transposed_left(n, n, n);
            assert!(distance(product.of(q, q), &identity(n)) < 1e-14);
            let r = product.of(q, &a);
            for i in 0..n {
                for j in 0..i {
                    assert!(r.data[i * n + j].abs() < 1e-13);
                }
            }
        }
    }
}
