//! NovoGrad: a second moment per leaf.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive};
use crate::{Error, OptimizerBuilder, Real, Rule, Scope, StepContext, Sums};

/// NovoGrad (Ginsburg et al. 2019): `v = b2 v + (1 - b2) |g|^2` with the norm of the leaf
/// (`|g|^2` at first), `m = b1 m + g / (sqrt(v) + eps) + wd x`, `x -= lr m`. Defaults are
/// optax's: betas (0.9, 0.25), eps 1e-6.
///
/// The decay of the builder is the `wd` inside.
///
/// ```
/// use cotangent_optimizers::NovoGrad;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = NovoGrad::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NovoGrad {
    beta1: f64,
    beta2: f64,
    eps: f64,
}

impl NovoGrad {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.25,
                eps: 1e-6,
            },
            rate,
        )
    }
}

betas! { NovoGrad }

setters! { NovoGrad {
    /// What is added to the denominator, above 0.
    eps: f64;
} }

/// The per-step scalars of [`NovoGrad`].
#[derive(Clone, Copy, Debug)]
pub struct NovoGradScalars<T> {
    beta1: T,
    scale: T,
    decay: T,
    rate: T,
}

impl Rule for NovoGrad {
    const NAME: &'static str = "novograd";
    const SLOTS: &'static [&'static str] = &["m"];
    const MEMORY: &'static [&'static str] = &["v"];
    const SCOPE: Scope = Scope::Leaf;
    const OWN_DECAY: bool = true;
    const SUMS: usize = 1;
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = NovoGradScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> NovoGradScalars<T> {
        NovoGradScalars {
            beta1: T::from_f64(self.beta1),
            scale: T::from_f64((context.memory[0].sqrt() + self.eps).recip()),
            decay: T::from_f64(context.decay),
            rate: T::from_f64(context.rate),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &NovoGradScalars<T>, x: T, g: T, [m]: &mut [T; 1]) -> T {
        *m = s.beta1 * *m + s.scale * g + s.decay * x;
        x - s.rate * *m
    }

    #[inline(always)]
    fn measure<T: Real>(
        _scalars: &NovoGradScalars<T>,
        _parameter: T,
        g: T,
        _: &mut [T; 1],
    ) -> [T; 4] {
        [g * g, T::default(), T::default(), T::default()]
    }

    fn settle(&self, context: &StepContext<'_>, sums: &Sums, memory: &mut [f64]) {
        let first = context.step == 1;
        memory[0] = if first {
            sums[0]
        } else {
            self.beta2 * memory[0] + (1.0 - self.beta2) * sums[0]
        };
    }
}
