//! `Rows`: some rows of a large table, each once.
//!
//! The cotangent of a table that is only looked up is zero but in the rows that were, so it is
//! kept as those rows. It knows nothing of graphs and of embeddings.

use std::fmt;

use crate::{Element, Real, RowIndex, Tensor};

/// Rows of a table of shape `[N, ..]`; all others are zero.
///
/// Rows stand in the order in which they first occurred, and what is added to one row is summed
/// in the order in which it came: a gradient is the same to the bit on every run. The memory is
/// that of the listed rows; `clear` keeps it.
///
/// ```
/// use cotangent_runtime::Rows;
///
/// let mut rows = Rows::<f32>::new(&[1_000_000, 2]);
/// rows.add(70_000, &[1.0, 2.0]);
/// rows.add(3, &[0.5, 0.5]);
/// rows.add(70_000, &[1.0, 0.0]);
/// assert_eq!(rows.indices(), [70_000, 3]);
/// assert_eq!(rows.get(70_000), Some([2.0, 2.0].as_slice()));
/// assert_eq!(rows.get(4), None);
/// ```
#[derive(Clone, PartialEq)]
pub struct Rows<T> {
    shape: Vec<usize>,
    width: usize,
    index: RowIndex,
    values: Vec<T>,
}

impl<T: Element> Rows<T> {
    /// No rows of a table of this shape.
    ///
    /// # Panics
    /// When the shape has no axis.
    #[must_use]
    #[track_caller]
    pub fn new(shape: &[usize]) -> Self {
        assert!(!shape.is_empty(), "a table of rows needs at least one axis");
        Rows {
            shape: shape.to_vec(),
            width: shape[1..].iter().product(),
            index: RowIndex::default(),
            values: Vec::new(),
        }
    }

    /// The shape of the table.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many rows are listed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Which rows are listed, in the order of `values`.
    #[must_use]
    pub fn indices(&self) -> &[u32] {
        self.index.rows()
    }

    /// Which rows are listed, with their positions.
    #[must_use]
    pub fn index(&self) -> &RowIndex {
        &self.index
    }

    /// The elements of the listed rows, one after another.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// A row, if it is listed.
    #[must_use]
    pub fn get(&self, row: u32) -> Option<&[T]> {
        let position = self.index.position(row)?;
        self.values
            .get(position * self.width..(position + 1) * self.width)
    }

    /// The listed rows, each with its number.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[T])> {
        let part = |k| &self.values[k * self.width..(k + 1) * self.width];
        let rows = self.index.rows().iter().enumerate();
        rows.map(move |(k, &row)| (row, part(k)))
    }

    /// Lists no row any more, and keeps the memory.
    pub fn clear(&mut self) {
        self.index.clear();
        self.values.clear();
    }

    /// Lists a row, of zeros if it was not listed, for writing.
    ///
    /// # Panics
    /// When the table has no such row.
    #[track_caller]
    pub fn row_mut(&mut self, row: u32) -> &mut [T] {
        let count = self.shape[0];
        assert!(
            (row as usize) < count,
            "row {row} of a table of {count} rows"
        );
        let position = self.index.insert(row);
        let end = (position + 1) * self.width;
        if end > self.values.len() {
            self.values.resize(end, T::ZERO);
        }
        &mut self.values[position * self.width..end]
    }

    /// Lists these rows too, of zeros where they were not listed.
    pub(crate) fn include(&mut self, index: &RowIndex) {
        for &row in index.rows() {
            self.row_mut(row);
        }
    }

    /// Shape, rows and elements, the elements for writing.
    pub(crate) fn parts_mut(&mut self) -> (&[usize], &RowIndex, &mut [T]) {
        (&self.shape, &self.index, &mut self.values)
    }

    /// The whole table, with zeros for the rows that are not listed.
    #[must_use]
    pub fn to_dense(&self) -> Tensor<T> {
        let mut dense = Tensor::zeros(&self.shape);
        let data = dense.data_mut();
        for (row, values) in self.iter() {
            let start = row as usize * self.width;
            data[start..start + self.width].copy_from_slice(values);
        }
        dense
    }
}

impl<T: Real> Rows<T> {
    /// Adds to a row.
    ///
    /// # Panics
    /// When the table has no such row, or one of another length.
    #[track_caller]
    pub fn add(&mut self, row: u32, values: &[T]) {
        assert_eq!(values.len(), self.width, "the length of a row of the table");
        for (sum, &value) in self.row_mut(row).iter_mut().zip(values) {
            *sum += value;
        }
    }
}

impl<T: Element> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rows<{}> of {:?} ", T::DTYPE, self.shape)?;
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_filled_again_holds_nothing_of_before() {
        let mut rows = Rows::<f64>::new(&[5, 3]);
        rows.add(4, &[1.0, 2.0, 3.0]);
        rows.clear();
        rows.add(0, &[1.0, 1.0, 1.0]);
        rows.row_mut(4);
        let expected = [[1.0; 3], [0.0; 3], [0.0; 3], [0.0; 3], [0.0; 3]].concat();
        assert_eq!(rows.to_dense().data(), expected);
        assert_eq!(rows.indices(), [0, 4]);
    }
}
