//! What the optimizer keeps per leaf: its path, its shape, its options, and where its state lies.

use cotangent_runtime::{DType, Path};

use crate::leaf_path::LeafPath;
use crate::masters::Master;
use crate::tensor_rule::Slot;

/// One leaf of the structure an optimizer was built for.
#[derive(Clone, Debug)]
pub(crate) struct LeafEntry {
    pub(crate) path: LeafPath,
    pub(crate) shape: Vec<usize>,
    pub(crate) len: usize,
    /// Its element type.
    pub(crate) dtype: DType,
    /// Whether it is updated in single precision.
    pub(crate) single: bool,
    /// Its parameters in single precision, where it has less; not where it is frozen.
    pub(crate) master: Option<Master>,
    /// The index of its options.
    pub(crate) group: usize,
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

/// Where the state of a leaf lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It has none, and is never updated.
    Frozen,
    /// In the block of this number, alone.
    Own(usize),
    /// In a block with other short ones, among whose elements it starts here.
    Gathered { block: usize, start: usize },
}

impl LeafEntry {
    /// The norm of this step's gradient.
    pub(crate) fn norm(&self) -> f64 {
        self.squares.sqrt() * self.unit
    }

    /// Whether it stays as it is.
    #[inline(always)]
    pub(crate) fn frozen(&self) -> bool {
        self.place == Place::Frozen
    }

    /// Whether a leaf of the walk is this one, but for its precision; allocates nothing.
    #[inline(always)]
    pub(crate) fn is(&self, path: &Path<'_>, shape: &[usize]) -> bool {
        self.has_shape(shape) && self.path.is(path)
    }

    #[inline(always)]
    fn has_shape(&self, shape: &[usize]) -> bool {
        // Element by element: ranks are small, and a call costs more.
        match (self.shape.as_slice(), shape) {
            ([], []) => true,
            ([own], [other]) => own == other,
            (own, other) => own.len() == other.len() && own.iter().zip(other).all(|(a, b)| a == b),
        }
    }
}
