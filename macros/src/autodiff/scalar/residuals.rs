//! Residuals: what the reverse pass reads must have the content that it had in the forward pass.
//!
//! A slot is needed if the adjoint of any statement reads it: as an operand, in an index, as an
//! argument of a call, or as the result of an operation that is not computed twice. Only needed slots are saved before they are overwritten. Accumulators, the
//! commonest slots of all, are not needed, and cost nothing. A loop whose turns are run again needs
//! what they read as well, but saves nothing of them. What a `&mut` parameter held is always needed:
//! the caller's reverse pass may read it.

use super::lending;
use super::reversal::for_each_loop;
use super::selection;
use super::uses::{self, Uses};
use crate::ir::body::{Node, ValueId};
use crate::ir::scalar::{
    Arg, Assign, Carried, Function, Head, Inert, Loop, Place, Reversal, Rhs, SlotId, Stmt,
    StmtKind, Value, Wanted, for_each_simple,
};

/// Marks the slots that the reverse pass reads.
pub(crate) fn mark(function: &mut Function) {
    let (needed, certain) = (read(function, true), read(function, false));
    let doubtful: Vec<bool> = (0..function.slots.len())
        .map(|at| needed[at] && !certain[at] && lending::may_lose(function, SlotId(at as u32)))
        .collect();
    for (slot, (needed, doubtful)) in function
        .slots
        .iter_mut()
        .zip(needed.into_iter().zip(doubtful))
    {
        slot.needed = needed && (slot.exclusive || !slot.reference);
        slot.doubtful = doubtful;
    }
}

/// The slots that the reverse pass reads; with `lent`, those too that other functions may read
/// because they are lent to this one, or by it.
fn read(function: &Function, lent: bool) -> Vec<bool> {
    let slots = function.slots.iter();
    let mut needed: Vec<bool> = slots
        .map(|slot| (lent && slot.exclusive) || (function.whole && slot.active))
        .collect();
    for_each_simple(&function.body, &mut |stmt| {
        let mut read = |slot: SlotId| needed[slot.0 as usize] = true;
        let targets = stmt.flow().targets;
        if !targets.iter().any(|&target| function.slot(target).active) {
            return;
        }
        match &stmt.kind {
            StmtKind::Assign(assign) => read_by_adjoint(function, assign, lent, &mut read),
            StmtKind::Push { target, value } => {
                target.reads.iter().for_each(|&slot| read(slot));
                read_by_value(function, value, None, false, &mut read);
            }
            StmtKind::Pop { from, .. } => from.reads.iter().for_each(|&slot| read(slot)),
            StmtKind::If { .. } | StmtKind::Loop(_) | StmtKind::Jump(_) => {}
        }
    });
    let mut changed = true;
    while changed {
        changed = false;
        let mut read = Vec::new();
        let is_needed = |slot: SlotId| needed[slot.0 as usize];
        // To restore an element, its index must be known; to restore a vector, what was popped.
        for_each_simple(&function.body, &mut |stmt| match &stmt.kind {
            StmtKind::Assign(assign) => {
                let mut written: Vec<&Place> = vec![&assign.target];
                if let Rhs::Call(call) = &assign.value {
                    written.extend(call.written());
                }
                for place in written {
                    if is_needed(place.root) {
                        read.extend(&place.reads);
                    }
                }
            }
            StmtKind::Push { target, .. } if is_needed(target.root) => read.extend(&target.reads),
            StmtKind::Pop { into, from } if is_needed(from.root) => {
                read.extend(&from.reads);
                read.push(*into);
            }
            StmtKind::Push { .. }
            | StmtKind::Pop { .. }
            | StmtKind::If { .. }
            | StmtKind::Loop(_)
            | StmtKind::Jump(_) => {}
        });
        for_each_loop(&function.body, &mut |of| {
            read_by_loop(function, of, &is_needed, &mut read);
        });
        for slot in read {
            changed |= !std::mem::replace(&mut needed[slot.0 as usize], true);
        }
    }
    needed
}

/// What going through a loop in the reverse pass reads, beside the adjoints in it.
fn read_by_loop(
    function: &Function,
    of: &Loop,
    needed: &dyn Fn(SlotId) -> bool,
    read: &mut Vec<SlotId>,
) {
    let Head::For { range, .. } = &of.head else {
        return;
    };
    match &of.reversal {
        Reversal::Counted => {}
        Reversal::Rebuilt => read.extend(&range.reads),
        Reversal::Checkpointed(_, state) => {
            read.extend(&range.reads);
            let again = Uses::of(&of.body);
            let inside = |slot: &SlotId| state.contains(slot) || again.writes.contains(slot);
            read.extend(again.reads.iter().filter(|slot| !inside(slot)));
        }
        Reversal::Selected(found) => read.extend(selection::reads(function, of, found)),
        Reversal::Skipped(carried) => {
            read_by_elements(range, carried, needed, read);
        }
        Reversal::Replayed(carried) => {
            read.extend(&range.reads);
            read_by_elements(range, carried, needed, read);
            read_again(function, &of.body, carried, read);
        }
    }
}

