//! When a minimiser stops.

use serde::{Deserialize, Serialize};

use super::Reason;
use crate::Error;
use crate::error::check_range;

/// Conditions that are checked after every iteration; the first that holds ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stopping {
    /// The largest absolute entry of the gradient (with bounds, of the projected one) is at most
    /// this. 1e-8 by default.
    pub gradient: f64,
    /// The value fell by at most this times `max(|before|, |after|, 1)`. 0 by default, which
    /// never stops a run.
    pub value: f64,
    /// No element moved by more than this times `max(1, |x|)`. 0 by default.
    pub step: f64,
    /// The number of iterations. 1000 by default.
    pub iterations: u64,
    /// The number of evaluations of the value; an iteration that has begun is finished. 100 000 by
    /// default.
    pub evaluations: u64,
}

impl Default for Stopping {
    fn default() -> Self {
        Self {
            gradient: 1e-8,
            value: 0.0,
            step: 0.0,
            iterations: 1000,
            evaluations: 100_000,
        }
    }
}

impl Stopping {
    pub(super) fn validate(&self) -> Result<(), Error> {
        check_range("the gradient tolerance", self.gradient, 0.0, f64::INFINITY)?;
        check_range("the value tolerance", self.value, 0.0, f64::INFINITY)?;
        check_range("the step tolerance", self.step, 0.0, f64::INFINITY)
    }

    /// Whether a point with this gradient is good enough, or the budget is spent.
    pub(super) fn at_point(&self, gradient: f64, iterations: u64, spent: u64) -> Option<Reason> {
        if gradient <= self.gradient {
            Some(Reason::Gradient)
        } else if iterations >= self.iterations {
            Some(Reason::Iterations)
        } else if spent >= self.evaluations {
            Some(Reason::Evaluations)
        } else {
            None
        }
    }

    /// Whether an iteration achieved too little to go on.
    pub(super) fn after_step(
        &self,
        before: f64,
        after: f64,
        x: &[f64],
        s: &[f64],
    ) -> Option<Reason> {
        let scale = before.abs().max(after.abs()).max(1.0);
        if self.value > 0.0 && before - after <= self.value * scale {
            return Some(Reason::Value);
        }
        let still = |(x, s): (&f64, &f64)| s.abs() <= self.step * x.abs().max(1.0);
        x.iter().zip(s).all(still).then_some(Reason::Step)
    }
}
