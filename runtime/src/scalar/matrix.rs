//! The matrix that a Hessian or a Jacobian is returned as.

use std::ops::Index;

use super::Number;

/// A dense matrix, row after row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix<F> {
    rows: usize,
    columns: usize,
    data: Vec<F>,
}

impl<F: Number> Matrix<F> {
    /// A matrix of zeros.
    pub(super) fn zeros(rows: usize, columns: usize) -> Matrix<F> {
        let data = vec![F::of(0.0); rows * columns];
        Matrix {
            rows,
            columns,
            data,
        }
    }

    /// How many rows it has: for a Jacobian, one per float of the result.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns it has: one per float of the parameters, in the order of `wrt`.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[F] {
        let start = row * self.columns;
        &self.data[start..start + self.columns]
    }

    /// All entries, row after row.
    pub fn data(&self) -> &[F] {
        &self.data
    }

    /// All entries, row after row.
    pub fn into_data(self) -> Vec<F> {
        self.data
    }

    pub(super) fn set(&mut self, row: usize, column: usize, value: f64) {
        self.data[row * self.columns + column] = F::of(value);
    }
}

/// `matrix[(row, column)]`
impl<F: Number> Index<(usize, usize)> for Matrix<F> {
    type Output = F;
    fn index(&self, (row, column): (usize, usize)) -> &F {
        &self.row(row)[column]
    }
}
