//! Reduction of the learning rate when a metric stops improving: a pure state machine.
//!
//! It follows torch's `ReduceLROnPlateau` check by check. It holds a factor of the rate, which the
//! caller multiplies with whatever its schedule says.

use serde::{Deserialize, Serialize};

use super::early_stopping::Goal;
use crate::Error;

/// Multiplies a factor by `reduction` after more than `patience` checks in a row without an
/// improvement.
///
/// ```
/// use cotangent_optimizers::train::Plateau;
/// let mut plateau = Plateau::new(0.5, 1)?;
/// let factors = [3.0, 2.0, 2.0, 2.0, 2.0].map(|loss| plateau.observe(loss));
/// assert_eq!(factors, [1.0, 1.0, 1.0, 0.5, 0.5]);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plateau {
    goal: Goal,
    reduction: f64,
    patience: u64,
    relative: f64,
    absolute: f64,
    cooldown: u64,
    floor: f64,
    factor: f64,
    best: Option<f64>,
    bad: u64,
    cooling: u64,
}

impl Plateau {
    /// A fresh machine over a metric that should fall, whose every smaller value is an improvement.
    ///
    /// # Errors
    /// When `reduction` is not above 0 and below 1.
    pub fn new(reduction: f64, patience: u64) -> Result<Self, Error> {
        if !(reduction > 0.0 && reduction < 1.0) {
            return Err(Error::configuration(format!(
                "the plateau's reduction {reduction} can't be used: it must be above 0 and below 1"
            )));
        }
        Ok(Self {
            goal: Goal::Fall,
            reduction,
            patience,
            relative: 0.0,
            absolute: 0.0,
            cooldown: 0,
            floor: 0.0,
            factor: 1.0,
            best: None,
            bad: 0,
            cooling: 0,
        })
    }

    /// The metric should rise, as an accuracy.
    #[must_use]
    pub fn rising(mut self) -> Self {
        self.goal = Goal::Rise;
        self
    }

    /// An improvement is a change of more than `relative |best| + absolute`.
    #[must_use]
    pub fn threshold(mut self, relative: f64, absolute: f64) -> Self {
        (self.relative, self.absolute) = (relative, absolute);
        self
    }

    /// For so many checks after a reduction, none counts as bad.
    #[must_use]
    pub fn cooldown(mut self, checks: u64) -> Self {
        self.cooldown = checks;
        self
    }

    /// The factor never falls below this.
    #[must_use]
    pub fn floor(mut self, factor: f64) -> Self {
        self.floor = factor;
        self
    }

    /// Takes the metric of one check and yields the factor from now on. A value that is not a
    /// number is no improvement.
    pub fn observe(&mut self, metric: f64) -> f64 {
        let better = !metric.is_nan()
            && self.best.is_none_or(|best| {
                let margin = self.relative * best.abs() + self.absolute;
                self.goal.cost(metric) < self.goal.cost(best) - margin
            });
        if better {
            (self.best, self.bad) = (Some(metric), 0);
        } else {
            self.bad += 1;
        }
        if self.cooling > 0 {
            (self.cooling, self.bad) = (self.cooling - 1, 0);
        }
        if self.bad > self.patience {
            self.factor = (self.factor * self.reduction).max(self.floor);
            (self.cooling, self.bad) = (self.cooldown, 0);
        }
        self.factor
    }

    /// The factor after the last check.
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.factor
    }
}
