//! NAdam: Adam that looks ahead, with a schedule of its momentum.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive, check_range};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext, Sums};

/// NAdam (Dozat 2016): with `mu_t = b1 (1 - 0.96^(t psi) / 2)` and their product `P_t`, `x -=
/// lr ((1 - mu_t) / (1 - P_t) g + mu_(t+1) / (1 - P_(t+1)) m) / (sqrt(v^) + eps)`.
///
/// The default psi 0.004 is torch's; [`keras`](OptimizerBuilder::keras) has 1 and eps 1e-7,
/// [`optax`](OptimizerBuilder::optax) keeps `mu_t = b1`.
///
/// ```
/// use cotangent_optimizers::NAdam;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = NAdam::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NAdam {
    beta1: f64,
    beta2: f64,
    eps: f64,
    momentum_decay: f64,
    scheduled: bool,
}

impl NAdam {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                momentum_decay: 0.004,
                scheduled: true,
            },
            rate,
        )
    }
}

betas! { NAdam }

setters! { NAdam {
    /// What is added to the denominator, above 0.
    eps: f64;
    /// The psi of the momentum schedule.
    momentum_decay: f64;
} }

impl NAdam {
    fn momentum_at(&self, step: u64) -> f64 {
        if self.scheduled {
            self.beta1 * (1.0 - 0.5 * 0.96_f64.powf(step as f64 * self.momentum_decay))
        } else {
            self.beta1
        }
    }
}

impl OptimizerBuilder<NAdam> {
    /// Keras's schedule of the momentum, and eps 1e-7.
    #[must_use]
    pub fn keras(self) -> Self {
        self.momentum_decay(1.0).eps(1e-7)
    }

    /// No schedule of the momentum.
    #[must_use]
    pub fn optax(mut self) -> Self {
        self.rule.scheduled = false;
        self
    }
}

/// The per-step scalars of [`NAdam`].
#[derive(Clone, Copy, Debug)]
pub struct NAdamScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    direct: T,
    along: T,
    correction2: T,
    eps: T,
}

impl Rule for NAdam {
    const NAME: &'static str = "nadam";
    const SLOTS: &'static [&'static str] = &["m", "v"];
    const MEMORY: &'static [&'static str] = &["momentum_product"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = NAdamScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        check_range("momentum_decay", self.momentum_decay, 0.0, f64::INFINITY)?;
        Ok(())
    }

    fn initial_memory(&self, _index: usize) -> f64 {
        1.0
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> NAdamScalars<T> {
        let (now, next) = (
            self.momentum_at(context.step),
            self.momentum_at(context.step + 1),
        );
        let product = context.memory[0];
        NAdamScalars {
            mean1: Mean::new(self.beta1),
            mean2: Mean::new(self.beta2),
            direct: T::from_f64(context.rate * (1.0 - now) / (1.0 - product)),
            along: T::from_f64(context.rate * next / (1.0 - product * next)),
            correction2: T::from_f64(context.bias_correction(self.beta2).recip()),
            eps: T::from_f64(self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &NAdamScalars<T>, x: T, g: T, [m, v]: &mut [T; 2]) -> T {
        *m = s.mean1.with(*m, g);
        *v = s.mean2.with(*v, g * g);
        x - (s.direct * g + s.along * *m) / ((*v * s.correction2).sqrt() + s.eps)
    }

    fn settle(&self, context: &StepContext<'_>, __sums: &Sums, memory: &mut [f64]) {
        memory[0] *= self.momentum_at(context.step);
    }
}
