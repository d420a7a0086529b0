//! RAdam: Adam that waits until its second moment can be trusted.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// RAdam (Liu et al. 2020): while `rho_t = rho_inf - 2 t b2^t / (1 - b2^t)` is at most 5, plain
/// momentum `x -= lr m^`; afterwards Adam with its step times `r_t`.
///
/// Torch adds eps to the uncorrected root; [`optax`](OptimizerBuilder::optax) to the corrected
/// one.
///
/// ```
/// use cotangent_optimizers::RAdam;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = RAdam::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RAdam {
    beta1: f64,
    beta2: f64,
    eps: f64,
    eps_corrected: bool,
}

impl RAdam {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                eps_corrected: false,
            },
            rate,
        )
    }
}

betas! { RAdam }

setters! { RAdam {
    /// What is added to the denominator, above 0.
    eps: f64;
} }

impl OptimizerBuilder<RAdam> {
    /// Eps is added to the bias-corrected root.
    #[must_use]
    pub fn optax(mut self) -> Self {
        self.rule.eps_corrected = true;
        self
    }
}

/// The per-step scalars of [`RAdam`].
#[derive(Clone, Copy, Debug)]
pub struct RAdamScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    adaptive: bool,
    rate: T,
    correction2: T,
    eps: T,
    one: T,
}

impl Rule for RAdam {
    const NAME: &'static str = "radam";
    const SLOTS: &'static [&'static str] = &["m", "v"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = RAdamScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> RAdamScalars<T> {
        let (bias1, bias2) = (
            context.bias_correction(self.beta1),
            context.bias_correction(self.beta2),
        );

        let limit = 2.0 / (1.0 - self.beta2) - 1.0;
        let rho = limit - 2.0 * context.step as f64 * (1.0 - bias2) / bias2;
        let adaptive = rho > 5.0;
        let rectification = if adaptive {
            ((rho - 4.0) * (rho - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * rho)).sqrt()
        } else {
            1.0
        };
        let eps = if self.eps_corrected {
            self.eps
        } else {
            self.eps / bias2.sqrt()
        };
        RAdamScalars {
            mean1: Mean::new(self.beta1),
            mean2: Mean::new(self.beta2),
            adaptive,
            rate: T::from_f64(context.rate * rectification / bias1),
            correction2: T::from_f64(bias2.recip()),
            eps: T::from_f64(eps),
            one: T::from_f64(1.0),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &RAdamScalars<T>, x: T, g: T, [m, v]: &mut [T; 2]) -> T {
        *m = s.mean1.with(*m, g);
        *v = s.mean2.with(*v, g * g);
        let divisor = if s.adaptive {
            (*v * s.correction2).sqrt() + s.eps
        } else {
            s.one
        };
        x - s.rate * *m / divisor
    }
}
