//! Early stopping: a pure state machine over a metric that should fall.

use serde::{Deserialize, Serialize};

/// What to do after a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The best value so far: keep a copy of the model.
    Improved,
    /// No improvement, but patience is left.
    Continue,
    /// Patience is spent: stop and restore the best model.
    Stop,
}

/// Stops after `patience` checks in a row (at least one) without an improvement of more than
/// `min_delta`. A value that is not a number is no improvement.
///
/// ```
/// use cotangent_optimizers::{Decision, EarlyStopping};
/// let mut stopping = EarlyStopping::new(2, 0.0);
/// let decisions = [1.0, 0.5, 0.6, f64::NAN].map(|loss| stopping.observe(loss));
/// use Decision::*;
/// assert_eq!(decisions, [Improved, Improved, Continue, Stop]);
/// assert_eq!(stopping.best(), Some(0.5));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlyStopping {
    patience: u64,
    min_delta: f64,
    best: Option<f64>,
    wait: u64,
}

impl EarlyStopping {
    /// A fresh machine.
    #[must_use]
    pub fn new(patience: u64, min_delta: f64) -> Self {
        Self {
            patience,
            min_delta,
            best: None,
            wait: 0,
        }
    }

    /// Takes the metric of one check.
    pub fn observe(&mut self, metric: f64) -> Decision {
        let improved = !metric.is_nan() && self.best.is_none_or(|b| metric < b - self.min_delta);
        if improved {
            (self.best, self.wait) = (Some(metric), 0);
            return Decision::Improved;
        }
        self.wait += 1;
        if self.wait >= self.patience {
            Decision::Stop
        } else {
            Decision::Continue
        }
    }

    /// The best metric so far.
    #[must_use]
    pub fn best(&self) -> Option<f64> {
        self.best
    }
}
