//! Products read the leaves of two-byte floats where they are, and widen what they copy into blocks.
//!
//! A leaf that nothing but products reads is not widened as a whole then; one that others read has a copy
//! anyway, which the products share. The digits are the same in both ways.

use std::collections::{HashMap, HashSet};

use super::memory::Arena;
use super::step::{Action, Location, Step};
use crate::DType;

/// Lets products read leaves. The steps that widened them stay, and nobody reads what they write.
pub(super) fn read_in_place(steps: &mut [Step], arena: &Arena) {
    let mut widened: HashMap<Location, (DType, Location)> = HashMap::new();
    // What the plan yields is read, too.
    let kept = arena.kept().map(|buffer| Location::Arena(buffer.0));
    let mut others: HashSet<Location> = kept.collect();
    for step in steps.iter() {
        match &step.action {
            Action::Convert { from, to, .. } if from.0.is_half() => {
                // A place that is written twice has no one source.
                if widened.insert(to.1, *from).is_some() {
                    others.insert(to.1);
                }
            }
            Action::Gemm { c, .. } => {
                others.insert(*c);
            }
            action => action.visit(&mut |&location| {
                others.insert(location);
            }),
        }
    }
    widened.retain(|place, (_, from)| !others.contains(place) && matches!(from, Location::Leaf(_)));
    for step in steps {
        if let Action::Gemm { plan, a, b, .. } = &mut step.action {
            for (operand, location) in [a, b].into_iter().enumerate() {
                if let Some(&(dtype, leaf)) = widened.get(location) {
                    plan.store(operand, dtype);
                    *location = leaf;
                }
            }
        }
    }
}
