//! Prodigy: Adam that finds its own learning rate.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive};
use crate::mean::Mean;
use crate::{Error, Initial, OptimizerBuilder, Real, Rule, StepContext, Sums};

/// Prodigy (Mishchenko and Defazio 2024): Adam on `d g` with rate `d lr`, where `d`, an
/// estimate of the distance to the solution, grows by the correlation of gradients with `x_0 -
/// x`. Keep the rate at 1, perhaps with a schedule.
///
/// The bias of the averages is corrected, as in optax;
/// [`uncorrected`](OptimizerBuilder::uncorrected) is the authors' default. The decay of the
/// builder is multiplied by `d lr`.
///
/// ```
/// use cotangent_optimizers::Prodigy;
/// let mut x = vec![5.0_f64];
/// let mut optimizer = Prodigy::new(1.0).build(&x)?;
/// for _ in 0..200 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0, "{x:?}");
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prodigy {
    beta1: f64,
    beta2: f64,
    eps: f64,
    start: f64,
    coefficient: f64,
    corrected: bool,
}

impl Prodigy {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                start: 1e-6,
                coefficient: 1.0,
                corrected: true,
            },
            rate,
        )
    }
}

betas! { Prodigy }

setters! { Prodigy {
    /// What is added to the denominator, above 0.
    eps: f64;
    /// The first estimate of the distance, above 0.
    start: f64;
    /// The factor of the estimate, above 0.
    coefficient: f64;
} }

impl Prodigy {
    fn correction(&self, context: &StepContext<'_>) -> f64 {
        if !self.corrected {
            return 1.0;
        }
        context.bias_correction(self.beta2).sqrt() / context.bias_correction(self.beta1)
    }
}

impl OptimizerBuilder<Prodigy> {
    /// Doesn't correct the bias of the averages.
    #[must_use]
    pub fn uncorrected(mut self) -> Self {
        self.rule.corrected = false;
        self
    }
}

/// The per-step scalars of [`Prodigy`].
#[derive(Clone, Copy, Debug)]
pub struct ProdigyScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    beta3: T,
    distance: T,
    growth: T,
    rate: T,
    decay: T,
    eps: T,
}

impl Rule for Prodigy {
    const NAME: &'static str = "prodigy";
    const SLOTS: &'static [&'static str] = &["m", "v", "sum", "origin"];
    const MEMORY: &'static [&'static str] = &["distance", "numerator", "rate"];
    const OWN_DECAY: bool = true;
    const SUMS: usize = 2;
    type State<T: Real> = [T; 4];
    type Scalars<T: Real> = ProdigyScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        check_positive("start", self.start)?;
        check_positive("coefficient", self.coefficient)?;
        Ok(())
    }

    fn initial(&self, slot: usize) -> Initial {
        if slot == 3 {
            Initial::Parameter
        } else {
            Initial::Value(0.0)
        }
    }

    fn initial_memory(&self, index: usize) -> f64 {
        if index == 0 { self.start } else { 0.0 }
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> ProdigyScalars<T> {
        let distance = context.memory[0];
        ProdigyScalars {
            mean1: Mean::new(self.beta1),
            mean2: Mean::new(self.beta2),
            beta3: T::from_f64(self.beta2.sqrt()),
            distance: T::from_f64(distance),
            growth: T::from_f64(
                distance / self.start * distance * context.rate * self.correction(context),
            ),
            rate: T::from_f64(context.memory[2]),
            decay: T::from_f64(context.decay),
            eps: T::from_f64(distance * self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(
        s: &ProdigyScalars<T>,
        x: T,
        _gradient: T,
        [m, v, _sum, _origin]: &mut [T; 4],
    ) -> T {
        x - s.rate * (s.decay * x + *m / (v.sqrt() + s.eps))
    }

    #[inline(always)]
    fn measure<T: Real>(
        s: &ProdigyScalars<T>,
        x: T,
        g: T,
        [m, v, sum, origin]: &mut [T; 4],
    ) -> [T; 4] {
        let scaled = s.distance * g;
        *m = s.mean1.with(*m, scaled);
        *v = s.mean2.with(*v, scaled * scaled);
        *sum = s.beta3 * *sum + s.growth * g;
        [g * (*origin - x), sum.abs(), T::default(), T::default()]
    }

    fn settle(&self, context: &StepContext<'_>, sums: &Sums, memory: &mut [f64]) {
        let distance = memory[0];
        let rate = distance * context.rate * self.correction(context);
        let weight = distance / self.start * rate;
        memory[1] = self.beta2.sqrt() * memory[1] + weight * sums[0];
        // Gradients that are all 0 say nothing of the distance.
        let estimate = if sums[1] > 0.0 {
            self.coefficient * memory[1] / sums[1]
        } else {
            0.0
        };
        memory[2] = rate;
        memory[0] = distance.max(estimate);
    }
}
