//! Running forwards and backwards at once.
//!
//! A block usually runs forwards to its end and then backwards. If one of its statements, its
//! middle, hands on a value whose cotangent does not depend on that value, that cotangent can be
//! computed in front of it, and the middle is run forwards and backwards at once. For a loop whose
//! turns are independent this means turn by turn, so that nothing is kept of a turn but what it
//! needs itself; for a call of the function itself, that the recursion is run once and not twice.
//! Objectives that are sums over data, and expansions into products, are of this form.

use std::collections::HashSet;

use super::reversal;
use super::uses::Uses;
use crate::ir::body::Node;
use crate::ir::op::Form;
use crate::ir::scalar::{
    Arg, Assign, Block, Call, Carried, Element, Function, Head, Inert, Loop, Rhs, SlotId, Stmt,
    StmtKind, Value, Wanted, for_each_simple,
};

/// How a block is run forwards and backwards.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What runs forwards first, and backwards last.
    pub(crate) before: Block,
    /// What runs forwards and backwards at once.
    pub(crate) middle: Option<Middle>,
    /// What runs forwards last; each with the flows that must reach their leaves before the middle
    /// runs.
    pub(crate) after: Vec<(Stmt, Vec<usize>)>,
}

/// The statement in the middle of a block.
#[derive(Debug)]
pub(crate) enum Middle {
    /// A loop, turn by turn.
    Loop {
        of: Box<Loop>,
        carried: Carried,
        turn: Box<Plan>,
    },
    /// A branch, with a middle in one of its arms at least.
    If {
        condition: Inert,
        then: Box<Plan>,
        otherwise: Box<Plan>,
        /// What its arms change and the reverse pass reads.
        changed: Vec<SlotId>,
    },
    /// A call of the function itself.
    Call { target: SlotId, call: Call },
}

/// The plan of a function, if its body has a middle.
pub(crate) fn plan(function: &Function, name: &syn::Ident) -> Option<Plan> {
    let owned = function.params.iter().all(|&id| {
        let slot = function.slot(id);
        !slot.reference || !Uses::of(&function.body).writes.contains(&id)
    });
    if function.taped || !owned {
        return None;
    }
    let plan = plan_block(function, name, &function.body);
    plan.middle.is_some().then_some(plan)
}

/// The variables that a turn declares outside of its inner loops: they have no older content.
pub(crate) fn declared(block: &[Stmt]) -> HashSet<SlotId> {
    let mut found = HashSet::new();
    for stmt in block {
        match &stmt.kind {
            StmtKind::Assign(assign) if assign.declares => {
                found.insert(assign.target.root);
            }
            StmtKind::If {
                then, otherwise, ..
            } => {
                found.extend(declared(then));
                found.extend(declared(otherwise));
            }
            StmtKind::Assign(_)
            | StmtKind::Push { .. }
            | StmtKind::Pop { .. }
            | StmtKind::Loop(_)
            | StmtKind::Jump(_) => {}
        }
    }
    found
}

fn plan_block(function: &Function, name: &syn::Ident, block: &Block) -> Plan {
    let whole = || Plan {
        before: block.clone(),
        middle: None,
        after: Vec::new(),
    };
    if block.iter().any(Stmt::escapes) {
        return whole();
    }
    let mut best: Option<(usize, Plan)> = None;
    for at in 0..block.len() {
        let weight = weight(&block[at], name);
        let heavier = best.as_ref().is_none_or(|(other, _)| weight >= *other);
        if weight > 0
            && heavier
            && let Some(plan) = around(function, name, block, at)
        {
            best = Some((weight, plan));
        }
    }
    best.map_or_else(whole, |(_, plan)| plan)
}

/// How much is gained by having a statement in the middle: how deep loops are nested in it.
fn weight(stmt: &Stmt, name: &syn::Ident) -> usize {
    let heaviest = |block: &Block| block.iter().map(|stmt| weight(stmt, name)).max();
    match &stmt.kind {
        StmtKind::Loop(of) => 1 + heaviest(&of.body).unwrap_or(0),
        StmtKind::If {
            then, otherwise, ..
        } => heaviest(then).max(heaviest(otherwise)).unwrap_or(0),
        StmtKind::Assign(assign) => match &assign.value {
            Rhs::Call(call) if call.callee.bare() == Some(name) => 8,
            _ => 0,
        },
        StmtKind::Push { .. } | StmtKind::Pop { .. } | StmtKind::Jump(_) => 0,
    }
}

