//! MoMo: momentum with a step size from a model of the loss.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext, Sums};

/// MoMo (Schaipp et al. 2024): momentum `m` with the step `min(lr, max(f_bar - f_min - gamma +
/// m'x, 0) / |m|^2)`, where `f_bar` and `gamma` are the running averages of the loss and of
/// `g'x`. Needs the loss: [`step_with`](crate::Optimizer::step_with).
///
/// The decay of the builder is proximal: `x` is divided by `1 + lr wd`.
///
/// ```
/// use cotangent_optimizers::{Momo, StepInput};
/// let mut x = vec![2.0_f64];
/// let mut optimizer = Momo::new(1.0).build(&x)?;
/// for _ in 0..20 {
///     let (loss, slope) = (x[0] * x[0], vec![2.0 * x[0]]);
///     optimizer.step_with(&mut x, &slope, StepInput::default().loss(loss))?;
/// }
/// assert!(x[0].abs() < 2.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Momo {
    beta: f64,
    lowest: f64,
}

impl Momo {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta: 0.9,
                lowest: 0.0,
            },
            rate,
        )
    }
}

setters! { Momo {
    /// The decay of the averages, in [0, 1).
    beta: f64;
    /// A lower bound of the loss.
    lowest: f64;
} }

impl Momo {
    /// The first averages are the first values.
    fn keep(&self, context: &StepContext<'_>) -> f64 {
        if context.step == 1 { 0.0 } else { self.beta }
    }
}

/// The per-step scalars of [`Momo`].
#[derive(Clone, Copy, Debug)]
pub struct MomoScalars<T> {
    beta: T,
    take: T,
    step: T,
    shrink: T,
}

impl Rule for Momo {
    const NAME: &'static str = "momo";
    const SLOTS: &'static [&'static str] = &["m"];
    const MEMORY: &'static [&'static str] = &["loss", "slope", "step"];
    const NEEDS_LOSS: bool = true;
    const OWN_DECAY: bool = true;
    const SUMS: usize = 3;
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = MomoScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("beta", self.beta, 0.0, 1.0)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> MomoScalars<T> {
        let keep = self.keep(context);
        MomoScalars {
            beta: T::from_f64(keep),
            take: T::from_f64(1.0 - keep),
            step: T::from_f64(context.memory[2]),
            shrink: T::from_f64((1.0 + context.rate * context.decay).recip()),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &MomoScalars<T>, x: T, _gradient: T, [m]: &mut [T; 1]) -> T {
        x * s.shrink - s.step * *m
    }

    #[inline(always)]
    fn measure<T: Real>(s: &MomoScalars<T>, x: T, g: T, [m]: &mut [T; 1]) -> [T; 4] {
        *m = s.beta * *m + s.take * g;
        [*m * *m, *m * x, g * x, T::default()]
    }

    fn settle(&self, context: &StepContext<'_>, sums: &Sums, memory: &mut [f64]) {
        let (keep, growth) = (self.keep(context), 1.0 + context.rate * context.decay);
        memory[0] = keep * memory[0] + (1.0 - keep) * context.loss;
        memory[1] = keep * memory[1] + (1.0 - keep) * sums[2];
        let gap = (growth * (memory[0] - self.lowest - memory[1]) + sums[1]).max(0.0);
        // A momentum of rounding alone takes no step.
        memory[2] = if sums[0] <= f64::EPSILON {
            0.0
        } else {
            (gap / sums[0]).min(context.rate)
        };
    }
}
