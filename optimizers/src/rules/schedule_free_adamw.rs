//! Schedule-free AdamW: averaging in place of a schedule.

use super::averaging;
use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive, check_range};
use crate::mean::Mean;
use crate::{Error, Initial, OptimizerBuilder, Real, Rule, StepContext, Sums};

/// Schedule-free AdamW (Defazio et al. 2024): `v = b2 v + (1 - b2) g^2`, `z -= lr (g /
/// (sqrt(v^) + eps) + wd y)`, `x = (1 - c) x + c z`, `y = b1 x + (1 - b1) z`, where the weights
/// of `c` are powers of the largest rate so far.
///
/// The parameters that the model holds are the points `y` where gradients are taken; evaluate
/// [`eval_params`](crate::Optimizer::eval_params), the average `x`. No schedule but a warmup,
/// [`warmup`](OptimizerBuilder::warmup), which counts from 1 / steps;
/// [`optax_warmup`](OptimizerBuilder::optax_warmup) counts from 0, and weighs iterates by the
/// rate of the step after.
///
/// ```
/// use cotangent_optimizers::ScheduleFreeAdamW;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = ScheduleFreeAdamW::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleFreeAdamW {
    beta1: f64,
    beta2: f64,
    eps: f64,
    power: f64,
    warmup: u64,
    from_zero: bool,
}

impl ScheduleFreeAdamW {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                power: 2.0,
                warmup: 0,
                from_zero: false,
            },
            rate,
        )
    }
}

betas! { ScheduleFreeAdamW }

setters! { ScheduleFreeAdamW {
    /// What is added to the denominator, above 0.
    eps: f64;
    /// The power of the rate in the weights.
    power: f64;
    /// Steps of a linear warmup.
    warmup: u64;
} }

impl ScheduleFreeAdamW {
    /// The factor of a warmup in the step; `ahead` is 1 for the weight of the iterate.
    fn warm(&self, step: u64, ahead: u64) -> f64 {
        averaging::warmup(self.warmup, self.from_zero, step, ahead)
    }
}

impl OptimizerBuilder<ScheduleFreeAdamW> {
    /// A linear warmup over these steps, as optax counts it.
    #[must_use]
    pub fn optax_warmup(mut self, steps: u64) -> Self {
        (self.rule.warmup, self.rule.from_zero) = (steps, true);
        self
    }
}

/// The per-step scalars of [`ScheduleFreeAdamW`].
#[derive(Clone, Copy, Debug)]
pub struct ScheduleFreeAdamWScalars<T> {
    beta: T,
    rest: T,
    per_beta: T,
    old: T,
    new: T,
    decay: T,
    rate: T,
    mean2: Mean<T>,
    correction2: T,
    eps: T,
}

impl Rule for ScheduleFreeAdamW {
    const NAME: &'static str = "schedule_free_adamw";
    const SLOTS: &'static [&'static str] = &["z", "v"];
    const MEMORY: &'static [&'static str] = &["weight_sum", "largest_rate", "weight"];
    const OWN_DECAY: bool = true;
    const HAS_VIEW: bool = true;
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = ScheduleFreeAdamWScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        check_range("power", self.power, 0.0, f64::INFINITY)?;
        check_positive("beta1", self.beta1)?;
        Ok(())
    }

    fn initial(&self, slot: usize) -> Initial {
        if slot == 0 {
            Initial::Parameter
        } else {
            Initial::Value(0.0)
        }
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> ScheduleFreeAdamWScalars<T> {
        ScheduleFreeAdamWScalars {
            beta: T::from_f64(self.beta1),
            rest: T::from_f64(1.0 - self.beta1),
            per_beta: T::from_f64(self.beta1.recip()),
            old: T::from_f64(1.0 - context.memory[2]),
            new: T::from_f64(context.memory[2]),
            decay: T::from_f64(context.decay),
            rate: T::from_f64(context.rate * self.warm(context.step, 0)),
            mean2: Mean::new(self.beta2),
            correction2: T::from_f64(context.bias_correction(self.beta2).recip()),
            eps: T::from_f64(self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &ScheduleFreeAdamWScalars<T>, x: T, g: T, [z, v]: &mut [T; 2]) -> T {
        *v = s.mean2.with(*v, g * g);
        let step = g / ((*v * s.correction2).sqrt() + s.eps);
        let average = s.old * ((x - s.rest * *z) * s.per_beta);
        *z = *z - s.rate * (step + s.decay * x);
        s.beta * (average + s.new * *z) + s.rest * *z
    }

    fn settle(&self, context: &StepContext<'_>, _sums: &Sums, memory: &mut [f64]) {
        let rate = context.rate * self.warm(context.step, 1);
        averaging::weigh(memory, rate, self.power);
    }

    fn view<T: Real>(s: &ScheduleFreeAdamWScalars<T>, x: T, [z, _v]: &[T; 2]) -> T {
        (x - s.rest * *z) * s.per_beta
    }
}
