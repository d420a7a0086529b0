//! Gauss-Newton with backtracking.

use cotangent_runtime::Leaves;
use serde::{Deserialize, Serialize};

use super::super::dense::least_squares;
use super::super::descent::rounding;
use super::super::vector::{add_scaled, dot, largest};
use super::super::{Minimum, Reason, Stopping, point};
use super::levenberg_marquardt::damped_step;
use super::{Fit, Residuals};
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
        let mut fit = Fit::start(problem, point::read(x)?)?;
        let (mut iterations, mut trace) = (0, vec![fit.cost()]);
        let reason = loop {
            if !fit.is_finite() {
                break Reason::NotFinite;
            }
            if let Some(reason) = fit.stop(&self.stopping, iterations) {
                break reason;
            }
            iterations += 1;
            let Some(step) = full_step(&fit.jacobian, &fit.residuals, fit.x.len()) else {
                break Reason::NotFinite;
            };
            let before = fit.cost();
            let slope = dot(&fit.gradient, &step);
            if -slope <= rounding(before) {
                break Reason::Precision;
            }
            let mut found = None;
            let (mut length, mut seen_finite) = (1.0, false);
            for _ in 0..HALVINGS {
                let mut next = fit.x.clone();
                add_scaled(&mut next, length, &step);
                let residuals = fit.at(&next)?;
                let after = 0.5 * dot(&residuals, &residuals);
                seen_finite |= after.is_finite();
                if after <= before + 1e-4 * length * slope {
                    found = Some((next, residuals, after));
                    break;
                }
                length *= 0.5;
            }
            let Some((next, residuals, after)) = found else {
                break if seen_finite {
                    Reason::NoStep
                } else {
                    Reason::NotFinite
                };
            };
            let taken: Vec<f64> = step.iter().map(|s| length * s).collect();
            let done = self.stopping.after_step(before, after, &next, &taken);
            fit.go(next, residuals)?;
            trace.push(after);
            if let Some(reason) = done {
                break reason;
            }
        };
        point::write(&fit.x, x);
        Ok(Minimum {
            value: fit.cost(),
            gradient: largest(&fit.gradient),
            iterations,
            evaluations: fit.counts,
            reason,
            trace,
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
    let scale: Vec<f64> = (0..columns)
        .map(|column| {
            let entries = jacobian.iter().skip(column).step_by(columns);
            entries.map(|j| j * j).sum::<f64>().sqrt()
        })
        .collect();
    damped_step(jacobian, residuals, &scale, TRACE)
}
