//! BFGS with the dense inverse Hessian.

use cotangent_runtime::Leaves;
use serde::{Deserialize, Serialize};

use super::descent::{Directions, State, careful_step, descend};
use super::evaluator::Evaluator;
use super::vector::dot;
use super::{LineSearch, Minimum, Problem, Stopping};
use crate::Error;

/// Broyden, Fletcher, Goldfarb and Shanno (1970): builds an approximation of the inverse Hessian
/// from gradients. Needs memory and time of the square of the number of elements: for up to some
/// hundred of them; [`Lbfgs`](super::Lbfgs) is for more.
///
/// ```
/// use cotangent_optimizers::minimise::{Bfgs, objective};
/// let bowl = objective(|x| (x[0] * x[0] + 9.0 * x[1] * x[1], vec![2.0 * x[0], 18.0 * x[1]]));
/// let mut x: Vec<f64> = vec![3.0, -2.0];
/// let minimum = Bfgs::default().minimise(bowl, &mut x)?;
/// assert!(minimum.converged() && minimum.value < 1e-15);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bfgs {
    /// When to stop.
    pub stopping: Stopping,
    /// The line search; that of Moré and Thuente by default.
    pub line_search: LineSearch,
}

impl Bfgs {
    /// Minimises from the point in `x`, and leaves the best point there.
    ///
    /// # Errors
    /// When a setting can't be used, the point is empty or not finite, or the problem gives a
    /// gradient of another length or an error; `x` is unchanged then.
    pub fn minimise(
        &self,
        problem: impl Problem,
        x: &mut (impl Leaves + ?Sized),
    ) -> Result<Minimum, Error> {
        let inverse = Inverse { matrix: Vec::new() };
        descend(problem, x, &self.stopping, &self.line_search, inverse)
    }
}

/// The approximate inverse Hessian; empty until something was learned.
struct Inverse {
    matrix: Vec<f64>,
}

impl<P: Problem> Directions<P> for Inverse {
    fn direct(
        &mut self,
        _: &mut Evaluator<P>,
        state: &State,
        direction: &mut [f64],
    ) -> Result<(), Error> {
        let size = direction.len();
        if self.matrix.is_empty() {
            direction
                .iter_mut()
                .zip(&state.gradient)
                .for_each(|(d, g)| *d = -g);
        } else {
            for (d, row) in direction.iter_mut().zip(self.matrix.chunks(size)) {
                *d = -dot(row, &state.gradient);
            }
        }
        Ok(())
    }

    fn learn(&mut self, s: &[f64], y: &[f64]) {
        let size = s.len();
        let curvature = dot(s, y);
        // Without positive curvature the update would lose positive definiteness.
        if curvature <= f64::EPSILON * (dot(s, s) * dot(y, y)).sqrt() {
            return;
        }
        if self.matrix.is_empty() {
            let scale = curvature / dot(y, y);
            self.matrix = vec![0.0; size * size];
            for i in 0..size {
                self.matrix[i * size + i] = scale;
            }
        }
        // H + (1 + y'Hy / s'y) s s' / s'y - (H y s' + s y'H) / s'y
        let hy: Vec<f64> = self.matrix.chunks(size).map(|row| dot(row, y)).collect();
        let factor = (1.0 + dot(y, &hy) / curvature) / curvature;
        for (i, row) in self.matrix.chunks_mut(size).enumerate() {
            let (by_s, by_hy) = (factor * s[i] - hy[i] / curvature, s[i] / curvature);
            for ((h, s), hy) in row.iter_mut().zip(s).zip(&hy) {
                *h += by_s * s - by_hy * hy;
            }
        }
    }

    fn forget(&mut self) -> bool {
        !std::mem::take(&mut self.matrix).is_empty()
    }

    fn first_step(&self, state: &State, _: f64) -> f64 {
        if self.matrix.is_empty() {
            careful_step(state)
        } else {
            1.0
        }
    }
}
