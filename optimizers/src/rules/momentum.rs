//! Momentum, in the forms that differ between libraries.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// Momentum (Polyak 1964): `m = mu m + (1 - dampening) g`, `x -= lr m`; with Nesterov,
/// `x -= lr (g + mu m)` (Sutskever et al. 2013).
///
/// Defaults are torch's and optax's: the first `m` is `g` whatever the dampening, and the rate
/// stays outside of `m`. In [`keras`](OptimizerBuilder::keras)'s form the rate is inside
/// (`v = mu v - lr g`, `x += v`), which differs when the rate changes.
/// [`average`](OptimizerBuilder::average) makes `m` a running mean.
///
/// ```
/// use cotangent_optimizers::Momentum;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Momentum::new(0.1, 0.5).build(&x)?;
/// optimizer.step(&mut x, &vec![1.0])?;
/// optimizer.step(&mut x, &vec![1.0])?;
/// assert!((x[0] - (1.0 - 0.1 - 0.15)).abs() < 1e-15);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Momentum {
    momentum: f64,
    dampening: f64,
    nesterov: bool,
    rate_inside: bool,
    mean: Option<Bias>,
}

/// What a running mean makes of its start from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Bias {
    Kept,
    Corrected,
}

impl Momentum {
    /// Descent with this learning rate and momentum.
    #[allow(
        clippy::new_ret_no_self,
        reason = "a rule is configured through its builder"
    )]
    #[must_use]
    pub fn new(rate: f64, momentum: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(Self::of(momentum), rate)
    }

    pub(super) fn of(momentum: f64) -> Self {
        Self {
            momentum,
            dampening: 0.0,
            nesterov: false,
            rate_inside: false,
            mean: None,
        }
    }
}

impl OptimizerBuilder<Momentum> {
    /// The part of each gradient but the first that doesn't enter the momentum, in [0, 1).
    #[must_use]
    pub fn dampening(mut self, dampening: f64) -> Self {
        self.rule.dampening = dampening;
        self
    }

    /// Looks ahead along the momentum; wants a momentum above 0.
    #[must_use]
    pub fn nesterov(mut self) -> Self {
        self.rule.nesterov = true;
        self
    }

    /// Keeps the rate inside of the momentum, as Keras does.
    #[must_use]
    pub fn keras(mut self) -> Self {
        self.rule.rate_inside = true;
        self
    }

    /// Makes the momentum a mean, `m = mu m + (1 - mu) g` from 0, with or without the correction
    /// of its bias at the start.
    #[must_use]
    pub fn average(mut self, debiased: bool) -> Self {
        self.rule.mean = Some(if debiased {
            Bias::Corrected
        } else {
            Bias::Kept
        });
        self
    }
}

/// The per-step scalars of [`Momentum`].
#[derive(Clone, Copy, Debug)]
pub struct MomentumScalars<T> {
    keep: T,
    take: T,
    direct: T,
    along: T,
}

impl Rule for Momentum {
    const NAME: &'static str = "momentum";
    const SLOTS: &'static [&'static str] = &["momentum"];
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = MomentumScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("momentum", self.momentum, 0.0, 1.0)?;
        check_range("dampening", self.dampening, 0.0, 1.0)?;
        if self.nesterov && self.momentum == 0.0 {
            return Err(Error::configuration(
                "nesterov wants a momentum above 0: call `.momentum(0.9)`",
            ));
        }
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> MomentumScalars<T> {
        let mu = context.momentum.unwrap_or(self.momentum);
        let (inside, outside) = if self.rate_inside {
            (context.rate, 1.0)
        } else {
            (1.0, context.rate)
        };
        let part = match self.mean {
            Some(_) => 1.0 - mu,
            None if context.step == 1 => 1.0,
            None => 1.0 - self.dampening,
        };
        let bias = match self.mean {
            Some(Bias::Corrected) => context.bias_correction(mu),
            _ => 1.0,
        };
        let (direct, along) = if self.nesterov { (1.0, mu) } else { (0.0, 1.0) };
        MomentumScalars {
            keep: T::from_f64(mu),
            take: T::from_f64(inside * part),
            direct: T::from_f64(direct * context.rate),
            along: T::from_f64(along * outside / bias),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &MomentumScalars<T>, x: T, g: T, [momentum]: &mut [T; 1]) -> T {
        *momentum = s.keep * *momentum + s.take * g;
        x - (s.direct * g + s.along * *momentum)
    }
}
