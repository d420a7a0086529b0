//! Adam and AdamW: one rule, two defaults for the decay.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// Adam (Kingma and Ba 2015): `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`,
/// `x -= lr m^ / (sqrt(v^) + eps)` with the bias-corrected `m^ = m / (1 - b1^t)`,
/// `v^ = v / (1 - b2^t)`.
///
/// Defaults are torch's: betas (0.9, 0.999), eps 1e-8.
///
/// ```
/// use cotangent_optimizers::Adam;
/// let mut x = vec![1.0_f64];
/// Adam::new(0.1).build(&x)?.step(&mut x, &vec![4.0])?;
/// assert!((x[0] - 0.9).abs() < 1e-8); // the first step has the length of the rate
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adam {
    beta1: f64,
    beta2: f64,
    eps: f64,
}

impl Adam {
    /// Adam with this learning rate and no decay.
    #[allow(
        clippy::new_ret_no_self,
        reason = "a rule is configured through its builder"
    )]
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
            },
            rate,
        )
    }
}

/// AdamW (Loshchilov and Hutter 2019): [`Adam`] with decoupled weight decay 0.01 by default.
///
/// The decay is multiplied by the current rate, as in every peer: `x *= 1 - lr wd`.
///
/// ```
/// use cotangent_optimizers::{AdamW, WarmupCosine};
/// let mut x = vec![1.0_f64, 2.0];
/// let mut optimizer = AdamW::new(1e-3)
///     .betas(0.9, 0.95)
///     .weight_decay(0.1)
///     .schedule(WarmupCosine::new(100, 10_000))
///     .clip_global_norm(1.0)
///     .build(&x)?;
/// let report = optimizer.step(&mut x, &vec![3.0, 4.0])?;
/// assert_eq!(report.grad_norm, 5.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AdamW;

impl AdamW {
    /// Adam with this learning rate and decoupled weight decay 0.01.
    #[allow(
        clippy::new_ret_no_self,
        reason = "a rule is configured through its builder"
    )]
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Adam> {
        Adam::new(rate).weight_decay(0.01)
    }
}

impl OptimizerBuilder<Adam> {
    /// The decay of the averages of the gradient and of its square, each in [0, 1).
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        (self.rule.beta1, self.rule.beta2) = (beta1, beta2);
        self
    }

    /// What is added to the root of the second moment, at least 0.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> Self {
        self.rule.eps = eps;
        self
    }
}

/// The per-step scalars of [`Adam`].
#[derive(Clone, Copy, Debug)]
pub struct AdamScalars<T> {
    beta1: T,
    take1: T,
    beta2: T,
    take2: T,
    rate: T,
    root_correction: T,
    eps: T,
}

impl Rule for Adam {
    const NAME: &'static str = "adam";
    const SLOTS: &'static [&'static str] = &["m", "v"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = AdamScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("beta1", self.beta1, 0.0, 1.0)?;
        check_range("beta2", self.beta2, 0.0, 1.0)?;
        check_range("eps", self.eps, 0.0, f64::INFINITY)
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AdamScalars<T> {
        AdamScalars {
            beta1: T::from_f64(self.beta1),
            take1: T::from_f64(1.0 - self.beta1),
            beta2: T::from_f64(self.beta2),
            take2: T::from_f64(1.0 - self.beta2),
            rate: T::from_f64(context.rate / context.bias_correction(self.beta1)),
            root_correction: T::from_f64(context.bias_correction(self.beta2).sqrt().recip()),
            eps: T::from_f64(self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AdamScalars<T>, x: T, g: T, [m, v]: &mut [T; 2]) -> T {
        *m = s.beta1 * *m + s.take1 * g;
        *v = s.beta2 * *v + s.take2 * (g * g);
        x - s.rate * *m / (v.sqrt() * s.root_correction + s.eps)
    }
}
