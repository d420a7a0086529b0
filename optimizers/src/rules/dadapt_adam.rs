//! D-Adaptation: Adam that finds its own learning rate.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext, Sums};

/// D-Adapted AdamW (Defazio and Mishchenko 2023), in optax's form: Adam with rate `d lr`, where
/// `d` is a lower bound of the distance to the solution that grows with the correlation of
/// gradients and their sum. Keep the rate at 1, perhaps with a schedule.
///
/// The decay of the builder is multiplied by `d lr`.
///
/// ```
/// use cotangent_optimizers::DAdaptAdam;
/// let mut x = vec![5.0_f64];
/// let mut optimizer = DAdaptAdam::new(1.0).build(&x)?;
/// for _ in 0..200 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0] < 5.0, "{x:?}");
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DAdaptAdam {
    beta1: f64,
    beta2: f64,
    eps: f64,
    start: f64,
}

impl DAdaptAdam {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                start: 1e-6,
            },
            rate,
        )
    }
}

betas! { DAdaptAdam }

setters! { DAdaptAdam {
    /// What is added to the denominator, above 0.
    eps: f64;
    /// The first estimate of the distance, above 0.
    start: f64;
} }

impl DAdaptAdam {
    fn rate(&self, context: &StepContext<'_>, distance: f64) -> f64 {
        let bias1 = context.bias_correction(self.beta1);
        distance * context.rate * context.bias_correction(self.beta2).sqrt() / bias1
    }
}

/// The per-step scalars of [`DAdaptAdam`].
#[derive(Clone, Copy, Debug)]
pub struct DAdaptAdamScalars<T> {
    beta1: T,
    take1: T,
    mean2: Mean<T>,
    root: T,
    rest: T,
    rate: T,
    decay: T,
    eps: T,
}

impl Rule for DAdaptAdam {
    const NAME: &'static str = "dadapt_adam";
    const SLOTS: &'static [&'static str] = &["m", "v", "sum"];
    const MEMORY: &'static [&'static str] = &["distance", "numerator", "rate"];
    const OWN_DECAY: bool = true;
    const SUMS: usize = 2;
    type State<T: Real> = [T; 3];
    type Scalars<T: Real> = DAdaptAdamScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        check_positive("start", self.start)?;
        Ok(())
    }

    fn initial_memory(&self, index: usize) -> f64 {
        if index == 0 { self.start } else { 0.0 }
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> DAdaptAdamScalars<T> {
        DAdaptAdamScalars {
            beta1: T::from_f64(self.beta1),
            take1: T::from_f64(1.0 - self.beta1),
            mean2: Mean::new(self.beta2),
            root: T::from_f64(self.beta2.sqrt()),
            rest: T::from_f64(1.0 - self.beta2.sqrt()),
            rate: T::from_f64(self.rate(context, context.memory[0])),
            decay: T::from_f64(context.decay * context.memory[2]),
            eps: T::from_f64(self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(
        s: &DAdaptAdamScalars<T>,
        x: T,
        _gradient: T,
        [m, v, _sum]: &mut [T; 3],
    ) -> T {
        x - (s.decay * x + *m / (v.sqrt() + s.eps))
    }

    #[inline(always)]
    fn measure<T: Real>(
        s: &DAdaptAdamScalars<T>,
        _parameter: T,
        g: T,
        [m, v, sum]: &mut [T; 3],
    ) -> [T; 4] {
        let correlation = g * *sum / (v.sqrt() + s.eps);
        *m = s.beta1 * *m + s.take1 * s.rate * g;
        *v = s.mean2.with(*v, g * g);
        *sum = s.root * *sum + s.rest * s.rate * g;
        [correlation, sum.abs(), T::default(), T::default()]
    }

    fn settle(&self, context: &StepContext<'_>, sums: &Sums, memory: &mut [f64]) {
        let (root, rate) = (self.beta2.sqrt(), self.rate(context, memory[0]));
        memory[1] = root * memory[1] + (1.0 - root) * rate * sums[0];
        let estimate = if sums[1] > 0.0 {
            memory[1] / ((1.0 - root) * sums[1])
        } else {
            0.0
        };
        memory[2] = rate;
        memory[0] = memory[0].max(estimate);
    }
}
