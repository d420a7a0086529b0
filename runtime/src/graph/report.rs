//! What a plan does, for people.

use std::fmt;

use super::plan::Plan;
use super::step::Action;

/// Displays a plan: its steps, kernels, bytes and peak.
#[derive(Debug)]
pub struct Report<'e> {
    pub(crate) name: &'static str,
    pub(crate) plan: Option<&'e Plan>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(plan) = self.plan else {
            return writeln!(f, "{}: not bound", self.name);
        };
        writeln!(
            f,
            "{}: {} steps, arena {} bytes ({} without sharing), scratch {} bytes",
            self.name,
            plan.steps.len(),
            plan.arena.bytes,
            plan.arena.unshared(),
            plan.scratch_bytes,
        )?;
        for (index, step) in plan.steps.iter().enumerate() {
            write!(f, "{index:4}  {:12} ", step.region)?;
            writeln!(f, "{}", step.action)?;
        }
        Ok(())
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
            Action::Gemm { plan, a, b, c } => write!(f, "{plan}  {a:?} {b:?} -> {c:?}"),
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
