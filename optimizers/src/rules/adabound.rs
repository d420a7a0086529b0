//! AdaBound: Adam whose rates are clipped towards one.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive, check_range};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// AdaBound (Luo et al. 2019): [`Adam`](crate::Adam) whose rate of every element is clipped
/// between bounds that close in on `final_rate`, from `final_rate (1 - 1 / (gamma t + 1))` and
/// `final_rate (1 + 1 / (gamma t))`.
///
/// ```
/// use cotangent_optimizers::AdaBound;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = AdaBound::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdaBound {
    beta1: f64,
    beta2: f64,
    eps: f64,
    final_rate: f64,
    gamma: f64,
}

impl AdaBound {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                final_rate: 0.1,
                gamma: 1e-3,
            },
            rate,
        )
    }
}

betas! { AdaBound }

setters! { AdaBound {
    /// What is added to the denominator, above 0.
    eps: f64;
    /// The rate that all elements end with.
    final_rate: f64;
    /// How fast the bounds close in, above 0.
    gamma: f64;
} }

/// The per-step scalars of [`AdaBound`].
#[derive(Clone, Copy, Debug)]
pub struct AdaBoundScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    rate: T,
    least: T,
    lower: T,
    upper: T,
    eps: T,
}

impl Rule for AdaBound {
    const NAME: &'static str = "adabound";
    const SLOTS: &'static [&'static str] = &["m", "v"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = AdaBoundScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        check_range("final_rate", self.final_rate, 0.0, f64::INFINITY)?;
        check_positive("gamma", self.gamma)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AdaBoundScalars<T> {
        let (bias1, bias2) = (
            context.bias_correction(self.beta1),
            context.bias_correction(self.beta2),
        );
        let time = self.gamma * context.step as f64;
        AdaBoundScalars {
            mean1: Mean::new(self.beta1),
            mean2: Mean::new(self.beta2),
            rate: T::from_f64(context.rate * bias2.sqrt() / bias1),
            least: T::from_f64(1e-15),
            lower: T::from_f64(self.final_rate * (1.0 - 1.0 / (time + 1.0))),
            upper: T::from_f64(self.final_rate * (1.0 + 1.0 / time)),
            eps: T::from_f64(self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AdaBoundScalars<T>, x: T, g: T, [m, v]: &mut [T; 2]) -> T {
        *m = s.mean1.with(*m, g);
        *v = s.mean2.with(*v, g * g);
        let rate = s.rate / ((*v + s.least).sqrt() + s.eps);
        let rate = if rate < s.lower { s.lower } else { rate };
        let rate = if rate > s.upper { s.upper } else { rate };
        x - rate * *m
    }
}
