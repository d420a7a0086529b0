//! State in memory: one block per leaf, but short leaves of one group share a block.
//!
//! Walking a structure costs a few nanoseconds per leaf, and entering a loop costs several times
//! that. So parameters and gradients of short leaves are copied side by side into their block while
//! the gradient is measured, updated there in one loop, and copied back. Only rules that are
//! functions of single elements allow it, and no option may look at a leaf as a whole.

use std::borrow::Cow;
use std::ops::Range;

use crate::storage::{LeafEntry, Place};
use crate::{Initial, Real};

/// Leaves of at most this many elements are gathered: copying them costs less than a loop of
/// their own.
pub(crate) const SHORT: usize = 64;

/// The state of one leaf, or of gathered ones.
#[derive(Debug)]
pub(crate) struct Block<T> {
    /// The index of the options.
    pub(crate) group: usize,
    /// The slots, one after another.
    pub(crate) slots: Vec<T>,
    /// The parameters and the gradient of gathered leaves, leaf after leaf; empty for one leaf.
    pub(crate) x: Vec<T>,
    pub(crate) g: Vec<T>,
}

/// All blocks of one precision.
#[derive(Debug)]
pub(crate) struct Blocks<T>(pub(crate) Vec<Block<T>>);

impl<T: Real> Blocks<T> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Makes room for a leaf, whose slots are not filled yet.
    pub(crate) fn place(
        &mut self,
        group: usize,
        gathered: bool,
        leaf: usize,
        state: usize,
    ) -> Place {
        let shared = |block: &Block<T>| gathered && block.group == group && !block.x.is_empty();
        let index = self.0.iter().position(shared).unwrap_or(self.0.len());
        if index == self.0.len() {
            self.0.push(Block {
                group,
                slots: Vec::new(),
                x: Vec::new(),
                g: Vec::new(),
            });
        }
        let block = &mut self.0[index];
        let start = block.x.len();
        let longer =
            |values: &mut Vec<T>, by: usize| values.resize(values.len() + by, T::default());
        longer(&mut block.slots, state);
        if gathered {
            longer(&mut block.x, leaf);
            longer(&mut block.g, leaf);
        }
        Place {
            block: index,
            gathered,
            start,
        }
    }

    /// Where the slot of this number lies in the block of the leaf.
    fn range(&self, leaf: &LeafEntry, slot: usize) -> Range<usize> {
        let len = |slot: usize| leaf.specs[slot].shape.iter().product::<usize>();
        let start = if leaf.place.gathered {
            slot * self.0[leaf.place.block].x.len() + leaf.place.start
        } else {
            (0..slot).map(len).sum()
        };
        start..start + len(slot)
    }

    /// One slot of a leaf.
    pub(crate) fn slot(&self, leaf: &LeafEntry, slot: usize) -> &[T] {
        &self.0[leaf.place.block].slots[self.range(leaf, slot)]
    }

    /// As `slot`, for writing.
    pub(crate) fn slot_mut(&mut self, leaf: &LeafEntry, slot: usize) -> &mut [T] {
        let range = self.range(leaf, slot);
        &mut self.0[leaf.place.block].slots[range]
    }

    /// All slots of a leaf, one after another.
    pub(crate) fn all(&self, leaf: &LeafEntry) -> Cow<'_, [T]> {
        if leaf.place.gathered {
            let slots = (0..leaf.specs.len()).flat_map(|slot| self.slot(leaf, slot));
            Cow::Owned(slots.copied().collect())
        } else {
            Cow::Borrowed(&self.0[leaf.place.block].slots)
        }
    }

    /// Fills every slot of a leaf with its initial value.
    pub(crate) fn fill(&mut self, leaf: &LeafEntry, parameters: &[T]) {
        for (index, spec) in leaf.specs.iter().enumerate() {
            let slot = self.slot_mut(leaf, index);
            match spec.initial {
                Initial::Value(value) => slot.fill(T::from_f64(value)),
                Initial::Parameter => slot.copy_from_slice(parameters),
            }
        }
    }

    /// Copies a leaf into its block, if it is gathered; whether it is.
    #[inline]
    pub(crate) fn gather(&mut self, place: Place, x: &[T], g: &[T]) -> bool {
        if place.gathered {
            let block = &mut self.0[place.block];
            let range = place.start..place.start + x.len();
            copy(&mut block.x[range.clone()], x);
            copy(&mut block.g[range], g);
        }
        place.gathered
    }

    /// Copies the updated parameters of a gathered leaf back.
    #[inline]
    pub(crate) fn scatter(&self, place: Place, x: &mut [T]) {
        copy(x, &self.0[place.block].x[place.start..][..x.len()]);
    }
}

/// Copies without a call where there is one element.
#[inline]
fn copy<T: Real>(to: &mut [T], from: &[T]) {
    match (to, from) {
        ([to], [from]) => *to = *from,
        (to, from) => to.copy_from_slice(from),
    }
}
