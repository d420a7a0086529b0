//! Backtracking to a sufficient decrease (Armijo 1966).

use serde::{Deserialize, Serialize};

use super::{Line, Trial, cubic_minimum};

/// Shortens the step until the value falls by `decrease` times what the slope promises. Each step
/// is the minimum of a cubic, kept between a tenth and a half of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backtracking {
    /// The part of the promised decrease that is enough; 1e-4 by default.
    pub decrease: f64,
    /// The most trials; 60 by default.
    pub trials: u32,
}

impl Default for Backtracking {
    fn default() -> Self {
        Self {
            decrease: 1e-4,
            trials: 60,
        }
    }
}

impl Backtracking {
    pub(super) fn search(&self, line: &mut Line<'_>, first: f64) -> Option<Trial> {
        let mut step = first;
        // Only where the first step already promises no more than rounding is the slope a judge:
        // a step that backtracking made tiny would always pass it.
        let blind = -first * line.start.slope <= line.rounding();
        for _ in 0..self.trials {
            // A decrease below the last digit would be found in any rounding.
            if !blind && -step * line.start.slope <= f64::EPSILON * line.start.value.abs() {
                break;
            }
            let trial = line.at(step);
            let finite = trial.is_finite();
            if finite
                && (line.lower(&trial, self.decrease)
                    || blind && line.lower_by_slope(&trial, self.decrease, line.rounding()))
            {
                return Some(trial);
            }
            let best = finite.then(|| cubic_minimum(&line.start, &trial)).flatten();
            step = best.unwrap_or(0.0).clamp(0.1 * step, 0.5 * step);
        }
        None
    }
}
