//! The strong Wolfe conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6).

use serde::{Deserialize, Serialize};

use super::{Line, Trial, cubic_minimum};

/// Brackets a step and narrows the bracket until the value falls by `decrease` times what the slope
/// promises and the slope is at most `curvature` times the first one in absolute value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrongWolfe {
    /// The part of the promised decrease that is enough; 1e-4 by default.
    pub decrease: f64,
    /// The part of the first slope that may be left; 0.9 by default, and 0.1 suits conjugate
    /// gradients.
    pub curvature: f64,
    /// The most trials; 60 by default.
    pub trials: u32,
}

impl Default for StrongWolfe {
    fn default() -> Self {
        Self {
            decrease: 1e-4,
            curvature: 0.9,
            trials: 60,
        }
    }
}

impl StrongWolfe {
    pub(super) fn search(&self, line: &mut Line<'_>, first: f64) -> Option<Trial> {
        let (mut previous, mut step) = (line.start, first);
        let mut left = self.trials;
        while left > 0 {
            left -= 1;
            let trial = line.at(step);
            if line.is_strong(&trial, self.decrease, self.curvature) {
                return Some(trial);
            }
            let rises = !trial.is_finite()
                || !line.lower(&trial, self.decrease)
                || trial.value >= previous.value;
            if rises {
                return self.zoom(line, previous, trial, left);
            }
            if trial.slope >= 0.0 {
                return self.zoom(line, trial, previous, left);
            }
            if step >= line.furthest {
                return Some(trial);
            }
            // The cubic through the last two points, when it looks ahead at all.
            let guess = cubic_minimum(&previous, &trial).unwrap_or(0.0);
            let (near, far) = (2.0 * step, 10.0 * step);
            previous = trial;
            step = guess.clamp(near, far).min(line.furthest);
        }
        (previous.step > 0.0).then_some(previous)
    }

    /// Narrows between `low`, the lowest trial that decreases enough, and `high`, with which it
    /// brackets an acceptable step.
    fn zoom(
        &self,
        line: &mut Line<'_>,
        mut low: Trial,
        mut high: Trial,
        trials: u32,
    ) -> Option<Trial> {
        let mut width = f64::INFINITY;
        for _ in 0..trials {
            let span = high.step - low.step;
            if span.abs() <= f64::EPSILON * low.step.max(high.step) {
                break;
            }
            let middle = low.step + 0.5 * span;
            // Interpolation that shrinks the bracket too little takes turns with bisection.
            let slow = span.abs() > 0.66 * width;
            let best = match cubic_minimum(&low, &high) {
                Some(best) if high.is_finite() && !slow => best,
                _ => middle,
            };
            width = span.abs();
            let edges = (low.step + 0.1 * span, high.step - 0.1 * span);
            let step = best.clamp(edges.0.min(edges.1), edges.0.max(edges.1));
            let trial = line.at(step);
            if line.is_strong(&trial, self.decrease, self.curvature) {
                return Some(trial);
            }
            let rises = !trial.is_finite()
                || !line.lower(&trial, self.decrease)
                || trial.value >= low.value;
            if rises {
                high = trial;
                continue;
            }
            if trial.slope * span >= 0.0 {
                high = low;
            }
            low = trial;
        }
        // Enough decrease without the wanted slope is still a step.
        (low.step > 0.0 && low.value < line.start.value).then_some(low)
    }
}
