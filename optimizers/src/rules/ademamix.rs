//! AdEMAMix: Adam with a second, slow momentum.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive, check_range};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// AdEMAMix (Pagliardini et al. 2024): a fast average `m` (b1, corrected) and a slow one `n`
/// (b3, not corrected), `x -= lr (m^ + alpha n) / (sqrt(v^) + eps)`. Defaults are optax's: b3
/// 0.9999, alpha 5.
///
/// ```
/// use cotangent_optimizers::AdEmaMix;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = AdEmaMix::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdEmaMix {
    beta1: f64,
    beta2: f64,
    beta3: f64,
    alpha: f64,
    eps: f64,
}

impl AdEmaMix {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                beta3: 0.9999,
                alpha: 5.0,
                eps: 1e-8,
            },
            rate,
        )
    }
}

betas! { AdEmaMix }

setters! { AdEmaMix {
    /// The decay of the slow average, in [0, 1).
    beta3: f64;
    /// The weight of the slow average.
    alpha: f64;
    /// What is added to the denominator, above 0.
    eps: f64;
} }

/// The per-step scalars of [`AdEmaMix`].
#[derive(Clone, Copy, Debug)]
pub struct AdEmaMixScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    mean3: Mean<T>,
    along: T,
    slowly: T,
    correction2: T,
    eps: T,
}

impl Rule for AdEmaMix {
    const NAME: &'static str = "ademamix";
    const SLOTS: &'static [&'static str] = &["m", "slow", "v"];
    type State<T: Real> = [T; 3];
    type Scalars<T: Real> = AdEmaMixScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_range("beta3", self.beta3, 0.0, 1.0)?;
        check_range("alpha", self.alpha, 0.0, f64::INFINITY)?;
        check_positive("eps", self.eps)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AdEmaMixScalars<T> {
        let (bias1, bias2) = (
            context.bias_correction(self.beta1),
            context.bias_correction(self.beta2),
        );
        AdEmaMixScalars {
            mean1: Mean::new(self.beta1),
            mean2: Mean::new(self.beta2),
            mean3: Mean::new(self.beta3),
            along: T::from_f64(context.rate / bias1),
            slowly: T::from_f64(context.rate * self.alpha),
            correction2: T::from_f64(bias2.recip()),
            eps: T::from_f64(self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AdEmaMixScalars<T>, x: T, g: T, [m, slow, v]: &mut [T; 3]) -> T {
        *m = s.mean1.with(*m, g);
        *slow = s.mean3.with(*slow, g);
        *v = s.mean2.with(*v, g * g);
        x - (s.along * *m + s.slowly * *slow) / ((*v * s.correction2).sqrt() + s.eps)
    }
}
