//! Schedules that fall (or rise) once: by steps, powers, lines and roots.

use std::f64::consts::PI;

use super::{Schedule, progress};
use crate::schedule::Anneal;

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

/// The product of the factors of all milestones reached: piecewise constant.
///
/// ```
/// use cotangent_optimizers::{MultiStep, Schedule};
/// let schedule = MultiStep(vec![(50, 0.5), (120, 0.2)]);
/// assert_eq!([0, 49, 50, 120].map(|step| schedule.at(step)), [1.0, 1.0, 0.5, 0.1]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MultiStep(
    /// Steps, and the factor from there on.
    pub Vec<(u64, f64)>,
);

impl Schedule for MultiStep {
    fn at(&self, step: u64) -> f64 {
        let reached = self.0.iter().filter(|(from, _)| *from <= step);
        reached.map(|(_, factor)| factor).product()
    }
}

/// Runs from value to value between milestones, along lines or cosines: 1 at step 0, then times the
/// factor of each milestone.
#[derive(Clone, Debug, PartialEq)]
pub struct Interpolated {
    /// Steps in rising order, and the factor by which the value has changed there.
    pub milestones: Vec<(u64, f64)>,
    /// The form between them.
    pub form: Anneal,
}

impl Schedule for Interpolated {
    fn at(&self, step: u64) -> f64 {
        let (mut from, mut value) = (0, 1.0);
        for &(to, factor) in &self.milestones {
            if step < to {
                let part = progress(step - from, to - from);
                return self.form.between(value, value * factor, part);
            }
            (from, value) = (to, value * factor);
        }
        value
    }
}

/// `gamma^step`. For a factor per n steps, gamma is its n-th root.
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

/// A line from `from` to `to` over `steps`, and `to` afterwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// The first factor.
    pub from: f64,
    /// The last factor.
    pub to: f64,
    /// The number of steps between them.
    pub steps: u64,
}

impl Schedule for Linear {
    fn at(&self, step: u64) -> f64 {
        Anneal::Linear.between(self.from, self.to, progress(step, self.steps))
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

/// `1 / (1 + rate step / every)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseTime {
    /// The number of steps that `rate` is for; 0 counts as 1.
    pub every: u64,
    /// How fast the factor falls.
    pub rate: f64,
    /// Whether the step counts in whole multiples of `every`.
    pub staircase: bool,
}

impl Schedule for InverseTime {
    fn at(&self, step: u64) -> f64 {
        let time = step as f64 / self.every.max(1) as f64;
        let time = if self.staircase { time.floor() } else { time };
        1.0 / (1.0 + self.rate * time)
    }
}

/// `min(1 / sqrt(t), t / warmup^1.5)` with `t = step + 1` (Vaswani et al. 2017), times
/// `sqrt(warmup)`, so that the peak is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseSqrt {
    /// The number of steps of the rise; 0 counts as 1.
    pub warmup: u64,
}

impl Schedule for InverseSqrt {
    fn at(&self, step: u64) -> f64 {
        let (time, warmup) = ((step + 1) as f64, self.warmup.max(1) as f64);
        (warmup / time).sqrt().min(time / warmup)
    }
}

impl Anneal {
    /// The value at the part `part` of the way.
    pub(super) fn between(self, from: f64, to: f64, part: f64) -> f64 {
        match self {
            Anneal::Linear => from + (to - from) * part,
            Anneal::Cosine => to + (from - to) * 0.5 * (1.0 + (PI * part).cos()),
        }
    }
}
