//! Pruners: whether a trial under way is worth going on with, from the values it reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Error;

/// When a trial is given up. Values should fall.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Pruner {
    /// Asynchronous successive halving (Li et al. 2020): a trial that reaches step
    /// `first * factor^k` goes on if it is among the best `1 / factor` of all that have.
    SuccessiveHalving {
        /// The first step at which trials are compared.
        first: u64,
        /// The factor from one such step to the next.
        factor: u64,
    },
    /// A trial goes on while its best value is no worse than this percentile of the values that
    /// completed trials had at the same step; 50 is their median.
    Percentile {
        /// From 0 to 100; the smaller, the more is pruned.
        percentile: f64,
        /// So many completed trials are waited for.
        startup: usize,
        /// Steps before this one are not judged.
        warmup: u64,
        /// Only the first report in every so many steps from there on is judged.
        interval: u64,
    },
}

/// What to do with a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Continue,
    /// Give up.
    Prune,
}

/// The values that trials have reported, and the verdicts on them.
///
/// ```
/// use cotangent_optimizers::search::{Pruner, Pruning, Verdict};
/// let mut pruning = Pruning::new(Pruner::SuccessiveHalving { first: 1, factor: 2 })?;
/// assert_eq!(pruning.report(0, 1, 0.5), Verdict::Continue);
/// assert_eq!(pruning.report(1, 1, 0.9), Verdict::Prune);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pruning {
    pruner: Pruner,
    trials: BTreeMap<u64, Reports>,
    /// The values of all trials that reached each rung of successive halving.
    rungs: Vec<Vec<f64>>,
}

#[derive(Clone, Debug, Default)]
struct Reports {
    values: BTreeMap<u64, f64>,
    rung: usize,
    completed: bool,
}

impl Pruning {
    /// A pruner that knows of no trial.
    ///
    /// # Errors
    /// When a setting can't be used.
    pub fn new(pruner: Pruner) -> Result<Self, Error> {
        let usable = match pruner {
            Pruner::SuccessiveHalving { first, factor } => first > 0 && factor > 1,
            Pruner::Percentile {
                percentile,
                interval,
                ..
            } => (0.0..=100.0).contains(&percentile) && interval > 0,
        };
        if !usable {
            return Err(Error::configuration(format!(
                "{pruner:?} can't be used: steps and intervals must be at least 1, factors at least \
                 2, and percentiles from 0 to 100"
            )));
        }
        Ok(Self {
            pruner,
            trials: BTreeMap::new(),
            rungs: Vec::new(),
        })
    }

    /// Takes the value of a trial at a step; one that is not a number is the worst.
    pub fn report(&mut self, trial: u64, step: u64, value: f64) -> Verdict {
        let reports = self.trials.entry(trial).or_default();
        reports.values.insert(step, value);
        let go_on = match self.pruner {
            Pruner::SuccessiveHalving { first, factor } => {
                climb(reports, &mut self.rungs, step, value, first, factor)
            }
            Pruner::Percentile {
                percentile,
                startup,
                warmup,
                interval,
            } => {
                // The first report of an interval is judged, wherever in it it falls.
                let interval_start = step.checked_sub(warmup).map(|past| step - past % interval);
                let before = reports.values.range(..step).next_back();
                let judged = interval_start
                    .is_some_and(|start| before.is_none_or(|(&before, _)| before < start));
                !judged || self.passes(trial, step, percentile, startup)
            }
        };
        if go_on {
            Verdict::Continue
        } else {
            Verdict::Prune
        }
    }

    /// Notes that a trial ran to its end.
    pub fn complete(&mut self, trial: u64) {
        self.trials.entry(trial).or_default().completed = true;
    }

    fn passes(&self, trial: u64, step: u64, percentile: f64, startup: usize) -> bool {
        let completed: Vec<&Reports> = self.trials.values().filter(|t| t.completed).collect();
        if completed.len() < startup.max(1) {
            return true;
        }
        let values = completed.iter().filter_map(|t| t.values.get(&step));
        let mut values: Vec<f64> = values.copied().filter(|v| !v.is_nan()).collect();
        values.sort_by(f64::total_cmp);
        let Some(limit) = percentile_of(&values, percentile) else {
            return true;
        };
        let own = self.trials.get(&trial).map(|t| t.values.values());
        let own = own.into_iter().flatten().copied();
        own.fold(f64::INFINITY, f64::min) <= limit
    }
}

/// Whether a trial goes on past every rung that it has reached.
fn climb(
    reports: &mut Reports,
    rungs: &mut Vec<Vec<f64>>,
    step: u64,
    value: f64,
    first: u64,
    factor: u64,
) -> bool {
    loop {
        let height = factor
            .checked_pow(reports.rung as u32)
            .and_then(|power| power.checked_mul(first));
        if height.is_none_or(|height| step < height) {
            return true;
        }
        if value.is_nan() {
            return false;
        }
        if rungs.len() == reports.rung {
            rungs.push(Vec::new());
        }
        let rung = &mut rungs[reports.rung];
        let place = rung.partition_point(|known| *known < value);
        rung.insert(place, value);
        // The first few trials on a rung go on only as its best.
        let promoted = (rung.len() as u64 / factor).max(1) as usize;
        if value > rung[promoted - 1] {
            return false;
        }
        reports.rung += 1;
    }
}

/// The percentile of sorted values, interpolated linearly.
fn percentile_of(sorted: &[f64], percentile: f64) -> Option<f64> {
    let at = percentile / 100.0 * sorted.len().checked_sub(1)? as f64;
    let (low, part) = (at.floor() as usize, at.fract());
    let high = sorted.get(low + 1).unwrap_or(&sorted[low]);
    Some(sorted[low] + part * (high - sorted[low]))
}
