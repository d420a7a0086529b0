//! What a rule may know of a step beyond one parameter and its gradient.

/// What a rule may know of the step when it computes its per-step scalars.
#[derive(Clone, Copy, Debug)]
pub struct StepContext<'a> {
    /// The number of this update, from 1.
    pub step: u64,
    /// The learning rate after the schedule, of the group at hand.
    pub rate: f64,
    /// The decoupled weight decay of the group at hand; only a rule that applies it itself
    /// ([`Rule::OWN_DECAY`](crate::Rule::OWN_DECAY)) looks at it.
    pub decay: f64,
    /// What a momentum schedule says, in place of the rule's own momentum or first beta.
    pub momentum: Option<f64>,
    /// The global norm of the gradient after clipping.
    pub grad_norm: f64,
    /// The value of the loss, where the caller gave it; 0 otherwise.
    pub loss: f64,
    /// The number of axes of the leaf at hand; 0 where a rule looks at the whole model.
    pub rank: usize,
    /// The numbers that the rule keeps between steps, in the order of
    /// [`Rule::MEMORY`](crate::Rule::MEMORY).
    pub memory: &'a [f64],
}

impl StepContext<'_> {
    /// `1 - beta^step`: the bias correction of a running average that starts at 0.
    #[must_use]
    pub fn bias_correction(&self, beta: f64) -> f64 {
        // beta^step is at most e^(-step (1 - beta)): from here on it is below half of the last bit of 1.
        if self.step as f64 * (1.0 - beta) > 40.0 {
            return 1.0;
        }
        1.0 - power(beta, self.step)
    }
}

/// `base^exponent` by squaring. A bit of the exponent selects a factor, and no branch: exponents
/// grow by one from step to step, and no predictor follows their bits.
#[inline]
pub(crate) fn power(base: f64, exponent: u64) -> f64 {
    let (mut power, mut square, mut bits) = (1.0, base, exponent);
    while bits > 0 {
        power *= std::hint::select_unpredictable(bits & 1 == 1, square, 1.0);
        square *= square;
        bits >>= 1;
    }
    power
}

/// Where a rule's measurements are summed, and hence what its memory belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One sum, and one memory, for the whole model.
    Model,
    /// One sum, and one memory, for each leaf.
    Leaf,
}

/// What a rule measures over the elements of its scope.
pub type Sums = [f64; 4];

/// What every element of a state slot starts with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// The same number everywhere.
    Value(f64),
    /// The parameter as it is when the optimizer is built.
    Parameter,
}
