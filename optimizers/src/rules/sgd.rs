//! Stochastic gradient descent, without state.

use serde::{Deserialize, Serialize};

use crate::rules::Momentum;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// SGD: `x -= lr g`; batch, stochastic and mini-batch descent differ in the gradient alone.
/// [`momentum`](OptimizerBuilder::momentum) turns it into [`Momentum`].
///
/// ```
/// use cotangent_optimizers::Sgd;
/// let mut x = vec![1.0_f64];
/// Sgd::new(0.25).build(&x)?.step(&mut x, &vec![2.0])?;
/// assert_eq!(x, [0.5]);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sgd {}

impl Sgd {
    /// Plain gradient descent with this learning rate.
    #[allow(
        clippy::new_ret_no_self,
        reason = "a rule is configured through its builder"
    )]
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(Self {}, rate)
    }
}

impl OptimizerBuilder<Sgd> {
    /// Descent along a running sum of gradients, with this momentum in [0, 1).
    #[must_use]
    pub fn momentum(self, momentum: f64) -> OptimizerBuilder<Momentum> {
        self.with_rule(Momentum::of(momentum))
    }
}

impl Rule for Sgd {
    const NAME: &'static str = "sgd";
    const SLOTS: &'static [&'static str] = &[];
    type State<T: Real> = [T; 0];
    type Scalars<T: Real> = T;

    fn validate(&self) -> Result<(), Error> {
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> T {
        T::from_f64(context.rate)
    }

    #[inline(always)]
    fn element<T: Real>(rate: &T, x: T, g: T, _: &mut [T; 0]) -> T {
        x - *rate * g
    }
}
