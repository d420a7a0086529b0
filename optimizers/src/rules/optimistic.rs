//! Optimistic gradient descent, for games.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// Optimistic descent (Mokhtari et al. 2020): `x -= lr ((alpha + beta) g - beta g_before)`; the
/// first step takes the gradient itself for the one before.
///
/// ```
/// use cotangent_optimizers::Optimistic;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Optimistic::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimistic {
    alpha: f64,
    beta: f64,
}

impl Optimistic {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                alpha: 1.0,
                beta: 1.0,
            },
            rate,
        )
    }
}

setters! { Optimistic {
    /// The weight of the gradient.
    alpha: f64;
    /// The weight of its change.
    beta: f64;
} }

/// The per-step scalars of [`Optimistic`].
#[derive(Clone, Copy, Debug)]
pub struct OptimisticScalars<T> {
    now: T,
    then: T,
    first: bool,
}

impl Rule for Optimistic {
    const NAME: &'static str = "optimistic";
    const SLOTS: &'static [&'static str] = &["before"];
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = OptimisticScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("alpha", self.alpha, 0.0, f64::INFINITY)?;
        check_range("beta", self.beta, 0.0, f64::INFINITY)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> OptimisticScalars<T> {
        OptimisticScalars {
            now: T::from_f64(context.rate * (self.alpha + self.beta)),
            then: T::from_f64(context.rate * self.beta),
            first: context.step == 1,
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &OptimisticScalars<T>, x: T, g: T, [before]: &mut [T; 1]) -> T {
        let last = if s.first { g } else { *before };
        *before = g;
        x - (s.now * g - s.then * last)
    }
}
