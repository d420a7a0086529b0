//! ACProp: AdaBelief with the denominator of the step before.

use serde::{Deserialize, Serialize};

use crate::context::power;
use crate::error::{check_betas, check_positive, check_range};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// ACProp (Zhuang et al. 2021): `x -= lr g / (sqrt(s^) + eps)` with the `s` of the step before
/// (1 at first), then `s = b2 s + (1 - b2) (g - m)^2 + eps_root` and `m = b1 m + (1 - b1) g`.
///
/// ```
/// use cotangent_optimizers::AcProp;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = AcProp::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcProp {
    beta1: f64,
    beta2: f64,
    eps: f64,
    eps_root: f64,
}

impl AcProp {
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

betas! { AcProp }

setters! { AcProp {
    /// What is added to the denominator, above 0.
    eps: f64;
    /// What is added to the second moment at every step.
    eps_root: f64;
} }

/// The per-step scalars of [`AcProp`].
#[derive(Clone, Copy, Debug)]
pub struct AcPropScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    rate: T,
    started: bool,
    correction2: T,
    first: T,
    eps_root: T,
    eps: T,
}

impl Rule for AcProp {
    const NAME: &'static str = "acprop";
    const SLOTS: &'static [&'static str] = &["m", "spread"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = AcPropScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        check_range("eps_root", self.eps_root, 0.0, f64::INFINITY)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AcPropScalars<T> {
        let started = context.step > 1;
        let correction = if started {
            (1.0 - power(self.beta2, context.step - 1)).recip()
        } else {
            1.0
        };
        AcPropScalars {
            mean1: Mean::new(self.beta1),
            mean2: Mean::new(self.beta2),
            rate: T::from_f64(context.rate),
            started,
            correction2: T::from_f64(correction),
            first: T::from_f64(1.0 + self.eps),
            eps_root: T::from_f64(self.eps_root),
            eps: T::from_f64(self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AcPropScalars<T>, x: T, g: T, [m, spread]: &mut [T; 2]) -> T {
        let divisor = if s.started {
            (*spread * s.correction2).sqrt() + s.eps
        } else {
            s.first
        };
        let surprise = g - *m;
        *spread = s.mean2.with(*spread, surprise * surprise) + s.eps_root;
        *m = s.mean1.with(*m, g);
        x - s.rate * g / divisor
    }
}
