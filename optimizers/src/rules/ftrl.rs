//! FTRL-proximal: sparse models online.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::{Error, Initial, OptimizerBuilder, Real, Rule, StepContext};

/// FTRL-proximal (McMahan et al. 2013), in Keras's form: `n += g^2`, `z += g - (sqrt(n) -
/// sqrt(n_before)) / lr x`, and `x = (clip(z, l1) - z) / (sqrt(n) / lr + 2 l2)`: exact zeros
/// where `|z| <= l1`.
///
/// The penalties are [`l1_penalty`](OptimizerBuilder::l1_penalty) and
/// [`l2_penalty`](OptimizerBuilder::l2_penalty), not the builder's general ones.
///
/// ```
/// use cotangent_optimizers::Ftrl;
/// let mut x = vec![0.0_f64, 0.0];
/// let mut optimizer = Ftrl::new(0.5).l1_penalty(0.1).build(&x)?;
/// optimizer.step(&mut x, &vec![1.0, 0.05])?;
/// assert!(x[0] < 0.0 && x[1] == 0.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ftrl {
    start: f64,
    l1_penalty: f64,
    l2_penalty: f64,
}

impl Ftrl {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                start: 0.1,
                l1_penalty: 0.0,
                l2_penalty: 0.0,
            },
            rate,
        )
    }
}

setters! { Ftrl {
    /// What the sum of squares starts at, above 0.
    start: f64;
    /// The L1 penalty.
    l1_penalty: f64;
    /// The L2 penalty.
    l2_penalty: f64;
} }

/// The per-step scalars of [`Ftrl`].
#[derive(Clone, Copy, Debug)]
pub struct FtrlScalars<T> {
    per_rate: T,
    moves: bool,
    l1: T,
    l2: T,
}

impl Rule for Ftrl {
    const NAME: &'static str = "ftrl";
    const SLOTS: &'static [&'static str] = &["squares", "linear"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = FtrlScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_positive("start", self.start)?;
        check_range("l1_penalty", self.l1_penalty, 0.0, f64::INFINITY)?;
        check_range("l2_penalty", self.l2_penalty, 0.0, f64::INFINITY)?;
        Ok(())
    }

    fn initial(&self, slot: usize) -> Initial {
        Initial::Value(if slot == 0 { self.start } else { 0.0 })
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> FtrlScalars<T> {
        // A rate of 0, as at the start of a warmup, moves nothing.
        let moves = context.rate > 0.0;
        FtrlScalars {
            per_rate: T::from_f64(if moves { context.rate.recip() } else { 0.0 }),
            moves,
            l1: T::from_f64(self.l1_penalty),
            l2: T::from_f64(2.0 * self.l2_penalty),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &FtrlScalars<T>, x: T, g: T, [squares, linear]: &mut [T; 2]) -> T {
        let before = squares.sqrt();
        *squares += g * g;
        let root = squares.sqrt();
        *linear += g - s.per_rate * (root - before) * x;
        let clipped = if *linear > s.l1 { s.l1 } else { *linear };
        let clipped = if clipped < -s.l1 { -s.l1 } else { clipped };
        if s.moves {
            (clipped - *linear) / (root * s.per_rate + s.l2)
        } else {
            x
        }
    }
}
