//! Adam, in the forms that differ between libraries.

use serde::{Deserialize, Serialize};

use crate::context::power;
use crate::error::{check_betas, check_positive, check_range};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// Adam (Kingma and Ba 2015): `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, `x -= lr m^ /
/// (sqrt(v^) + eps)` with the bias-corrected `m^ = m / (1 - b1^t)`, `v^ = v / (1 - b2^t)`.
///
/// Defaults are torch's and optax's: betas (0.9, 0.999), eps 1e-8.
/// [`keras`](OptimizerBuilder::keras) adds eps to the uncorrected root and has 1e-7.
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
    eps_root: f64,
    nesterov: bool,
    eps_hat: bool,
}

impl Adam {
    /// Adam with this learning rate and no decay.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                eps_root: 0.0,
                nesterov: false,
                eps_hat: false,
            },
            rate,
        )
    }
}

betas! { Adam }

setters! { Adam {
    /// What is added to the root of the second moment, above 0.
    eps: f64;
    /// What is added under the root; keeps second derivatives finite.
    eps_root: f64;
    /// Looks ahead along the first moment (Dozat 2016, as optax has it).
    nesterov: bool;
} }

impl OptimizerBuilder<Adam> {
    /// Keras's form: eps is added to the uncorrected root ("epsilon-hat"), and is 1e-7.
    #[must_use]
    pub fn keras(mut self) -> Self {
        (self.rule.eps_hat, self.rule.eps) = (true, 1e-7);
        self
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
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Adam> {
        Adam::new(rate).weight_decay(0.01)
    }
}

/// The per-step scalars of [`Adam`].
#[derive(Clone, Copy, Debug)]
pub struct AdamScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    along: T,
    direct: T,
    correction2: T,
    eps_root: T,
    eps: T,
}

impl Rule for Adam {
    const NAME: &'static str = "adam";
    const SLOTS: &'static [&'static str] = &["m", "v"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = AdamScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        check_range("eps_root", self.eps_root, 0.0, f64::INFINITY)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AdamScalars<T> {
        let beta1 = context.momentum.unwrap_or(self.beta1);
        let (bias1, bias2) = (
            context.bias_correction(beta1),
            context.bias_correction(self.beta2),
        );
        let (along, direct) = if self.nesterov {
            let next = 1.0 - power(beta1, context.step + 1);
            (beta1 / next, (1.0 - beta1) / bias1)
        } else {
            (bias1.recip(), 0.0)
        };
        let eps = if self.eps_hat {
            self.eps / bias2.sqrt()
        } else {
            self.eps
        };
        AdamScalars {
            mean1: Mean::new(beta1),
            mean2: Mean::new(self.beta2),
            along: T::from_f64(context.rate * along),
            direct: T::from_f64(context.rate * direct),
            correction2: T::from_f64(bias2.recip()),
            eps_root: T::from_f64(self.eps_root),
            eps: T::from_f64(eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AdamScalars<T>, x: T, g: T, [m, v]: &mut [T; 2]) -> T {
        *m = s.mean1.with(*m, g);
        *v = s.mean2.with(*v, g * g);
        x - (s.along * *m + s.direct * g) / ((*v * s.correction2 + s.eps_root).sqrt() + s.eps)
    }
}
