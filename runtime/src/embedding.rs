//! `Embedding`: a table of rows that is only looked up, so that its gradient is a row list.
//!
//! A gradient has the type of its primal. So this is one of two things: a table of parameters, or
//! some rows of one, which is what a program yields as its gradient. It knows nothing of graphs;
//! how a program sees it stands in `graph::embedding`.

use std::fmt;

use crate::leaf::{Floats, FloatsMut, LeafView, LeafViewMut, Leaves, Path, StructureMismatch};
use crate::methods::Bag;
use crate::{Element, Float, Real, Rows, Tensor};

/// A table `[N, ..]` whose rows are looked up by number.
///
/// In a `#[differentiable]` function it has [`lookup`](Self::lookup) and [`bag`](Self::bag) and
/// nothing else; then its gradient is the list of the rows that were looked up, and an optimizer
/// updates these rows alone. Nothing of the size of the table is allocated or written. A table that
/// takes part as a whole (in a product, say) has a dense gradient: make it a [`Tensor`], which has
/// the same lookups as `embedding` and `embedding_bag`.
///
/// The gradient has the same type: [`rows`](Self::rows) is its row list, where that of the
/// parameters is in [`table`](Self::table).
///
/// ```
/// use cotangent_runtime::{Bag, Embedding, Tensor};
///
/// let words = Embedding::new(Tensor::from_fn(&[4, 2], |i| i as f32)).with_padding(0);
/// let ids = Tensor::from_vec(&[2, 2], vec![3, 1, 2, 0])?;
/// assert_eq!(words.lookup(&ids).shape(), [2, 2, 2]);
/// assert_eq!(words.bag(&ids, Bag::Mean).data(), [4.0, 5.0, 4.0, 5.0]);
/// # Ok::<(), cotangent_runtime::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Embedding<T: Element> {
    pub(crate) padding: Option<u32>,
    pub(crate) content: Content<T>,
}

/// What an embedding holds.
#[derive(Clone, PartialEq)]
pub(crate) enum Content<T: Element> {
    /// All rows: parameters.
    Table(Tensor<T>),
    /// Some rows, the others being zero: a gradient.
    Rows(Rows<T>),
}

impl<T: Element> Embedding<T> {
    /// The rows of a tensor of shape `[N, ..]`.
    ///
    /// # Panics
    /// When the tensor has no axis.
    #[must_use]
    #[track_caller]
    pub fn new(table: Tensor<T>) -> Self {
        assert!(table.rank() > 0, "a table of rows needs at least one axis");
        Embedding {
            padding: None,
            content: Content::Table(table),
        }
    }

    /// The same table with a row that stands for "nothing here": it gets no gradient, and bags skip
    /// it. A lookup yields what the table holds there.
    ///
    /// # Panics
    /// When the table has no such row.
    #[must_use]
    #[track_caller]
    pub fn with_padding(mut self, row: u32) -> Self {
        let count = self.shape()[0];
        assert!(
            (row as usize) < count,
            "row {row} of a table of {count} rows"
        );
        self.padding = Some(row);
        self
    }

    /// The row that stands for nothing.
    #[must_use]
    pub fn padding(&self) -> Option<u32> {
        self.padding
    }

    /// The shape of the table, whether all its rows are here or some.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        match &self.content {
            Content::Table(table) => table.shape(),
            Content::Rows(rows) => rows.shape(),
        }
    }

    /// The whole table, if this is one.
    #[must_use]
    pub fn table(&self) -> Option<&Tensor<T>> {
        match &self.content {
            Content::Table(table) => Some(table),
            Content::Rows(_) => None,
        }
    }

    /// The row list, if this is a gradient.
    #[must_use]
    pub fn rows(&self) -> Option<&Rows<T>> {
        match &self.content {
            Content::Table(_) => None,
            Content::Rows(rows) => Some(rows),
        }
    }

    /// The whole table, with zeros for the rows that a row list lacks.
    #[must_use]
    pub fn to_dense(&self) -> Tensor<T> {
        match &self.content {
            Content::Table(table) => table.clone(),
            Content::Rows(rows) => rows.to_dense(),
        }
    }
}

