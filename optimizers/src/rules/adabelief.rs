//! AdaBelief: steps by the belief in the observed gradient.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive, check_range};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// AdaBelief (Zhuang et al. 2020): `s = b2 s + (1 - b2) (g - m)^2 + eps_root`, `x -= lr m^ /
/// (sqrt(s^) + eps)`. Defaults are optax's: eps and eps_root 1e-16.
///
/// ```
/// use cotangent_optimizers::AdaBelief;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = AdaBelief::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdaBelief {
    beta1: f64,
    beta2: f64,
    eps: f64,
    eps_root: f64,
}

impl AdaBelief {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-16,
                eps_root: 1e-16,
            },
            rate,
        )
    }
}

betas! { AdaBelief }

setters! { AdaBelief {
    /// What is added to the denominator, above 0.
    eps: f64;
    /// What is added to the second moment at every step.
    eps_root: f64;
} }

/// The per-step scalars of [`AdaBelief`].
#[derive(Clone, Copy, Debug)]
pub struct AdaBeliefScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    rate: T,
    correction2: T,
    eps_root: T,
    eps: T,
}

impl Rule for AdaBelief {
    const NAME: &'static str = "adabelief";
    const SLOTS: &'static [&'static str] = &["m", "spread"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = AdaBeliefScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        check_range("eps_root", self.eps_root, 0.0, f64::INFINITY)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AdaBeliefScalars<T> {
        let (bias1, bias2) = (
            context.bias_correction(self.beta1),
            context.bias_correction(self.beta2),
        );
        AdaBeliefScalars {
            mean1: Mean::new(self.beta1),
            mean2: Mean::new(self.beta2),
            rate: T::from_f64(context.rate / bias1),
            correction2: T::from_f64(bias2.recip()),
            eps_root: T::from_f64(self.eps_root),
            eps: T::from_f64(self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AdaBeliefScalars<T>, x: T, g: T, [m, spread]: &mut [T; 2]) -> T {
        *m = s.mean1.with(*m, g);
        let surprise = g - *m;
        *spread = s.mean2.with(*spread, surprise * surprise) + s.eps_root;
        x - s.rate * *m / ((*spread * s.correction2).sqrt() + s.eps)
    }
}
