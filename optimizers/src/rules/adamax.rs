//! Adamax: Adam with the largest gradient in place of a second moment.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// Adamax (Kingma and Ba 2015): `u = max(b2 u, |g| + eps)`, `x -= lr / (1 - b1^t) m / u`.
///
/// That is torch's and optax's form; [`keras`](OptimizerBuilder::keras) has `u = max(b2 u,
/// |g|)` and divides by `u + eps`.
///
/// ```
/// use cotangent_optimizers::Adamax;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Adamax::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adamax {
    beta1: f64,
    beta2: f64,
    eps: f64,
    eps_outside: bool,
}

impl Adamax {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                eps_outside: false,
            },
            rate,
        )
    }
}

betas! { Adamax }

setters! { Adamax {
    /// What is added to the denominator, above 0.
    eps: f64;
} }

impl OptimizerBuilder<Adamax> {
    /// Eps is added to the maximum rather than to the gradient, and is 1e-7.
    #[must_use]
    pub fn keras(mut self) -> Self {
        (self.rule.eps_outside, self.rule.eps) = (true, 1e-7);
        self
    }
}

/// The per-step scalars of [`Adamax`].
#[derive(Clone, Copy, Debug)]
pub struct AdamaxScalars<T> {
    mean1: Mean<T>,
    beta2: T,
    rate: T,
    inner: T,
    outer: T,
}

impl Rule for Adamax {
    const NAME: &'static str = "adamax";
    const SLOTS: &'static [&'static str] = &["m", "u"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = AdamaxScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AdamaxScalars<T> {
        let (inner, outer) = if self.eps_outside {
            (0.0, self.eps)
        } else {
            (self.eps, 0.0)
        };
        AdamaxScalars {
            mean1: Mean::new(self.beta1),
            beta2: T::from_f64(self.beta2),
            rate: T::from_f64(context.rate / context.bias_correction(self.beta1)),
            inner: T::from_f64(inner),
            outer: T::from_f64(outer),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AdamaxScalars<T>, x: T, g: T, [m, u]: &mut [T; 2]) -> T {
        *m = s.mean1.with(*m, g);
        *u = (s.beta2 * *u).max(g.abs() + s.inner);
        x - s.rate * *m / (*u + s.outer)
    }
}
