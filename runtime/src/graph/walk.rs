//! The walks over a program's arguments: what is read at every call, and what the gradient of a
//! call is written to.
//!
//! `Walk` records one entry per leaf (where its data is) and one word per thing that the plan
//! depends on (dimensions, lengths, options, booleans, integers). Its vectors keep their capacity,
//! so that a call with a known structure allocates nothing.

use super::builder::{Builder, ValueId};
use super::plan::Seed;
use crate::{DType, Error};

/// A leaf as the walk met it.
#[derive(Clone, Debug)]
pub(crate) struct LeafRecord {
    /// Address of the value that the user passed: how `instantiate` finds the leaf again.
    pub(crate) address: usize,
    /// Its elements.
    pub(crate) data: *const u8,
    /// Whether `data` is the position of a per-call float instead.
    pub(crate) float: Option<usize>,
    /// Where its shape stands in `Walk::key`: rank, then sizes.
    pub(crate) shape_at: usize,
    /// Its element type.
    pub(crate) dtype: DType,
    /// Whether the gradient is wanted.
    pub(crate) active: bool,
    /// Whether its gradient is a row list.
    pub(crate) rows: bool,
}

/// A walk over the arguments of a call.
#[derive(Default, Debug)]
pub struct Walk {
    pub(crate) leaves: Vec<LeafRecord>,
    pub(crate) key: Vec<u64>,
    pub(crate) floats: Vec<u64>,
    pub(crate) parameters: Vec<(&'static str, usize)>,
    /// The first leaf of the direction, if one was given; its parameters have the names of those
    /// that it is a direction of.
    pub(crate) direction_at: Option<usize>,
    active: bool,
    /// Why there can be no plan for these arguments.
    refused: Option<&'static str>,
    /// The paths of the leaves, in a walk that is made to name them.
    names: Option<Names>,
}

/// The paths of the leaves, and the path of where the walk is.
#[derive(Default, Debug)]
struct Names {
    leaves: Vec<String>,
    path: Vec<String>,
}

impl Walk {
    /// A walk that records the paths of leaves: for error messages and reports.
    pub(crate) fn naming() -> Walk {
        Walk {
            names: Some(Names::default()),
            ..Walk::default()
        }
    }

    /// The paths of the leaves, as `model.layers.0.w`.
    pub(crate) fn into_names(self) -> Vec<String> {
        self.names.map(|names| names.leaves).unwrap_or_default()
    }

    pub(crate) fn clear(&mut self) {
        self.leaves.clear();
        self.key.clear();
        self.floats.clear();
        self.parameters.clear();
        self.refused = None;
        self.direction_at = None;
    }

    /// Why there can be no plan for these arguments.
    pub(crate) fn refused(&self) -> Option<&'static str> {
        self.refused
    }

    /// Ends the call with an error.
    pub(crate) fn refuse(&mut self, why: &'static str) {
        self.refused.get_or_insert(why);
    }

    /// The parameters that follow are directions.
    pub(crate) fn direction(&mut self) {
        self.direction_at = Some(self.leaves.len());
    }

    /// The leaves that follow belong to this parameter; `active` if `wrt` lists it.
    pub fn parameter(&mut self, name: &'static str, active: bool) {
        self.parameters.push((name, self.leaves.len()));
        self.active = active;
        self.word(u64::from(active));
        if let Some(names) = &mut self.names {
            names.path.clear();
            names.path.push(name.to_owned());
        }
    }

    /// Walks an element of a list.
    pub(crate) fn element(&mut self, index: usize, walk: impl FnOnce(&mut Self)) {
        if let Some(names) = &mut self.names {
            names.path.push(index.to_string());
        }
        walk(self);
        if let Some(names) = &mut self.names {
            names.path.pop();
        }
    }

    /// Walks a field; a constant one has no gradient.
    pub fn field(&mut self, name: &'static str, constant: bool, walk: impl FnOnce(&mut Self)) {
        let active = self.active;
        self.active &= !constant;
        if let Some(names) = &mut self.names {
            names.path.push(name.to_owned());
        }
        walk(self);
        if let Some(names) = &mut self.names {
            names.path.pop();
        }
        self.active = active;
    }

    fn name_leaf(&mut self) {
        if let Some(names) = &mut self.names {
            names.leaves.push(names.path.join("."));
        }
    }

    /// Something that the plan depends on.
    pub fn word(&mut self, word: u64) {
        self.key.push(word);
    }

