//! Dynamic loss scaling for half precision, as a pure state machine.

use serde::{Deserialize, Serialize};

use crate::error::check_range;
use crate::{Error, StepReport};

/// The factor of the loss, in the way of torch's GradScaler: halved by a gradient that isn't
/// finite, doubled after `interval` good ones in a row.
///
/// ```
/// use cotangent_optimizers::{LossScale, Sgd, StepInput};
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Sgd::new(0.5).build(&x)?;
/// let mut scale = LossScale::default();
/// for slope in [f64::INFINITY, scale.factor()] {
///     let input = StepInput::default().scale(scale.factor());
///     let report = optimizer.step_with(&mut x, &vec![slope], input)?;
///     assert_eq!(scale.observe(&report), slope.is_finite());
/// }
/// assert_eq!(scale.factor(), 32768.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossScale {
    factor: f64,
    growth: f64,
    backoff: f64,
    interval: u64,
    good: u64,
}

impl Default for LossScale {
    /// 65536, doubled after 2000 good steps, halved by a bad one.
    fn default() -> Self {
        Self {
            factor: 65536.0,
            growth: 2.0,
            backoff: 0.5,
            interval: 2000,
            good: 0,
        }
    }
}

impl LossScale {
    /// Starts at this factor; `growth`, at least 1, after `interval` good steps in a row, `backoff`, at
    /// most 1, after a bad one.
    ///
    /// # Errors
    /// When one of them is out of its range.
    pub fn new(factor: f64, growth: f64, backoff: f64, interval: u64) -> Result<Self, Error> {
        let (least, above_one) = (f64::MIN_POSITIVE, 1.0 + f64::EPSILON);
        check_range("the loss scale", factor, least, f64::INFINITY)?;
        check_range("the growth of the loss scale", growth, 1.0, f64::INFINITY)?;
        check_range("the backoff of the loss scale", backoff, least, above_one)?;
        let turns = interval as f64;
        check_range("the interval of the loss scale", turns, 1.0, f64::INFINITY)?;
        Ok(Self {
            factor,
            growth,
            backoff,
            interval,
            good: 0,
        })
    }

    /// What to multiply the loss (or the seed of its gradient) by, and to give to
    /// [`StepInput::scale`](crate::StepInput::scale).
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Takes what a step did; says whether it was applied.
    pub fn observe(&mut self, report: &StepReport) -> bool {
        if !report.applied() {
            self.factor *= self.backoff;
            self.good = 0;
            return false;
        }
        self.good += 1;
        if self.good >= self.interval {
            self.factor *= self.growth;
            self.good = 0;
        }
        true
    }
}
