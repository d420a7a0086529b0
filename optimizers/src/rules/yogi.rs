//! Yogi: a second moment that moves by bounded amounts.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive};
use crate::mean::Mean;
use crate::{Error, Initial, OptimizerBuilder, Real, Rule, StepContext};

/// Yogi (Zaheer et al. 2018): `v -= (1 - b2) sign(v - g^2) g^2`, `x -= lr m^ / (sqrt(v^) +
/// eps)`; both moments start at 1e-6, as in optax.
///
/// ```
/// use cotangent_optimizers::Yogi;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Yogi::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Yogi {
    beta1: f64,
    beta2: f64,
    eps: f64,
    start: f64,
}

impl Yogi {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-3,
                start: 1e-6,
            },
            rate,
        )
    }
}

betas! { Yogi }

setters! { Yogi {
    /// What is added to the denominator, above 0.
    eps: f64;
    /// What both moments start at, above 0.
    start: f64;
} }

/// The per-step scalars of [`Yogi`].
#[derive(Clone, Copy, Debug)]
pub struct YogiScalars<T> {
    mean1: Mean<T>,
    take2: T,
    rate: T,
    correction2: T,
    eps: T,
}

impl Rule for Yogi {
    const NAME: &'static str = "yogi";
    const SLOTS: &'static [&'static str] = &["m", "v"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = YogiScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        check_positive("start", self.start)?;
        Ok(())
    }

    fn initial(&self, _slot: usize) -> Initial {
        Initial::Value(self.start)
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> YogiScalars<T> {
        let (bias1, bias2) = (
            context.bias_correction(self.beta1),
            context.bias_correction(self.beta2),
        );
        YogiScalars {
            mean1: Mean::new(self.beta1),
            take2: T::from_f64(1.0 - self.beta2),
            rate: T::from_f64(context.rate / bias1),
            correction2: T::from_f64(bias2.recip()),
            eps: T::from_f64(self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &YogiScalars<T>, x: T, g: T, [m, v]: &mut [T; 2]) -> T {
        *m = s.mean1.with(*m, g);
        let square = g * g;
        *v = *v - s.take2 * (*v - square).sign() * square;
        x - s.rate * *m / ((*v * s.correction2).sqrt() + s.eps)
    }
}