    /// A tensor.
    pub(crate) fn tensor(
        &mut self,
        address: usize,
        shape: &[usize],
        data: *const u8,
        dtype: DType,
    ) {
        self.name_leaf();
        let shape_at = self.key.len();
        self.key.push(shape.len() as u64);
        self.key.extend(shape.iter().map(|&size| size as u64));
        let active = self.active && dtype.is_float();
        self.leaves.push(LeafRecord {
            address,
            data,
            float: None,
            shape_at,
            dtype,
            active,
            rows: false,
        });
    }

    /// A table of rows, whose gradient is a row list.
    pub(crate) fn table(&mut self, address: usize, shape: &[usize], data: *const u8, dtype: DType) {
        self.tensor(address, shape, data, dtype);
        if let Some(leaf) = self.leaves.last_mut() {
            leaf.rows = true;
        }
    }

    /// A per-call float: its bits, as the element type stores them, in the first bytes.
    pub(crate) fn float(&mut self, address: usize, bits: u64, dtype: DType) {
        self.name_leaf();
        let shape_at = self.key.len();
        self.key.push(0);
        let float = Some(self.floats.len());
        self.floats.push(bits);
        let data = std::ptr::null();
        self.leaves.push(LeafRecord {
            address,
            data,
            float,
            shape_at,
            dtype,
            active: self.active,
            rows: false,
        });
    }

    /// Each leaf that a direction is given for, as a value, with the direction as a cotangent.
    pub(crate) fn directions(&self, builder: &Builder) -> Result<Vec<(ValueId, Seed)>, Error> {
        let first = self.direction_at.unwrap_or(self.leaves.len());
        let end = |at: usize| match self.parameters.get(at + 1) {
            Some(&(_, next)) => next,
            None => self.leaves.len(),
        };
        let mut pairs = Vec::new();
        for (at, &(name, start)) in self.parameters.iter().enumerate() {
            let Some(of) = self.parameters[..at]
                .iter()
                .position(|&(known, _)| known == name)
            else {
                continue;
            };
            let (leaves, given) = (self.parameters[of].1..end(of), start..end(at));
            if start < first || leaves.len() != given.len() {
                return Err(Error::structure(format!(
                    "the direction of `{name}` has another structure than `{name}`"
                )));
            }
            for (leaf, direction) in leaves.zip(given) {
                let (found, wanted) = (self.shape(direction), self.shape(leaf));
                if found != wanted {
                    let named = builder.leaf_name(leaf);
                    return Err(Error::structure(format!(
                        "the direction of {named} has shape {found:?}, and {named} has shape {wanted:?}"
                    )));
                }
                if self.leaves[leaf].active {
                    let id = ValueId(u32::try_from(leaf).unwrap_or(u32::MAX));
                    pairs.push((id, Seed::Leaf(direction)));
                }
            }
        }
        Ok(pairs)
    }

    pub(crate) fn shape(&self, leaf: usize) -> Vec<usize> {
        let at = self.leaves[leaf].shape_at;
        let rank = usize::try_from(self.key[at]).unwrap_or(0);
        self.key[at + 1..at + 1 + rank]
            .iter()
            .map(|&size| usize::try_from(size).unwrap_or(usize::MAX))
            .collect()
    }
}

/// A walk over the gradient structure: where each leaf's gradient is written.
#[derive(Default, Debug)]
pub struct GradientWalk {
    pub(crate) slots: Vec<*mut u8>,
    cursor: usize,
    pub(crate) parameters: Vec<(&'static str, usize)>,
    active: bool,
    /// Whether a call adds to what is there.
    pub(crate) added: bool,
}

impl GradientWalk {
    pub(crate) fn reset(&mut self, leaves: usize, parameters: &[(&'static str, usize)]) {
        self.slots.clear();
        self.slots.resize(leaves, std::ptr::null_mut());
        self.parameters.clear();
        self.parameters.extend_from_slice(parameters);
        self.active = true;
    }

    /// The leaves that follow are the gradient of this parameter.
    pub fn parameter(&mut self, name: &'static str) {
        self.cursor = self
            .parameters
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(self.slots.len(), |&(_, start)| start);
    }

    /// Walks a field; a constant one has no gradient.
    pub fn field(&mut self, constant: bool, walk: impl FnOnce(&mut Self)) {
        let active = self.active;
        self.active &= !constant;
        walk(self);
        self.active = active;
    }

    /// Passes over a leaf; `slot` makes the place where its gradient goes.
    pub(crate) fn leaf(&mut self, slot: impl FnOnce() -> *mut u8) {
        if self.active
            && let Some(entry) = self.slots.get_mut(self.cursor)
        {
            *entry = slot();
        }
        self.cursor += 1;
    }
}
