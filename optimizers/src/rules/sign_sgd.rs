//! SignSGD and Signum: steps of one length in every element.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// SignSGD (Bernstein et al. 2018): `x -= lr sign(m)` with `m = mu m + (1 - mu) g`; the default
/// momentum 0 takes the sign of the gradient, above 0 this is Signum.
///
/// ```
/// use cotangent_optimizers::SignSgd;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = SignSgd::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignSgd {
    momentum: f64,
}

impl SignSgd {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(Self { momentum: 0.0 }, rate)
    }
}

setters! { SignSgd {
    /// The momentum mu, in [0, 1).
    momentum: f64;
} }

/// The per-step scalars of [`SignSgd`].
#[derive(Clone, Copy, Debug)]
pub struct SignSgdScalars<T> {
    keep: T,
    take: T,
    rate: T,
}

impl Rule for SignSgd {
    const NAME: &'static str = "sign_sgd";
    const SLOTS: &'static [&'static str] = &["m"];
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = SignSgdScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("momentum", self.momentum, 0.0, 1.0)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> SignSgdScalars<T> {
        SignSgdScalars {
            keep: T::from_f64(self.momentum),
            take: T::from_f64(1.0 - self.momentum),
            rate: T::from_f64(context.rate),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &SignSgdScalars<T>, x: T, g: T, [m]: &mut [T; 1]) -> T {
        *m = s.keep * *m + s.take * g;
        x - s.rate * m.sign()
    }
}
