//! ADOPT: Adam that normalises before it averages.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// ADOPT (Taniguchi et al. 2024): `m = b1 m + (1 - b1) clip(g / max(sqrt(v), eps), t^(1/4))`
/// with the `v` of the step before, then `v = b2 v + (1 - b2) g^2`, `x -= lr m`. The first step
/// only starts `v`.
///
/// ```
/// use cotangent_optimizers::Adopt;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Adopt::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adopt {
    beta1: f64,
    beta2: f64,
    eps: f64,
}

impl Adopt {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.9999,
                eps: 1e-6,
            },
            rate,
        )
    }
}

betas! { Adopt }

setters! { Adopt {
    /// What is added to the denominator, above 0.
    eps: f64;
} }

/// The per-step scalars of [`Adopt`].
#[derive(Clone, Copy, Debug)]
pub struct AdoptScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    limit: T,
    eps: T,
    rate: T,
}

impl Rule for Adopt {
    const NAME: &'static str = "adopt";
    const SLOTS: &'static [&'static str] = &["m", "v"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = AdoptScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AdoptScalars<T> {
        let (beta1, beta2) = if context.step > 1 {
            (self.beta1, self.beta2)
        } else {
            (1.0, 0.0)
        };
        AdoptScalars {
            mean1: Mean::new(beta1),
            mean2: Mean::new(beta2),
            limit: T::from_f64(((context.step - 1) as f64).powf(0.25)),
            eps: T::from_f64(self.eps),
            rate: T::from_f64(context.rate),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AdoptScalars<T>, x: T, g: T, [m, v]: &mut [T; 2]) -> T {
        let scaled = g / v.sqrt().max(s.eps);
        let scaled = if scaled > s.limit { s.limit } else { scaled };
        let scaled = if scaled < -s.limit { -s.limit } else { scaled };
        *m = s.mean1.with(*m, scaled);
        *v = s.mean2.with(*v, g * g);
        x - s.rate * *m
    }
}
