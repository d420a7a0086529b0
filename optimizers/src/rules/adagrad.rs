//! Adagrad, in the forms that differ between libraries.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::{Error, Initial, OptimizerBuilder, Real, Rule, StepContext};

/// Adagrad (Duchi et al. 2011): `s += g^2`, `x -= lr / (1 + (t - 1) decay) g / (sqrt(s) +
/// eps)`.
///
/// Defaults are torch's: s starts at 0, eps 1e-10 outside of the root.
/// [`optax`](OptimizerBuilder::optax) (and Keras) start at 0.1 and have eps 1e-7 inside.
///
/// ```
/// use cotangent_optimizers::Adagrad;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Adagrad::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adagrad {
    eps: f64,
    eps_inside: bool,
    start: f64,
    rate_decay: f64,
}

impl Adagrad {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                eps: 1e-10,
                eps_inside: false,
                start: 0.0,
                rate_decay: 0.0,
            },
            rate,
        )
    }
}

setters! { Adagrad {
    /// What is added to the denominator, above 0.
    eps: f64;
    /// Whether eps is added under the root.
    eps_inside: bool;
    /// What the sum starts at.
    start: f64;
    /// How fast the rate falls.
    rate_decay: f64;
} }

impl OptimizerBuilder<Adagrad> {
    /// Optax's and Keras's form: the sum starts at 0.1, and eps 1e-7 is under the root.
    #[must_use]
    pub fn optax(self) -> Self {
        self.eps(1e-7).eps_inside(true).start(0.1)
    }
}

/// The per-step scalars of [`Adagrad`].
#[derive(Clone, Copy, Debug)]
pub struct AdagradScalars<T> {
    rate: T,
    inside: T,
    outside: T,
}

impl Rule for Adagrad {
    const NAME: &'static str = "adagrad";
    const SLOTS: &'static [&'static str] = &["sum"];
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = AdagradScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_positive("eps", self.eps)?;
        check_range("start", self.start, 0.0, f64::INFINITY)?;
        check_range("rate_decay", self.rate_decay, 0.0, f64::INFINITY)?;
        Ok(())
    }

    fn initial(&self, _slot: usize) -> Initial {
        Initial::Value(self.start)
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AdagradScalars<T> {
        AdagradScalars {
            rate: T::from_f64(context.rate / (1.0 + (context.step - 1) as f64 * self.rate_decay)),
            inside: T::from_f64(if self.eps_inside { self.eps } else { 0.0 }),
            outside: T::from_f64(if self.eps_inside { 0.0 } else { self.eps }),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AdagradScalars<T>, x: T, g: T, [sum]: &mut [T; 1]) -> T {
        *sum += g * g;
        x - s.rate * g / ((*sum + s.inside).sqrt() + s.outside)
    }
}
