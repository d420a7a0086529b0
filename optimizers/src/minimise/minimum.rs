//! What a minimiser found, what it cost, and why it stopped.

use std::fmt;

/// Why a minimiser stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The gradient is as small as was asked for.
    Gradient,
    /// The value falls no faster than was asked for.
    Value,
    /// The point moves no further than was asked for.
    Step,
    /// The value that the model still promises to gain is below the rounding of the value.
    Precision,
    /// The iterations are spent.
    Iterations,
    /// The evaluations are spent.
    Evaluations,
    /// No step along a descent direction lowers the value, although the gradient promises it: the
    /// gradient is wrong (`gradcheck!` tells), or the function isn't smooth here.
    NoStep,
    /// The value or the gradient is infinite or not a number at the start, or at every step that
    /// was tried.
    NotFinite,
}

impl Reason {
    /// Whether the point is a minimum as far as the tolerances tell.
    #[must_use]
    pub fn converged(self) -> bool {
        matches!(
            self,
            Reason::Gradient | Reason::Value | Reason::Step | Reason::Precision
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Gradient => "the gradient is small enough",
            Reason::Value => "the value falls no faster",
            Reason::Step => "the point moves no further",
            Reason::Precision => "the value can't fall further within its rounding",
            Reason::Iterations => "the iterations are spent",
            Reason::Evaluations => "the evaluations are spent",
            Reason::NoStep => {
                "no step along a descent direction lowers the value: check the gradient"
            }
            Reason::NotFinite => "the value or the gradient is not finite",
        })
    }
}

/// How often the parts of a problem were evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evaluations {
    /// Values with their gradients; of residuals, the residuals.
    pub values: u64,
    /// Products of the Hessian with a direction.
    pub products: u64,
    /// Whole Hessians.
    pub hessians: u64,
    /// Jacobians of residuals.
    pub jacobians: u64,
}

/// What a minimiser found; the point itself is in the structure that it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// The value at the point; of residuals, half the sum of their squares.
    pub value: f64,
    /// The largest absolute entry of the gradient there (with bounds, of the projected one).
    pub gradient: f64,
    /// The iterations done.
    pub iterations: u64,
    /// What they cost.
    pub evaluations: Evaluations,
    /// Why it stopped.
    pub reason: Reason,
    /// The value at the start and after every iteration.
    pub trace: Vec<f64>,
}

impl Minimum {
    /// Whether the point is a minimum as far as the tolerances tell.
    #[must_use]
    pub fn converged(&self) -> bool {
        self.reason.converged()
    }
}

impl fmt::Display for Minimum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.12e} with gradient {:.1e} after {} iterations and {} evaluations: {}",
            self.value, self.gradient, self.iterations, self.evaluations.values, self.reason
        )
    }
}
