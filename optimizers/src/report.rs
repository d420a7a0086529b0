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
    /// The loss was infinite or not a number: nothing is changed.
    NonFiniteLoss,
}

/// What [`Optimizer::step_with`](crate::Optimizer::step_with) is told beside the gradient.
///
/// ```
/// use cotangent_optimizers::{Sgd, StepInput};
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Sgd::new(0.5).build(&x)?;
/// optimizer.step_with(&mut x, &vec![1024.0], StepInput::default().scale(1024.0))?;
/// assert_eq!(x, [0.5]);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepInput {
    pub(crate) loss: Option<f64>,
    pub(crate) scale: f64,
}

impl Default for StepInput {
    fn default() -> Self {
        Self {
            loss: None,
            scale: 1.0,
        }
    }
}

impl StepInput {
    /// The value of the loss at the parameters of the gradient.
    #[must_use]
    pub fn loss(mut self, loss: f64) -> Self {
        self.loss = Some(loss);
        self
    }

    /// The factor by which loss and gradient were multiplied; the update divides by it.
    #[must_use]
    pub fn scale(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }
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
            Outcome::NonFiniteLoss => f.write_str("step refused: the loss is not finite"),
        }
    }
}
