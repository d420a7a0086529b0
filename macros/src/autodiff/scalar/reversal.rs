//! How the reverse pass goes through each loop: by the cheapest way that is right for it.
//!
//! The tape is always right. A loop need not be taped if its turns depend on each other in no way
//! that a derivative could follow: then each turn is run again and reversed at once, in the order
//! of the forward pass, because the order in which cotangents are added up does not matter. What
//! a turn may share with another is: values that carry no derivative, variables that are only
//! added to, and arrays of which it touches its own element.

use proc_macro2::{TokenStream, TokenTree};

use super::costly;
use super::elements;
use super::joint::declared;
use super::residuals;
use super::selection::selection;
use super::uses::{self, Uses};
use super::windows;
use crate::diag::{Code, Errors};
use crate::ir::body::{Body, Node, ValueId};
use crate::ir::op::Op;
use crate::ir::scalar::{
    Aggregate, Assign, Block, Carried, Function, Head, Jump, Loop, LoopId, Place, Reversal, Rhs,
    SlotId, Stmt, StmtKind, for_each_flow, for_each_simple,
};

/// Chooses a way for every loop, and marks what the reverse pass then reads. Adjoints must be
/// known.
pub(crate) fn choose(function: &mut Function) {
    let mut taped: Vec<LoopId> = Vec::new();
    loop {
        let mut ways = Vec::new();
        for_each_loop(&function.body, &mut |of| {
            let carried = !taped.contains(&of.id);
            let way = if function.taped {
                Reversal::Counted
            } else {
                way(function, of, carried)
            };
            ways.push((of.id, way));
        });
        set(&mut function.body, &ways);
        residuals::mark(function);
        let before = taped.len();
        for_each_loop(&function.body, &mut |of| {
            if !restorable(function, of) {
                taped.push(of.id);
            }
        });
        if taped.len() == before {
            return;
        }
    }
}

/// The same function for code that carries tangents: with every variable restored whose shape may
/// change.
pub(crate) fn with_tangents(function: &Function) -> Function {
    let mut along = function.clone();
    along.along = true;
    along.whole = !function.keeps_shapes();
    choose(&mut along);
    along
}

/// Whether what a loop changes can be restored: not the elements that it adds something to, since
/// any could be one.
fn restorable(function: &Function, of: &Loop) -> bool {
    match &of.reversal {
        Reversal::Replayed(carried) | Reversal::Skipped(carried) => {
            restores_sums(function, of, carried)
        }
        Reversal::Counted
        | Reversal::Rebuilt
        | Reversal::Checkpointed(..)
        | Reversal::Selected(_) => true,
    }
}

fn restores_sums(function: &Function, of: &Loop, carried: &Carried) -> bool {
    let restored = |&slot: &SlotId| !function.slot(slot).needed || !writes_parts(&of.body, slot);
    carried.sums.iter().all(restored)
}

fn set(block: &mut Block, ways: &[(LoopId, Reversal)]) {
    for stmt in block {
        match &mut stmt.kind {
            StmtKind::Loop(of) => {
                if let Some((_, way)) = ways.iter().find(|(id, _)| *id == of.id) {
                    of.reversal = way.clone();
                }
                set(&mut of.body, ways);
            }
            StmtKind::If {
                then, otherwise, ..
            } => {
                set(then, ways);
                set(otherwise, ways);
            }
            StmtKind::Assign(_)
            | StmtKind::Push { .. }
            | StmtKind::Pop { .. }
            | StmtKind::Jump(_) => {}
        }
    }
}

/// Calls `visit` on every loop of a block, outer ones first.
pub(crate) fn for_each_loop<'a>(block: &'a [Stmt], visit: &mut dyn FnMut(&'a Loop)) {
    for stmt in block {
        match &stmt.kind {
            StmtKind::Loop(of) => {
                visit(of);
                for_each_loop(&of.body, visit);
            }
            StmtKind::If {
                then, otherwise, ..
            } => {
                for_each_loop(then, visit);
                for_each_loop(otherwise, visit);
            }
            StmtKind::Assign(_)
            | StmtKind::Push { .. }
            | StmtKind::Pop { .. }
            | StmtKind::Jump(_) => {}
        }
    }
}

