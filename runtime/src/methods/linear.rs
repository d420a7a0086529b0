//! Linear algebra over the last two axes, batches before them: products, systems of equations,
//! factorizations. A singular system yields infinities or NaN, and a matrix that is not positive
//! definite a `cholesky` of NaN; gradients at equal eigenvalues or singular values leave out what
//! is not determined there.

use super::both;
use crate::primitive::{
    CHOLESKY, DETERMINANT, EIGENVECTORS, INVERSE, LOG_DETERMINANT, ORTHOGONAL, Primitive,
    SIGN_OF_DETERMINANT, SINGULAR_VECTORS, SOLVE, TRIANGULAR_SOLVE, TRIANGULAR_SOLVE_TRANSPOSED,
};

both! {
    /// The outer product of two vectors: `y[i, j] = a[i] b[j]`, with batches before.
    #[must_use]
    #[track_caller]
    pub fn outer(&self, other: &Self) -> Self {
        self.unsqueeze(-1) * &other.unsqueeze(-2)
    }

    /// The product of a matrix and a vector, with batches before.
    #[must_use]
    #[track_caller]
    pub fn matvec(&self, vector: &Self) -> Self {
        self.matmul(&vector.unsqueeze(-1)).squeeze(-1)
    }

    /// The vector product in space, over the last axis, which has size 3.
    #[must_use]
    #[track_caller]
    pub fn cross(&self, other: &Self) -> Self {
        let (u, v) = (self.roll(-1, -1), other.roll(-1, -1));
        (self * &v - &u * other).roll(-1, -1)
    }

    /// A system whose right side is a vector where it has an axis less than the matrix.
    #[track_caller]
    fn system(&self, what: &'static str, op: &'static Primitive, right: &Self, args: &[i64]) -> Self {
        let (rank, given) = (self.sizes().len(), right.sizes().len());
        if given + 1 == rank {
            return self.call(what, op, &[&right.unsqueeze(-1)], args).squeeze(-1);
        }
        self.call(what, op, &[right], args)
    }

    /// X with A X = B, for square matrices A; B is matrices, or vectors.
    #[must_use]
    #[track_caller]
    pub fn solve(&self, right: &Self) -> Self {
        self.system("solve", &SOLVE, right, &[])
    }

    /// X with T X = B, T the lower (or upper) triangle of A, whose other half is not read. With
    /// `unit` the diagonal counts as ones.
    #[must_use]
    #[track_caller]
    pub fn triangular_solve(&self, right: &Self, lower: bool, unit: bool) -> Self {
        let args = [i64::from(lower), i64::from(unit)];
        self.system("triangular_solve", &TRIANGULAR_SOLVE, right, &args)
    }

    /// X with T^T X = B, T as for [`triangular_solve`](Self::triangular_solve).
    #[must_use]
    #[track_caller]
    pub fn triangular_solve_transposed(&self, right: &Self, lower: bool, unit: bool) -> Self {
        let args = [i64::from(lower), i64::from(unit)];
        let op = &TRIANGULAR_SOLVE_TRANSPOSED;
        self.system("triangular_solve_transposed", op, right, &args)
    }

    /// The lower triangular L with L L^T = A, for symmetric positive definite A. The gradient is that
    /// of a symmetric argument: half on either side of the diagonal.
    #[must_use]
    #[track_caller]
    pub fn cholesky(&self) -> Self {
        self.call("cholesky", &CHOLESKY, &[], &[1, 0])
    }

    /// The inverse of square matrices.
    #[must_use]
    #[track_caller]
    pub fn inverse(&self) -> Self {
        self.call("inverse", &INVERSE, &[], &[])
    }

    /// The determinant of square matrices.
    #[must_use]
    #[track_caller]
    pub fn det(&self) -> Self {
        self.call("det", &DETERMINANT, &[], &[]).squeeze([-1, -2])
    }

    /// `ln |det A|` of square matrices.
    #[must_use]
    #[track_caller]
    pub fn log_abs_det(&self) -> Self {
        self.call("log_abs_det", &LOG_DETERMINANT, &[], &[]).squeeze([-1, -2])
    }

    /// The sign of the determinant of square matrices, 0 where they are singular, which carries no
    /// derivative, and `ln |det A|`: a determinant that neither overflows nor vanishes.
    #[must_use]
    #[track_caller]
    pub fn slogdet(&self) -> (Self, Self) {
        let sign = self.call("slogdet", &SIGN_OF_DETERMINANT, &[], &[]);
        let size = self.call("slogdet", &LOG_DETERMINANT, &[], &[]);
        (sign.squeeze([-1, -2]), size.squeeze([-1, -2]))
    }

    /// Eigenvalues, ascending, and eigenvectors as columns, of the symmetric part of square matrices.
    #[must_use]
    #[track_caller]
    pub fn eigh(&self) -> (Self, Self) {
        let symmetric = (self + &self.t()).times(0.5);
        let vectors = symmetric.call("eigh", &EIGENVECTORS, &[], &[]);
        let values = (symmetric.matmul(&vectors) * &vectors).sum_axis(-2);
        (values, vectors)
    }

    /// U, singular values in descending order, and V^T with `U diag(s) V^T = A`, where U and V have as
    /// many columns as the smaller side.
    #[must_use]
    #[track_caller]
    pub fn svd(&self) -> (Self, Self, Self) {
        let shape = self.sizes();
        if let &[.., rows, columns] = &shape[..]
            && rows < columns
        {
            let (u, s, vt) = self.t().svd();
            return (vt.t(), s, u.t());
        }
        let v = self.call("svd", &SINGULAR_VECTORS, &[], &[]);
        let scaled = self.matmul(&v);
        let values = scaled.norm_axis_keep(-2);
        (scaled / &values, values.squeeze(-2), v.t())
    }

    /// The singular values of matrices, in descending order.
    #[must_use]
    #[track_caller]
    pub fn singular_values(&self) -> Self {
        self.svd().1
    }

    /// Q with orthonormal columns and upper triangular R with a positive diagonal, Q R = A. Q has as many
    /// columns as the smaller side; in matrices with more columns than rows those of the left square
    /// must be independent.
    #[must_use]
    #[track_caller]
    pub fn qr(&self) -> (Self, Self) {
        let left = match self.sizes()[..] {
            [.., rows, columns] if rows < columns => self.slice(-1, ..rows),
            _ => self.clone(),
        };
        let q = left.call("qr", &ORTHOGONAL, &[], &[0, 0]);
        let r = q.t().matmul(self).triu(0);
        (q, r)
    }
}
