//! Adan: Nesterov momentum by differences of gradients.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive, check_range};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// Adan (Xie et al. 2024), with `d = g - g_before` (0 at first): `m`, `v` and `n` are the
/// running averages of `g`, `d` and `(g + (1 - b2) d)^2`, and `x -= lr (m^ + (1 - b2) v^) /
/// (sqrt(n^) + eps)`.
///
/// The betas are decays (0.98, 0.92, 0.99), as in optax; the paper writes one minus them.
///
/// ```
/// use cotangent_optimizers::Adan;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Adan::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adan {
    beta1: f64,
    beta2: f64,
    beta3: f64,
    eps: f64,
    eps_root: f64,
}

impl Adan {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.98,
                beta2: 0.92,
                beta3: 0.99,
                eps: 1e-8,
                eps_root: 0.0,
            },
            rate,
        )
    }
}

betas! { Adan }

setters! { Adan {
    /// The decay of the average of squares, in [0, 1).
    beta3: f64;
    /// What is added to the denominator, above 0.
    eps: f64;
    /// What is added under the root; optax has 1e-8.
    eps_root: f64;
} }

/// The per-step scalars of [`Adan`].
#[derive(Clone, Copy, Debug)]
pub struct AdanScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    mean3: Mean<T>,
    along: T,
    changing: T,
    correction3: T,
    eps_root: T,
    seen: T,
    eps: T,
}

impl Rule for Adan {
    const NAME: &'static str = "adan";
    const SLOTS: &'static [&'static str] = &["m", "v", "n", "before"];
    type State<T: Real> = [T; 4];
    type Scalars<T: Real> = AdanScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_range("beta3", self.beta3, 0.0, 1.0)?;
        check_positive("eps", self.eps)?;
        check_range("eps_root", self.eps_root, 0.0, f64::INFINITY)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AdanScalars<T> {
        let (bias1, bias2) = (
            context.bias_correction(self.beta1),
            context.bias_correction(self.beta2),
        );
        AdanScalars {
            mean1: Mean::new(self.beta1),
            mean2: Mean::new(self.beta2),
            mean3: Mean::new(self.beta3),
            along: T::from_f64(context.rate / bias1),
            changing: T::from_f64(context.rate * (1.0 - self.beta2) / bias2),
            correction3: T::from_f64(context.bias_correction(self.beta3).recip()),
            eps_root: T::from_f64(self.eps_root),
            seen: T::from_f64(if context.step > 1 { 1.0 } else { 0.0 }),
            eps: T::from_f64(self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AdanScalars<T>, x: T, g: T, [m, v, n, before]: &mut [T; 4]) -> T {
        let change = s.seen * (g - *before);
        *before = g;
        *m = s.mean1.with(*m, g);
        *v = s.mean2.with(*v, change);
        let ahead = g + s.mean2.take * change;
        *n = s.mean3.with(*n, ahead * ahead);
        x - (s.along * *m + s.changing * *v) / ((*n * s.correction3 + s.eps_root).sqrt() + s.eps)
    }
}
