//! L-BFGS-B: L-BFGS with bounds.

use cotangent_runtime::Leaves;
use serde::{Deserialize, Serialize};

use super::cauchy::{CauchyPoint, cauchy_point};
use super::compact::Compact;
use super::descent::{Along, Blindness, State, advance, failure};
use super::evaluator::{Evaluator, check_length};
use super::lbfgs::check_memory;
use super::vector::{add_scaled, difference, dot, norm};
use super::{Bounds, LineSearch, Minimum, Problem, Reason, Stopping, dense, point};
use crate::Error;

/// L-BFGS with bounds on single elements (Byrd, Lu, Nocedal and Zhu 1995): each direction leads to
/// the minimum of the model over the elements that the generalised Cauchy point leaves free. A
/// starting point outside is moved to the nearest one inside, and no evaluation is outside.
///
/// ```
/// use cotangent_optimizers::minimise::{Bounds, Lbfgsb, objective};
/// // The point of least distance to (2, -1) in the unit square is (1, 0).
/// let distance = objective(|x| {
///     let (a, b) = (x[0] - 2.0, x[1] + 1.0);
///     (a * a + b * b, vec![2.0 * a, 2.0 * b])
/// });
/// let mut x: Vec<f64> = vec![0.5, 0.5];
/// let square = Bounds::uniform(2, 0.0, 1.0)?;
/// let minimum = Lbfgsb::default().minimise(distance, &square, &mut x)?;
/// assert!(minimum.converged() && x == [1.0, 0.0]);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lbfgsb {
    /// How many steps are remembered; 10 by default.
    pub memory: usize,
    /// When to stop.
    pub stopping: Stopping,
    /// The line search; that of Moré and Thuente by default.
    pub line_search: LineSearch,
}

impl Default for Lbfgsb {
    fn default() -> Self {
        Self {
            memory: 10,
            stopping: Stopping::default(),
            line_search: LineSearch::default(),
        }
    }
}

impl Lbfgsb {
    /// Minimises within `bounds` from the point in `x`, and leaves the best point there.
    ///
    /// # Errors
    /// When a setting can't be used, the point is empty, not finite or of another length than the
    /// bounds, or the problem gives a gradient of another length or an error; `x` is unchanged
    /// then.
    pub fn minimise(
        &self,
        problem: impl Problem,
        bounds: &Bounds,
        x: &mut (impl Leaves + ?Sized),
    ) -> Result<Minimum, Error> {
        self.stopping.validate()?;
        self.line_search.validate()?;
        check_memory(self.memory)?;
        let mut start = point::read(x)?;
        check_length("list of bounds", bounds.len(), start.len())?;
        bounds.project(&mut start);
        let mut problem = Evaluator::new(problem);
        let mut model = Compact::new(self.memory);
        let mut state = State {
            x: start,
            value: f64::NAN,
            gradient: Vec::new(),
            iterations: 0,
        };
        state.value = problem.value(&state.x, &mut state.gradient)?;
        let mut trace = vec![state.value];
        let mut blind = Blindness::default();
        let reason = loop {
            if state.value.is_nan() {
                break Reason::NotFinite;
            }
            let size = bounds.projected_gradient(&state.x, &state.gradient);
            let spent = problem.counts.values;
            if let Some(reason) = self.stopping.at_point(size, state.iterations, spent) {
                break reason;
            }
            let cauchy = cauchy_point(&state.x, &state.gradient, bounds, &model);
            let target = subspace_minimum(&state, cauchy, bounds, &model);
            let direction = difference(&target, &state.x);
            let slope = dot(&direction, &state.gradient);
            let first = match model.rank() {
                0 => 1.0 / norm(&direction),
                _ => 1.0,
            };
            let along = Along {
                direction: &direction,
                slope,
                first,
                bounds: Some(bounds),
            };
            if blind.stalls(-slope * first, state.value, size) {
                break Reason::Precision;
            }
            let next = match advance(&mut problem, &state, &along, &self.line_search)? {
                Ok(next) => next,
                Err(_) if model.forget() => continue,
                Err(error) => break failure(error, -slope * first, state.value),
            };
            let s = difference(&next.x, &state.x);
            let done = self
                .stopping
                .after_step(state.value, next.value, &next.x, &s);
            model.learn(s, difference(&next.gradient, &state.gradient));
            state = next;
            trace.push(state.value);
            if let Some(reason) = done {
                break reason;
            }
        };
        point::write(&state.x, x);
        Ok(Minimum {
            value: state.value,
            gradient: bounds.projected_gradient(&state.x, &state.gradient),
            iterations: state.iterations,
            evaluations: problem.counts,
            reason,
            trace,
        })
    }
}

/// The minimum of the model over the elements that are free at the Cauchy point, cut back to the
/// bounds (the direct primal method of section 5.1).
fn subspace_minimum(
    state: &State,
    cauchy: CauchyPoint,
    bounds: &Bounds,
    model: &Compact,
) -> Vec<f64> {
    let CauchyPoint {
        x: mut point,
        image,
    } = cauchy;
    let free: Vec<usize> = (0..point.len())
        .filter(|&index| {
            let (low, high) = bounds.of(index);
            point[index] > low && point[index] < high
        })
        .collect();
    let (rank, theta) = (model.rank(), model.theta);
    let inner = model.middle_times(&image);
    let rows: Vec<Vec<f64>> = free.iter().map(|&index| model.row(index)).collect();
    // The model's gradient at the Cauchy point, over the free elements.
    let residual: Vec<f64> = free
        .iter()
        .zip(&rows)
        .map(|(&index, row)| {
            state.gradient[index] + theta * (point[index] - state.x[index]) - dot(row, &inner)
        })
        .collect();
    let mut step: Vec<f64> = residual.iter().map(|r| -r / theta).collect();
    if rank > 0 {
        let (mut over_free, mut gram) = (vec![0.0; rank], vec![0.0; rank * rank]);
        for (row, r) in rows.iter().zip(&residual) {
            add_scaled(&mut over_free, *r, row);
            for (line, w) in gram.chunks_mut(rank).zip(row) {
                add_scaled(line, w / theta, row);
            }
        }
        // N = I - M (W'Z Z'W) / theta
        let mut n = vec![0.0; rank * rank];
        for (i, line) in model.middle().chunks(rank).enumerate() {
            for (m, gram_row) in line.iter().zip(gram.chunks(rank)) {
                add_scaled(&mut n[i * rank..][..rank], -m, gram_row);
            }
            n[i * rank + i] += 1.0;
        }
        let mut v = model.middle_times(&over_free);
        if dense::solve(&mut n, &mut v).is_some() {
            for (step, row) in step.iter_mut().zip(&rows) {
                *step -= dot(row, &v) / (theta * theta);
            }
        }
    }
    let mut direction = vec![0.0; point.len()];
    for (&index, step) in free.iter().zip(&step) {
        direction[index] = *step;
    }
    let length = bounds.furthest(&point, &direction).min(1.0);
    add_scaled(&mut point, length, &direction);
    bounds.project(&mut point);
    point
}
