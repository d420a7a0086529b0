//! Schedules: pure functions of the step that multiply the learning rate.
//!
//! `at(0)` is the factor of the first update. Because a schedule has no state of its own, an
//! optimizer that resumes at step n continues exactly where it was. Closures are schedules too, and
//! every schedule composes with others: products, sequences, delays, warmups.

mod cosine;
mod cycle;
mod decay;
mod sequence;

pub use cosine::{Cosine, CosineWave, WarmRestarts, WarmupCosine};
pub use cycle::{Anneal, OneCycle, Scaling, Triangular};
pub use decay::{
    Exponential, Interpolated, InverseSqrt, InverseTime, Linear, MultiStep, Polynomial, StepDecay,
};
pub use sequence::{AtLeast, Delayed, Product, Raised, Sequence, Warmup};

/// A factor of the learning rate as a function of the number of updates done before.
///
/// ```
/// use cotangent_optimizers::{Cosine, Exponential, Schedule, WarmupCosine};
/// let schedule = WarmupCosine::new(10, 110);
/// assert_eq!(schedule.at(0), 0.0);
/// assert_eq!(schedule.at(5), 0.5);
/// assert!((schedule.at(60) - 0.5).abs() < 1e-12);
/// // A closure, and compositions.
/// assert_eq!((|step: u64| 1.0 / (1.0 + step as f64)).at(3), 0.25);
/// let falling = Exponential { gamma: 0.5 }.at_least(0.1).warmup(4);
/// assert_eq!([0, 2, 4, 5, 9].map(|step| falling.at(step)), [0.0, 0.5, 1.0, 0.5, 0.1]);
/// let both = Exponential { gamma: 0.5 }.times(Cosine { steps: 2, floor: 0.0 });
/// assert_eq!(both.at(1), 0.25);
/// ```
pub trait Schedule {
    /// The factor of update number `step`, counted from 0.
    fn at(&self, step: u64) -> f64;

    /// The product of both.
    fn times<S: Schedule>(self, other: S) -> Product<Self, S>
    where
        Self: Sized,
    {
        Product(self, other)
    }

    /// A linear rise from 0 to 1 over `steps`, then this schedule from its beginning.
    fn warmup(self, steps: u64) -> Warmup<Self>
    where
        Self: Sized,
    {
        Warmup { steps, after: self }
    }

    /// The first factor for `steps` steps, then this schedule from its beginning.
    fn delayed(self, steps: u64) -> Delayed<Self>
    where
        Self: Sized,
    {
        Delayed { steps, after: self }
    }

    /// This schedule, but never below `floor`.
    fn at_least(self, floor: f64) -> AtLeast<Self>
    where
        Self: Sized,
    {
        AtLeast {
            floor,
            schedule: self,
        }
    }

    /// This schedule to a power.
    fn raised(self, power: f64) -> Raised<Self>
    where
        Self: Sized,
    {
        Raised {
            power,
            schedule: self,
        }
    }
}

impl<F: Fn(u64) -> f64> Schedule for F {
    fn at(&self, step: u64) -> f64 {
        self(step)
    }
}

impl Schedule for Box<dyn Schedule> {
    fn at(&self, step: u64) -> f64 {
        self.as_ref().at(step)
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

/// The part of `steps` that is done, in [0, 1]; a schedule of no steps is over at once.
fn progress(step: u64, steps: u64) -> f64 {
    if steps == 0 {
        1.0
    } else {
        step.min(steps) as f64 / steps as f64
    }
}
