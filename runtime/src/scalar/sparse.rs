//! Sparse Jacobians: of functions that are applied block by block, and of functions whose pattern is
//! known.

use std::ops::Range;

use super::{Entries, Matrix, Number, Val};

/// A sparse matrix of first derivatives in compressed rows (CSR): the entries of row `r` are those
/// from `starts()[r]` to `starts()[r + 1]` of `columns()` and `values()`, in the order in which they
/// were given. Entries of the same column of a row add up.
///
/// **Block by block**: a function of a few parameters is applied to many parts of a long vector of
/// unknowns, as residuals are. Each application adds as many rows as its result has floats:
///
/// ```
/// # use cotangent_runtime::scalar::SparseJacobian;
/// // What `spring::vjp` of `#[differentiable] fn spring` is, written out:
/// // the result [(b0 - a0) * b1, a1 * a1] and the gradients for a cotangent `s` of it.
/// fn spring(a: [f64; 2], b: [f64; 2], s: [f64; 2]) -> ([f64; 2], ([f64; 2], [f64; 2])) {
///     let gradient_of_a = [-s[0] * b[1], 2.0 * s[1] * a[1]];
///     let gradient_of_b = [s[0] * b[1], s[0] * (b[0] - a[0])];
///     ([(b[0] - a[0]) * b[1], a[1] * a[1]], (gradient_of_a, gradient_of_b))
/// }
///
/// // Points in a chain: block `i` reads the points `i` and `i + 1`.
/// let points = [[1.0, 2.0], [4.0, 6.0], [5.0, 9.0]];
/// let mut jacobian = SparseJacobian::<f64>::new(6);
/// for i in 0..2 {
///     let at = [2 * i..2 * i + 2, 2 * i + 2..2 * i + 4];
///     jacobian.push_block(&at, |seed| spring(points[i], points[i + 1], seed));
/// }
/// assert_eq!(jacobian.starts(), [0, 4, 8, 12, 16]);
/// assert_eq!(jacobian.row(0), (&[0, 1, 2, 3][..], &[-6.0, 0.0, 6.0, 3.0][..]));
/// ```
///
/// **By compression**: of a function as a whole, whose pattern is known, columns that share no row
/// are found by one directional derivative, see [`with_pattern`](Self::with_pattern).
#[derive(Clone, Debug, PartialEq)]
pub struct SparseJacobian<F> {
    width: usize,
    starts: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<F>,
}

impl<F: Number> SparseJacobian<F> {
    /// A matrix without rows, for that many unknowns.
    pub fn new(columns: usize) -> SparseJacobian<F> {
        SparseJacobian {
            width: columns,
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
        }
    }

    /// A matrix of zeros with entries at the given columns of each row, to be filled by
    /// [`compress`](Self::compress):
    ///
    /// ```
    /// # use cotangent_runtime::scalar::SparseJacobian;
    /// // The tangent of `w[1] * w[1] - w[0]` over windows `w` of two: what `jvp` of such a
    /// // `#[differentiable]` function returns beside its value.
    /// fn tangent(x: &[f64], direction: &[f64]) -> Vec<f64> {
    ///     let pairs = x.windows(2).zip(direction.windows(2));
    ///     pairs.map(|(w, d)| 2.0 * w[1] * d[1] - d[0]).collect()
    /// }
    ///
    /// let x = [1.0, 2.0, 3.0, 4.0];
    /// let pattern: Vec<Vec<usize>> = (0..3).map(|i| vec![i, i + 1]).collect();
    /// let mut jacobian = SparseJacobian::<f64>::with_pattern(4, &pattern);
    /// // Two directional derivatives, however long `x` is.
    /// assert_eq!(jacobian.colors().iter().max(), Some(&1));
    /// jacobian.compress(|direction| tangent(&x, direction));
    /// assert_eq!(jacobian.values(), [-1.0, 4.0, -1.0, 6.0, -1.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If a column is not below the number of columns, or stands twice in a row.
    #[track_caller]
    pub fn with_pattern(columns: usize, pattern: &[impl AsRef<[usize]>]) -> SparseJacobian<F> {
        let mut matrix = SparseJacobian::new(columns);
        let mut seen_in = vec![usize::MAX; columns];
        for (row, at) in pattern.iter().enumerate() {
            for &column in at.as_ref() {
                assert!(
                    column < columns,
                    "row {row} of the pattern has column {column}, there are {columns}"
                );
                assert!(
                    std::mem::replace(&mut seen_in[column], row) != row,
                    "row {row} of the pattern has column {column} twice"
                );
            }
            matrix.columns.extend_from_slice(at.as_ref());
            matrix.starts.push(matrix.columns.len());
        }
        matrix.values = vec![F::of(0.0); matrix.columns.len()];
        matrix
    }

    /// Removes all rows, and keeps the memory.
    pub fn clear(&mut self) {
        self.starts.truncate(1);
        self.columns.clear();
        self.values.clear();
    }

