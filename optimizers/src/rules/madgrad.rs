//! MADGRAD: dual averaging with a cube root.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::{Error, Initial, OptimizerBuilder, Real, Rule, StepContext};

/// MADGRAD (Defazio and Jelassi 2022): with `l = (lr + eps) sqrt(t)`, `s += l g`, `q += l g^2`,
/// `z = x_0 - s / (cbrt(q) + eps)`, `x = (1 - c) z + c x`.
///
/// ```
/// use cotangent_optimizers::MadGrad;
/// let mut x = vec![1.0_f64];
/// MadGrad::new(0.1).build(&x)?.step(&mut x, &vec![2.0])?;
/// assert!(x[0] < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadGrad {
    momentum: f64,
    eps: f64,
}

impl MadGrad {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                momentum: 0.9,
                eps: 1e-6,
            },
            rate,
        )
    }
}

setters! { MadGrad {
    /// The part c of the iterate before, in [0, 1).
    momentum: f64;
    /// What is added to the denominator, above 0.
    eps: f64;
} }

/// The per-step scalars of [`MadGrad`].
#[derive(Clone, Copy, Debug)]
pub struct MadGradScalars<T> {
    weight: T,
    eps: T,
    momentum: T,
    rest: T,
}

impl Rule for MadGrad {
    const NAME: &'static str = "madgrad";
    const SLOTS: &'static [&'static str] = &["sum", "squares", "origin"];
    type State<T: Real> = [T; 3];
    type Scalars<T: Real> = MadGradScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("momentum", self.momentum, 0.0, 1.0)?;
        check_positive("eps", self.eps)?;
        Ok(())
    }

    fn initial(&self, slot: usize) -> Initial {
        if slot == 2 {
            Initial::Parameter
        } else {
            Initial::Value(0.0)
        }
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> MadGradScalars<T> {
        MadGradScalars {
            weight: T::from_f64((context.rate + self.eps) * (context.step as f64).sqrt()),
            eps: T::from_f64(self.eps),
            momentum: T::from_f64(self.momentum),
            rest: T::from_f64(1.0 - self.momentum),
        }
    }

    #[inline(always)]
    fn element<T: Real>(
        s: &MadGradScalars<T>,
        x: T,
        g: T,
        [sum, squares, origin]: &mut [T; 3],
    ) -> T {
        *sum += s.weight * g;
        *squares += s.weight * (g * g);
        let target = *origin - *sum / (squares.cbrt() + s.eps);
        s.rest * target + s.momentum * x
    }
}
