//! SGD with the step size of Polyak.

use serde::{Deserialize, Serialize};

use crate::error::check_positive;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// Polyak's step (Polyak 1987; Loizou et al. 2021): `x -= lr min((f - f_min) / |lr g|^2, most)
/// g` with the global norm; the usual rate is 1. Needs the loss:
/// [`step_with`](crate::Optimizer::step_with).
///
/// ```
/// use cotangent_optimizers::{Polyak, StepInput};
/// let mut x = vec![2.0_f64];
/// let mut optimizer = Polyak::new(1.0).build(&x)?;
/// let (loss, slope) = (x[0] * x[0], vec![2.0 * x[0]]);
/// optimizer.step_with(&mut x, &slope, StepInput::default().loss(loss))?;
/// assert_eq!(x, [1.0]);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Polyak {
    lowest: f64,
    most: f64,
}

impl Polyak {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                lowest: 0.0,
                most: 1.0,
            },
            rate,
        )
    }
}

setters! { Polyak {
    /// The least value of the loss.
    lowest: f64;
    /// The largest step, above 0.
    most: f64;
} }

impl Rule for Polyak {
    const NAME: &'static str = "polyak";
    const SLOTS: &'static [&'static str] = &[];
    const NEEDS_LOSS: bool = true;
    type State<T: Real> = [T; 0];
    type Scalars<T: Real> = T;

    fn validate(&self) -> Result<(), Error> {
        check_positive("most", self.most)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> T {
        let square = (context.rate * context.grad_norm).powi(2);
        // A gradient of rounding alone takes no step.
        let step = if square <= f64::EPSILON {
            0.0
        } else {
            ((context.loss - self.lowest) / square).min(self.most)
        };
        T::from_f64(context.rate * step)
    }

    #[inline(always)]
    fn element<T: Real>(s: &T, x: T, g: T, _: &mut [T; 0]) -> T {
        x - *s * g
    }
}