/// What restoring the elements that a loop changes reads.
fn read_by_elements(
    range: &Inert,
    carried: &Carried,
    needed: &dyn Fn(SlotId) -> bool,
    read: &mut Vec<SlotId>,
) {
    for element in &carried.elements {
        if needed(element.slot) {
            read.extend(range.reads.iter().chain(&element.reads));
        }
    }
}

/// What the adjoints of a block read, and what computing that again reads.
pub(super) fn again(function: &Function, block: &[Stmt], carried: &Carried) -> Vec<SlotId> {
    let mut read = Vec::new();
    for_each_simple(block, &mut |stmt| {
        if let StmtKind::Assign(assign) = &stmt.kind
            && function.slot(assign.target.root).active
        {
            read_by_adjoint(function, assign, false, &mut |slot| read.push(slot));
        }
    });
    let mut again = Carried {
        sums: carried.sums.clone(),
        ..Carried::default()
    };
    loop {
        read.sort();
        read.dedup();
        if again.again.len() == read.len() {
            return read;
        }
        again.again.clone_from(&read);
        read_again(function, block, &again, &mut read);
    }
}

/// What a turn reads where it is run again; true if something is, or has an adjoint.
fn read_again(
    function: &Function,
    block: &[Stmt],
    carried: &Carried,
    read: &mut Vec<SlotId>,
) -> bool {
    let mut any = false;
    for stmt in block {
        any |= match &stmt.kind {
            StmtKind::Assign(assign) => {
                let runs = carried.runs_again(assign.target.root);
                if runs {
                    uses::reads(assign, &mut |slot| read.push(slot));
                }
                runs || function.slot(assign.target.root).active
            }
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => {
                let then = read_again(function, then, carried, read);
                let either = read_again(function, otherwise, carried, read) || then;
                if either {
                    read.extend(&condition.reads);
                }
                either
            }
            // A loop that holds these is not run again.
            StmtKind::Push { .. }
            | StmtKind::Pop { .. }
            | StmtKind::Loop(_)
            | StmtKind::Jump(_) => false,
        };
    }
    any
}

/// What the reverse pass reads to find the shadow of a place.
fn read_by_place(function: &Function, place: &Place, read: &mut dyn FnMut(SlotId)) {
    if function.slot(place.root).active {
        place.reads.iter().for_each(|&slot| read(slot));
    }
}

/// The result of an assignment, if its adjoint reads that from the target instead of computing it
/// again from its operands.
pub(crate) fn remembered(function: &Function, assign: &Assign) -> Option<ValueId> {
    let Rhs::Value(value) = &assign.value else {
        return None;
    };
    let Node::Op(op, _) = value.body.node(value.result) else {
        return None;
    };
    let outputs: Vec<_> = value.flows.iter().map(|&(_, id)| id).collect();
    let used = value.body.uses(&outputs)[value.result.index()] > 0;
    (used
        && op.is_worth_keeping()
        && assign.operator.is_none()
        && !function.taped
        && !function.along)
        .then_some(value.result)
}

/// What the adjoint of a value reads; with `all`, the value itself is computed again.
fn read_by_value(
    function: &Function,
    value: &Value,
    known: Option<ValueId>,
    all: bool,
    read: &mut dyn FnMut(SlotId),
) {
    let outputs: Vec<_> = value.flows.iter().map(|&(_, id)| id).collect();
    let uses = value.body.uses_knowing(&outputs, known);
    for (id, node) in value.body.nodes() {
        if let Node::Input(number, _) = node
            && let Some(leaf) = value.leaves.get(*number)
            && (all || uses[id.index()] > 0)
        {
            leaf.reads.iter().for_each(|&slot| read(slot));
        }
    }
    for (number, _) in &value.flows {
        if let Some(target) = &value.leaves[*number].place {
            read_by_place(function, target, read);
        }
    }
}

/// What the adjoint of an assignment reads; with `lent`, also what a function that is called may
/// read of that which it writes.
fn read_by_adjoint(function: &Function, assign: &Assign, lent: bool, read: &mut dyn FnMut(SlotId)) {
    read_by_place(function, &assign.target, read);
    let all = matches!(assign.value, Rhs::Call(_) | Rhs::Cast(..));
    let known = remembered(function, assign);
    if known.is_some() {
        read(assign.target.root);
        assign.target.reads.iter().for_each(|&slot| read(slot));
    }
    for value in assign.value.values() {
        read_by_value(function, value, known, all, read);
    }
    match &assign.value {
        Rhs::Call(call) => {
            // The shadow of a gradient has its shape.
            if call.wanted != Wanted::Value {
                read(assign.target.root);
            }
            for arg in &call.args {
                if let Arg::Shared { place, .. } | Arg::Exclusive { place, .. } = arg {
                    if lent || matches!(arg, Arg::Shared { .. }) {
                        read(place.root);
                    }
                    place.reads.iter().for_each(|&slot| read(slot));
                }
            }
        }
        Rhs::Bound(bound) => read_by_place(function, &bound.place, read),
        Rhs::Copied(place, _) => read_by_place(function, place, read),
        Rhs::Value(_) | Rhs::Cast(..) | Rhs::Aggregate(..) | Rhs::Repeat(..) | Rhs::Constant(_) => {
        }
    }
}
