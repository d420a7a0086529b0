//! State in memory: one block per leaf, but the short leaves of a group share a block.
//!
//! Walking a structure costs a few nanoseconds per leaf, and entering a loop costs several times
//! that. So parameters and gradients of short leaves are copied side by side while the gradient is
//! measured, updated there in one loop, and copied back. Only rules that are
//! functions of single elements allow it, and no option may look at a leaf as a whole.

use std::borrow::Cow;
use std::ops::Range;

use crate::lanes::VECTOR;
use crate::storage::{LeafEntry, Place};
use crate::{Initial, Real};

/// Leaves of at most this many elements are gathered: copying them costs less than a loop of
/// their own.
pub(crate) const SHORT: usize = 64;

/// The state of one leaf, or of all gathered ones of a group.
#[derive(Debug)]
pub(crate) struct Block<T> {
    /// The index of the options.
    pub(crate) group: usize,
    /// Which room a step over it computes in.
    pub(crate) room: usize,
    /// The slots, one after another.
    pub(crate) slots: Vec<T>,
    /// Which gathered elements are this block's, whole vectors; none for a leaf of its own.
    pub(crate) gathered: Range<usize>,
    /// How many of them, from the first one on, belong to leaves. The others are computed in vain.
    pub(crate) len: usize,
}

/// All blocks of one precision.
#[derive(Debug)]
pub(crate) struct Blocks<T> {
    pub(crate) list: Vec<Block<T>>,
    /// The parameters and the gradient of gathered leaves, block after block.
    pub(crate) x: Vec<T>,
    pub(crate) g: Vec<T>,
}

impl<T: Real> Blocks<T> {
    pub(crate) fn new() -> Self {
        Self {
            list: Vec::new(),
            x: Vec::new(),
            g: Vec::new(),
        }
    }

    /// Makes the block of a leaf that has one of its own.
    pub(crate) fn own(&mut self, leaf: &LeafEntry, state: usize, room: usize) -> Place {
        self.list.push(Block {
            group: leaf.group,
            room,
            slots: vec![T::default(); state],
            gathered: 0..0,
            len: 0,
        });
        Place::Own(self.list.len() - 1)
    }

    /// Makes the blocks of the leaves of this precision that have `Place::Gathered`, and says where
    /// in them they lie.
    pub(crate) fn gather_all(&mut self, leaves: &mut [LeafEntry], groups: usize, single: bool) {
        for group in 0..groups {
            let first = self.x.len();
            let (mut len, mut slots) = (0, 0);
            for leaf in leaves.iter_mut() {
                if let Place::Gathered { block, start } = &mut leaf.place
                    && (leaf.group, leaf.single) == (group, single)
                {
                    (*block, *start) = (self.list.len(), first + len);
                    len += leaf.len;
                    slots = leaf.specs.len();
                }
            }
            if len > 0 {
                let whole = len.next_multiple_of(VECTOR);
                self.list.push(Block {
                    group,
                    // A rule over single elements has one for all shapes.
                    room: 0,
                    slots: vec![T::default(); slots * whole],
                    gathered: first..first + whole,
                    len,
                });
                self.x.resize(first + whole, T::default());
                self.g.resize(first + whole, T::default());
            }
        }
    }

    /// The block of a leaf, and where in its slots the one of this number lies.
    fn range(&self, leaf: &LeafEntry, slot: usize) -> (usize, Range<usize>) {
        let len = |slot: usize| leaf.specs[slot].shape.iter().product::<usize>();
        let (block, start) = match leaf.place {
            Place::Gathered { block, start } => {
                let gathered = &self.list[block].gathered;
                (block, slot * gathered.len() + start - gathered.start)
            }
            Place::Own(block) => (block, (0..slot).map(len).sum()),
            Place::Frozen => return (0, 0..0),
        };
        (block, start..start + len(slot))
    }

    /// One slot of a leaf.
    pub(crate) fn slot(&self, leaf: &LeafEntry, slot: usize) -> &[T] {
        let (block, range) = self.range(leaf, slot);
        &self.list[block].slots[range]
    }

    /// As `slot`, for writing.
    pub(crate) fn slot_mut(&mut self, leaf: &LeafEntry, slot: usize) -> &mut [T] {
        let (block, range) = self.range(leaf, slot);
        &mut self.list[block].slots[range]
    }

    /// All slots of a leaf, one after another.
    pub(crate) fn all(&self, leaf: &LeafEntry) -> Cow<'_, [T]> {
        match leaf.place {
            Place::Own(block) => Cow::Borrowed(&self.list[block].slots),
            _ => {
                let slots = (0..leaf.specs.len()).flat_map(|slot| self.slot(leaf, slot));
                Cow::Owned(slots.copied().collect())
            }
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

    /// Copies a gathered leaf to its place.
    #[inline(always)]
    pub(crate) fn gather(&mut self, start: usize, x: &[T], g: &[T]) {
        if let ([x], [g]) = (x, g) {
            (self.x[start], self.g[start]) = (*x, *g);
        } else {
            self.gather_several(start, x, g);
        }
    }

    #[inline(never)]
    fn gather_several(&mut self, start: usize, x: &[T], g: &[T]) {
        self.x[start..start + x.len()].copy_from_slice(x);
        self.g[start..start + g.len()].copy_from_slice(g);
    }

    /// Copies the updated parameters of a gathered leaf back.
    #[inline]
    pub(crate) fn scatter(&self, start: usize, x: &mut [T]) {
        if let [x] = x {
            *x = self.x[start];
        } else {
            x.copy_from_slice(&self.x[start..start + x.len()]);
        }
    }
}
