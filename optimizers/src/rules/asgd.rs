//! Averaged SGD.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::{Error, Initial, OptimizerBuilder, Real, Rule, StepContext};

/// Averaged SGD (Polyak and Juditsky 1992), in torch's form: `eta_t = lr / (1 + lambda lr
/// t)^alpha`, `x *= 1 - lambda eta_t`, `x -= eta_t g`; from step `start` on,
/// [`eval_params`](crate::Optimizer::eval_params) is the mean of the iterates.
///
/// ```
/// use cotangent_optimizers::Asgd;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Asgd::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asgd {
    lambda: f64,
    alpha: f64,
    start: f64,
}

impl Asgd {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                lambda: 1e-4,
                alpha: 0.75,
                start: 1e6,
            },
            rate,
        )
    }
}

setters! { Asgd {
    /// The decay.
    lambda: f64;
    /// The exponent of the rate.
    alpha: f64;
    /// The step after which iterates are averaged.
    start: f64;
} }

/// The per-step scalars of [`Asgd`].
#[derive(Clone, Copy, Debug)]
pub struct AsgdScalars<T> {
    rate: T,
    shrink: T,
    averages: bool,
    part: T,
}

impl Rule for Asgd {
    const NAME: &'static str = "asgd";
    const SLOTS: &'static [&'static str] = &["average"];
    const HAS_VIEW: bool = true;
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = AsgdScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("lambda", self.lambda, 0.0, f64::INFINITY)?;
        check_range("alpha", self.alpha, 0.0, f64::INFINITY)?;
        check_range("start", self.start, 0.0, f64::INFINITY)?;
        Ok(())
    }

    fn initial(&self, _slot: usize) -> Initial {
        Initial::Parameter
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AsgdScalars<T> {
        let before = (context.step - 1) as f64;
        let rate = context.rate / (1.0 + self.lambda * context.rate * before).powf(self.alpha);
        let part = (before - self.start).max(1.0).recip();
        AsgdScalars {
            rate: T::from_f64(rate),
            shrink: T::from_f64(1.0 - self.lambda * rate),
            averages: part < 1.0,
            part: T::from_f64(part),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AsgdScalars<T>, x: T, g: T, [average]: &mut [T; 1]) -> T {
        let new = x * s.shrink - s.rate * g;
        *average = if s.averages {
            *average + s.part * (new - *average)
        } else {
            new
        };
        new
    }

    fn view<T: Real>(_scalars: &AsgdScalars<T>, _parameter: T, [average]: &[T; 1]) -> T {
        *average
    }
}
