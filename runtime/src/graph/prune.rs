//! Steps that nobody needs are left out of a plan.

use std::collections::HashSet;

use super::plan::Planner;
use super::step::Location;

impl Planner<'_> {
    /// Leaves out the steps whose results nobody reads: forward values of a derivative that only its
    /// own derivative is taken of.
    pub(super) fn drop_unread(&mut self) {
        let mut live: HashSet<Location> = self.arena.kept().map(Location::Arena).collect();
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
