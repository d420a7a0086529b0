//! What a plan does, for people.

use std::fmt;

use super::plan::Plan;
use super::step::{Action, Epilogue, Pass, Step};

/// Displays a plan: its steps, kernels, bytes and peak.
#[derive(Debug)]
pub struct Report<'e> {
    pub(crate) name: &'static str,
    pub(crate) plan: Option<&'e Plan>,
}

impl Report<'_> {
    /// The most bytes that intermediate values take at one time, which the program holds.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.plan.map_or(0, |plan| plan.arena.bytes)
    }

    /// Bytes beside intermediate values that kernels work in, which the program holds.
    #[must_use]
    pub fn scratch(&self) -> usize {
        self.plan.map_or(0, |plan| plan.scratch_bytes)
    }

    /// Bytes that the forward pass keeps for the backward pass.
    #[must_use]
    pub fn saved(&self) -> usize {
        self.plan.map_or(0, |plan| plan.saved)
    }

    /// How many steps of the forward pass run again in the backward pass, because of `#[checkpoint]` or
    /// a budget.
    #[must_use]
    pub fn recomputed(&self) -> usize {
        let again = |step: &&Step| step.origin.pass == Pass::Again;
        self.plan
            .map_or(0, |plan| plan.steps.iter().filter(again).count())
    }

    /// How many views are read where their elements are, by kernels that take strides.
    #[must_use]
    pub fn views(&self) -> usize {
        let views = self.plan.iter().flat_map(|plan| &plan.views);
        views.filter(|view| !view.copied).count()
    }

    /// The bytes that a call only brings to other places: views that somebody needs in a row, padding,
    /// values that become gradients as they are.
    #[must_use]
    pub fn moved(&self) -> usize {
        let steps = self.plan.iter().flat_map(|plan| &plan.steps);
        steps.map(|step| step.action.moved_bytes()).sum()
    }

    /// How many steps a call runs.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.plan.map_or(0, |plan| plan.steps.len())
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(plan) = self.plan else {
            return writeln!(f, "{}: not bound", self.name);
        };
        writeln!(
            f,
            "{}: {} steps, peak {} bytes ({} without sharing), scratch {} bytes",
            self.name,
            plan.steps.len(),
            plan.arena.bytes,
            plan.arena.unshared(),
            plan.scratch_bytes,
        )?;
        writeln!(
            f,
            "saved for the backward pass {} bytes, recomputed {} steps",
            self.saved(),
            self.recomputed(),
        )?;
        writeln!(
            f,
            "views {} without a copy, moved {} bytes",
            self.views(),
            self.moved(),
        )?;
        for view in &plan.views {
            writeln!(f, "      view {view}")?;
        }
        for (index, step) in plan.steps.iter().enumerate() {
            let again = match step.origin.pass {
                Pass::Again => "again ",
                Pass::Forward | Pass::Backward => "",
            };
            write!(f, "{index:4}  {:12} {again}", step.origin.region)?;
            writeln!(f, "{}", step.action)?;
        }
        Ok(())
    }
}

impl fmt::Display for Epilogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {:?} -> {:?}", self.plan, self.inputs, self.outputs)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Fused {
                plan,
                inputs,
                outputs,
            } => write!(f, "{plan}  {inputs:?} -> {outputs:?}"),
            Action::Gemm {
                plan,
                a,
                b,
                c,
                then,
            } => {
                write!(f, "{plan}  {a:?} {b:?} -> {c:?}")?;
                then.iter().try_for_each(|then| write!(f, " then {then}"))
            }
            Action::Transpose { shape, .. } => write!(f, "transpose {shape:?}"),
            Action::Rows {
                op, rows, classes, ..
            } => write!(f, "{op:?} [{rows}, {classes}]"),
            Action::Primitive {
                plan,
                inputs,
                output,
            } => write!(f, "{plan}  {inputs:?} -> {output:?}"),
            Action::AddRows { plan, inputs, list } => {
                write!(f, "rows of {plan}  {inputs:?} -> {list:?}")
            }
            Action::Copy {
                elements,
                accumulate,
                ..
            } => write!(f, "{} {elements}", if *accumulate { "add" } else { "copy" }),
            Action::Convert { from, to, elements } => {
                write!(f, "{} -> {} {elements} elements", from.0, to.0)
            }
            Action::Zero { bytes, .. } => write!(f, "zero {bytes} bytes"),
        }
    }
}
