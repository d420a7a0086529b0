//! LAMB: Adam with a trust ratio per leaf.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, Scope, StepContext, Sums};

/// LAMB (You et al. 2020): `u = m^ / (sqrt(v^) + eps) + wd x`, `x -= lr |x| / |u| u` with the
/// norms of the leaf, and a ratio of 1 where one of them is 0. No clamp, as in optax and Keras;
/// eps 1e-6.
///
/// The decay of the builder is the `wd` inside.
///
/// ```
/// use cotangent_optimizers::Lamb;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Lamb::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lamb {
    beta1: f64,
    beta2: f64,
    eps: f64,
}

impl Lamb {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-6,
            },
            rate,
        )
    }
}

betas! { Lamb }

setters! { Lamb {
    /// What is added to the denominator, above 0.
    eps: f64;
} }

/// The per-step scalars of [`Lamb`].
#[derive(Clone, Copy, Debug)]
pub struct LambScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    correction1: T,
    correction2: T,
    eps: T,
    decay: T,
    rate: T,
}

impl Rule for Lamb {
    const NAME: &'static str = "lamb";
    const SLOTS: &'static [&'static str] = &["m", "v"];
    const MEMORY: &'static [&'static str] = &["ratio"];
    const SCOPE: Scope = Scope::Leaf;
    const OWN_DECAY: bool = true;
    const SUMS: usize = 2;
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = LambScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> LambScalars<T> {
        let (bias1, bias2) = (
            context.bias_correction(self.beta1),
            context.bias_correction(self.beta2),
        );
        LambScalars {
            mean1: Mean::new(self.beta1),
            mean2: Mean::new(self.beta2),
            correction1: T::from_f64(bias1.recip()),
            correction2: T::from_f64(bias2.recip()),
            eps: T::from_f64(self.eps),
            decay: T::from_f64(context.decay),
            rate: T::from_f64(context.rate * context.memory[0]),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &LambScalars<T>, x: T, _gradient: T, [m, v]: &mut [T; 2]) -> T {
        let u = (*m * s.correction1) / ((*v * s.correction2).sqrt() + s.eps) + s.decay * x;
        x - s.rate * u
    }

    #[inline(always)]
    fn measure<T: Real>(s: &LambScalars<T>, x: T, g: T, [m, v]: &mut [T; 2]) -> [T; 4] {
        *m = s.mean1.with(*m, g);
        *v = s.mean2.with(*v, g * g);
        let u = (*m * s.correction1) / ((*v * s.correction2).sqrt() + s.eps) + s.decay * x;
        [x * x, u * u, T::default(), T::default()]
    }

    fn settle(&self, _context: &StepContext<'_>, sums: &Sums, memory: &mut [f64]) {
        let (size, length) = (sums[0].sqrt(), sums[1].sqrt());
        memory[0] = if size > 0.0 && length > 0.0 {
            size / length
        } else {
            1.0
        };
    }
}
