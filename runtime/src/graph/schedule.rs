//! The last part of planning: from steps over buffers to a schedule over one arena.

use super::budget::choose;
use super::builder::Source;
use super::checkpoint::{Scope, Scopes};
use super::epilogue;
use super::in_place::{LARGE, Merged};
use super::memory::Buffer;
use super::plan::{Gradients, Output, Plan, Planner, Request};
use super::recompute::{Outline, Turn};
use super::step::{Action, Location, Pass, Step};
use super::stored_operands;
use crate::Error;

impl Planner<'_> {
    /// Leaves out what nobody reads, decides what is computed again, and packs the buffers.
    /// `written` are the leaves whose gradient is written.
    ///
    /// # Errors
    /// When the plan does not fit the budget.
    pub(super) fn finish(
        mut self,
        mut outputs: Vec<Output>,
        written: &[usize],
        scopes: &Scopes,
        request: Request<'_>,
    ) -> Result<Plan, Error> {
        stored_operands::read_in_place(&mut self.steps, &self.arena);
        self.drop_unread();
        let mut views = self.views();
        let scratch = self.steps.iter().map(|step| step.action.scratch_bytes());
        let scratch_bytes = scratch.max().unwrap_or(0);
        if scopes.any() || request.budget.is_some() || self.arena.largest() >= LARGE {
            let merged = self.compute_again(scopes, request.budget, scratch_bytes)?;
            let places = outputs.iter_mut().map(|output| &mut output.at);
            for place in places.chain(views.iter_mut().map(|view| &mut view.of)) {
                place.rename(|buffer| merged.name(buffer).0);
            }
        }
        if request.budget.is_none() {
            // The operands of both steps live together, which a budget does not count.
            let kept: Vec<Buffer> = self.arena.kept().collect();
            self.steps = epilogue::join(std::mem::take(&mut self.steps), &kept);
        }
        for (at, step) in self.steps.iter().enumerate() {
            step.action.visit(&mut |location| {
                if let Location::Arena(buffer) = location {
                    self.arena.touch(Buffer(*buffer), at);
                }
            });
        }
        self.arena.pack(self.steps.len());
        debug_assert_eq!(self.arena.overlap(), None, "live buffers share bytes");
        let arena = &self.arena;
        let place = |location: &mut Location| location.rename(|buffer| arena.offset(buffer));
        for step in &mut self.steps {
            step.action.visit_mut(&mut |location| place(location));
        }
        let places = outputs.iter_mut().map(|output| &mut output.at);
        for location in places.chain(views.iter_mut().map(|view| &mut view.of)) {
            place(location);
        }
        let cleared = request.gradients == Gradients::Overwritten;
        let backward = |step: &Step| step.origin.pass != Pass::Forward;
        let border = self.steps.iter().position(backward);
        let widths = self.steps.iter().map(|step| step.action.width());
        Ok(Plan {
            key: request.key,
            scratch_bytes,
            widest: widths.max().unwrap_or(0),
            saved: border.map_or(0, |border| self.arena.crossing(border)),
            untouched: if cleared {
                self.untouched(written)
            } else {
                Vec::new()
            },
            steps: self.steps,
            arena: self.arena,
            constants: self.constants,
            outputs,
            views,
            labels: self.labels,
        })
    }

    /// Puts the steps that run again in front of those that read what they compute, and lets steps
    /// write over what is dead; yields which buffers are others now.
    fn compute_again(
        &mut self,
        scopes: &Scopes,
        budget: Option<usize>,
        scratch_bytes: usize,
    ) -> Result<Merged, Error> {
        let outline = Outline::of(&self.steps, &self.arena);
        let scope_of: Vec<Scope> = self.steps.iter().map(|step| step.origin.scope).collect();
        let room = budget.map(|budget| budget.saturating_sub(scratch_bytes));
        let way = choose(&outline, &self.arena, (&scope_of, scopes), room).map_err(|least| {
            Error::Budget {
                budget: budget.unwrap_or(0),
                least: least + scratch_bytes,
            }
        })?;
        let step = |turn: &Turn| {
            let mut step = turn.apply(&self.steps);
            for pair in outline.pairs(turn).filter(|pair| way.merged.joins(pair)) {
                if let Action::Fused { plan, .. } = &mut step.action {
                    plan.overwrite(pair.input);
                }
            }
            step.action
                .visit_mut(&mut |location| location.rename(|buffer| way.merged.name(buffer).0));
            step
        };
        self.steps = way.turns.iter().map(step).collect();
        self.arena = way.kept();
        Ok(way.merged)
    }

    /// The leaves whose gradient is wanted and that nobody writes to, with their bytes.
    fn untouched(&self, written: &[usize]) -> Vec<(usize, usize)> {
        let untouched = self.values.iter().filter_map(|value| match value.source {
            // A row list is empty when a call begins.
            Source::Leaf(leaf) if value.active && !value.rows && !written.contains(&leaf) => {
                // A leaf that nobody uses may have another element type than the program.
                let elements = value.shape.iter().product::<usize>();
                Some((leaf, elements * self.leaf_dtypes[leaf].size()))
            }
            _ => None,
        });
        untouched.collect()
    }
}
