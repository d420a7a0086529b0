//! Room for the rows of a leaf that a gradient lists.
//!
//! A leaf whose gradient is a row list is updated as if it consisted of these rows: they and their
//! state are copied side by side, updated in one loop, and copied back. So nothing else is read
//! or written, whatever the size of the table. The room keeps its capacity.

use cotangent_runtime::RowIndex;

use crate::Real;

/// Copies of rows and of their state.
#[derive(Debug)]
pub(crate) struct RowRoom<T> {
    /// The shape of the copy.
    pub(crate) shape: Vec<usize>,
    pub(crate) x: Vec<T>,
    /// The slots, one after another.
    pub(crate) slots: Vec<T>,
}

impl<T: Real> RowRoom<T> {
    pub(crate) fn new() -> Self {
        Self {
            shape: Vec::new(),
            x: Vec::new(),
            slots: Vec::new(),
        }
    }

    /// Copies the listed rows of a leaf of this shape; `slots` are as long as `x` each.
    pub(crate) fn gather(&mut self, shape: &[usize], x: &[T], slots: &[T], rows: &RowIndex) {
        self.shape.clear();
        self.shape.extend_from_slice(shape);
        self.shape[0] = rows.len();
        let width = width(shape);
        self.x.clear();
        self.slots.clear();
        for &row in rows.rows() {
            self.x
                .extend_from_slice(&x[row as usize * width..][..width]);
        }
        // A table without elements has no state.
        for slot in slots.chunks_exact(x.len().max(1)) {
            for &row in rows.rows() {
                self.slots
                    .extend_from_slice(&slot[row as usize * width..][..width]);
            }
        }
    }

    /// Copies them back.
    pub(crate) fn scatter(&self, shape: &[usize], x: &mut [T], slots: &mut [T], rows: &RowIndex) {
        let width = width(shape);
        if self.x.is_empty() {
            return;
        }
        let len = x.len();
        let copies = self.slots.chunks_exact(self.x.len());
        let leaves = slots.chunks_exact_mut(len).zip(copies);
        for (leaf, copy) in [(x, self.x.as_slice())].into_iter().chain(leaves) {
            for (&row, copy) in rows.rows().iter().zip(copy.chunks_exact(width)) {
                leaf[row as usize * width..][..width].copy_from_slice(copy);
            }
        }
    }
}

/// The elements of a row.
fn width(shape: &[usize]) -> usize {
    shape[1..].iter().product()
}
