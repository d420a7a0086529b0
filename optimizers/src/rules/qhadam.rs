//! QHAdam: Adam mixed with plain gradients.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive, check_range};
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// QHAdam (Ma and Yarats 2019), with bias-corrected `m` and `v`: `x -= lr (nu1 m + (1 - nu1) g)
/// / (sqrt(nu2 v + (1 - nu2) g^2) + eps)`.
///
/// ```
/// use cotangent_optimizers::QhAdam;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = QhAdam::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QhAdam {
    beta1: f64,
    beta2: f64,
    nu1: f64,
    nu2: f64,
    eps: f64,
}

impl QhAdam {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                nu1: 0.7,
                nu2: 1.0,
                eps: 1e-8,
            },
            rate,
        )
    }
}

betas! { QhAdam }

setters! { QhAdam {
    /// The part of the first average, in [0, 1].
    nu1: f64;
    /// The part of the second average, in [0, 1].
    nu2: f64;
    /// What is added to the denominator, above 0.
    eps: f64;
} }

/// The per-step scalars of [`QhAdam`].
#[derive(Clone, Copy, Debug)]
pub struct QhAdamScalars<T> {
    take1: T,
    take2: T,
    nu1: T,
    rest1: T,
    nu2: T,
    rest2: T,
    rate: T,
    eps: T,
}

impl Rule for QhAdam {
    const NAME: &'static str = "qhadam";
    const SLOTS: &'static [&'static str] = &["m", "v"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = QhAdamScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_range("nu1", self.nu1, 0.0, f64::INFINITY)?;
        check_range("nu2", self.nu2, 0.0, f64::INFINITY)?;
        check_positive("eps", self.eps)?;
        check_range("nu1", self.nu1, 0.0, 1.0 + f64::EPSILON)?;
        check_range("nu2", self.nu2, 0.0, 1.0 + f64::EPSILON)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> QhAdamScalars<T> {
        let (bias1, bias2) = (
            context.bias_correction(self.beta1),
            context.bias_correction(self.beta2),
        );
        QhAdamScalars {
            take1: T::from_f64((1.0 - self.beta1) / bias1),
            take2: T::from_f64((1.0 - self.beta2) / bias2),
            nu1: T::from_f64(self.nu1),
            rest1: T::from_f64(1.0 - self.nu1),
            nu2: T::from_f64(self.nu2),
            rest2: T::from_f64(1.0 - self.nu2),
            rate: T::from_f64(context.rate),
            eps: T::from_f64(self.eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &QhAdamScalars<T>, x: T, g: T, [m, v]: &mut [T; 2]) -> T {
        let square = g * g;
        *m += s.take1 * (g - *m);
        *v += s.take2 * (square - *v);
        x - s.rate * (s.nu1 * *m + s.rest1 * g) / ((s.nu2 * *v + s.rest2 * square).sqrt() + s.eps)
    }
}
