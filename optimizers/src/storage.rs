//! What the optimizer keeps per leaf: its path, its shape, its options and its state.

use cotangent_runtime::{Floats, FloatsMut, LeafView, Path};

use crate::tensor_rule::Slot;
use crate::{Initial, Real};

/// The slots of one leaf, one after another, in the leaf's own precision.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SlotStorage {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// One leaf of the structure an optimizer was built for.
#[derive(Clone, Debug)]
pub(crate) struct LeafEntry {
    pub(crate) path: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) len: usize,
    /// The index of its options.
    pub(crate) group: usize,
    pub(crate) frozen: bool,
    pub(crate) specs: Vec<Slot>,
    pub(crate) slots: SlotStorage,
    pub(crate) memory: Vec<f64>,
    /// The square sum of this step's gradient, in units of the square of `unit`, which isn't 1
    /// where plain sums overflow.
    pub(crate) squares: f64,
    pub(crate) unit: f64,
}

impl LeafEntry {
    /// Fills every slot with its initial value.
    pub(crate) fn fill(&mut self, view: &LeafView<'_>) {
        self.slots = match view.data {
            Floats::F32(data) => SlotStorage::F32(initial(&self.specs, data)),
            Floats::F64(data) => SlotStorage::F64(initial(&self.specs, data)),
        };
    }

    /// The norm of this step's gradient.
    pub(crate) fn norm(&self) -> f64 {
        self.squares.sqrt() * self.unit
    }

    /// Whether a leaf of the walk is this one; allocates nothing.
    #[inline]
    pub(crate) fn is(&self, path: &Path<'_>, shape: &[usize], is_f32: bool) -> bool {
        // Element by element: ranks are small, and a call costs more.
        self.shape.len() == shape.len()
            && self.shape.iter().zip(shape).all(|(a, b)| a == b)
            && matches!(self.slots, SlotStorage::F32(_)) == is_f32
            && strip_path(self.path.as_bytes(), path).is_some_and(<[u8]>::is_empty)
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

fn initial<T: Real>(specs: &[Slot], parameters: &[T]) -> Vec<T> {
    let mut storage = Vec::new();
    for spec in specs {
        let len = spec.shape.iter().product();
        match spec.initial {
            Initial::Value(value) => storage.extend(std::iter::repeat_n(T::from_f64(value), len)),
            Initial::Parameter => storage.extend_from_slice(parameters),
        }
    }
    storage
}

/// What is left of `text` when the rendered `path` is taken from its end.
#[inline]
fn strip_path<'t>(text: &'t [u8], path: &Path<'_>) -> Option<&'t [u8]> {
    let (parent, rest) = match path {
        Path::Root => return Some(text),
        Path::Field(parent, name) => (parent, strip_name(text, name.as_bytes())?),
        Path::Index(parent, index) => (parent, strip_number(text, *index)?),
    };
    match parent {
        Path::Root => Some(rest),
        _ => strip_path(strip_name(rest, b".")?, parent),
    }
}

/// `strip_suffix` without a call: names are short.
#[inline]
fn strip_name<'t>(text: &'t [u8], name: &[u8]) -> Option<&'t [u8]> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(name.len())?)?;
    end.iter().zip(name).all(|(a, b)| a == b).then_some(rest)
}

#[inline]
fn strip_number(mut text: &[u8], mut number: usize) -> Option<&[u8]> {
    loop {
        let (last, rest) = text.split_last()?;
        if *last != b'0' + (number % 10) as u8 {
            return None;
        }
        text = rest;
        number /= 10;
        if number == 0 {
            return Some(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_another_without_rendering() {
        let layers = Path::Field(&Path::Root, "layers");
        let twelfth = Path::Index(&layers, 12);
        let weight = Path::Field(&twelfth, "w");
        let text = weight.to_string();
        assert_eq!(text, "layers.12.w");
        let left = |text: &'static str| strip_path(text.as_bytes(), &weight);
        assert_eq!(left("layers.12.w"), Some(b"".as_slice()));
        for other in [
            "layers.2.w",
            "layers.112.w",
            "xlayers.12.w",
            "layers.12.b",
            "w",
        ] {
            assert_ne!(left(other), Some(b"".as_slice()), "{other}");
        }
    }
}
