//! RMSprop without momentum.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::{Error, Initial, OptimizerBuilder, Real, RmsPropMomentum, Rule, StepContext};

/// RMSprop (Tieleman and Hinton 2012): `v = rho v + (1 - rho) g^2`, `x -= lr g / (sqrt(v) +
/// eps)`.
///
/// Defaults are torch's: rho 0.99, eps 1e-8 outside of the root;
/// [`optax`](OptimizerBuilder::optax) (and Keras, with eps 1e-7) have rho 0.9 and eps inside.
/// [`momentum`](OptimizerBuilder::momentum) and [`centered`](OptimizerBuilder::centered) turn
/// it into [`RmsPropMomentum`](crate::RmsPropMomentum).
///
/// ```
/// use cotangent_optimizers::RmsProp;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = RmsProp::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RmsProp {
    rho: f64,
    eps: f64,
    eps_inside: bool,
    start: f64,
    corrected: bool,
}

impl RmsProp {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                rho: 0.99,
                eps: 1e-8,
                eps_inside: false,
                start: 0.0,
                corrected: false,
            },
            rate,
        )
    }
}

setters! { RmsProp {
    /// The decay of the average, in [0, 1).
    rho: f64;
    /// What is added to the denominator, above 0.
    eps: f64;
    /// Whether eps is added under the root.
    eps_inside: bool;
    /// What the average starts at.
    start: f64;
    /// Whether the bias of the average is corrected.
    corrected: bool;
} }

impl RmsProp {
    pub(super) fn correction(&self, context: &StepContext<'_>) -> f64 {
        if self.corrected {
            context.bias_correction(self.rho).recip()
        } else {
            1.0
        }
    }

    pub(super) fn parts(&self) -> Parts {
        let (inside, outside) = if self.eps_inside {
            (self.eps, 0.0)
        } else {
            (0.0, self.eps)
        };
        Parts {
            rho: self.rho,
            inside,
            outside,
            start: self.start,
        }
    }
}

/// What the form with momentum shares.
pub(super) struct Parts {
    pub(super) rho: f64,
    pub(super) inside: f64,
    pub(super) outside: f64,
    pub(super) start: f64,
}

impl OptimizerBuilder<RmsProp> {
    /// Optax's form: rho 0.9, eps under the root.
    #[must_use]
    pub fn optax(self) -> Self {
        self.rho(0.9).eps_inside(true)
    }

    /// Keras's form: rho 0.9, eps 1e-7 under the root.
    #[must_use]
    pub fn keras(self) -> Self {
        self.optax().eps(1e-7)
    }

    /// Descent along a running sum of the scaled gradients; set everything else before.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> OptimizerBuilder<RmsPropMomentum> {
        let rule = RmsPropMomentum::of(self.rule.clone());
        self.with_rule(rule).momentum(momentum)
    }

    /// Divides by the deviation of the gradient rather than its root mean square (Graves 2013);
    /// set everything else before.
    #[must_use]
    pub fn centered(self) -> OptimizerBuilder<RmsPropMomentum> {
        let rule = RmsPropMomentum::of(self.rule.clone());
        self.with_rule(rule).centered(true)
    }
}

/// The per-step scalars of [`RmsProp`].
#[derive(Clone, Copy, Debug)]
pub struct RmsPropScalars<T> {
    rho: T,
    take: T,
    rate: T,
    correction: T,
    inside: T,
    outside: T,
}

impl Rule for RmsProp {
    const NAME: &'static str = "rmsprop";
    const SLOTS: &'static [&'static str] = &["v"];
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = RmsPropScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("rho", self.rho, 0.0, 1.0)?;
        check_positive("eps", self.eps)?;
        check_range("start", self.start, 0.0, f64::INFINITY)?;
        Ok(())
    }

    fn initial(&self, _slot: usize) -> Initial {
        Initial::Value(self.start)
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> RmsPropScalars<T> {
        RmsPropScalars {
            rho: T::from_f64(self.rho),
            take: T::from_f64(1.0 - self.rho),
            rate: T::from_f64(context.rate),
            correction: T::from_f64(self.correction(context)),
            inside: T::from_f64(if self.eps_inside { self.eps } else { 0.0 }),
            outside: T::from_f64(if self.eps_inside { 0.0 } else { self.eps }),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &RmsPropScalars<T>, x: T, g: T, [v]: &mut [T; 1]) -> T {
        *v = s.rho * *v + s.take * (g * g);
        x - s.rate * g / ((*v * s.correction + s.inside).sqrt() + s.outside)
    }
}
