//! Schedule-free SGD: averaging in place of a schedule.

use super::averaging;
use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::{Error, Initial, OptimizerBuilder, Real, Rule, StepContext, Sums};

/// Schedule-free SGD (Defazio et al. 2024): `z -= lr (g + wd y)`, `x = (1 - c) x + c z`, `y = b
/// x + (1 - b) z`, where the weights of `c` are powers of the largest rate so far.
///
/// The parameters that the model holds are the points `y` where gradients are taken; evaluate
/// [`eval_params`](crate::Optimizer::eval_params), the average `x`. No schedule but a warmup,
/// [`warmup`](OptimizerBuilder::warmup), which counts from 1 / steps;
/// [`optax_warmup`](OptimizerBuilder::optax_warmup) counts from 0, and weighs iterates by the
/// rate of the step after.
///
/// ```
/// use cotangent_optimizers::ScheduleFreeSgd;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = ScheduleFreeSgd::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleFreeSgd {
    beta: f64,
    power: f64,
    warmup: u64,
    from_zero: bool,
}

impl ScheduleFreeSgd {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta: 0.9,
                power: 2.0,
                warmup: 0,
                from_zero: false,
            },
            rate,
        )
    }
}

setters! { ScheduleFreeSgd {
    /// The part b of the average in the point of the gradient, in (0, 1).
    beta: f64;
    /// The power of the rate in the weights.
    power: f64;
    /// Steps of a linear warmup.
    warmup: u64;
} }

impl ScheduleFreeSgd {
    /// The factor of a warmup in the step; `ahead` is 1 for the weight of the iterate.
    fn warm(&self, step: u64, ahead: u64) -> f64 {
        averaging::warmup(self.warmup, self.from_zero, step, ahead)
    }
}

impl OptimizerBuilder<ScheduleFreeSgd> {
    /// A linear warmup over these steps, as optax counts it.
    #[must_use]
    pub fn optax_warmup(mut self, steps: u64) -> Self {
        (self.rule.warmup, self.rule.from_zero) = (steps, true);
        self
    }
}

/// The per-step scalars of [`ScheduleFreeSgd`].
#[derive(Clone, Copy, Debug)]
pub struct ScheduleFreeSgdScalars<T> {
    beta: T,
    rest: T,
    per_beta: T,
    old: T,
    new: T,
    decay: T,
    rate: T,
}

impl Rule for ScheduleFreeSgd {
    const NAME: &'static str = "schedule_free_sgd";
    const SLOTS: &'static [&'static str] = &["z"];
    const MEMORY: &'static [&'static str] = &["weight_sum", "largest_rate", "weight"];
    const OWN_DECAY: bool = true;
    const HAS_VIEW: bool = true;
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = ScheduleFreeSgdScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("beta", self.beta, 0.0, 1.0)?;
        check_range("power", self.power, 0.0, f64::INFINITY)?;
        check_positive("beta", self.beta)?;
        Ok(())
    }

    fn initial(&self, slot: usize) -> Initial {
        if slot == 0 {
            Initial::Parameter
        } else {
            Initial::Value(0.0)
        }
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> ScheduleFreeSgdScalars<T> {
        ScheduleFreeSgdScalars {
            beta: T::from_f64(self.beta),
            rest: T::from_f64(1.0 - self.beta),
            per_beta: T::from_f64(self.beta.recip()),
            old: T::from_f64(1.0 - context.memory[2]),
            new: T::from_f64(context.memory[2]),
            decay: T::from_f64(context.decay),
            rate: T::from_f64(context.rate * self.warm(context.step, 0)),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &ScheduleFreeSgdScalars<T>, x: T, g: T, [z]: &mut [T; 1]) -> T {
        let step = g;
        let average = s.old * ((x - s.rest * *z) * s.per_beta);
        *z = *z - s.rate * (step + s.decay * x);
        s.beta * (average + s.new * *z) + s.rest * *z
    }

    fn settle(&self, context: &StepContext<'_>, _sums: &Sums, memory: &mut [f64]) {
        let rate = context.rate * self.warm(context.step, 1);
        averaging::weigh(memory, rate, self.power);
    }

    fn view<T: Real>(s: &ScheduleFreeSgdScalars<T>, x: T, [z]: &[T; 1]) -> T {
        (x - s.rest * *z) * s.per_beta
    }
}
