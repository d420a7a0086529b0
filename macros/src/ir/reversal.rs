//! How the reverse pass goes through a loop of a scalar function: a mark that
//! `autodiff::scalar::reversal` puts on it and the printer obeys.

use proc_macro2::TokenStream;

use super::scalar::{SlotId, StmtId};

/// How the reverse pass goes through a loop.
#[derive(Clone, Debug)]
pub(crate) enum Reversal {
    /// As many turns as the forward pass counted, last turn first, each restored from the tape.
    Counted,
    /// Last turn first, over the same range: nothing is counted, and the loop variable not saved.
    Rebuilt,
    /// First turn first: each turn is run again and reversed at once. Nothing of a turn is kept,
    /// only what the loop changes is, once, in front of it.
    Replayed(Carried),
    /// Last turn first, in pieces: the forward pass keeps some states, which are the contents of
    /// these slots, and the reverse pass runs every piece again from the last state in front of it.
    Checkpointed(Checkpoint, Vec<SlotId>),
    /// One turn: the last one that took a branch, which alone decides what the loop leaves behind.
    /// Which turn that was is kept; it is run again and reversed.
    Selected(Selection),
    /// Not at all, because no derivative flows through it: what it changes is restored.
    Skipped(Carried),
}

/// How many states of a loop are kept.
#[derive(Clone, Debug)]
pub(crate) enum Checkpoint {
    /// The square root of the number of turns.
    Root,
    /// At most this many.
    States(TokenStream),
}

/// What a loop changes that exists outside of a turn.
#[derive(Clone, Default, Debug)]
pub(crate) struct Carried {
    /// Variables that are written as a whole.
    pub(crate) whole: Vec<SlotId>,
    /// Arrays of which each turn touches an element of its own.
    pub(crate) elements: Vec<Element>,
    /// Variables that the loop only adds to.
    pub(crate) sums: Vec<SlotId>,
    /// What must be computed again in order to reverse a turn: all that its adjoints read.
    pub(crate) again: Vec<SlotId>,
}

impl Carried {
    /// Whether the writes of a variable are executed again where a turn is run again.
    pub(crate) fn runs_again(&self, slot: SlotId) -> bool {
        self.again.contains(&slot) && !self.sums.contains(&slot)
    }
}

/// The element of an array that a turn of a loop touches.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    /// The array.
    pub(crate) slot: SlotId,
    /// Its index, a sum with the loop variable.
    pub(crate) index: TokenStream,
    /// What the index reads.
    pub(crate) reads: Vec<SlotId>,
}

/// What a loop that searches leaves behind.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The statement of a turn that decides: a branch, or a maximum or minimum with what was found
    /// before.
    pub(crate) decides: StmtId,
    /// The variables that it writes and that exist outside of a turn, all as a whole.
    pub(crate) whole: Vec<SlotId>,
}
