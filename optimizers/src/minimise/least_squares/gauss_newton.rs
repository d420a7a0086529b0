//! Gauss-Newton with backtracking.

use cotangent_runtime::Leaves;
use serde::{Deserialize, Serialize};

use super::super::dense::least_squares;
use super::super::descent::rounding;
use super::super::vector::dot;
use super::super::{Minimum, Reason, Stopping, point};
use super::levenberg_marquardt::damped_step;
use super::{Attempt, Fit, Residuals, column_norms};
use crate::Error;

/// Gauss-Newton steps, halved until the sum of squares falls: the fastest near a small sum of
/// squares. Where the Jacobian's columns are dependent, a trace of damping takes the place of the
/// missing information; [`LevenbergMarquardt`](super::LevenbergMarquardt) is the safer choice far
/// from the minimum.
///
/// ```
/// use cotangent_optimizers::minimise::{GaussNewton, residuals};
/// // Rosenbrock's function as residuals.
/// let problem = residuals(
///     |x| vec![10.0 * (x[1] - x[0] * x[0]), 1.0 - x[0]],
///     |x| vec![-20.0 * x[0], 10.0, -1.0, 0.0],
/// );
/// let mut x: Vec<f64> = vec![-1.2, 1.0];
/// let minimum = GaussNewton::default().minimise(problem, &mut x)?;
/// assert!(minimum.converged() && minimum.value < 1e-20);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GaussNewton {
    /// When to stop.
    pub stopping: Stopping,
}

/// The damping, relative to the columns' norms, where a Jacobian has dependent columns.
const TRACE: f64 = 1e-10;
/// The most halvings of a step.
const HALVINGS: u32 = 60;

impl GaussNewton {
    /// Minimises from the point in `x`, and leaves the best point there.
    ///
    /// # Errors
    /// When a setting can't be used, the point is empty or not finite, there are no residuals, or
    /// the Jacobian has another size than they ask for; `x` is unchanged then.
    pub fn minimise<R, J>(
        &self,
        problem: Residuals<R, J>,
        x: &mut (impl Leaves + ?Sized),
    ) -> Result<Minimum, Error>
    where
        R: FnMut(&[f64]) -> Vec<f64>,
        J: FnMut(&[f64]) -> Vec<f64>,
    {
        self.stopping.validate()?;
        let fit = Fit::start(problem, point::read(x)?)?;
        fit.descend(&self.stopping, x, |fit| {
            let Some(step) = full_step(&fit.jacobian, &fit.residuals, fit.x.len()) else {
                return Ok(Attempt::Ended(Reason::NotFinite));
            };
            let before = fit.cost();
            let slope = dot(&fit.gradient, &step);
            if -slope <= rounding(before) {
                return Ok(Attempt::Ended(Reason::Precision));
            }
            let (mut length, mut seen_finite) = (1.0, false);
            for _ in 0..HALVINGS {
                let next = fit.after(step.iter().map(|s| length * s).collect())?;
                seen_finite |= next.cost.is_finite();
                if next.cost <= before + 1e-4 * length * slope {
                    return Ok(Attempt::Moved(next));
                }
                length *= 0.5;
            }
            Ok(Attempt::Ended(if seen_finite {
                Reason::NoStep
            } else {
                Reason::NotFinite
            }))
        })
    }
}

/// The step of least `|J p + r|`.
fn full_step(jacobian: &[f64], residuals: &[f64], columns: usize) -> Option<Vec<f64>> {
    if residuals.len() >= columns {
        let mut right: Vec<f64> = residuals.iter().map(|r| -r).collect();
        let step = least_squares(&mut jacobian.to_vec(), &mut right, columns);
        if step.is_some() {
            return step;
        }
    }
    let scale: Vec<f64> = column_norms(jacobian, columns).collect();
    damped_step(jacobian, residuals, &scale, TRACE)
}
