//! Adadelta.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// Adadelta (Zeiler 2012): `v = rho v + (1 - rho) g^2`, `d = sqrt(u + eps) / sqrt(v + eps) g`,
/// `u = rho u + (1 - rho) d^2`, `x -= lr d`; the usual rate is 1. Defaults are torch's and
/// optax's: rho 0.9, eps 1e-6.
///
/// ```
/// use cotangent_optimizers::Adadelta;
/// let mut x = vec![1.0_f64];
/// Adadelta::new(1.0).build(&x)?.step(&mut x, &vec![2.0])?;
/// assert!(x[0] < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adadelta {
    rho: f64,
    eps: f64,
}

impl Adadelta {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                rho: 0.9,
                eps: 1e-6,
            },
            rate,
        )
    }
}

setters! { Adadelta {
    /// The decay of both averages, in [0, 1).
    rho: f64;
    /// What is added to the denominator, above 0.
    eps: f64;
} }

/// The per-step scalars of [`Adadelta`].
#[derive(Clone, Copy, Debug)]
pub struct AdadeltaScalars<T> {
    rho: T,
    take: T,
    eps: T,
    rate: T,
}

impl Rule for Adadelta {
    const NAME: &'static str = "adadelta";
    const SLOTS: &'static [&'static str] = &["v", "u"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = AdadeltaScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("rho", self.rho, 0.0, 1.0)?;
        check_positive("eps", self.eps)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AdadeltaScalars<T> {
        AdadeltaScalars {
            rho: T::from_f64(self.rho),
            take: T::from_f64(1.0 - self.rho),
            eps: T::from_f64(self.eps),
            rate: T::from_f64(context.rate),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AdadeltaScalars<T>, x: T, g: T, [v, u]: &mut [T; 2]) -> T {
        *v = s.rho * *v + s.take * (g * g);
        let step = (*u + s.eps).sqrt() / (*v + s.eps).sqrt() * g;
        *u = s.rho * *u + s.take * (step * step);
        x - s.rate * step
    }
}
