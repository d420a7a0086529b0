//! Line searches: a step along a direction that lowers the value enough.
//!
//! They see a function of one variable, the step, by its value and slope. Trial points where it
//! isn't finite count as too far. A value that differs from the first by rounding alone is judged
//! by the slope (the approximate Wolfe conditions of Hager and Zhang 2005), so that a search also
//! succeeds where the value can no longer show a decrease.

mod backtracking;
mod fixed;
mod hager_zhang;
mod more_thuente;
mod strong_wolfe;

use std::fmt;

pub use backtracking::Backtracking;
pub use fixed::Fixed;
pub use hager_zhang::HagerZhang;
pub use more_thuente::MoreThuente;
use serde::{Deserialize, Serialize};
pub use strong_wolfe::StrongWolfe;

use crate::Error;
use crate::error::check_range;

/// A point of a line: the step, the value there, and the derivative by the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// How far along the direction.
    pub step: f64,
    /// The value there.
    pub value: f64,
    /// The derivative there.
    pub slope: f64,
}

impl Trial {
    fn is_finite(&self) -> bool {
        self.value.is_finite() && self.slope.is_finite()
    }
}

/// Why a search found no step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineSearchError {
    /// The slope at the start is not negative: the direction doesn't descend.
    NotDescent,
    /// The value or slope was infinite or not a number at every step that was tried.
    NotFinite,
    /// No step that was tried lowers the value enough.
    NoStep,
}

impl fmt::Display for LineSearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LineSearchError::NotDescent => "the direction is not a descent direction",
            LineSearchError::NotFinite => "the value is not finite at any step that was tried",
            LineSearchError::NoStep => "no step that was tried lowers the value enough",
        })
    }
}

impl std::error::Error for LineSearchError {}

/// The choice of a search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum LineSearch {
    /// Halves the step until the value is low enough.
    Backtracking(Backtracking),
    /// The search of MINPACK-2, until the slope is small too.
    MoreThuente(MoreThuente),
    /// Brackets and narrows until the slope is small too.
    StrongWolfe(StrongWolfe),
    /// The search of CG_DESCENT.
    HagerZhang(HagerZhang),
    /// No search.
    Fixed(Fixed),
}

impl Default for LineSearch {
    fn default() -> Self {
        LineSearch::MoreThuente(MoreThuente::default())
    }
}

impl LineSearch {
    /// Looks for a step from `start` (whose step is 0), trying `first` first and never going past
    /// `furthest`.
    ///
    /// # Errors
    /// When there is no step that lowers the value enough.
    ///
    /// ```
    /// use cotangent_optimizers::minimise::{LineSearch, Trial};
    /// let line = |step: f64| ((step - 3.0).powi(2), 2.0 * (step - 3.0));
    /// let start = Trial { step: 0.0, value: 9.0, slope: -6.0 };
    /// let found = LineSearch::default().search(start, 1.0, f64::INFINITY, &mut { line })?;
    /// assert!(found.value < 9.0 && found.slope.abs() < 0.9 * 6.0);
    /// # Ok::<(), cotangent_optimizers::minimise::LineSearchError>(())
    /// ```
    pub fn search(
        &self,
        start: Trial,
        first: f64,
        furthest: f64,
        line: &mut dyn FnMut(f64) -> (f64, f64),
    ) -> Result<Trial, LineSearchError> {
        if start.slope >= 0.0 || start.slope.is_nan() {
            return Err(LineSearchError::NotDescent);
        }
        let mut line = Line {
            start,
            furthest,
            line,
            seen_finite: false,
        };
        let first = first.min(furthest);
        let found = match self {
            LineSearch::Backtracking(search) => search.search(&mut line, first),
            LineSearch::MoreThuente(search) => search.search(&mut line, first),
            LineSearch::StrongWolfe(search) => search.search(&mut line, first),
            LineSearch::HagerZhang(search) => search.search(&mut line, first),
            LineSearch::Fixed(fixed) => fixed.search(&mut line, first),
        };
        found.ok_or(if line.seen_finite {
            LineSearchError::NoStep
        } else {
            LineSearchError::NotFinite
        })
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        let (decrease, curvature) = match self {
            LineSearch::Backtracking(search) => (search.decrease, 1.0),
            LineSearch::MoreThuente(search) => (search.decrease, search.curvature),
            LineSearch::StrongWolfe(search) => (search.decrease, search.curvature),
            LineSearch::HagerZhang(search) => (search.decrease, search.curvature),
            LineSearch::Fixed(fixed) => {
                return check_range(
                    "the fixed part of a step",
                    fixed.part,
                    f64::MIN_POSITIVE,
                    f64::INFINITY,
                );
            }
        };
        if decrease > 0.0 && decrease < 0.5 && curvature > decrease && curvature <= 1.0 {
            return Ok(());
        }
        Err(Error::configuration(format!(
            "the line search's decrease {decrease} and curvature {curvature} can't be used: it must \
             be 0 < decrease < 1/2 and decrease < curvature < 1"
        )))
    }
}

/// The line under search.
struct Line<'a> {
    start: Trial,
    furthest: f64,
    line: &'a mut dyn FnMut(f64) -> (f64, f64),
    seen_finite: bool,
}

impl Line<'_> {
    fn at(&mut self, step: f64) -> Trial {
        let (value, slope) = (self.line)(step);
        let trial = Trial { step, value, slope };
        self.seen_finite |= trial.is_finite();
        trial
    }

    /// Whether the value fell by the given part of what the first slope promises.
    fn lower(&self, trial: &Trial, decrease: f64) -> bool {
        trial.value <= self.start.value + decrease * trial.step * self.start.slope
    }

    /// The same from the slope alone, for a value that differs from the first by no more than
    /// `noise`: exact for a parabola.
    fn lower_by_slope(&self, trial: &Trial, decrease: f64, noise: f64) -> bool {
        trial.value <= self.start.value + noise
            && trial.slope <= (2.0 * decrease - 1.0) * self.start.slope
    }

    /// The trial with a value that can be compared with others: one that differs from the first by
    /// rounding alone is that of the parabola through both slopes.
    fn seen(&self, trial: &Trial) -> Trial {
        let change = 0.5 * trial.step * (self.start.slope + trial.slope);
        let value = if (trial.value - self.start.value).abs() <= self.rounding() {
            self.start.value + change
        } else {
            trial.value
        };
        Trial { value, ..*trial }
    }

    /// Whether the strong Wolfe conditions hold.
    fn is_strong(&self, trial: &Trial, decrease: f64, curvature: f64) -> bool {
        trial.is_finite()
            && trial.slope.abs() <= -curvature * self.start.slope
            && self.lower(&self.seen(trial), decrease)
    }

    /// What rounding may add to a value.
    fn rounding(&self) -> f64 {
        64.0 * f64::EPSILON * self.start.value.abs()
    }
}

/// The minimum of the cubic through two trials, if it has one that is finite.
fn cubic_minimum(a: &Trial, b: &Trial) -> Option<f64> {
    let width = b.step - a.step;
    let d1 = a.slope + b.slope - 3.0 * (b.value - a.value) / width;
    let square = d1 * d1 - a.slope * b.slope;
    let d2 = width.signum() * square.sqrt();
    let step = b.step - width * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2);
    step.is_finite().then_some(step)
}
