//! Activity: a slot is active if a derivative can flow from a parameter through it to the result.
//!
//! Both directions are fixpoints over all assignments, whatever their order, so they hold for
//! loops too. The second one matters for more than speed: code whose value is thrown away must
//! not put `0 * inf` into the gradient.

use std::collections::HashSet;

use crate::diag::{Code, Errors};
use crate::ir::scalar::{Function, SlotId, for_each_assign};

/// Marks the active slots and checks what only activity can tell.
pub(crate) fn mark(
    function: &mut Function,
    sources: &[SlotId],
    wrt: &[SlotId],
    at: &dyn quote::ToTokens,
    errors: &mut Errors,
) {
    let varied = reached_from(function, sources);
    let useful = reaching(function, function.result);
    for (index, slot) in function.slots.iter_mut().enumerate() {
        let id = SlotId(index as u32);
        slot.active = !slot.discrete && varied.contains(&id) && useful.contains(&id);
    }
    let asked = reached_from(function, wrt);
    if !wrt.is_empty() && !asked.contains(&function.result) {
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

/// The slots that depend on one of these.
fn reached_from(function: &Function, from: &[SlotId]) -> HashSet<SlotId> {
    let mut reached: HashSet<SlotId> = from.iter().copied().collect();
    fixpoint(function, &mut |target, sources| {
        !function.slot(target).discrete
            && sources.iter().any(|source| reached.contains(source))
            && reached.insert(target)
    });
    reached
}

/// The slots that this one depends on.
fn reaching(function: &Function, to: SlotId) -> HashSet<SlotId> {
    let mut reached = HashSet::from([to]);
    fixpoint(function, &mut |target, sources| {
        let mut changed = false;
        if reached.contains(&target) {
            for &source in sources {
                changed |= reached.insert(source);
            }
        }
        changed
    });
    reached
}

fn fixpoint(function: &Function, step: &mut dyn FnMut(SlotId, &[SlotId]) -> bool) {
    let mut changed = true;
    while changed {
        changed = false;
        for_each_assign(&function.body, &mut |assign| {
            let sources: Vec<SlotId> = assign
                .value
                .sources()
                .iter()
                .map(|place| place.root)
                .collect();
            changed |= step(assign.target.root, &sources);
        });
    }
}
