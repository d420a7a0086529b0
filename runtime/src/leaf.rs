//! Leaves: the named slices of floats that a parameter structure consists of.
//!
//! Optimizers, initialisers, checkpoints and error messages see a model only through this walk.
//! It never allocates: a path is a chain of borrowed steps that is rendered only when somebody
//! wants its text.

use std::fmt;

use half::{bf16, f16};

use crate::{DType, RowIndex};

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
    /// Half precision.
    F16(&'a [f16]),
    /// The upper half of single precision.
    Bf16(&'a [bf16]),
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
}

/// The elements of a leaf, for writing.
#[derive(Debug)]
pub enum FloatsMut<'a> {
    /// Half precision.
    F16(&'a mut [f16]),
    /// The upper half of single precision.
    Bf16(&'a mut [bf16]),
    /// Single precision.
    F32(&'a mut [f32]),
    /// Double precision.
    F64(&'a mut [f64]),
}

impl Floats<'_> {
    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Floats::F16(data) => data.len(),
            Floats::Bf16(data) => data.len(),
            Floats::F32(data) => data.len(),
            Floats::F64(data) => data.len(),
        }
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        match self {
            Floats::F16(_) => DType::F16,
            Floats::Bf16(_) => DType::Bf16,
            Floats::F32(_) => DType::F32,
            Floats::F64(_) => DType::F64,
        }
    }

    /// An element in double precision.
    ///
    /// # Panics
    /// When there is none at this position.
    #[must_use]
    pub fn get(&self, at: usize) -> f64 {
        match self {
            Floats::F16(data) => data[at].to_f64(),
            Floats::Bf16(data) => data[at].to_f64(),
            Floats::F32(data) => f64::from(data[at]),
            Floats::F64(data) => data[at],
        }
    }

    /// Visits every element in double precision, in order.
    pub fn each(&self, visit: impl FnMut(f64)) {
        match self {
            Floats::F16(data) => data.iter().map(|x| x.to_f64()).for_each(visit),
            Floats::Bf16(data) => data.iter().map(|x| x.to_f64()).for_each(visit),
            Floats::F32(data) => data.iter().map(|&x| f64::from(x)).for_each(visit),
            Floats::F64(data) => data.iter().copied().for_each(visit),
        }
    }
}

impl FloatsMut<'_> {
    /// The elements, read-only.
    #[must_use]
    pub fn as_floats(&self) -> Floats<'_> {
        match self {
            FloatsMut::F16(data) => Floats::F16(data),
            FloatsMut::Bf16(data) => Floats::Bf16(data),
            FloatsMut::F32(data) => Floats::F32(data),
            FloatsMut::F64(data) => Floats::F64(data),
        }
    }

    /// Replaces the element x at a position by `f(x)`, rounded to the element type.
    ///
    /// # Panics
    /// When there is none.
    pub fn update_at(&mut self, at: usize, f: impl FnOnce(f64) -> f64) {
        match self {
            FloatsMut::F16(data) => data[at] = f16::from_f64(f(data[at].to_f64())),
            FloatsMut::Bf16(data) => data[at] = bf16::from_f64(f(data[at].to_f64())),
            FloatsMut::F32(data) => data[at] = f(f64::from(data[at])) as f32,
            FloatsMut::F64(data) => data[at] = f(data[at]),
        }
    }

    /// Replaces every element x, in order, by `f(x)`, rounded to the element type.
    pub fn update(&mut self, mut f: impl FnMut(f64) -> f64) {
        match self {
            FloatsMut::F16(data) => data
                .iter_mut()
                .for_each(|x| *x = f16::from_f64(f(x.to_f64()))),
            FloatsMut::Bf16(data) => data
                .iter_mut()
                .for_each(|x| *x = bf16::from_f64(f(x.to_f64()))),
            FloatsMut::F32(data) => data.iter_mut().for_each(|x| *x = f(f64::from(*x)) as f32),
            FloatsMut::F64(data) => data.iter_mut().for_each(|x| *x = f(*x)),
        }
    }
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
            for k in 0..width {
                visit(position.map_or(0.0, |position| self.data.get(position * width + k)));
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

impl StructureMismatch {
    pub(crate) fn at(path: &Path<'_>, what: impl Into<String>) -> StructureMismatch {
        StructureMismatch {
            path: path.to_string(),
            what: what.into(),
        }
    }

    /// Asks for two leaves of one shape.
    pub(crate) fn unless_alike(
        path: &Path<'_>,
        one: &[usize],
        other: &[usize],
    ) -> Result<(), StructureMismatch> {
        if one == other {
            return Ok(());
        }
        let what = format!("the shapes are {one:?} and {other:?}");
        Err(StructureMismatch::at(path, what))
    }
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
/// The order of the leaves is the order of the fields, and is the same in all three walks. A visitor is
/// a generic parameter, so that a walk over many small leaves costs no call for each.
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds no leaves that optimizers and checkpoints know",
    label = "its floats are not known here",
    note = "put `#[derive(Differentiable)]` on the struct"
)]
pub trait Leaves {
    /// Visits every leaf. `path` is where `self` stands.
    fn leaves(&self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafView<'_>));

    /// Visits every leaf for writing.
    fn leaves_mut(&mut self, path: &Path<'_>, visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>));

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
        visit: &mut impl FnMut(&Path<'_>, LeafViewMut<'_>, LeafView<'_>),
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
