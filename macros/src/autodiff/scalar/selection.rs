//! Loops that search: a turn that is better than all before it overwrites what was found, and the
//! last one that did decides alone what the loop leaves behind.
//!
//! Which turn that was is all that is kept of such a loop. The reverse pass runs it again and
//! reverses it; of the other turns nothing was left that a derivative could flow through. So every
//! variable that a turn hands on must be overwritten as a whole by one statement, and nothing but
//! the condition of that statement may read what an earlier turn found.

use std::collections::HashSet;

use super::joint::is_impure;
use super::reversal;
use super::uses::Uses;
use super::windows::is_number;
use crate::ir::body::Node;
use crate::ir::op::Op;
use crate::ir::scalar::{
    Assign, Block, Function, Head, Loop, Rhs, Selection, SlotId, Stmt, StmtKind,
};

/// What a steady loop leaves behind, if it searches.
pub(super) fn selection(function: &Function, of: &Loop, touched: &Uses) -> Option<Selection> {
    let Head::For {
        variable: Some(_), ..
    } = &of.head
    else {
        return None;
    };
    if of.body.iter().any(Stmt::escapes) || touched.by_reference(function) {
        return None;
    }
    let outside = Uses::outside(function, of.id);
    let writes = touched.writes.iter().copied();
    let known: HashSet<SlotId> = writes.filter(|slot| outside.mentions(*slot)).collect();
    let in_parts = |&slot: &SlotId| reversal::writes_parts(&of.body, slot);
    if known.iter().any(in_parts) {
        return None;
    }
    let mut decides = None;
    for stmt in &of.body {
        let uses = Uses::of(std::slice::from_ref(stmt));
        if uses.writes.is_disjoint(&known) {
            if !uses.reads.is_disjoint(&known) {
                return None;
            }
        } else if decides.replace(stmt).is_some() {
            return None;
        }
    }
    let decides = decides?;
    let overwrites = match &decides.kind {
        StmtKind::If { .. } => overwrites(arm(decides)?, &known),
        StmtKind::Assign(assign) => known.len() == 1 && is_extremum(assign),
        _ => false,
    };
    let mut whole: Vec<SlotId> = known.into_iter().collect();
    whole.sort();
    let selection = Selection {
        decides: decides.id,
        whole,
    };
    (overwrites && !turn(of, &selection).iter().any(is_impure)).then_some(selection)
}

/// The turn that is run again: the statement that decides is known to have found something.
pub(crate) fn turn(of: &Loop, selection: &Selection) -> Block {
    let mut turn = Block::new();
    for stmt in &of.body {
        match arm(stmt).filter(|_| stmt.id == selection.decides) {
            Some(arm) => turn.extend(arm.iter().cloned()),
            None => turn.push(stmt.clone()),
        }
    }
    turn
}

/// What the reverse pass reads in order to run that turn again; variables that are no numbers are
/// restored, because their shadows follow their shape.
pub(super) fn reads(function: &Function, of: &Loop, selection: &Selection) -> Vec<SlotId> {
    let (again, touched) = (Uses::of(&turn(of, selection)), Uses::of(&of.body));
    let outside = again.reads.iter().copied();
    let mut reads: Vec<SlotId> = outside
        .filter(|slot| !touched.writes.contains(slot))
        .collect();
    let shaped = |slot: &SlotId| function.slot(*slot).active && !is_number(function, *slot);
    reads.extend(selection.whole.iter().copied().filter(shaped));
    reads
}

/// The variables of a turn that nothing outside of it knows and that are no numbers: their shape may
/// differ from turn to turn.
pub(crate) fn shaped_by_turn(function: &Function, of: &Loop, selection: &Selection) -> Vec<SlotId> {
    let writes = Uses::of(&of.body).writes.into_iter();
    let mut own: Vec<SlotId> = writes
        .filter(|slot| !selection.whole.contains(slot) && !is_number(function, *slot))
        .collect();
    own.sort();
    own
}

/// The one arm of a branch that does something.
fn arm(stmt: &Stmt) -> Option<&Block> {
    let StmtKind::If {
        then, otherwise, ..
    } = &stmt.kind
    else {
        return None;
    };
    match (then.is_empty(), otherwise.is_empty()) {
        (false, true) => Some(then),
        (true, false) => Some(otherwise),
        _ => None,
    }
}

/// Whether an arm overwrites all these variables and reads none.
fn overwrites(arm: &Block, known: &HashSet<SlotId>) -> bool {
    let certain: HashSet<SlotId> = arm
        .iter()
        .filter_map(|stmt| match &stmt.kind {
            StmtKind::Assign(assign) => Some(assign.target.root),
            _ => None,
        })
        .collect();
    known.is_subset(&certain) && Uses::of(arm).reads.is_disjoint(known)
}

/// Whether a statement is `m = m.max(e)`, or the minimum, with an `e` that does not read `m`.
fn is_extremum(assign: &Assign) -> bool {
    let Rhs::Value(value) = &assign.value else {
        return false;
    };
    let Node::Op(Op::Max | Op::Min, operands) = value.body.node(value.result) else {
        return false;
    };
    let root = assign.target.root;
    let reads = |leaf: usize| value.leaves[leaf].reads.contains(&root);
    let old = match value.body.node(operands[0]) {
        Node::Input(leaf, _) => *leaf,
        _ => return false,
    };
    let itself = value.leaves.get(old).and_then(|leaf| leaf.place.as_ref());
    assign.operator.is_none()
        && itself.is_some_and(|place| place.root == root)
        && (0..value.leaves.len()).all(|leaf| leaf == old || !reads(leaf))
        && operands[1] != operands[0]
        && !reversal::depends(&value.body, operands[1], &|id| id == operands[0])
}
