//! What nobody needs is left out of a plan: instances of regions, and steps.

use std::collections::HashSet;

use super::builder::ValueId;
use super::plan::{Planner, Seed};
use super::step::Location;

impl Planner<'_> {
    /// The instances that the outputs depend on.
    pub(super) fn needed_instances(&self, outputs: &[(ValueId, Seed)]) -> Vec<bool> {
        let mut wanted = vec![false; self.values.len()];
        for (output, _) in outputs {
            wanted[output.index()] = true;
        }
        let mut needed = vec![false; self.instances.len()];
        for (index, instance) in self.instances.iter().enumerate().rev() {
            if instance.outputs.iter().any(|id| wanted[id.index()]) {
                needed[index] = true;
                instance
                    .inputs
                    .iter()
                    .for_each(|id| wanted[id.index()] = true);
            }
        }
        needed
    }

    /// Leaves out the steps whose results nobody reads: forward values of a derivative that only its
    /// own derivative is taken of.
    pub(super) fn drop_unread(&mut self) {
        let mut live: HashSet<Location> = self
            .arena
            .kept()
            .map(|buffer| Location::Arena(buffer.0))
            .collect();
        let mut needed = vec![false; self.steps.len()];
        for (step, needed) in self.steps.iter().zip(&mut needed).rev() {
            step.action.visit_written(&mut |location| {
                *needed |= matches!(location, Location::Gradient(_)) || live.contains(location);
            });
            if *needed {
                step.action.visit(&mut |location| {
                    live.insert(*location);
                });
            }
        }
        let mut needed = needed.into_iter();
        self.steps.retain(|_| needed.next().unwrap_or(true));
    }
}
