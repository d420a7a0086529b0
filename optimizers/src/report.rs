//! What a step did.

use std::fmt;

/// Whether an update was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The parameters and the state were updated.
    Applied,
    /// A gradient was infinite or not a number: parameters, state and step counter are unchanged.
    NonFiniteGradient {
        /// The index, in leaf order, of the first leaf with such an element.
        leaf: usize,
    },
}

/// What [`Optimizer::step`](crate::Optimizer::step) did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// The number of updates applied so far, this one included.
    pub step: u64,
    /// The learning rate of this step, after the schedule.
    pub rate: f64,
    /// The global gradient norm before clipping; not a number if the update was refused.
    pub grad_norm: f64,
    /// The global gradient norm after clipping.
    pub clipped_norm: f64,
    /// The norm of the change of the parameters.
    pub update_norm: f64,
    /// Whether the update was applied, or why not.
    pub outcome: Outcome,
}

impl StepReport {
    /// Whether the update was applied.
    #[must_use]
    pub fn applied(&self) -> bool {
        self.outcome == Outcome::Applied
    }
}

impl fmt::Display for StepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome {
            Outcome::Applied => write!(
                f,
                "step {}: rate {:.3e}, gradient norm {:.3e}, update norm {:.3e}",
                self.step, self.rate, self.grad_norm, self.update_norm
            ),
            Outcome::NonFiniteGradient { leaf } => {
                write!(f, "step refused: the gradient of leaf {leaf} is not finite")
            }
        }
    }
}