fn way(function: &Function, of: &Loop, may_carry: bool) -> Reversal {
    let touched = Uses::of(&of.body);
    let Head::For { range, .. } = &of.head else {
        return Reversal::Counted;
    };
    if !is_steady(of, &touched) {
        return Reversal::Counted;
    }
    let may_carry = may_carry && !only_taped(&of.body) && constant_shapes(function, of, &touched);
    let carried = may_carry.then(|| carried(function, of, &touched)).flatten();
    match (carried, &of.checkpoint) {
        (Some(carried), _) if !differentiates(function, &of.body) => Reversal::Skipped(carried),
        (Some(mut carried), _) if straight(&of.body) && !costs_much(function, of) => {
            carried.again = residuals::again(function, &of.body, &carried);
            Reversal::Replayed(carried)
        }
        (_, Some(checkpoint)) if !function.along => {
            Reversal::Checkpointed(checkpoint.clone(), state(of, &touched))
        }
        _ => match selection(function, of, &touched) {
            Some(found) if !only_taped(&of.body) => Reversal::Selected(found),
            _ if runs_backwards(&range.tokens) => Reversal::Rebuilt,
            _ => Reversal::Counted,
        },
    }
}

/// Whether running a turn again costs more than keeping what the reverse pass reads of it, because
/// it has an exponential or the like that is not kept for all turns at once.
fn costs_much(function: &Function, of: &Loop) -> bool {
    let remembered = |assign: &Assign| residuals::remembered(function, assign);
    if !any_assign(&of.body, &mut |assign| remembered(assign).is_some()) {
        return false;
    }
    // Rows hold words of a type that is known, and only a walk has them.
    let rows = match windows::walk(function, of) {
        Some(_) => costly::of(function, of),
        None => Vec::new(),
    };
    let in_row = |stmt: &Stmt, assign: &Assign, result: ValueId| {
        windows::is_typed_number(function, assign.target.root)
            && rows
                .iter()
                .any(|row| row.stmt == stmt.id && row.result == result)
    };
    let mut much = false;
    for_each_simple(&of.body, &mut |stmt| {
        if let StmtKind::Assign(assign) = &stmt.kind
            && let Some(result) = remembered(assign)
        {
            much |= !in_row(stmt, assign, result);
        }
    });
    much
}

/// Reports loops that the user wants checkpointed and that cannot be.
pub(crate) fn check(function: &Function, errors: &mut Errors) {
    for_each_loop(&function.body, &mut |of| {
        if of.checkpoint.is_some() && !is_steady(of, &Uses::of(&of.body)) {
            let message = "this loop cannot be checkpointed";
            errors.at_span(of.span, Code::Checkpoint, message);
        }
    });
}

/// What a turn may read that an earlier one wrote: everything that the loop writes but what each
/// turn declares itself.
fn state(of: &Loop, touched: &Uses) -> Vec<SlotId> {
    let declared = declared(&of.body);
    let mut state: Vec<SlotId> = touched
        .writes
        .iter()
        .copied()
        .filter(|slot| !declared.contains(slot))
        .collect();
    state.sort();
    state
}

/// What a loop changes that exists outside of a turn, if a derivative flows through it and its
/// turns can be reversed in any order. What the reverse pass reads must be known.
pub(crate) fn independent_turns(function: &Function, of: &Loop) -> Option<Carried> {
    let touched = Uses::of(&of.body);
    if !is_steady(of, &touched) || !differentiates(function, &of.body) || only_taped(&of.body) {
        return None;
    }
    carried(function, of, &touched).filter(|carried| restores_sums(function, of, carried))
}

/// Whether a loop runs over a range, to its end, that does not change while it runs.
pub(super) fn is_steady(of: &Loop, touched: &Uses) -> bool {
    let Head::For { variable, range } = &of.head else {
        return false;
    };
    let fixed = |slot: &SlotId| !touched.writes.contains(slot);
    !range.impure
        && range.reads.iter().all(fixed)
        && variable.iter().all(fixed)
        && !leaves(&of.body, of.id)
}

/// Whether the shadows of what a turn declares keep their shapes from turn to turn: parts are
/// written only of what is not made anew.
fn constant_shapes(function: &Function, of: &Loop, touched: &Uses) -> bool {
    let outside = Uses::outside(function, of.id);
    touched.writes.iter().all(|&slot| {
        !function.slot(slot).active
            || outside.mentions(slot)
            || !mentions_parts(&of.body, slot)
            || !shape_may_vary(&of.body, slot)
    })
}

