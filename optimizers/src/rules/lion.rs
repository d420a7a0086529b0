//! Lion: the sign of an interpolated momentum.

use serde::{Deserialize, Serialize};

use crate::error::check_betas;
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// Lion (Chen et al. 2023): `x -= lr sign(b1 m + (1 - b1) g)`, then `m = b2 m + (1 - b2) g`.
/// Decay is decoupled; rates are 3 to 10 times smaller than Adam's.
///
/// ```
/// use cotangent_optimizers::Lion;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Lion::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lion {
    beta1: f64,
    beta2: f64,
}

impl Lion {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.99,
            },
            rate,
        )
    }
}

betas! { Lion }

/// The per-step scalars of [`Lion`].
#[derive(Clone, Copy, Debug)]
pub struct LionScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    rate: T,
}

impl Rule for Lion {
    const NAME: &'static str = "lion";
    const SLOTS: &'static [&'static str] = &["m"];
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = LionScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> LionScalars<T> {
        LionScalars {
            mean1: Mean::new(self.beta1),
            mean2: Mean::new(self.beta2),
            rate: T::from_f64(context.rate),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &LionScalars<T>, x: T, g: T, [m]: &mut [T; 1]) -> T {
        let direction = s.mean1.with(*m, g);
        *m = s.mean2.with(*m, g);
        x - s.rate * direction.sign()
    }
}
