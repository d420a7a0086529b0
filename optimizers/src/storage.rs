//! What the optimizer keeps per leaf: its path, its shape and its state slots.

use std::fmt::Write as _;

use cotangent_runtime::{Floats, FloatsMut, LeafView, Path};

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
    pub(crate) decays: bool,
    pub(crate) slots: SlotStorage,
}

impl LeafEntry {
    /// The entry of a leaf, each slot filled with its initial value.
    pub(crate) fn new(path: &Path<'_>, view: &LeafView<'_>, initial: &[f64]) -> Self {
        let slots = match view.data {
            Floats::F32(data) => SlotStorage::F32(fill(data.len(), initial, |x| x as f32)),
            Floats::F64(data) => SlotStorage::F64(fill(data.len(), initial, |x| x)),
        };
        let mut text = String::new();
        // Writing to a string can't fail.
        let _ = write!(text, "{path}");
        Self {
            path: text,
            shape: view.shape.to_vec(),
            decays: true,
            slots,
        }
    }

    /// Whether a leaf of the walk is this one; allocates nothing.
    pub(crate) fn is(&self, path: &Path<'_>, shape: &[usize], is_f32: bool) -> bool {
        self.shape == shape
            && matches!(self.slots, SlotStorage::F32(_)) == is_f32
            && strip_path(&self.path, path) == Some("")
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

fn fill<T: Copy>(len: usize, initial: &[f64], convert: impl Fn(f64) -> T) -> Vec<T> {
    initial
        .iter()
        .flat_map(|&x| std::iter::repeat_n(convert(x), len))
        .collect()
}

/// What is left of `text` when the rendered `path` is taken from its end.
fn strip_path<'t>(text: &'t str, path: &Path<'_>) -> Option<&'t str> {
    let (parent, rest) = match path {
        Path::Root => return Some(text),
        Path::Field(parent, name) => (parent, text.strip_suffix(name)?),
        Path::Index(parent, index) => (parent, strip_number(text, *index)?),
    };
    match parent {
        Path::Root => Some(rest),
        _ => strip_path(rest.strip_suffix('.')?, parent),
    }
}

fn strip_number(mut text: &str, mut number: usize) -> Option<&str> {
    loop {
        let digit = char::from(b'0' + (number % 10) as u8);
        text = text.strip_suffix(digit)?;
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
        assert_eq!(strip_path(&text, &weight), Some(""));
        for other in ["layers.2.w", "layers.112.w", "xlayers.12.w", "layers.12.b"] {
            assert_ne!(strip_path(other, &weight), Some(""), "{other}");
        }
    }
}