/// Whether control can leave a turn of the loop other than to the next one.
fn leaves(block: &Block, id: LoopId) -> bool {
    block.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign(_) | StmtKind::Push { .. } | StmtKind::Pop { .. } => false,
        StmtKind::Jump(jump) => *jump != Jump::Continue(id),
        StmtKind::If {
            then, otherwise, ..
        } => leaves(then, id) || leaves(otherwise, id),
        StmtKind::Loop(inner) => inner.body.iter().any(|_| {
            let alone = Stmt {
                id: stmt.id,
                span: stmt.span,
                kind: StmtKind::Loop(inner.clone()),
            };
            alone.escapes()
        }),
    })
}

/// Whether a derivative flows through the block.
fn differentiates(function: &Function, block: &Block) -> bool {
    let mut found = false;
    for_each_flow(block, &mut |flow| {
        found |= flow.targets.iter().any(|&id| function.slot(id).active);
    });
    found
}

/// Whether the block does what only the tape can undo: it changes the length of a vector, or hands
/// something to a call to be written.
fn only_taped(block: &Block) -> bool {
    let mut found = false;
    for_each_simple(block, &mut |stmt| {
        found |= match &stmt.kind {
            StmtKind::Push { .. } | StmtKind::Pop { .. } => true,
            StmtKind::Assign(assign) => {
                matches!(&assign.value, Rhs::Call(call) if call.written().next().is_some())
            }
            StmtKind::If { .. } | StmtKind::Loop(_) | StmtKind::Jump(_) => false,
        };
    });
    found
}

/// Whether the block has neither loops, nor calls, nor jumps, and may be run again.
pub(super) fn straight(block: &Block) -> bool {
    block.iter().all(|stmt| match &stmt.kind {
        StmtKind::Assign(assign) => match &assign.value {
            Rhs::Call(_) => false,
            Rhs::Constant(code) => !code.impure,
            Rhs::Value(_) | Rhs::Cast(..) => true,
            // The shape of what these make is not known before they run.
            Rhs::Aggregate(kind, _) => matches!(kind, Aggregate::Array | Aggregate::Tuple),
            Rhs::Repeat(..) | Rhs::Bound(_) | Rhs::Copied(..) => false,
        },
        StmtKind::If {
            condition,
            then,
            otherwise,
        } => !condition.impure && straight(then) && straight(otherwise),
        StmtKind::Push { .. } | StmtKind::Pop { .. } | StmtKind::Loop(_) | StmtKind::Jump(_) => {
            false
        }
    })
}

