//! Activity: a slot is active if a derivative can flow from a parameter through it to the result,
//! or to the final content of a `&mut` parameter.
//!
//! Both directions are fixpoints over all writes, whatever their order, so they hold for
//! loops too. The second one matters for more than speed: code whose value is thrown away must
//! not put `0 * inf` into the gradient.

use std::collections::HashSet;

use crate::diag::{Code, Errors};
use crate::ir::scalar::{Function, SlotId, StmtKind, for_each_flow, for_each_simple};

/// Marks the active slots and checks what only activity can tell.
pub(crate) fn mark(
    function: &mut Function,
    sources: &[SlotId],
    wrt: &[SlotId],
    at: &dyn quote::ToTokens,
    errors: &mut Errors,
) {
    let varied = reached_from(function, sources);
    let outputs = outputs(function);
    let useful = reaching(function, &outputs);
    for (index, slot) in function.slots.iter_mut().enumerate() {
        let id = SlotId(index as u32);
        slot.active = !slot.discrete && varied.contains(&id) && useful.contains(&id);
    }
    whole_calls(function);
    let asked = reached_from(function, wrt);
    if !wrt.is_empty() && !outputs.iter().any(|output| asked.contains(output)) {
        let names: Vec<String> = wrt
            .iter()
            .map(|&id| format!("`{}`", function.slot(id).name))
            .collect();
        let message = format!("the result does not depend on {}", names.join(", "));
        errors.at(at, Code::Constant, message);
    }
    for (tokens, reads) in &function.conversions {
        if reads.iter().any(|&id| function.slot(id).active) {
            let message = "a value that is differentiated is converted to an integer here";
            errors.at(tokens, Code::Discrete, message);
        }
    }
}

/// What the caller sees: the result, and what `&mut` parameters hold at the end.
fn outputs(function: &Function) -> Vec<SlotId> {
    let params = function.params.iter().copied();
    let exclusive = params.filter(|&id| function.slot(id).exclusive && !function.slot(id).discrete);
    exclusive.chain([function.result]).collect()
}

/// The result of a call is active if anything that the call writes is: its cotangent is the one
/// that the callee's reverse pass asks for.
fn whole_calls(function: &mut Function) {
    let mut results = Vec::new();
    for_each_simple(&function.body, &mut |stmt| {
        let targets = stmt.flow().targets;
        if let StmtKind::Assign(assign) = &stmt.kind
            && targets.len() > 1
            && targets.iter().any(|&id| function.slot(id).active)
        {
            results.push(assign.target.root);
        }
    });
    for result in results {
        let slot = &mut function.slots[result.0 as usize];
        slot.active = !slot.discrete;
    }
}

/// The slots that depend on one of these.
fn reached_from(function: &Function, from: &[SlotId]) -> HashSet<SlotId> {
    let mut reached: HashSet<SlotId> = from.iter().copied().collect();
    fixpoint(function, &mut |targets, sources| {
        let mut changed = false;
        if sources.iter().any(|source| reached.contains(source)) {
            for &target in targets {
                changed |= !function.slot(target).discrete && reached.insert(target);
            }
        }
        changed
    });
    reached
}

/// The slots that one of these depends on.
fn reaching(function: &Function, to: &[SlotId]) -> HashSet<SlotId> {
    let mut reached: HashSet<SlotId> = to.iter().copied().collect();
    fixpoint(function, &mut |targets, sources| {
        let mut changed = false;
        if targets.iter().any(|target| reached.contains(target)) {
            for &source in sources {
                changed |= reached.insert(source);
            }
        }
        changed
    });
    reached
}

fn fixpoint(function: &Function, step: &mut dyn FnMut(&[SlotId], &[SlotId]) -> bool) {
    let mut changed = true;
    while changed {
        changed = false;
        for_each_flow(&function.body, &mut |flow| {
            changed |= step(&flow.targets, &flow.sources);
        });
    }
}