/// The plan with statement number `at` in the middle.
fn around(function: &Function, name: &syn::Ident, block: &Block, at: usize) -> Option<Plan> {
    let middle = middle(function, name, &block[at])?;
    let inside = Uses::of(&block[at..=at]);
    let mut before = block[..at].to_vec();
    let mut after: Vec<(Stmt, Vec<usize>)> = Vec::new();
    // What the middle and the statements behind it write, so far.
    let mut written = inside.writes.clone();
    let mut read = inside.reads.clone();
    for stmt in &block[at + 1..] {
        let uses = Uses::of(std::slice::from_ref(stmt));
        let independent = uses.reads.is_disjoint(&written)
            && uses.writes.is_disjoint(&written)
            && uses.writes.is_disjoint(&read);
        if independent && !is_impure(stmt) && !waits_for_a_type(function, stmt) {
            before.push(stmt.clone());
            continue;
        }
        let StmtKind::Assign(assign) = &stmt.kind else {
            return None;
        };
        let early = early_flows(function, assign, &written, &before)?;
        after.push((stmt.clone(), early));
        written.extend(&uses.writes);
        read.extend(&uses.reads);
    }
    Some(Plan {
        before,
        middle: Some(middle),
        after,
    })
}

fn middle(function: &Function, name: &syn::Ident, stmt: &Stmt) -> Option<Middle> {
    match &stmt.kind {
        StmtKind::Loop(of) => {
            // A turn that can be left early has no end where its reverse could begin.
            if of.body.iter().any(Stmt::escapes) {
                return None;
            }
            let carried = reversal::independent_turns(function, of)?;
            // An element that is restored at the end of its turn would be lost to what follows.
            let lost = |element: &Element| function.slot(element.slot).needed;
            if carried.elements.iter().any(lost) {
                return None;
            }
            Some(Middle::Loop {
                of: Box::new(of.clone()),
                carried,
                turn: Box::new(plan_block(function, name, &of.body)),
            })
        }
        StmtKind::If {
            condition,
            then,
            otherwise,
        } => {
            let [then, otherwise] =
                [then, otherwise].map(|block| plan_block(function, name, block));
            if then.middle.is_none() && otherwise.middle.is_none() {
                return None;
            }
            let changed = changed_by(function, stmt)?;
            Some(Middle::If {
                condition: condition.clone(),
                then: Box::new(then),
                otherwise: Box::new(otherwise),
                changed,
            })
        }
        StmtKind::Assign(assign) => match &assign.value {
            Rhs::Call(call)
                if call.callee.bare() == Some(name)
                    && matches!(call.wanted, Wanted::Value)
                    && assign.declares
                    && assign.target.path.is_empty()
                    && function.slot(assign.target.root).active
                    && call
                        .args
                        .iter()
                        .all(|arg| matches!(arg, Arg::Value(_) | Arg::Shared { .. })) =>
            {
                Some(Middle::Call {
                    target: assign.target.root,
                    call: call.clone(),
                })
            }
            _ => None,
        },
        StmtKind::Push { .. } | StmtKind::Pop { .. } | StmtKind::Jump(_) => None,
    }
}

/// What a branch changes and the reverse pass reads; `None` if that is a part of something.
fn changed_by(function: &Function, branch: &Stmt) -> Option<Vec<SlotId>> {
    let block = std::slice::from_ref(branch);
    let declared = declared(block);
    let mut changed: Vec<SlotId> = Uses::of(block)
        .writes
        .into_iter()
        .filter(|slot| function.slot(*slot).needed && !declared.contains(slot))
        .collect();
    changed.sort();
    let whole = |slot: &SlotId| !reversal::writes_parts(block, *slot);
    changed.iter().all(whole).then_some(changed)
}

