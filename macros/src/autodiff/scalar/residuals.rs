//! Residuals: what the reverse pass reads must have the content that it had in the forward pass.
//!
//! A slot is needed if the adjoint of any statement reads it: as an operand, in an index, or as an
//! argument of a call. Only needed slots are saved before they are overwritten. Accumulators, the
//! commonest slots of all, are not needed, and cost nothing.

use crate::ir::body::Node;
use crate::ir::scalar::{Arg, Assign, Function, Place, Rhs, SlotId, for_each_assign};

/// Marks the slots that the reverse pass reads.
pub(crate) fn mark(function: &mut Function) {
    let mut needed = vec![false; function.slots.len()];
    for_each_assign(&function.body, &mut |assign| {
        if function.slot(assign.target.root).active {
            read_by_adjoint(function, assign, &mut |slot| needed[slot.0 as usize] = true);
        }
    });
    // To restore an element, its index must be known.
    let mut changed = true;
    while changed {
        changed = false;
        for_each_assign(&function.body, &mut |assign| {
            if needed[assign.target.root.0 as usize] {
                for read in &assign.target.reads {
                    changed |= !std::mem::replace(&mut needed[read.0 as usize], true);
                }
            }
        });
    }
    for (slot, needed) in function.slots.iter_mut().zip(needed) {
        slot.needed = needed && !slot.reference;
    }
}

fn read_by_adjoint(function: &Function, assign: &Assign, read: &mut dyn FnMut(SlotId)) {
    let place = |place: &Place, read: &mut dyn FnMut(SlotId)| {
        if function.slot(place.root).active {
            place.reads.iter().for_each(|&slot| read(slot));
        }
    };
    place(&assign.target, read);
    let all = matches!(assign.value, Rhs::Call(_) | Rhs::Cast(..));
    for value in assign.value.values() {
        let outputs: Vec<_> = value.flows.iter().map(|&(_, id)| id).collect();
        let uses = value.body.uses(&outputs);
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
                place(target, read);
            }
        }
    }
    if let Rhs::Call(call) = &assign.value {
        for arg in &call.args {
            if let Arg::Shared { place, .. } = arg {
                read(place.root);
                place.reads.iter().for_each(|&slot| read(slot));
            }
        }
    }
}