    /// Adds the rows of one application of a function: a row for each float of its result. `at` says
    /// which columns its gradient stands in, a range for each parameter of `wrt` in their order; `vjp`
    /// calls the function's `vjp`, or another pullback, with the cotangent that it is given, and
    /// returns what that does. The result of the function has a fixed number of floats.
    ///
    /// # Panics
    /// If the ranges have not as many columns as the gradient has floats, or reach beyond the last.
    #[track_caller]
    pub fn push_block<T: Entries + Val, G: Entries>(
        &mut self,
        at: &[Range<usize>],
        mut vjp: impl FnMut(T) -> (T, G),
    ) {
        let count: usize = at.iter().map(ExactSizeIterator::len).sum();
        let inside = at.iter().all(|range| range.end <= self.width);
        assert!(
            inside,
            "a block stands at {at:?}, there are {} columns",
            self.width
        );
        let rows = T::blank().entries();
        for row in 0..rows {
            let mut seed = T::blank();
            let mut entry = 0;
            seed.write(&mut |lanes| {
                lanes[0] = f64::from(u8::from(entry == row));
                entry += 1;
            });
            let (_, gradient) = vjp(seed);
            self.columns.extend(at.iter().cloned().flatten());
            let before = self.values.len();
            gradient.read(&mut |lanes| self.values.push(F::of(lanes[0])));
            let found = self.values.len() - before;
            assert!(
                found == count,
                "the ranges of a block have {count} columns, its gradient has {found} floats"
            );
            self.starts.push(self.columns.len());
        }
    }

    /// A color for each column, so that columns of the same color share no row: each gets the first
    /// that is free, in their order.
    pub fn colors(&self) -> Vec<usize> {
        let mut rows_of = vec![Vec::new(); self.width];
        for row in 0..self.rows() {
            for &column in self.row(row).0 {
                rows_of[column].push(row);
            }
        }
        let mut colors = vec![usize::MAX; self.width];
        // Which column a color was last taken for.
        let mut taken_for = Vec::new();
        for (column, rows) in rows_of.iter().enumerate() {
            for &row in rows {
                for &other in self.row(row).0 {
                    if let Some(taken) = taken_for.get_mut(colors[other]) {
                        *taken = column;
                    }
                }
            }
            let free = taken_for.iter().position(|&taken| taken != column);
            colors[column] = free.unwrap_or(taken_for.len());
            if free.is_none() {
                taken_for.push(usize::MAX);
            }
        }
        colors
    }

    /// Fills in the values, with one directional derivative for each [color](Self::colors): `jvp`
    /// yields the derivative of the whole function in a direction. Where the function depends on a
    /// column that the pattern lacks, the values are those of sums of columns: the pattern must be
    /// complete.
    ///
    /// # Panics
    /// If the derivative has not as many floats as there are rows.
    #[track_caller]
    pub fn compress<T: Entries>(&mut self, mut jvp: impl FnMut(&[F]) -> T) {
        let colors = self.colors();
        let count = colors.iter().max().map_or(0, |most| most + 1);
        for color in 0..count {
            let direction: Vec<F> = colors
                .iter()
                .map(|&of| F::of(f64::from(u8::from(of == color))))
                .collect();
            let mut row = 0;
            jvp(&direction).read(&mut |lanes| {
                let Some(&end) = self.starts.get(row + 1) else {
                    row += 1;
                    return;
                };
                for at in self.starts[row]..end {
                    if colors[self.columns[at]] == color {
                        self.values[at] = F::of(lanes[0]);
                    }
                }
                row += 1;
            });
            let rows = self.rows();
            assert!(
                row == rows,
                "the pattern has {rows} rows, the derivative {row} floats"
            );
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Where the entries of each row start, and where those of the last end.
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// The column of each entry.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The value of each entry.
    pub fn values(&self) -> &[F] {
        &self.values
    }

    /// The columns and the values of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> (&[usize], &[F]) {
        let at = self.starts[row]..self.starts[row + 1];
        (
            &self.columns[at.clone()],
            self.values.get(at).unwrap_or_default(),
        )
    }

    /// The product with a vector, one value for each row.
    ///
    /// # Panics
    /// If the vector has not as many entries as there are columns.
    #[track_caller]
    pub fn times(&self, x: &[F]) -> Vec<F> {
        assert_eq!(x.len(), self.width, "as many entries as columns");
        let product = |row| {
            let (columns, values) = self.row(row);
            let mut sum = F::of(0.0);
            for (&column, &value) in columns.iter().zip(values) {
                sum += value * x[column];
            }
            sum
        };
        (0..self.rows()).map(product).collect()
    }

    /// The product of the transposed matrix with a vector, one value for each column: the gradient
    /// of half the sum of squares, for the residuals.
    ///
    /// # Panics
    /// If the vector has not as many entries as there are rows.
    #[track_caller]
    pub fn transposed_times(&self, y: &[F]) -> Vec<F> {
        assert_eq!(y.len(), self.rows(), "as many entries as rows");
        let mut product = vec![F::of(0.0); self.width];
        for (row, &factor) in y.iter().enumerate() {
            let (columns, values) = self.row(row);
            for (&column, &value) in columns.iter().zip(values) {
                product[column] += value * factor;
            }
        }
        product
    }

    /// The same matrix with its zeros.
    pub fn to_dense(&self) -> Matrix<F> {
        let mut matrix: Matrix<F> = Matrix::zeros(self.rows(), self.width);
        for row in 0..self.rows() {
            let (columns, values) = self.row(row);
            for (&column, value) in columns.iter().zip(values) {
                let sum = F::to_f64(matrix[(row, column)]) + F::to_f64(*value);
                matrix.set(row, column, sum);
            }
        }
        matrix
    }
}