/// Whether moving a statement to the front of others could change what it does.
pub(super) fn is_impure(stmt: &Stmt) -> bool {
    match &stmt.kind {
        StmtKind::Assign(assign) => matches!(&assign.value, Rhs::Constant(code) if code.impure),
        StmtKind::If {
            condition,
            then,
            otherwise,
        } => condition.impure || then.iter().chain(otherwise).any(is_impure),
        StmtKind::Loop(of) => {
            let head = match &of.head {
                Head::For { range, .. } => range.impure,
                Head::While(condition) => condition.impure,
                Head::Forever => false,
            };
            head || of.body.iter().any(is_impure)
        }
        StmtKind::Push { .. } | StmtKind::Pop { .. } => false,
        StmtKind::Jump(_) => true,
    }
}

/// Whether a statement calls a method of a number whose type may follow from the middle only: literals
/// alone are written to it.
fn waits_for_a_type(function: &Function, stmt: &Stmt) -> bool {
    let StmtKind::Assign(assign) = &stmt.kind else {
        return false;
    };
    let Rhs::Value(value) = &assign.value else {
        return false;
    };
    let method = |node: &Node| matches!(node, Node::Op(op, _) if op.form() == Form::Inherent);
    let mut nodes = value.body.nodes();
    nodes.any(|(_, node)| method(node))
        && (value.leaves.iter().flat_map(|leaf| &leaf.reads))
            .all(|&slot| is_untyped(function, slot, &mut HashSet::new()))
}

/// Whether a variable is written from literals, and from variables of that kind, alone.
fn is_untyped(function: &Function, slot: SlotId, seen: &mut HashSet<SlotId>) -> bool {
    if function.slot(slot).ty.is_some() || function.params.contains(&slot) {
        return false;
    }
    if !seen.insert(slot) {
        return true;
    }
    let mut untyped = true;
    for_each_simple(&function.body, &mut |stmt| {
        if !stmt.flow().targets.contains(&slot) {
            return;
        }
        let StmtKind::Assign(assign) = &stmt.kind else {
            untyped = false;
            return;
        };
        untyped &= match &assign.value {
            Rhs::Constant(_) => true,
            Rhs::Value(value) => (value.leaves.iter().flat_map(|leaf| &leaf.reads))
                .all(|&slot| is_untyped(function, slot, seen)),
            _ => false,
        };
    });
    untyped
}

/// The flows of a statement behind the middle that go to what the middle, or a statement between,
/// has `written`. `None` if the statement cannot stand there: if such a flow needs a value that is
/// not known in front of the middle, or a shadow whose shape is not.
fn early_flows(
    function: &Function,
    assign: &Assign,
    written: &HashSet<SlotId>,
    before: &Block,
) -> Option<Vec<usize>> {
    let target = &assign.target;
    let slot = function.slot(target.root);
    if !target.path.is_empty() || target.deref || slot.reference {
        return None;
    }
    let value = match &assign.value {
        Rhs::Constant(_) => return Some(Vec::new()),
        Rhs::Value(value) => value,
        _ if !slot.active => return Some(Vec::new()),
        _ => return None,
    };
    if !slot.active {
        return Some(Vec::new());
    }
    // What is only handed on may be anything; the result is a float, and so is what is computed.
    let computed = matches!(value.body.node(value.result), Node::Op(..));
    if !computed && target.root != function.result {
        return None;
    }
    let shaped = Uses::of(before);
    let mut early = Vec::new();
    for (number, (leaf, _)) in value.flows.iter().enumerate() {
        let Some(place) = &value.leaves[*leaf].place else {
            continue;
        };
        if !written.contains(&place.root) {
            continue;
        }
        let known = !read_by_flow(value, number)
            .iter()
            .chain(&place.reads)
            .any(|slot| written.contains(slot));
        let has_shape = place.path.is_empty() || shaped.mentions(place.root);
        // The cotangent of a sum is not taken, only read: what flows back to it is itself.
        let itself = place.root == target.root && reversal::adds(assign);
        if !(itself || known && has_shape) {
            return None;
        }
        early.push(number);
    }
    Some(early)
}

/// What the printed code of a flow reads.
fn read_by_flow(value: &Value, number: usize) -> Vec<SlotId> {
    let uses = value.body.uses(&[value.flows[number].1]);
    value
        .body
        .nodes()
        .filter(|(id, _)| uses[id.index()] > 0)
        .filter_map(|(_, node)| match node {
            Node::Input(number, _) => value.leaves.get(*number),
            _ => None,
        })
        .flat_map(|leaf| leaf.reads.clone())
        .collect()
}
