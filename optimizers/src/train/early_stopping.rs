//! Early stopping: a pure state machine over a metric.
//!
//! It follows Keras 3 check by check: an improvement is counted against the best value so far, and
//! the waiting starts anew only if the baseline, where there is one, is beaten too.

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

/// Whether a better metric is a smaller or a larger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goal {
    /// Such as a loss.
    Fall,
    /// Such as an accuracy.
    Rise,
}

impl Goal {
    /// The metric in the sense that smaller is better.
    pub(crate) fn cost(self, metric: f64) -> f64 {
        match self {
            Goal::Fall => metric,
            Goal::Rise => -metric,
        }
    }
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
/// assert_eq!(stopping.best_check(), Some(1));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    goal: Goal,
    patience: u64,
    min_delta: f64,
    baseline: Option<f64>,
    ignored: u64,
    stop_on_nan: bool,
    checks: u64,
    wait: u64,
    best: Option<(u64, f64)>,
}

impl EarlyStopping {
    /// A fresh machine over a metric that should fall.
    #[must_use]
    pub fn new(patience: u64, min_delta: f64) -> Self {
        Self {
            goal: Goal::Fall,
            patience,
            min_delta,
            baseline: None,
            ignored: 0,
            stop_on_nan: false,
            checks: 0,
            wait: 0,
            best: None,
        }
    }

    /// The metric should rise, as an accuracy.
    #[must_use]
    pub fn rising(mut self) -> Self {
        self.goal = Goal::Rise;
        self
    }

    /// An improvement renews the patience only if it also beats this value.
    #[must_use]
    pub fn baseline(mut self, metric: f64) -> Self {
        self.baseline = Some(metric);
        self
    }

    /// The first `checks` checks are neither improvements nor reasons to stop.
    #[must_use]
    pub fn ignore_first(mut self, checks: u64) -> Self {
        self.ignored = checks;
        self
    }

    /// A value that is not a number stops at once, whatever patience is left.
    #[must_use]
    pub fn stop_on_nan(mut self) -> Self {
        self.stop_on_nan = true;
        self
    }

    /// Takes the metric of one check.
    pub fn observe(&mut self, metric: f64) -> Decision {
        let check = self.checks;
        self.checks += 1;
        if metric.is_nan() && self.stop_on_nan {
            return Decision::Stop;
        }
        if check < self.ignored {
            return Decision::Continue;
        }
        self.wait += 1;
        if !metric.is_nan() && self.best.is_none_or(|(_, best)| self.beats(metric, best)) {
            self.best = Some((check, metric));
            if self.baseline.is_none_or(|value| self.beats(metric, value)) {
                self.wait = 0;
            }
            return Decision::Improved;
        }
        if self.wait >= self.patience {
            Decision::Stop
        } else {
            Decision::Continue
        }
    }

    fn beats(&self, metric: f64, reference: f64) -> bool {
        self.goal.cost(metric) < self.goal.cost(reference) - self.min_delta
    }

    /// The best metric so far.
    #[must_use]
    pub fn best(&self) -> Option<f64> {
        self.best.map(|(_, metric)| metric)
    }

    /// The check, counted from 0, of the best metric so far.
    #[must_use]
    pub fn best_check(&self) -> Option<u64> {
        self.best.map(|(check, _)| check)
    }
}
