//! L-BFGS: BFGS from the last few steps alone.

use std::collections::VecDeque;

use cotangent_runtime::Leaves;
use serde::{Deserialize, Serialize};

use super::descent::{Directions, State, careful_step, descend};
use super::evaluator::Evaluator;
use super::vector::{add_scaled, dot};
use super::{LineSearch, Minimum, Problem, Stopping};
use crate::Error;

/// Limited-memory BFGS (Nocedal 1980, Liu and Nocedal 1989): the first choice for smooth functions
/// of any number of elements.
///
/// ```
/// use cotangent_optimizers::minimise::{Lbfgs, Stopping, objective_into};
/// let bowl = objective_into(|x, gradient| {
///     gradient.clear();
///     gradient.extend(x.iter().zip(1..).map(|(x, k)| f64::from(k) * x));
///     0.5 * x.iter().zip(&*gradient).map(|(x, g)| x * g).sum::<f64>()
/// });
/// let mut x: Vec<f64> = vec![1.0; 100];
/// let settings = Lbfgs {
///     memory: 5,
///     stopping: Stopping { gradient: 1e-6, ..Stopping::default() },
///     ..Lbfgs::default()
/// };
/// let minimum = settings.minimise(bowl, &mut x)?;
/// assert!(minimum.converged() && minimum.gradient <= 1e-6);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lbfgs {
    /// How many steps are remembered; 10 by default.
    pub memory: usize,
    /// When to stop.
    pub stopping: Stopping,
    /// The line search; that of Moré and Thuente by default.
    pub line_search: LineSearch,
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self {
            memory: 10,
            stopping: Stopping::default(),
            line_search: LineSearch::default(),
        }
    }
}

impl Lbfgs {
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
        check_memory(self.memory)?;
        let history = History {
            memory: self.memory,
            pairs: VecDeque::new(),
        };
        descend(problem, x, &self.stopping, &self.line_search, history)
    }
}

pub(super) fn check_memory(memory: usize) -> Result<(), Error> {
    if memory == 0 {
        return Err(Error::configuration(
            "the memory 0 can't be used: at least one step must be remembered",
        ));
    }
    Ok(())
}

/// A step, the change of the gradient over it, and the reciprocal of their product.
struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
    rho: f64,
}

struct History {
    memory: usize,
    pairs: VecDeque<Pair>,
}

impl<P: Problem> Directions<P> for History {
    /// The recursion over two loops (Nocedal and Wright 2006, algorithm 7.4).
    fn direct(
        &mut self,
        _: &mut Evaluator<P>,
        state: &State,
        direction: &mut [f64],
    ) -> Result<(), Error> {
        direction
            .iter_mut()
            .zip(&state.gradient)
            .for_each(|(d, g)| *d = -g);
        let mut weights = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let weight = pair.rho * dot(&pair.s, direction);
            add_scaled(direction, -weight, &pair.y);
            weights.push(weight);
        }
        if let Some(last) = self.pairs.back() {
            let scale = 1.0 / (last.rho * dot(&last.y, &last.y));
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        for (pair, weight) in self.pairs.iter().zip(weights.into_iter().rev()) {
            let back = pair.rho * dot(&pair.y, direction);
            add_scaled(direction, weight - back, &pair.s);
        }
        Ok(())
    }

    fn learn(&mut self, s: &[f64], y: &[f64]) {
        let curvature = dot(s, y);
        if curvature <= f64::EPSILON * (dot(s, s) * dot(y, y)).sqrt() {
            return;
        }
        if self.pairs.len() == self.memory {
            self.pairs.pop_front();
        }
        self.pairs.push_back(Pair {
            s: s.to_vec(),
            y: y.to_vec(),
            rho: curvature.recip(),
        });
    }

    fn forget(&mut self) -> bool {
        let any = !self.pairs.is_empty();
        self.pairs.clear();
        any
    }

    fn first_step(&self, state: &State, _: f64) -> f64 {
        if self.pairs.is_empty() {
            careful_step(state)
        } else {
            1.0
        }
    }
}
