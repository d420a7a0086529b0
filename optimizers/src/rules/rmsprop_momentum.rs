//! RMSprop with momentum, centered or both.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::{Error, Initial, OptimizerBuilder, Real, RmsProp, Rule, StepContext};

/// [`RmsProp`](crate::RmsProp) with momentum, `b = mu b + g / (sqrt(v) + eps)`, `x -= lr b`,
/// and, if centered, `v - mean^2` in place of `v`.
///
/// The rate is outside of the momentum, as in torch;
/// [`rate_inside`](OptimizerBuilder::rate_inside) is optax's and Keras's form. Made by
/// [`RmsProp`](crate::RmsProp)'s `momentum` and `centered`; it has all three slots either way.
///
/// ```
/// use cotangent_optimizers::RmsProp;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = RmsProp::new(0.01).momentum(0.9).build(&x)?;
/// optimizer.step(&mut x, &vec![2.0])?;
/// assert!((x[0] - 0.9).abs() < 1e-6); // 0.01 / sqrt(1 - 0.99)
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RmsPropMomentum {
    base: RmsProp,
    momentum: f64,
    centered: bool,
    nesterov: bool,
    rate_inside: bool,
}

impl RmsPropMomentum {
    pub(super) fn of(base: RmsProp) -> Self {
        Self {
            base,
            momentum: 0.0,
            centered: false,
            nesterov: false,
            rate_inside: false,
        }
    }
}

setters! { RmsPropMomentum {
    /// The momentum mu, in [0, 1).
    momentum: f64;
    /// Whether the square of the mean is taken from the second moment.
    centered: bool;
    /// Looks ahead along the momentum.
    nesterov: bool;
    /// Whether the rate is inside of the momentum.
    rate_inside: bool;
} }

/// The per-step scalars of [`RmsPropMomentum`].
#[derive(Clone, Copy, Debug)]
pub struct RmsPropMomentumScalars<T> {
    rho: T,
    take: T,
    center: T,
    correction: T,
    zero: T,
    inside: T,
    outside: T,
    rate_in: T,
    rate_out: T,
    keep: T,
    direct: T,
    along: T,
}

impl Rule for RmsPropMomentum {
    const NAME: &'static str = "rmsprop_momentum";
    const SLOTS: &'static [&'static str] = &["v", "mean", "momentum"];
    type State<T: Real> = [T; 3];
    type Scalars<T: Real> = RmsPropMomentumScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("momentum", self.momentum, 0.0, 1.0)?;
        self.base.validate()?;
        Ok(())
    }

    fn initial(&self, slot: usize) -> Initial {
        Initial::Value(if slot == 0 {
            self.base.parts().start
        } else {
            0.0
        })
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> RmsPropMomentumScalars<T> {
        let (parts, correction) = (self.base.parts(), self.base.correction(context));
        let (rate_in, rate_out) = if self.rate_inside {
            (context.rate, 1.0)
        } else {
            (1.0, context.rate)
        };
        let (direct, along) = if self.nesterov {
            (1.0, self.momentum)
        } else {
            (0.0, 1.0)
        };
        RmsPropMomentumScalars {
            rho: T::from_f64(parts.rho),
            take: T::from_f64(1.0 - parts.rho),
            center: T::from_f64(if self.centered { correction } else { 0.0 }),
            correction: T::from_f64(correction),
            zero: T::from_f64(0.0),
            inside: T::from_f64(parts.inside),
            outside: T::from_f64(parts.outside),
            rate_in: T::from_f64(rate_in),
            rate_out: T::from_f64(rate_out),
            keep: T::from_f64(self.momentum),
            direct: T::from_f64(direct),
            along: T::from_f64(along),
        }
    }

    #[inline(always)]
    fn element<T: Real>(
        s: &RmsPropMomentumScalars<T>,
        x: T,
        g: T,
        [v, mean, momentum]: &mut [T; 3],
    ) -> T {
        *v = s.rho * *v + s.take * (g * g);
        *mean = s.rho * *mean + s.take * g;
        let center = s.center * *mean;
        let spread = (*v * s.correction - center * center).max(s.zero) + s.inside;
        let scaled = s.rate_in * g / (spread.sqrt() + s.outside);
        *momentum = s.keep * *momentum + scaled;
        x - s.rate_out * (s.direct * scaled + s.along * *momentum)
    }
}
