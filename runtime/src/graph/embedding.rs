//! How a program sees an `Embedding`: a leaf that is read by lookups alone, whose gradient is a row
//! list.
//!
//! Its handle is no tensor, so that rustc refuses every other use of the table, at the user's token.

use super::builder::{Builder, TensorHandle};
use super::differentiable::Differentiable;
use super::dims::Shaped;
use super::static_shape::StaticShape;
use super::walk::{GradientWalk, Walk};
use crate::embedding::Content;
use crate::methods::Bag;
use crate::{Embedding, Float, Real, Rows};

/// What stands for an [`Embedding`] while a graph is built.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddingHandle<'b, T> {
    table: TensorHandle<'b, T>,
    padding: Option<u32>,
}

impl<'b, T: Float + Real> EmbeddingHandle<'b, T> {
    /// As [`Embedding::lookup`].
    #[must_use]
    #[track_caller]
    pub fn lookup(&self, labels: &TensorHandle<'b, u32>) -> TensorHandle<'b, T> {
        self.table.looked_up(labels, self.padding)
    }

    /// As [`Embedding::bag`].
    #[must_use]
    #[track_caller]
    pub fn bag(&self, labels: &TensorHandle<'b, u32>, bag: Bag) -> TensorHandle<'b, T> {
        self.table.bagged("bag", labels, bag, self.padding)
    }

    /// The shape of the table.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.table.shape()
    }
}

impl<T> Shaped for EmbeddingHandle<'_, T> {
    fn declared_shape(&self) -> Option<Vec<usize>> {
        self.table.declared_shape()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Float> Differentiable for Embedding<T> {
    type Handle<'h, 'b> = EmbeddingHandle<'b, T>;
    type Shapes = StaticShape;
    const SHAPES: StaticShape = StaticShape::UNKNOWN;

    fn handle<'b>(&self, builder: &'b Builder) -> EmbeddingHandle<'b, T> {
        EmbeddingHandle {
            table: builder.leaf(std::ptr::from_ref(self) as usize),
            padding: self.padding,
        }
    }

    fn walk(&self, walk: &mut Walk) {
        let address = std::ptr::from_ref(self) as usize;
        // The graph holds the padding as a parameter of its lookups.
        walk.word(self.padding.map_or(u64::MAX, u64::from));
        match &self.content {
            Content::Table(table) => {
                walk.table(address, table.shape(), table.data().as_ptr().cast(), T::DTYPE);
            }
            Content::Rows(_) => walk.refuse(
                "a gradient is passed where parameters are wanted: an embedding in it is a row list",
            ),
        }
    }

    fn walk_gradient(&mut self, primal: &Self, walk: &mut GradientWalk) {
        let added = walk.added;
        // A constant field keeps the table that it was cloned from.
        walk.leaf(|| {
            if self.rows().is_none() || self.shape() != primal.shape() {
                *self = primal.zeros_like();
            }
            match &mut self.content {
                Content::Rows(rows) => {
                    // A program adds to the list.
                    if !added {
                        rows.clear();
                    }
                    std::ptr::from_mut(rows).cast()
                }
                Content::Table(_) => std::ptr::null_mut(),
            }
        });
    }

    fn zeros_like(&self) -> Self {
        Embedding {
            padding: self.padding,
            content: Content::Rows(Rows::new(self.shape())),
        }
    }
}
