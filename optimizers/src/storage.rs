//! What the optimizer keeps per leaf: its path, its shape, its options, and where its state lies.

use cotangent_runtime::{Floats, FloatsMut, Path};

use crate::leaf_path::LeafPath;
use crate::tensor_rule::Slot;

/// One leaf of the structure an optimizer was built for.
#[derive(Clone, Debug)]
pub(crate) struct LeafEntry {
    pub(crate) path: LeafPath,
    pub(crate) shape: Vec<usize>,
    pub(crate) len: usize,
    /// Whether its elements are single precision.
    pub(crate) single: bool,
    /// The index of its options.
    pub(crate) group: usize,
    pub(crate) frozen: bool,
    /// Whether its gradients may be lists of rows.
    pub(crate) embedding: bool,
    pub(crate) specs: Vec<Slot>,
    /// Where its state lies, in the lane of its precision.
    pub(crate) place: Place,
    pub(crate) memory: Vec<f64>,
    /// The square sum of this step's gradient, in units of the square of `unit`, which isn't 1
    /// where plain sums overflow. Not kept for a gathered leaf.
    pub(crate) squares: f64,
    pub(crate) unit: f64,
}

/// The part of a block that is one leaf's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) block: usize,
    /// Whether the leaf shares the block with other short ones.
    pub(crate) gathered: bool,
    /// Its first element in the block.
    pub(crate) start: usize,
}

impl LeafEntry {
    /// The norm of this step's gradient.
    pub(crate) fn norm(&self) -> f64 {
        self.squares.sqrt() * self.unit
    }

    /// Whether a leaf of the walk is this one; allocates nothing.
    #[inline]
    pub(crate) fn is(&self, path: &Path<'_>, shape: &[usize], single: bool) -> bool {
        // Element by element: ranks are small, and a call costs more.
        self.shape.len() == shape.len()
            && self.shape.iter().zip(shape).all(|(a, b)| a == b)
            && self.single == single
            && self.path.is(path)
    }
}

/// Whether the elements are single precision.
pub(crate) fn is_f32(floats: &Floats<'_>) -> bool {
    matches!(floats, Floats::F32(_))
}

/// As `is_f32`, for a leaf that is written.
pub(crate) fn is_f32_mut(floats: &FloatsMut<'_>) -> bool {
    matches!(floats, FloatsMut::F32(_))
}
