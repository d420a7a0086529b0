//! Newton's method with the whole Hessian, and with its products alone.

use cotangent_runtime::Leaves;
use serde::{Deserialize, Serialize};

use super::dense::Cholesky;
use super::descent::{Directions, State, descend};
use super::evaluator::Evaluator;
use super::vector::norm;
use super::{DenseCurvature, LineSearch, Minimum, ProductCurvature, Stopping, truncated_cg};
use crate::Error;

/// Newton's method with a line search; a Hessian that isn't positive definite is shifted until it
/// is. Solves dense equations: for up to some hundred elements.
///
/// ```
/// use cotangent_optimizers::minimise::{Newton, objective};
/// // exp(x) - 2 x, whose minimum is at ln 2; of a companion: `f::hessian(w, ..).into_data()`.
/// let problem = objective(|x| (x[0].exp() - 2.0 * x[0], vec![x[0].exp() - 2.0]))
///     .with_hessian(|x| vec![x[0].exp()]);
/// let mut x: Vec<f64> = vec![3.0];
/// let minimum = Newton::default().minimise(problem, &mut x)?;
/// assert!((x[0] - 2.0_f64.ln()).abs() < 1e-8 && minimum.iterations < 10);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Newton {
    /// When to stop.
    pub stopping: Stopping,
    /// The line search; that of Moré and Thuente by default.
    pub line_search: LineSearch,
}

impl Newton {
    /// Minimises from the point in `x`, and leaves the best point there.
    ///
    /// # Errors
    /// When a setting can't be used, the point is empty or not finite, or the problem gives
    /// derivatives of another length or an error; `x` is unchanged then.
    pub fn minimise(
        &self,
        problem: impl DenseCurvature,
        x: &mut (impl Leaves + ?Sized),
    ) -> Result<Minimum, Error> {
        descend(
            problem,
            x,
            &self.stopping,
            &self.line_search,
            Dense(Vec::new()),
        )
    }
}

/// Newton's method whose equations are solved by conjugate gradients, only as far as the gradient
/// is small, from products `f::hvp`: for any number of elements.
///
/// ```
/// use cotangent_optimizers::minimise::{NewtonCg, objective};
/// let problem = objective(|x| (x[0].exp() - 2.0 * x[0], vec![x[0].exp() - 2.0]))
///     .with_products(|x, d| vec![x[0].exp() * d[0]]);
/// let mut x: Vec<f64> = vec![3.0];
/// NewtonCg::default().minimise(problem, &mut x)?;
/// assert!((x[0] - 2.0_f64.ln()).abs() < 1e-8);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NewtonCg {
    /// When to stop.
    pub stopping: Stopping,
    /// The line search; that of Moré and Thuente by default.
    pub line_search: LineSearch,
}

impl NewtonCg {
    /// Minimises from the point in `x`, and leaves the best point there.
    ///
    /// # Errors
    /// When a setting can't be used, the point is empty or not finite, or the problem gives
    /// derivatives of another length or an error; `x` is unchanged then.
    pub fn minimise(
        &self,
        problem: impl ProductCurvature,
        x: &mut (impl Leaves + ?Sized),
    ) -> Result<Minimum, Error> {
        descend(problem, x, &self.stopping, &self.line_search, Truncated)
    }
}

/// How exactly the Newton equations are solved at a gradient of this norm, for convergence that is
/// faster than linear (Nocedal and Wright 2006, algorithm 7.1).
pub(super) fn forcing(gradient: f64) -> f64 {
    gradient * gradient.sqrt().min(0.5)
}

/// Holds the Hessian's storage.
struct Dense(Vec<f64>);

impl<P: DenseCurvature> Directions<P> for Dense {
    fn direct(
        &mut self,
        problem: &mut Evaluator<P>,
        state: &State,
        direction: &mut [f64],
    ) -> Result<(), Error> {
        problem.hessian(&state.x, &mut self.0)?;
        direction
            .iter_mut()
            .zip(&state.gradient)
            .for_each(|(d, g)| *d = -g);
        // Without a finite Hessian the direction stays the steepest descent.
        if let Some(factor) = Cholesky::shifted(&self.0, direction.len()) {
            factor.solve(direction);
        }
        Ok(())
    }

    fn learn(&mut self, _: &[f64], _: &[f64]) {}

    fn forget(&mut self) -> bool {
        false
    }

    fn first_step(&self, _: &State, _: f64) -> f64 {
        1.0
    }
}

struct Truncated;

impl<P: ProductCurvature> Directions<P> for Truncated {
    fn direct(
        &mut self,
        problem: &mut Evaluator<P>,
        state: &State,
        direction: &mut [f64],
    ) -> Result<(), Error> {
        let tolerance = forcing(norm(&state.gradient));
        let solved = truncated_cg::solve(
            &state.gradient,
            f64::INFINITY,
            tolerance,
            |along, product| problem.product(&state.x, along, product),
        )?;
        direction.copy_from_slice(&solved.step);
        Ok(())
    }

    fn learn(&mut self, _: &[f64], _: &[f64]) {}

    fn forget(&mut self) -> bool {
        false
    }

    fn first_step(&self, _: &State, _: f64) -> f64 {
        1.0
    }
}