/// A gradient.
impl<T: Element> From<Rows<T>> for Embedding<T> {
    fn from(rows: Rows<T>) -> Self {
        Embedding {
            padding: None,
            content: Content::Rows(rows),
        }
    }
}

impl<T: Float + Real> Embedding<T> {
    /// The rows for labels `[B..]`: `[B.., ..]`.
    ///
    /// # Panics
    /// When a label is not a row of the table, or this is a gradient.
    #[must_use]
    #[track_caller]
    pub fn lookup(&self, labels: &Tensor<u32>) -> Tensor<T> {
        self.parameters("lookup").looked_up(labels, self.padding)
    }

    /// The sum or the mean of the rows that the last axis of the labels names: `[B.., K]` yields
    /// `[B.., ..]`. The padding row does not count; a bag of nothing is zero.
    ///
    /// # Panics
    /// When a label is not a row of the table, or this is a gradient.
    #[must_use]
    #[track_caller]
    pub fn bag(&self, labels: &Tensor<u32>, bag: Bag) -> Tensor<T> {
        let table = self.parameters("bag");
        table.bagged("bag", labels, bag, self.padding)
    }

    #[track_caller]
    fn parameters(&self, what: &str) -> &Tensor<T> {
        match &self.content {
            Content::Table(table) => table,
            Content::Rows(_) => panic!(
                "`{what}` of a gradient, which is a row list: look rows up in the parameters, or in `to_dense()`"
            ),
        }
    }
}

impl<T: Element> fmt::Debug for Embedding<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Table(table) => write!(f, "Embedding {table:?}"),
            Content::Rows(rows) => write!(f, "Embedding {rows:?}"),
        }
    }
}

macro_rules! floats {
    ($($ty:ident $variant:ident;)*) => {$(
        impl Content<$ty> {
            fn view(&self) -> LeafView<'_> {
                match self {
                    Content::Table(table) => {
                        let data = Floats::$variant(table.data());
                        LeafView { embedding: true, ..LeafView::dense(table.shape(), data) }
                    }
                    Content::Rows(rows) => LeafView {
                        shape: rows.shape(),
                        rows: Some(rows.index()),
                        embedding: true,
                        data: Floats::$variant(rows.values()),
                    },
                }
            }

            fn view_mut(&mut self) -> LeafViewMut<'_> {
                match self {
                    Content::Table(table) => {
                        let (shape, data) = table.parts_mut();
                        LeafViewMut::dense(shape, FloatsMut::$variant(data))
                    }
                    Content::Rows(rows) => {
                        let (shape, index, data) = rows.parts_mut();
                        LeafViewMut { shape, rows: Some(index), data: FloatsMut::$variant(data) }
                    }
                }
            }
        }

        impl Leaves for Embedding<$ty> {
            fn leaves(
                &self,
                path: &Path<'_>,
                visit: &mut impl FnMut(&Path<'_>, LeafView<'_>),
            ) {
                visit(path, self.content.view());
            }

            fn leaves_mut(
                &mut self,
                path: &Path<'_>,
                visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>),
            ) {
                visit(path, self.content.view_mut());
            }

            fn zip_leaves(
                &mut self,
                other: &Self,
                path: &Path<'_>,
                visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>, LeafView<'_>),
            ) -> Result<(), StructureMismatch> {
                StructureMismatch::unless_alike(path, self.shape(), other.shape())?;
                match (&mut self.content, &other.content) {
                    (Content::Rows(rows), Content::Rows(others)) => rows.include(others.index()),
                    (Content::Rows(_), Content::Table(_)) => {
                        let what = "one of them is a row list";
                        return Err(StructureMismatch::at(path, what));
                    }
                    (Content::Table(_), _) => {}
                }
                visit(path, self.content.view_mut(), other.content.view());
                Ok(())
            }
        }
    )*};
}

floats! { f32 F32; f64 F64; }
