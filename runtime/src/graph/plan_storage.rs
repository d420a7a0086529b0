//! Leaves that are stored in another type than the graph computes in.
//!
//! A leaf of `f16` or `bf16`, and one of masks or integers, is widened once per call, before its first use, and every kernel reads
//! the copy. Its gradient is accumulated in `f32` and rounded once, after its last writer. So no
//! kernel knows of storage types, and a half is never read as anything else.

use std::collections::HashMap;

use super::builder::{Source, ValueId};
use super::memory::Buffer;
use super::plan::{Home, Planner};
use super::step::{Action, Location, Step};

/// The gradient of a leaf, accumulated in the compute type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accumulator {
    leaf: usize,
    buffer: Buffer,
    elements: usize,
}

impl Planner<'_> {
    /// Where a leaf is read.
    pub(super) fn leaf(&mut self, leaf: usize) -> Home {
        let stored = self.leaf_dtypes[leaf];
        if !stored.is_storage() {
            return Home::Leaf(leaf);
        }
        // The first values are the leaves.
        let elements = self.values[leaf].shape.iter().product();
        let home = self.room(elements);
        let action = Action::Convert {
            from: (stored, Location::Leaf(leaf)),
            to: (self.dtype, self.location(home)),
            elements,
        };
        self.push(action, "");
        home
    }

    /// Where the gradient of a leaf is accumulated; to be asked once for each leaf.
    pub(super) fn gradient(&mut self, leaf: usize) -> Home {
        if !self.leaf_dtypes[leaf].is_half() {
            return Home::Gradient(leaf);
        }
        let elements = self.values[leaf].shape.iter().product::<usize>();
        let buffer = self.arena.allocate(elements * self.dtype.size());
        self.accumulators.push(Accumulator {
            leaf,
            buffer,
            elements,
        });
        Home::Buffer(buffer)
    }

    /// The gradients of an earlier call as the first contributions to those of this one.
    pub(super) fn earlier_gradients(&mut self) -> HashMap<ValueId, Home> {
        let mut known = HashMap::new();
        for (index, value) in self.values.iter().enumerate() {
            let Source::Leaf(leaf) = value.source else {
                continue;
            };
            if !value.active {
                continue;
            }
            let home = match value.rows {
                true => Home::RowList(leaf),
                false => self.gradient(leaf),
            };
            if let Home::Buffer(buffer) = home {
                let action = Action::Convert {
                    from: (self.leaf_dtypes[leaf], Location::Gradient(leaf)),
                    to: (self.dtype, Location::Arena(buffer.0)),
                    elements: value.shape.iter().product(),
                };
                self.push(action, "");
            }
            known.insert(ValueId(u32::try_from(index).unwrap_or(u32::MAX)), home);
        }
        known
    }

    /// Rounds the accumulated gradients into their places, each behind the last step that touches it.
    pub(super) fn round_gradients(&mut self) {
        for accumulator in std::mem::take(&mut self.accumulators) {
            let from = Location::Arena(accumulator.buffer.0);
            let touches = |step: &Step| {
                let mut found = false;
                step.action
                    .visit(&mut |location| found |= *location == from);
                found
            };
            let last = self.steps.iter().rposition(touches);
            let leaf = accumulator.leaf;
            let action = Action::Convert {
                from: (self.dtype, from),
                to: (self.leaf_dtypes[leaf], Location::Gradient(leaf)),
                elements: accumulator.elements,
            };
            let at = last.map_or(self.steps.len(), |last| last + 1);
            let step = self.step(action, "");
            self.steps.insert(at, step);
        }
    }
}
