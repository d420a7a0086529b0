//! The search of CG_DESCENT (Hager and Zhang 2005, "A new conjugate gradient method with guaranteed
//! descent and an efficient line search").

use std::ops::ControlFlow::{self, Break, Continue};

use serde::{Deserialize, Serialize};

use super::{Line, Trial};

/// Narrows a bracket by double secant steps until the Wolfe conditions hold, or the approximate ones
/// where the value is within `noise` of the first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HagerZhang {
    /// The part of the promised decrease that is enough; 0.1 by default.
    pub decrease: f64,
    /// The part of the first slope that may be left; 0.9 by default.
    pub curvature: f64,
    /// What rounding may add to a value, relative to it; 1e-6 by default.
    pub noise: f64,
    /// The most trials; 60 by default.
    pub trials: u32,
}

impl Default for HagerZhang {
    fn default() -> Self {
        Self {
            decrease: 0.1,
            curvature: 0.9,
            noise: 1e-6,
            trials: 60,
        }
    }
}

/// The factor by which a bracket grows, and the part of it that an iteration must cut off.
const GROWTH: f64 = 5.0;
const SHRINK: f64 = 0.66;

/// A search under way; it breaks off with the accepted trial, or with none when trials are spent.
struct Search<'s, 'l> {
    settings: &'s HagerZhang,
    line: &'s mut Line<'l>,
    left: u32,
    noise: f64,
}

type Flow<T> = ControlFlow<Option<Trial>, T>;

impl HagerZhang {
    pub(super) fn search(&self, line: &mut Line<'_>, first: f64) -> Option<Trial> {
        let noise = self.noise * line.start.value.abs();
        let mut search = Search {
            settings: self,
            line,
            left: self.trials,
            noise,
        };
        match search.run(first) {
            Break(found) => found,
            Continue(never) => match never {},
        }
    }
}

impl Search<'_, '_> {
    fn run(&mut self, first: f64) -> Flow<std::convert::Infallible> {
        let (mut a, mut b) = self.bracket(first)?;
        loop {
            let (near, far) = self.double_secant(a, b)?;
            let narrow = far.step - near.step <= SHRINK * (b.step - a.step);
            (a, b) = if narrow {
                (near, far)
            } else {
                self.update(near, far, 0.5 * (near.step + far.step))?
            };
        }
    }

    /// Evaluates, and breaks off with the trial if it is good enough.
    fn at(&mut self, step: f64) -> Flow<Trial> {
        if self.left == 0 {
            return Break(None);
        }
        self.left -= 1;
        let trial = self.line.at(step);
        let HagerZhang {
            decrease,
            curvature,
            ..
        } = *self.settings;
        let flat = trial.slope >= curvature * self.line.start.slope;
        let low = self.line.lower(&trial, decrease)
            || self.line.lower_by_slope(&trial, decrease, self.noise);
        if trial.is_finite() && flat && low {
            return Break(Some(trial));
        }
        Continue(trial)
    }

    fn is_low(&self, trial: &Trial) -> bool {
        trial.value <= self.line.start.value + self.noise
    }

    /// An interval whose ends have the slopes of a valley, the left end low.
    fn bracket(&mut self, first: f64) -> Flow<(Trial, Trial)> {
        let (mut low, mut step) = (self.line.start, first);
        loop {
            let trial = self.at(step)?;
            if !trial.is_finite() {
                step = low.step + 0.1 * (step - low.step);
                continue;
            }
            if trial.slope >= 0.0 {
                return Continue((low, trial));
            }
            if !self.is_low(&trial) {
                return self.bisect(self.line.start, trial);
            }
            if step >= self.line.furthest {
                return Break(Some(trial));
            }
            low = trial;
            step = (GROWTH * step).min(self.line.furthest);
        }
    }

    /// Narrows an interval whose right end falls but is high.
    fn bisect(&mut self, mut low: Trial, mut high: Trial) -> Flow<(Trial, Trial)> {
        loop {
            let trial = self.at(0.5 * (low.step + high.step))?;
            if trial.slope >= 0.0 {
                return Continue((low, trial));
            }
            if self.is_low(&trial) {
                low = trial;
            } else {
                high = trial;
            }
        }
    }

    /// The interval cut at `step`, where that lies inside.
    fn update(&mut self, a: Trial, b: Trial, step: f64) -> Flow<(Trial, Trial)> {
        if !(step > a.step && step < b.step) {
            return Continue((a, b));
        }
        let trial = self.at(step)?;
        if trial.slope >= 0.0 {
            Continue((a, trial))
        } else if self.is_low(&trial) {
            Continue((trial, b))
        } else {
            self.bisect(a, trial)
        }
    }

    fn double_secant(&mut self, a: Trial, b: Trial) -> Flow<(Trial, Trial)> {
        let secant =
            |a: &Trial, b: &Trial| (a.step * b.slope - b.step * a.slope) / (b.slope - a.slope);
        let first = secant(&a, &b);
        let (near, far) = self.update(a, b, first)?;
        if first == far.step {
            self.update(near, far, secant(&b, &far))
        } else if first == near.step {
            self.update(near, far, secant(&a, &near))
        } else {
            Continue((near, far))
        }
    }
}
