//! Sophia: clipped Newton steps by the diagonal of the Hessian.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// Sophia (Liu et al. 2023): `x -= lr clip(m^ / max(gamma h, eps), limit)`, with `h` a running
/// average of estimates of the Hessian's diagonal.
///
/// Give the estimates to [`observe_curvature`](crate::Optimizer::observe_curvature), every ten
/// steps or so: exact ones, or `u * H u` for random signs u, where `H u` is an exact
/// Hessian-vector product ([`hutchinson`](crate::hutchinson)).
///
/// ```
/// use cotangent_optimizers::Sophia;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Sophia::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sophia {
    beta1: f64,
    beta2: f64,
    eps: f64,
    gamma: f64,
    limit: f64,
}

impl Sophia {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.965,
                beta2: 0.99,
                eps: 1e-8,
                gamma: 0.01,
                limit: 1.0,
            },
            rate,
        )
    }
}

betas! { Sophia }

setters! { Sophia {
    /// The least curvature that counts, above 0.
    eps: f64;
    /// The factor of the curvature, above 0.
    gamma: f64;
    /// The largest ratio, above 0.
    limit: f64;
} }

/// The per-step scalars of [`Sophia`].
#[derive(Clone, Copy, Debug)]
pub struct SophiaScalars<T> {
    mean1: Mean<T>,
    correction1: T,
    gamma: T,
    eps: T,
    limit: T,
    rate: T,
}

impl Rule for Sophia {
    const NAME: &'static str = "sophia";
    const SLOTS: &'static [&'static str] = &["m", "curvature"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = SophiaScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        check_positive("gamma", self.gamma)?;
        check_positive("limit", self.limit)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> SophiaScalars<T> {
        SophiaScalars {
            mean1: Mean::new(self.beta1),
            correction1: T::from_f64(context.bias_correction(self.beta1).recip()),
            gamma: T::from_f64(self.gamma),
            eps: T::from_f64(self.eps),
            limit: T::from_f64(self.limit),
            rate: T::from_f64(context.rate),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &SophiaScalars<T>, x: T, g: T, [m, curvature]: &mut [T; 2]) -> T {
        *m = s.mean1.with(*m, g);
        let newton = *m * s.correction1 / (s.gamma * *curvature).max(s.eps);
        let newton = if newton > s.limit { s.limit } else { newton };
        let newton = if newton < -s.limit { -s.limit } else { newton };
        x - s.rate * newton
    }
}

impl Sophia {
    /// The decay of the average of curvatures.
    pub(crate) fn curvature_decay(&self) -> f64 {
        self.beta2
    }
}
