//! Compositions: one schedule after another, products, delays, floors.

use std::fmt;

use super::Schedule;

/// The product of two schedules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Product<A, B>(
    /// The one factor.
    pub A,
    /// The other.
    pub B,
);

impl<A: Schedule, B: Schedule> Schedule for Product<A, B> {
    fn at(&self, step: u64) -> f64 {
        self.0.at(step) * self.1.at(step)
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

/// The first factor for `steps` steps, then the schedule from its beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delayed<S> {
    /// The length of the delay.
    pub steps: u64,
    /// What follows.
    pub after: S,
}

impl<S: Schedule> Schedule for Delayed<S> {
    fn at(&self, step: u64) -> f64 {
        self.after.at(step.saturating_sub(self.steps))
    }
}

/// A schedule, but never below `floor`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtLeast<S> {
    /// The least factor.
    pub floor: f64,
    /// What is bounded.
    pub schedule: S,
}

impl<S: Schedule> Schedule for AtLeast<S> {
    fn at(&self, step: u64) -> f64 {
        self.schedule.at(step).max(self.floor)
    }
}

/// A schedule to a power.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Raised<S> {
    /// The power.
    pub power: f64,
    /// What is raised.
    pub schedule: S,
}

impl<S: Schedule> Schedule for Raised<S> {
    fn at(&self, step: u64) -> f64 {
        self.schedule.at(step).powf(self.power)
    }
}

/// Schedules one after another; each counts from 0, and the last one stays.
///
/// ```
/// use cotangent_optimizers::{Constant, Exponential, Linear, Schedule, Sequence};
/// let schedule = Sequence::new()
///     .then(10, Linear { from: 0.0, to: 1.0, steps: 10 })
///     .then(20, Constant)
///     .then(100, Exponential { gamma: 0.5 });
/// assert_eq!([5, 10, 29, 30, 31].map(|step| schedule.at(step)), [0.5, 1.0, 1.0, 1.0, 0.5]);
/// ```
#[derive(Default)]
pub struct Sequence {
    parts: Vec<(u64, Box<dyn Schedule>)>,
}

impl Sequence {
    /// No schedule at all: 1 at every step.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a schedule for this many steps; for the last one the number doesn't matter.
    #[must_use]
    pub fn then(mut self, steps: u64, schedule: impl Schedule + 'static) -> Self {
        self.parts.push((steps, Box::new(schedule)));
        self
    }
}

impl Schedule for Sequence {
    fn at(&self, mut step: u64) -> f64 {
        let Some(((_, last), parts)) = self.parts.split_last() else {
            return 1.0;
        };
        for (steps, part) in parts {
            if step < *steps {
                return part.at(step);
            }
            step -= steps;
        }
        last.at(step)
    }
}

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths = self.parts.iter().map(|(steps, _)| steps);
        f.debug_list().entries(lengths).finish()
    }
}