/// Whether the iterator of a loop can be turned round. What has steps may not know its length.
fn runs_backwards(range: &TokenStream) -> bool {
    range.clone().into_iter().all(|tree| match tree {
        TokenTree::Ident(name) => name != "step_by",
        TokenTree::Group(group) => runs_backwards(&group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => true,
    })
}

/// What a loop changes that exists outside of a turn; `None` if turns depend on each other in a
/// way that only the tape can undo.
fn carried(function: &Function, of: &Loop, touched: &Uses) -> Option<Carried> {
    let Head::For { variable, range } = &of.head else {
        return None;
    };
    let outside = Uses::outside(function, of.id);
    let backwards = runs_backwards(&range.tokens);
    let mut carried = Carried::default();
    for index in 0..function.slots.len() as u32 {
        let id = SlotId(index);
        let slot = function.slot(id);
        if !touched.writes.contains(&id) {
            continue;
        }
        if !outside.mentions(id) {
            continue;
        }
        let own = variable
            .filter(|_| backwards)
            .and_then(|at| elements::own(function, of, touched, id, at));
        if let Some(own) = own {
            carried.elements.push(own);
        } else if slot.reference {
            return None;
        } else if only_added_to(&of.body, id) {
            carried.sums.push(id);
        } else if !slot.active && !writes_parts(&of.body, id) {
            carried.whole.push(id);
        } else {
            return None;
        }
    }
    Some(carried)
}

fn any_assign(block: &[Stmt], holds: &mut dyn FnMut(&Assign) -> bool) -> bool {
    let mut found = false;
    for_each_simple(block, &mut |stmt| {
        if let StmtKind::Assign(assign) = &stmt.kind {
            found |= holds(assign);
        }
    });
    found
}

pub(crate) fn writes_parts(block: &[Stmt], slot: SlotId) -> bool {
    any_assign(block, &mut |assign| {
        assign.target.root == slot && !is_whole(&assign.target)
    })
}

fn is_whole(place: &Place) -> bool {
    place.path.is_empty() && !place.deref
}

/// Whether a part of a variable is read or written.
fn mentions_parts(block: &Block, slot: SlotId) -> bool {
    let part = |place: &Place| place.root == slot && !is_whole(place);
    any_assign(block, &mut |assign| {
        part(&assign.target) || assign.value.sources().into_iter().any(part)
    })
}

/// Whether a variable is made by something that does not tell its shape: a constant, or a copy.
fn shape_may_vary(block: &Block, slot: SlotId) -> bool {
    any_assign(block, &mut |assign| {
        assign.target.root == slot
            && is_whole(&assign.target)
            && match &assign.value {
                Rhs::Constant(_) => true,
                Rhs::Value(value) => {
                    matches!(value.body.node(value.result), Node::Input(..))
                }
                Rhs::Aggregate(..)
                | Rhs::Repeat(..)
                | Rhs::Bound(_)
                | Rhs::Copied(..)
                | Rhs::Cast(..)
                | Rhs::Call(_) => false,
            }
    })
}

/// Whether every mention of a variable in a block is `s += e`, `s -= e` or `s = s + e` with an `e`
/// that does not read it.
pub(crate) fn only_added_to(block: &Block, slot: SlotId) -> bool {
    block.iter().all(|stmt| match &stmt.kind {
        StmtKind::Assign(assign) if assign.target.root == slot => adds(assign),
        StmtKind::Assign(assign) => {
            let mut read = false;
            uses::reads(assign, &mut |other| read |= other == slot);
            !read
        }
        StmtKind::If {
            condition,
            then,
            otherwise,
        } => {
            !condition.reads.contains(&slot)
                && only_added_to(then, slot)
                && only_added_to(otherwise, slot)
        }
        StmtKind::Loop(of) => {
            let head = match &of.head {
                Head::For { variable, range } => {
                    *variable != Some(slot) && !range.reads.contains(&slot)
                }
                Head::While(condition) => !condition.reads.contains(&slot),
                Head::Forever => true,
            };
            head && only_added_to(&of.body, slot)
        }
        StmtKind::Push { .. } | StmtKind::Pop { .. } => {
            !Uses::of(std::slice::from_ref(stmt)).mentions(slot)
        }
        StmtKind::Jump(_) => true,
    })
}

/// Whether a statement adds something to its target that does not depend on it.
pub(crate) fn adds(assign: &Assign) -> bool {
    let (target, slot) = (&assign.target, assign.target.root);
    if target.reads.contains(&slot) {
        return false;
    }
    let sign = assign.operator.as_ref().map(ToString::to_string);
    let value = match &assign.value {
        Rhs::Constant(code) => {
            let adds = matches!(sign.as_deref(), Some("+=" | "-="));
            return adds && !code.reads.contains(&slot);
        }
        Rhs::Value(value) => value,
        Rhs::Aggregate(..)
        | Rhs::Repeat(..)
        | Rhs::Bound(_)
        | Rhs::Copied(..)
        | Rhs::Cast(..)
        | Rhs::Call(_) => return false,
    };
    let path = target.path.to_string();
    let is_target = |place: &Place| {
        place.root == slot && place.deref == target.deref && place.path.to_string() == path
    };
    let mut old = None;
    for (number, leaf) in value.leaves.iter().enumerate() {
        match &leaf.place {
            Some(place) if is_target(place) && old.is_none() => old = Some(number),
            _ if leaf.reads.contains(&slot) => return false,
            _ => {}
        }
    }
    let Node::Op(op, operands) = value.body.node(value.result) else {
        return false;
    };
    let is_old =
        |id: ValueId| matches!(value.body.node(id), Node::Input(number, _) if Some(*number) == old);
    let (first, second) = match operands.as_slice() {
        [first, second] => (*first, *second),
        _ => return false,
    };
    match op {
        Op::Add if is_old(first) => !depends(&value.body, second, &is_old),
        Op::Add if is_old(second) => !depends(&value.body, first, &is_old),
        Op::Sub if is_old(first) => !depends(&value.body, second, &is_old),
        _ => false,
    }
}

pub(super) fn depends(body: &Body, id: ValueId, on: &dyn Fn(ValueId) -> bool) -> bool {
    on(id)
        || match body.node(id) {
            Node::Op(_, operands) => operands.iter().any(|&operand| depends(body, operand, on)),
            Node::Input(..) | Node::Float(_) | Node::Integer(_) => false,
        }
}
