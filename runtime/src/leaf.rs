//! Leaves: the named slices of floats that a parameter structure consists of.
//!
//! Optimizers, initialisers, checkpoints and error messages see a model only through this walk.
//! It never allocates: a path is a chain of borrowed steps that is rendered only when somebody
//! wants its text.

use std::fmt;

use crate::RowIndex;

/// Where a leaf stands in its structure; displays as `layers.0.w`.
#[derive(Clone, Copy, Debug)]
pub enum Path<'a> {
    /// The structure itself; displays as nothing.
    Root,
    /// A named field.
    Field(&'a Path<'a>, &'a str),
    /// An element of a vector, an array or a tuple.
    Index(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parent, step): (&Path<'_>, &dyn fmt::Display) = match self {
            Path::Root => return Ok(()),
            Path::Field(parent, name) => (parent, name),
            Path::Index(parent, index) => (parent, index),
        };
        match parent {
            Path::Root => write!(f, "{step}"),
            _ => write!(f, "{parent}.{step}"),
        }
    }
}

/// The elements of a leaf, read-only.
#[derive(Clone, Copy, Debug)]
pub enum Floats<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
}

/// The elements of a leaf, for writing.
#[derive(Debug)]
pub enum FloatsMut<'a> {
    /// Single precision.
    F32(&'a mut [f32]),
    /// Double precision.
    F64(&'a mut [f64]),
}

/// A leaf as a reader sees it: its shape and its elements in row-major order.
#[derive(Clone, Copy, Debug)]
pub struct LeafView<'a> {
    /// Sizes, outermost first; empty for a scalar.
    pub shape: &'a [usize],
    /// Which rows (entries of the first axis) `data` holds, one after another, all others being
    /// zero; `None` for all of them in their order. Only the gradient of an
    /// [`Embedding`](crate::Embedding) is a row list.
    pub rows: Option<&'a RowIndex>,
    /// Whether it is an [`Embedding`](crate::Embedding), whose gradients list rows.
    pub embedding: bool,
    /// The elements.
    pub data: Floats<'a>,
}

/// A leaf as a writer sees it.
#[derive(Debug)]
pub struct LeafViewMut<'a> {
    /// Sizes, outermost first; empty for a scalar.
    pub shape: &'a [usize],
    /// Which rows `data` holds, as in [`LeafView::rows`].
    pub rows: Option<&'a RowIndex>,
    /// The elements.
    pub data: FloatsMut<'a>,
}

impl<'a> LeafView<'a> {
    /// A leaf of which every element is there.
    #[must_use]
    pub fn dense(shape: &'a [usize], data: Floats<'a>) -> Self {
        LeafView {
            shape,
            rows: None,
            embedding: false,
            data,
        }
    }

    /// Visits the elements at these rows, in their order, or those of the whole leaf; what a row list
    /// lacks is 0. A step of an optimizer goes over the listed rows instead.
    pub fn each_at(&self, rows: Option<&RowIndex>, mut visit: impl FnMut(f64)) {
        let width = self.shape.iter().skip(1).product::<usize>();
        let mut row = |row: usize| {
            let position = match self.rows {
                Some(index) => u32::try_from(row).ok().and_then(|row| index.position(row)),
                None => Some(row),
            };
            let element = |at: usize| match self.data {
                Floats::F32(data) => f64::from(data[at]),
                Floats::F64(data) => data[at],
            };
            for k in 0..width {
                visit(position.map_or(0.0, |position| element(position * width + k)));
            }
        };
        match rows {
            Some(rows) => rows.rows().iter().for_each(|&at| row(at as usize)),
            None => (0..self.shape.first().copied().unwrap_or(1)).for_each(row),
        }
    }
}

impl<'a> LeafViewMut<'a> {
    /// A leaf of which every element is there.
    #[must_use]
    pub fn dense(shape: &'a [usize], data: FloatsMut<'a>) -> Self {
        LeafViewMut {
            shape,
            rows: None,
            data,
        }
    }
}

/// Two structures that were to be walked side by side differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructureMismatch {
    /// The path where they differ.
    pub path: String,
    /// What differs, in words.
    pub what: String,
}

impl fmt::Display for StructureMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the two structures differ at `{}`: {}",
            self.path, self.what
        )
    }
}

impl std::error::Error for StructureMismatch {}

/// A structure of float leaves: what `#[derive(Differentiable)]` implements for a user's struct.
///
/// The order of the leaves is the order of the fields, and is the same in all three walks.
pub trait Leaves {
    /// Visits every leaf. `path` is where `self` stands.
    fn leaves(&self, path: &Path<'_>, visit: &mut dyn FnMut(&Path<'_>, LeafView<'_>));

    /// Visits every leaf for writing.
    fn leaves_mut(&mut self, path: &Path<'_>, visit: &mut dyn FnMut(&Path<'_>, LeafViewMut<'_>));

    /// Visits every leaf of `self` for writing, together with the leaf of `other` at the same
    /// path. Used to step parameters by a gradient of the same type.
    ///
    /// Where both are row lists, the one that is written gets the rows of the other one, of zeros,
    /// if it lacks them.
    ///
    /// # Errors
    /// When the two differ in the length of a vector, in the presence of an option, or in a shape;
    /// leaves before that point have been visited.
    fn zip_leaves(
        &mut self,
        other: &Self,
        path: &Path<'_>,
        visit: &mut dyn FnMut(&Path<'_>, LeafViewMut<'_>, LeafView<'_>),
    ) -> Result<(), StructureMismatch>;

    /// A slice of these values as one leaf, if they are plain floats: so that `Vec<f64>` is one
    /// leaf, and `Vec<Layer>` is a list of structures.
    #[doc(hidden)]
    fn as_floats(_: &[Self]) -> Option<Floats<'_>>
    where
        Self: Sized,
    {
        None
    }

    /// As `as_floats`, for writing.
    #[doc(hidden)]
    fn as_floats_mut(_: &mut [Self]) -> Option<FloatsMut<'_>>
    where
        Self: Sized,
    {
        None
    }
}
