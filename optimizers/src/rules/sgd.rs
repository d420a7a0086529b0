//! Stochastic gradient descent with momentum.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// SGD: `m = mu m + (1 - dampening) g`, `x -= lr m`; with Nesterov, `x -= lr (g + mu m)`
/// (Sutskever et al. 2013, in torch's form: the first `m` is `g`, and the rate stays outside).
///
/// ```
/// use cotangent_optimizers::Sgd;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Sgd::new(0.1).momentum(0.5).build(&x)?;
/// optimizer.step(&mut x, &vec![1.0])?;
/// optimizer.step(&mut x, &vec![1.0])?;
/// assert!((x[0] - (1.0 - 0.1 - 0.15)).abs() < 1e-15);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sgd {
    momentum: f64,
    dampening: f64,
    nesterov: bool,
}

impl Sgd {
    /// Plain gradient descent with this learning rate.
    #[allow(
        clippy::new_ret_no_self,
        reason = "a rule is configured through its builder"
    )]
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(Self::default(), rate)
    }
}

impl OptimizerBuilder<Sgd> {
    /// The momentum `mu`, in [0, 1).
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.rule.momentum = momentum;
        self
    }

    /// The part of each gradient but the first that doesn't enter the momentum, in [0, 1).
    #[must_use]
    pub fn dampening(mut self, dampening: f64) -> Self {
        self.rule.dampening = dampening;
        self
    }

    /// Looks ahead along the momentum; wants momentum and no dampening.
    #[must_use]
    pub fn nesterov(mut self) -> Self {
        self.rule.nesterov = true;
        self
    }
}

/// The per-step scalars of [`Sgd`].
#[derive(Clone, Copy, Debug)]
pub struct SgdScalars<T> {
    rate: T,
    keep: T,
    take: T,
    direct: T,
    along: T,
}

impl Rule for Sgd {
    const NAME: &'static str = "sgd";
    const SLOTS: &'static [&'static str] = &["momentum"];
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = SgdScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("momentum", self.momentum, 0.0, 1.0)?;
        check_range("dampening", self.dampening, 0.0, 1.0)?;
        if self.nesterov && (self.momentum == 0.0 || self.dampening != 0.0) {
            return Err(Error::configuration(
                "nesterov wants a momentum above 0 and no dampening: call `.momentum(0.9)`",
            ));
        }
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext) -> SgdScalars<T> {
        let first = context.step == 1;
        let (direct, along) = if self.nesterov {
            (1.0, self.momentum)
        } else {
            (0.0, 1.0)
        };
        SgdScalars {
            rate: T::from_f64(context.rate),
            keep: T::from_f64(self.momentum),
            take: T::from_f64(if first { 1.0 } else { 1.0 - self.dampening }),
            direct: T::from_f64(direct),
            along: T::from_f64(along),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &SgdScalars<T>, x: T, g: T, [momentum]: &mut [T; 1]) -> T {
        *momentum = s.keep * *momentum + s.take * g;
        x - s.rate * (s.direct * g + s.along * *momentum)
    }
}
