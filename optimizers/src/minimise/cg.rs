//! Nonlinear conjugate gradients.

use cotangent_runtime::Leaves;
use serde::{Deserialize, Serialize};

use super::descent::{Directions, State, descend};
use super::evaluator::Evaluator;
use super::vector::dot;
use super::{LineSearch, Minimum, MoreThuente, Problem, Stopping};
use crate::Error;

/// How much of the last direction is kept; `g` is the gradient, `y` its change, `d` the last
/// direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Conjugacy {
    /// `|g|^2 / |g_before|^2` (Fletcher and Reeves 1964).
    FletcherReeves,
    /// `max(0, g.y / |g_before|^2)` (Polak and Ribiere 1969, restarted by Powell 1984).
    PolakRibierePlus,
    /// `g.y / d.y` (Hestenes and Stiefel 1952).
    HestenesStiefel,
}

/// Nonlinear conjugate gradients: remembers one direction, hence for very many elements.
///
/// ```
/// use cotangent_optimizers::minimise::{NonlinearCg, objective};
/// let bowl = objective(|x| (x[0] * x[0] + 9.0 * x[1] * x[1], vec![2.0 * x[0], 18.0 * x[1]]));
/// let mut x: Vec<f64> = vec![3.0, -2.0];
/// assert!(NonlinearCg::default().minimise(bowl, &mut x)?.converged());
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NonlinearCg {
    /// How much of the last direction is kept; Polak-Ribiere-plus by default.
    pub conjugacy: Conjugacy,
    /// When to stop.
    pub stopping: Stopping,
    /// The line search; that of Moré and Thuente with curvature 0.4 by default.
    pub line_search: LineSearch,
}

impl Default for NonlinearCg {
    fn default() -> Self {
        Self {
            conjugacy: Conjugacy::PolakRibierePlus,
            stopping: Stopping::default(),
            line_search: LineSearch::MoreThuente(MoreThuente {
                curvature: 0.4,
                ..MoreThuente::default()
            }),
        }
    }
}

impl NonlinearCg {
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
        let conjugate = Conjugate {
            conjugacy: self.conjugacy,
            last: None,
            change: Vec::new(),
            fell: 0.0,
        };
        descend(problem, x, &self.stopping, &self.line_search, conjugate)
    }
}

/// The direction before, with what the formulas need of it.
struct Last {
    direction: Vec<f64>,
    gradient_square: f64,
    /// The value before the step along it.
    value: f64,
}

struct Conjugate {
    conjugacy: Conjugacy,
    last: Option<Last>,
    change: Vec<f64>,
    /// By how much the value fell over the last step.
    fell: f64,
}

impl<P: Problem> Directions<P> for Conjugate {
    fn direct(
        &mut self,
        _: &mut Evaluator<P>,
        state: &State,
        direction: &mut [f64],
    ) -> Result<(), Error> {
        let gradient = &state.gradient;
        let square = dot(gradient, gradient);
        let keep = self.last.as_ref().map_or(0.0, |last| {
            let y = &self.change;
            match self.conjugacy {
                Conjugacy::FletcherReeves => square / last.gradient_square,
                Conjugacy::PolakRibierePlus => (dot(gradient, y) / last.gradient_square).max(0.0),
                Conjugacy::HestenesStiefel => dot(gradient, y) / dot(&last.direction, y),
            }
        });
        for (index, d) in direction.iter_mut().enumerate() {
            let before = self.last.as_ref().map_or(0.0, |l| l.direction[index]);
            *d = -gradient[index] + if keep == 0.0 { 0.0 } else { keep * before };
        }
        let slope = dot(direction, gradient);
        // A direction that hardly descends would ask for a step beyond all measure.
        let gentle = -slope < 1e-10 * square.sqrt() * dot(direction, direction).sqrt();
        if gentle || !slope.is_finite() {
            direction
                .iter_mut()
                .zip(gradient)
                .for_each(|(d, g)| *d = -g);
        }
        self.fell = match &self.last {
            Some(last) => last.value - state.value,
            // A first step of about unit length.
            None => 0.5 * square.sqrt(),
        };
        self.last = Some(Last {
            direction: direction.to_vec(),
            gradient_square: square,
            value: state.value,
        });
        Ok(())
    }

    fn learn(&mut self, _: &[f64], y: &[f64]) {
        self.change = y.to_vec();
    }

    fn forget(&mut self) -> bool {
        // A first direction is the steepest descent already.
        let learned = !std::mem::take(&mut self.change).is_empty();
        (self.last, self.fell) = (None, 0.0);
        learned
    }

    fn first_step(&self, _: &State, slope: f64) -> f64 {
        // The minimum of the parabola that falls as the step before did, and a little more, so that
        // a whole step is tried at last (Nocedal and Wright 2006, equation 3.60).
        let step = 2.02 * self.fell / -slope;
        if step > 0.0 { step.min(1.0) } else { 1.0 }
    }
}
