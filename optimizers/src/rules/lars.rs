//! LARS: momentum with a trust ratio per leaf.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::{Error, OptimizerBuilder, Real, Rule, Scope, StepContext, Sums};

/// LARS (You et al. 2017), in optax's form: `g += wd x`, `m = mu m + lr c |x| / |g| g`, `x -=
/// m`, with the norms of the leaf, and a ratio of 1 where one of them is 0.
/// [`paper`](OptimizerBuilder::paper) has `c |x| / (|g| + wd |x|)` and the rate outside of the
/// momentum.
///
/// The decay of the builder is the `wd` inside.
///
/// ```
/// use cotangent_optimizers::Lars;
/// let mut x = vec![1.0_f64, 0.0];
/// Lars::new(1.0).trust(0.01).build(&x)?.step(&mut x, &vec![5.0, 0.0])?;
/// assert!((x[0] - 0.99).abs() < 1e-15); // a hundredth of the norm, whatever the gradient
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lars {
    momentum: f64,
    trust: f64,
    nesterov: bool,
    least_rank: usize,
    rate_inside: bool,
}

impl Lars {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                momentum: 0.9,
                trust: 0.001,
                nesterov: false,
                least_rank: 0,
                rate_inside: true,
            },
            rate,
        )
    }
}

setters! { Lars {
    /// The momentum mu, in [0, 1).
    momentum: f64;
    /// The factor c of the ratio, above 0.
    trust: f64;
    /// Looks ahead along the momentum.
    nesterov: bool;
    /// Leaves with fewer axes (biases, say) have neither ratio nor decay.
    least_rank: usize;
} }

impl OptimizerBuilder<Lars> {
    /// The ratio `c |x| / (|g| + wd |x|)`, and the rate outside of the momentum.
    #[must_use]
    pub fn paper(mut self) -> Self {
        self.rule.rate_inside = false;
        self
    }
}

/// The per-step scalars of [`Lars`].
#[derive(Clone, Copy, Debug)]
pub struct LarsScalars<T> {
    rate_in: T,
    rate_out: T,
    keep: T,
    direct: T,
    along: T,
    decay: T,
}

impl Rule for Lars {
    const NAME: &'static str = "lars";
    const SLOTS: &'static [&'static str] = &["momentum"];
    const MEMORY: &'static [&'static str] = &["ratio"];
    const SCOPE: Scope = Scope::Leaf;
    const OWN_DECAY: bool = true;
    const SUMS: usize = 3;
    type State<T: Real> = [T; 1];
    type Scalars<T: Real> = LarsScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("momentum", self.momentum, 0.0, 1.0)?;
        check_positive("trust", self.trust)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> LarsScalars<T> {
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
        LarsScalars {
            rate_in: T::from_f64(rate_in * context.memory[0]),
            rate_out: T::from_f64(rate_out),
            keep: T::from_f64(self.momentum),
            direct: T::from_f64(direct),
            along: T::from_f64(along),
            decay: T::from_f64(if context.rank >= self.least_rank {
                context.decay
            } else {
                0.0
            }),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &LarsScalars<T>, x: T, g: T, [momentum]: &mut [T; 1]) -> T {
        let step = s.rate_in * (g + s.decay * x);
        *momentum = s.keep * *momentum + step;
        x - s.rate_out * (s.direct * step + s.along * *momentum)
    }

    #[inline(always)]
    fn measure<T: Real>(s: &LarsScalars<T>, x: T, g: T, _: &mut [T; 1]) -> [T; 4] {
        let decayed = g + s.decay * x;
        [x * x, decayed * decayed, g * g, T::default()]
    }

    fn settle(&self, context: &StepContext<'_>, sums: &Sums, memory: &mut [f64]) {
        let (size, length) = (sums[0].sqrt(), sums[1].sqrt());
        let length = if self.rate_inside {
            length
        } else {
            sums[2].sqrt() + context.decay * size
        };
        let trusted = context.rank >= self.least_rank && size > 0.0 && length > 0.0;
        memory[0] = if trusted {
            self.trust * size / length
        } else {
            1.0
        };
    }
}
