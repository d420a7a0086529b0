//! What may differ from leaf to leaf: rate, penalties, decay, bounds, constraints, freezing.

use crate::error::check_range;
use crate::{Constraint, Error};

/// The options of a group of leaves; given to the closure of
/// [`OptimizerBuilder::group`](crate::OptimizerBuilder::group), which returns them changed.
#[derive(Clone, Debug, PartialEq)]
pub struct LeafOptions {
    pub(crate) rate_factor: f64,
    pub(crate) l2: f64,
    pub(crate) decay: f64,
    pub(crate) l1: f64,
    pub(crate) proximal_l1: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) frozen: bool,
    pub(crate) constraints: Vec<Constraint>,
}

impl Default for LeafOptions {
    fn default() -> Self {
        Self {
            rate_factor: 1.0,
            l2: 0.0,
            decay: 0.0,
            l1: 0.0,
            proximal_l1: 0.0,
            lower: f64::NEG_INFINITY,
            upper: f64::INFINITY,
            frozen: false,
            constraints: Vec::new(),
        }
    }
}

impl LeafOptions {
    /// Multiplies the learning rate.
    #[must_use]
    pub fn rate_factor(mut self, factor: f64) -> Self {
        self.rate_factor = factor;
        self
    }

    /// Coupled L2: `penalty x` is added to the gradient.
    #[must_use]
    pub fn l2(mut self, penalty: f64) -> Self {
        self.l2 = penalty;
        self
    }

    /// Decoupled decay: `x *= 1 - rate decay` before the update.
    #[must_use]
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.decay = decay;
        self
    }

    /// Neither L2 nor weight decay.
    #[must_use]
    pub fn no_decay(self) -> Self {
        self.l2(0.0).weight_decay(0.0)
    }

    /// The subgradient of L1: `penalty sign(x)` is added to the gradient; drives parameters near
    /// zero, and [`proximal_l1`](Self::proximal_l1) drives them to it.
    #[must_use]
    pub fn l1(mut self, penalty: f64) -> Self {
        self.l1 = penalty;
        self
    }

    /// The proximal step of L1 after the update: every parameter is moved to zero by
    /// `rate penalty`, and no further (ISTA; Beck and Teboulle 2009).
    #[must_use]
    pub fn proximal_l1(mut self, penalty: f64) -> Self {
        self.proximal_l1 = penalty;
        self
    }

    /// Keeps every parameter within these bounds after the update.
    #[must_use]
    pub fn bounds(mut self, lower: f64, upper: f64) -> Self {
        (self.lower, self.upper) = (lower, upper);
        self
    }

    /// Keeps every parameter at 0 or above.
    #[must_use]
    pub fn non_negative(self) -> Self {
        self.bounds(0.0, f64::INFINITY)
    }

    /// Projects the leaf after every update; several constraints act in this order.
    #[must_use]
    pub fn constraint(mut self, constraint: Constraint) -> Self {
        self.constraints.push(constraint);
        self
    }

    /// Leaves the parameters as they are. Frozen leaves have no state and don't enter norms.
    #[must_use]
    pub fn frozen(mut self) -> Self {
        self.frozen = true;
        self
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        check_range("the rate factor", self.rate_factor, 0.0, f64::INFINITY)?;
        check_range("the L2 penalty", self.l2, 0.0, f64::INFINITY)?;
        check_range("the weight decay", self.decay, 0.0, f64::INFINITY)?;
        check_range("the L1 penalty", self.l1, 0.0, f64::INFINITY)?;
        check_range(
            "the proximal L1 penalty",
            self.proximal_l1,
            0.0,
            f64::INFINITY,
        )?;
        if self.lower.is_nan() || self.upper.is_nan() || self.lower > self.upper {
            return Err(Error::configuration(format!(
                "bounds({}, {}) can't be used: the lower one must not exceed the upper one",
                self.lower, self.upper
            )));
        }
        self.constraints.iter().try_for_each(Constraint::validate)
    }
}
