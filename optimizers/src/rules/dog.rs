//! DoG: distance over gradients.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::{Error, Initial, OptimizerBuilder, Real, Rule, StepContext, Sums};

/// DoG (Ivgi et al. 2023): `x -= lr d / sqrt(s + eps) g` with `d` the largest distance from the
/// start so far (at least `start`) and `s` the sum of squared gradient norms. The usual rate is 1.0.
/// With [`first_rate`](OptimizerBuilder::first_rate) the first step has that rate in place of a
/// first distance.
///
/// ```
/// use cotangent_optimizers::Dog;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Dog::new(1.0).start(0.01).build(&x)?;
/// for _ in 0..30 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dog {
    first_rate: Option<f64>,
    start: f64,
    eps: f64,
}

impl Dog {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                first_rate: None,
                start: 1e-6,
                eps: 1e-8,
            },
            rate,
        )
    }
}

setters! { Dog {
    /// The first distance, above 0.
    start: f64;
    /// What is added to the denominator, above 0.
    eps: f64;
} }

impl OptimizerBuilder<Dog> {
    /// The rate of the first step; distances then start from 0.
    #[must_use]
    pub fn first_rate(mut self, rate: f64) -> Self {
        self.rule.first_rate = Some(rate);
        self
    }
}

/// The per-step scalars of [`Dog`].
#[derive(Clone, Copy, Debug)]
pub struct DogScalars<T> {
    rate: T,
}

impl Rule for Dog {
    const NAME: &'static str = "dog";
    const SLOTS: &'static [&'static str] = &["origin"];
    const MEMORY: &'static [&'static str] = &["distance", "squares"];
    const SUMS: usize = 2;
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = DogScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_positive("start", self.start)?;
        check_positive("eps", self.eps)?;
        check_range(
            "first_rate",
            self.first_rate.unwrap_or_default(),
            0.0,
            f64::INFINITY,
        )?;
        Ok(())
    }

    fn initial(&self, _slot: usize) -> Initial {
        Initial::Parameter
    }

    fn initial_memory(&self, index: usize) -> f64 {
        if index == 0 && self.first_rate.is_none() {
            self.start
        } else {
            0.0
        }
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> DogScalars<T> {
        let part = match self.first_rate {
            Some(rate) if context.step == 1 => rate,
            _ => context.memory[0] / (context.memory[1] + self.eps).sqrt(),
        };
        DogScalars {
            rate: T::from_f64(context.rate * part),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &DogScalars<T>, x: T, g: T, _: &mut [T; 1]) -> T {
        x - s.rate * g
    }

    #[inline(always)]
    fn measure<T: Real>(_scalars: &DogScalars<T>, x: T, g: T, [origin]: &mut [T; 1]) -> [T; 4] {
        let offset = *origin - x;
        [offset * offset, g * g, T::default(), T::default()]
    }

    fn settle(&self, _context: &StepContext<'_>, sums: &Sums, memory: &mut [f64]) {
        memory[0] = memory[0].max(sums[0].sqrt());
        memory[1] += sums[1];
    }
}
