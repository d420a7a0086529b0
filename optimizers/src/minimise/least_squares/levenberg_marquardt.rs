//! Levenberg-Marquardt.

use cotangent_runtime::Leaves;
use serde::{Deserialize, Serialize};

use super::super::dense::least_squares;
use super::super::descent::rounding;
use super::super::vector::dot;
use super::super::{Minimum, Reason, Stopping, point};
use super::{Attempt, Fit, Residuals, column_norms};
use crate::Error;
use crate::error::check_range;

/// Levenberg (1944) and Marquardt (1963): Gauss-Newton steps, damped by the norms of the Jacobian's
/// columns (More 1978) with the factor of Nielsen (1999), from any starting point and for dependent
/// parameters too.
///
/// ```
/// use cotangent_optimizers::minimise::{LevenbergMarquardt, residuals};
/// // y = a exp(b t) through three points of a = 2, b = -0.5.
/// let data = [(0.0, 2.0), (1.0, 2.0 * (-0.5_f64).exp()), (2.0, 2.0 * (-1.0_f64).exp())];
/// let problem = residuals(
///     |x| data.iter().map(|(t, y)| x[0] * (x[1] * t).exp() - y).collect(),
///     |x| data.iter().flat_map(|(t, _)| {
///         let e = (x[1] * t).exp();
///         [e, x[0] * t * e]
///     }).collect(),
/// );
/// let mut x: Vec<f64> = vec![1.0, 0.0];
/// let minimum = LevenbergMarquardt::default().minimise(problem, &mut x)?;
/// assert!(minimum.converged() && (x[1] + 0.5).abs() < 1e-8);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevenbergMarquardt {
    /// When to stop.
    pub stopping: Stopping,
    /// The first damping, relative to the squares of the Jacobian's columns; 1e-3 by default.
    pub damping: f64,
}

impl Default for LevenbergMarquardt {
    fn default() -> Self {
        Self {
            stopping: Stopping::default(),
            damping: 1e-3,
        }
    }
}

impl LevenbergMarquardt {
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
        check_range(
            "the damping",
            self.damping,
            f64::MIN_POSITIVE,
            f64::INFINITY,
        )?;
        let fit = Fit::start(problem, point::read(x)?)?;
        let (mut damping, mut growth) = (self.damping, 2.0);
        let mut scale = vec![0.0; fit.x.len()];
        // What the model promised at this point before the damping had to grow.
        let mut at_first: Option<f64> = None;
        fit.descend(&self.stopping, x, |fit| {
            grow(&mut scale, &fit.jacobian);
            let Some(step) = damped_step(&fit.jacobian, &fit.residuals, &scale, damping) else {
                return Ok(Attempt::Ended(Reason::NotFinite));
            };
            let change = fit.change(&step);
            let damped = step.iter().zip(&scale).map(|(s, d)| (s * d).powi(2));
            let promised = 0.5 * dot(&change, &change) + damping * damped.sum::<f64>();
            let before = fit.cost();
            let next = fit.after(step)?;
            let at_rest = *at_first.get_or_insert(promised) <= rounding(before);
            let ratio = (before - next.cost) / promised;
            if ratio > 1e-4 {
                damping *= (1.0 - (2.0 * ratio - 1.0).powi(3)).max(1.0 / 3.0);
                (growth, at_first) = (2.0, None);
                return Ok(Attempt::Moved(next));
            }
            if at_rest {
                return Ok(Attempt::Ended(Reason::Precision));
            }
            (damping, growth) = (damping * growth, 2.0 * growth);
            Ok(if damping.is_finite() {
                Attempt::Refused
            } else if next.cost.is_finite() {
                Attempt::Ended(Reason::NoStep)
            } else {
                Attempt::Ended(Reason::NotFinite)
            })
        })
    }
}

/// Raises the scale of each column to its norm.
fn grow(scale: &mut [f64], jacobian: &[f64]) {
    let norms = column_norms(jacobian, scale.len());
    for (scale, norm) in scale.iter_mut().zip(norms) {
        *scale = scale.max(norm);
    }
}

/// The step of least `|J p + r|^2 + damping |D p|^2`.
pub(super) fn damped_step(
    jacobian: &[f64],
    residuals: &[f64],
    scale: &[f64],
    damping: f64,
) -> Option<Vec<f64>> {
    let columns = scale.len();
    let mut matrix = jacobian.to_vec();
    let mut right: Vec<f64> = residuals.iter().map(|r| -r).collect();
    for (column, scale) in scale.iter().enumerate() {
        let mut row = vec![0.0; columns];
        // A column of zeros has no scale; any positive damping holds its parameter still.
        row[column] = damping.sqrt() * if *scale > 0.0 { *scale } else { 1.0 };
        matrix.extend(row);
        right.push(0.0);
    }
    least_squares(&mut matrix, &mut right, columns)
}
