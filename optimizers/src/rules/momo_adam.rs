//! MoMo-Adam: Adam with a step size from a model of the loss.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext, Sums};

/// MoMo-Adam (Schaipp et al. 2024): Adam with the step `min(lr / (1 - b1^t), max(f_bar - (1 -
/// b1^t) f_min - gamma + m'x, 0) / m'D^-1 m)`, where `D = eps + sqrt(v^)` and `f_bar` and
/// `gamma` are the running averages of the loss and of `g'x`. Needs the loss:
/// [`step_with`](crate::Optimizer::step_with).
///
/// The decay of the builder is proximal: `x` is divided by `1 + lr wd`.
///
/// ```
/// use cotangent_optimizers::{MomoAdam, StepInput};
/// let mut x = vec![2.0_f64];
/// let mut optimizer = MomoAdam::new(1.0).build(&x)?;
/// for _ in 0..20 {
///     let (loss, slope) = (x[0] * x[0], vec![2.0 * x[0]]);
///     optimizer.step_with(&mut x, &slope, StepInput::default().loss(loss))?;
/// }
/// assert!(x[0].abs() < 2.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MomoAdam {
    beta1: f64,
    beta2: f64,
    eps: f64,
    lowest: f64,
}

impl MomoAdam {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                lowest: 0.0,
            },
            rate,
        )
    }
}

betas! { MomoAdam }

setters! { MomoAdam {
    /// What is added to the denominator, above 0.
    eps: f64;
    /// A lower bound of the loss.
    lowest: f64;
} }

/// The per-step scalars of [`MomoAdam`].
#[derive(Clone, Copy, Debug)]
pub struct MomoAdamScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    correction2: T,
    step: T,
    shrink: T,
    eps: T,
}

impl Rule for MomoAdam {
    const NAME: &'static str = "momo_adam";
    const SLOTS: &'static [&'static str] = &["m", "v"];
    const MEMORY: &'static [&'static str] = &["loss", "slope", "step"];
    const NEEDS_LOSS: bool = true;
    const OWN_DECAY: bool = true;
    const SUMS: usize = 3;
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = MomoAdamScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> MomoAdamScalars<T> {
        MomoAdamScalars {
            mean1: Mean::new(self.beta1),
            mean2: Mean::new(self.beta2),
            correction2: T::from_f64(context.bias_correction(self.beta2).recip()),
            step: T::from_f64(context.memory[2]),
            shrink: T::from_f64((1.0 + context.rate * context.decay).recip()),
            eps: T::from_f64(self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &MomoAdamScalars<T>, x: T, _gradient: T, [m, v]: &mut [T; 2]) -> T {
        x * s.shrink - s.step * *m / (s.eps + (*v * s.correction2).sqrt())
    }

    #[inline(always)]
    fn measure<T: Real>(s: &MomoAdamScalars<T>, x: T, g: T, [m, v]: &mut [T; 2]) -> [T; 4] {
        *m = s.mean1.with(*m, g);
        *v = s.mean2.with(*v, g * g);
        let scaled = *m / (s.eps + (*v * s.correction2).sqrt());
        [*m * scaled, *m * x, g * x, T::default()]
    }

    fn settle(&self, context: &StepContext<'_>, sums: &Sums, memory: &mut [f64]) {
        let (keep, growth) = (self.beta1, 1.0 + context.rate * context.decay);
        memory[0] = keep * memory[0] + (1.0 - keep) * context.loss;
        memory[1] = keep * memory[1] + (1.0 - keep) * sums[2];
        let bias1 = context.bias_correction(self.beta1);
        let gap = (growth * (memory[0] - bias1 * self.lowest - memory[1]) + sums[1]).max(0.0);
        // A momentum of rounding alone takes no step.
        memory[2] = if sums[0] <= f64::EPSILON {
            0.0
        } else {
            (gap / sums[0]).min(context.rate / bias1)
        };
    }
}
