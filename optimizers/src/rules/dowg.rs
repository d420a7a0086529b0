//! DoWG: distance over weighted gradients.

use serde::{Deserialize, Serialize};

use crate::error::check_positive;
use crate::{Error, Initial, OptimizerBuilder, Real, Rule, StepContext, Sums};

/// DoWG (Khaled et al. 2023): `d` is the largest squared distance from the start so far (at
/// least `start`), `s += d |g|^2`, `x -= lr d / (sqrt(s) + eps) g`. The usual rate is 1.
///
/// ```
/// use cotangent_optimizers::Dowg;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Dowg::new(1.0).start(0.01).build(&x)?;
/// for _ in 0..30 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dowg {
    start: f64,
    eps: f64,
}

impl Dowg {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                start: 1e-4,
                eps: 1e-4,
            },
            rate,
        )
    }
}

setters! { Dowg {
    /// The first squared distance, above 0.
    start: f64;
    /// What is added to the denominator, above 0.
    eps: f64;
} }

/// The per-step scalars of [`Dowg`].
#[derive(Clone, Copy, Debug)]
pub struct DowgScalars<T> {
    rate: T,
}

impl Rule for Dowg {
    const NAME: &'static str = "dowg";
    const SLOTS: &'static [&'static str] = &["origin"];
    const MEMORY: &'static [&'static str] = &["distance", "squares"];
    const SUMS: usize = 2;
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = DowgScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_positive("start", self.start)?;
        check_positive("eps", self.eps)?;
        Ok(())
    }

    fn initial(&self, _slot: usize) -> Initial {
        Initial::Parameter
    }

    fn initial_memory(&self, index: usize) -> f64 {
        if index == 0 { self.start } else { 0.0 }
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> DowgScalars<T> {
        DowgScalars {
            rate: T::from_f64(
                context.rate * context.memory[0] / (context.memory[1].sqrt() + self.eps),
            ),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &DowgScalars<T>, x: T, g: T, _: &mut [T; 1]) -> T {
        x - s.rate * g
    }

    #[inline(always)]
    fn measure<T: Real>(_scalars: &DowgScalars<T>, x: T, g: T, [origin]: &mut [T; 1]) -> [T; 4] {
        let offset = *origin - x;
        [offset * offset, g * g, T::default(), T::default()]
    }

    fn settle(&self, _context: &StepContext<'_>, sums: &Sums, memory: &mut [f64]) {
        memory[0] = memory[0].max(sums[0]);
        memory[1] += memory[0] * sums[1];
    }
}
