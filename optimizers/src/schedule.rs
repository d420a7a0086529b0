//! Schedules: pure functions of the step that multiply the learning rate.
//!
//! `at(0)` is the factor of the first update. Because a schedule has no state of its own, an
//! optimizer that resumes at step n continues exactly where it was. Closures are schedules too.

use std::f64::consts::PI;

/// A factor of the learning rate as a function of the number of updates done before.
///
/// ```
/// use cotangent_optimizers::{Schedule, WarmupCosine};
/// let schedule = WarmupCosine::new(10, 110);
/// assert_eq!(schedule.at(0), 0.0);
/// assert_eq!(schedule.at(5), 0.5);
/// assert!((schedule.at(60) - 0.5).abs() < 1e-12);
/// assert_eq!((|step: u64| 1.0 / (1.0 + step as f64)).at(3), 0.25);
/// ```
pub trait Schedule {
    /// The factor of update number `step`, counted from 0.
    fn at(&self, step: u64) -> f64;
}

impl<F: Fn(u64) -> f64> Schedule for F {
    fn at(&self, step: u64) -> f64 {
        self(step)
    }
}

/// `1` at every step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant;

impl Schedule for Constant {
    fn at(&self, _: u64) -> f64 {
        1.0
    }
}

/// `gamma^floor(step / every)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepDecay {
    /// The number of steps between two drops; 0 counts as 1.
    pub every: u64,
    /// The factor of each drop.
    pub gamma: f64,
}

impl Schedule for StepDecay {
    fn at(&self, step: u64) -> f64 {
        self.gamma.powf((step / self.every.max(1)) as f64)
    }
}

/// `gamma^step`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    /// The factor of each step.
    pub gamma: f64,
}

impl Schedule for Exponential {
    fn at(&self, step: u64) -> f64 {
        self.gamma.powf(step as f64)
    }
}

/// `end + (1 - end) (1 - min(step, steps) / steps)^power`; linear with power 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polynomial {
    /// The number of steps until `end` is reached.
    pub steps: u64,
    /// The final factor.
    pub end: f64,
    /// The exponent.
    pub power: f64,
}

impl Schedule for Polynomial {
    fn at(&self, step: u64) -> f64 {
        self.end + (1.0 - self.end) * (1.0 - progress(step, self.steps)).powf(self.power)
    }
}

/// `floor + (1 - floor) (1 + cos(pi min(step, steps) / steps)) / 2` (Loshchilov and Hutter 2017,
/// without restarts).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    /// The number of steps until `floor` is reached.
    pub steps: u64,
    /// The final factor.
    pub floor: f64,
}

impl Schedule for Cosine {
    fn at(&self, step: u64) -> f64 {
        let cosine = 0.5 * (1.0 + (PI * progress(step, self.steps)).cos());
        self.floor + (1.0 - self.floor) * cosine
    }
}

/// A linear rise from 0 to 1 over `steps`, then `after`, which counts from 0 again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Warmup<S> {
    /// The length of the rise.
    pub steps: u64,
    /// What follows.
    pub after: S,
}

impl<S: Schedule> Schedule for Warmup<S> {
    fn at(&self, step: u64) -> f64 {
        if step < self.steps {
            step as f64 / self.steps as f64
        } else {
            self.after.at(step - self.steps)
        }
    }
}

/// A linear rise over `warmup` steps, then a cosine to `floor` at step `total`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmupCosine {
    inner: Warmup<Cosine>,
}

impl WarmupCosine {
    /// Rises for `warmup` steps and reaches 0 at step `total`, which includes the rise.
    #[must_use]
    pub fn new(warmup: u64, total: u64) -> Self {
        let after = Cosine {
            steps: total.saturating_sub(warmup),
            floor: 0.0,
        };
        Self {
            inner: Warmup {
                steps: warmup,
                after,
            },
        }
    }

    /// Ends at this factor instead of 0.
    #[must_use]
    pub fn floor(mut self, floor: f64) -> Self {
        self.inner.after.floor = floor;
        self
    }
}

impl Schedule for WarmupCosine {
    fn at(&self, step: u64) -> f64 {
        self.inner.at(step)
    }
}

/// The part of `steps` that is done, in [0, 1]; a schedule of no steps is over at once.
fn progress(step: u64, steps: u64) -> f64 {
    if steps == 0 {
        1.0
    } else {
        step.min(steps) as f64 / steps as f64
    }
}
