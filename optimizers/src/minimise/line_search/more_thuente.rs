//! The search of Moré and Thuente (1994), "Line search algorithms with guaranteed sufficient
//! decrease": that of MINPACK-2, and with it of scipy's minimisers.

use serde::{Deserialize, Serialize};

use super::{Line, Trial, cubic_minimum};

/// Keeps an interval that is sure to hold an acceptable step, and chooses the next trial between the
/// minimum of a cubic and that of a parabola, by what the last one told. Ends at the strong Wolfe
/// conditions: the value falls by `decrease` times what the slope promises, and the slope is at most
/// `curvature` times the first one in absolute value. Needs the fewest trials of all searches here.
///
/// ```
/// use cotangent_optimizers::minimise::{LineSearch, MoreThuente, Trial};
/// // t^2 - 2 t, from 0 with the slope -2: one trial too far, and then the minimum of the parabola.
/// let mut tried = Vec::new();
/// let start = Trial { step: 0.0, value: 0.0, slope: -2.0 };
/// let search = LineSearch::MoreThuente(MoreThuente { curvature: 0.1, ..MoreThuente::default() });
/// let found = search.search(start, 3.0, f64::INFINITY, &mut |t| {
///     tried.push(t);
///     (t * t - 2.0 * t, 2.0 * t - 2.0)
/// })?;
/// assert!(tried.len() == 2 && (found.step - 1.0).abs() < 1e-12);
/// # Ok::<(), cotangent_optimizers::minimise::LineSearchError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MoreThuente {
    /// The part of the promised decrease that is enough; 1e-4 by default.
    pub decrease: f64,
    /// The part of the first slope that may be left; 0.9 by default, and 0.4 suits conjugate
    /// gradients.
    pub curvature: f64,
    /// The most trials; 60 by default.
    pub trials: u32,
}

impl Default for MoreThuente {
    fn default() -> Self {
        Self {
            decrease: 1e-4,
            curvature: 0.9,
            trials: 60,
        }
    }
}

/// How far beyond the last trial the next one lies while nothing bounds it, by the way from the best
/// trial to the last.
const EXTRAPOLATION: (f64, f64) = (1.1, 4.0);
/// The part of the interval that two trials must cut off, and the part of the way to its other end
/// that a step which looks on may go.
const PART: f64 = 0.66;

impl MoreThuente {
    pub(super) fn search(&self, line: &mut Line<'_>, first: f64) -> Option<Trial> {
        let start = line.start;
        let promise = self.decrease * start.slope;
        let mut interval = Interval::at(start);
        // Until a trial is low enough with a rising slope, the interval is kept for the function
        // less what is promised, whose minimum is an acceptable step.
        let mut reduced = true;
        let mut limits = (0.0, first + EXTRAPOLATION.1 * first);
        let mut widths = (f64::INFINITY, f64::INFINITY);
        let mut wall = f64::INFINITY;
        let mut step = first;
        for _ in 0..self.trials {
            let trial = line.at(step);
            if !trial.is_finite() {
                wall = step;
                step = interval.best.step + 0.1 * (step - interval.best.step);
                continue;
            }
            if line.is_strong(&trial, self.decrease, self.curvature) {
                return Some(trial);
            }
            let seen = line.seen(&trial);
            let low = line.lower(&seen, self.decrease);
            if step >= line.furthest && low && trial.slope <= promise {
                return Some(trial);
            }
            reduced &= !(low && trial.slope >= 0.0);
            let best = line.seen(&interval.best);
            let less = if reduced && !low && seen.value <= best.value {
                promise
            } else {
                0.0
            };
            step = interval.next(&trial, limits, |trial| {
                let seen = line.seen(trial);
                Trial {
                    step: seen.step,
                    value: seen.value - seen.step * less,
                    slope: seen.slope - less,
                }
            });
            let (best, other) = (interval.best.step, interval.other.step);
            if interval.bracketed {
                let width = (other - best).abs();
                if width >= PART * widths.1 {
                    step = best + 0.5 * (other - best);
                }
                widths = (width, widths.0);
                limits = (best.min(other), best.max(other));
                // Rounding leaves nothing between the ends.
                if !(step > limits.0 && step < limits.1) {
                    break;
                }
            } else {
                step = step.min(line.furthest);
                if step >= wall {
                    step = best + 0.5 * (wall - best);
                }
                let way = step - best;
                limits = (step + EXTRAPOLATION.0 * way, step + EXTRAPOLATION.1 * way);
            }
        }
        // Enough decrease without the wanted slope is still a step.
        let best = interval.best;
        (best.step > 0.0 && best.value < start.value).then_some(best)
    }
}

/// Two ends between which an acceptable step lies, once it is bracketed.
struct Interval {
    /// The end with the lower value.
    best: Trial,
    other: Trial,
    bracketed: bool,
}

impl Interval {
    fn at(start: Trial) -> Self {
        Self {
            best: start,
            other: start,
            bracketed: false,
        }
    }

    /// Takes a trial into the interval and yields the next step. `view` is the function that is
    /// looked at: the line itself, or less what is promised.
    fn next(&mut self, trial: &Trial, limits: (f64, f64), view: impl Fn(&Trial) -> Trial) -> f64 {
        let (best, other, last) = (view(&self.best), view(&self.other), view(trial));
        let turned = last.slope * best.slope.signum() < 0.0;
        let onward = last.step > best.step;
        let limit = if onward { limits.1 } else { limits.0 };
        let parabola = last.step + last.slope / (last.slope - best.slope) * (best.step - last.step);
        let cubic = cubic_minimum(&best, &last);
        let nearer = |from: f64, a: f64, b: f64| (a - from).abs() < (b - from).abs();
        let step = if last.value > best.value {
            // Higher: the minimum lies between. The cubic knows more, but a parabola that stays
            // nearer to the lower value pulls it there.
            self.bracketed = true;
            let rise = (best.value - last.value) / (last.step - best.step) + best.slope;
            let parabola = best.step + 0.5 * best.slope / rise * (last.step - best.step);
            match cubic {
                Some(cubic) if nearer(best.step, cubic, parabola) => cubic,
                Some(cubic) => cubic + 0.5 * (parabola - cubic),
                None => parabola,
            }
        } else if turned {
            // Lower, and the slope has turned: the minimum lies between, and the farther guess
            // cuts off more.
            self.bracketed = true;
            match cubic {
                Some(cubic) if nearer(last.step, parabola, cubic) => cubic,
                _ => parabola,
            }
        } else if last.slope.abs() < best.slope.abs() {
            // Lower, and flatter: the minimum lies ahead, where the cubic has one.
            let ahead = |step: &f64| (step - last.step) * (last.step - best.step) > 0.0;
            let cubic = cubic.filter(ahead).unwrap_or(limit);
            let near = nearer(last.step, cubic, parabola);
            if self.bracketed {
                let step = if near { cubic } else { parabola };
                let most = last.step + PART * (other.step - last.step);
                if onward {
                    step.min(most)
                } else {
                    step.max(most)
                }
            } else {
                let step = if near { parabola } else { cubic };
                step.clamp(limits.0, limits.1)
            }
        } else if self.bracketed {
            // Lower, and no flatter: towards the other end.
            cubic_minimum(&last, &other).unwrap_or(0.5 * (last.step + other.step))
        } else {
            limit
        };
        if last.value > best.value {
            self.other = *trial;
        } else {
            if turned {
                self.other = self.best;
            }
            self.best = *trial;
        }
        step
    }
}
