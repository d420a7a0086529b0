//! The loop of all minimisers that search along a direction: BFGS, L-BFGS, conjugate gradients,
//! Newton and Newton-CG differ in their directions alone.

use std::cell::Cell;

use cotangent_runtime::Leaves;

use super::evaluator::Evaluator;
use super::vector::{add_scaled, difference, dot, largest};
use super::{
    Bounds, LineSearch, LineSearchError, Minimum, Problem, Reason, Stopping, Trial, point,
};
use crate::Error;

/// A way to choose directions.
pub(super) trait Directions<P> {
    /// Writes a direction that should descend. `state.gradient` is at `state.x`.
    fn direct(
        &mut self,
        problem: &mut Evaluator<P>,
        state: &State,
        direction: &mut [f64],
    ) -> Result<(), Error>;

    /// Takes a step `s` and the change `y` of the gradient over it.
    fn learn(&mut self, s: &[f64], y: &[f64]);

    /// Forgets what was learned; whether there was anything.
    fn forget(&mut self) -> bool;

    /// The first step to try.
    fn first_step(&self, state: &State, slope: f64) -> f64;
}

/// Where a descent stands.
pub(super) struct State {
    pub(super) x: Vec<f64>,
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
    pub(super) iterations: u64,
}

impl State {
    /// The state at a starting point, with its value and gradient.
    pub(super) fn start<P: Problem>(
        problem: &mut Evaluator<P>,
        x: Vec<f64>,
    ) -> Result<State, Error> {
        let mut gradient = Vec::new();
        let value = problem.value(&x, &mut gradient)?;
        Ok(State {
            x,
            value,
            gradient,
            iterations: 0,
        })
    }
}

/// A first step along the negative gradient that moves no element by more than 1.
pub(super) fn careful_step(state: &State) -> f64 {
    let size: f64 = state.gradient.iter().map(|g| g.abs()).sum();
    (1.0 / size).min(1.0)
}

/// Minimises from the point in `x`, and leaves the best point there.
pub(super) fn descend<P: Problem>(
    problem: P,
    x: &mut (impl Leaves + ?Sized),
    stopping: &Stopping,
    line_search: &LineSearch,
    mut directions: impl Directions<P>,
) -> Result<Minimum, Error> {
    stopping.validate()?;
    line_search.validate()?;
    let mut problem = Evaluator::new(problem);
    let mut state = State::start(&mut problem, point::read(x)?)?;
    let mut trace = vec![state.value];
    let mut direction = vec![0.0; state.x.len()];
    let mut blind = Blindness::default();
    let reason = loop {
        if state.value.is_nan() {
            break Reason::NotFinite;
        }
        let size = largest(&state.gradient);
        let spent = problem.counts.values;
        if let Some(reason) = stopping.at_point(size, state.iterations, spent) {
            break reason;
        }
        directions.direct(&mut problem, &state, &mut direction)?;
        let mut slope = dot(&direction, &state.gradient);
        if !(slope < 0.0 && slope.is_finite()) {
            directions.forget();
            direction = state.gradient.iter().map(|g| -g).collect();
            slope = -dot(&state.gradient, &state.gradient);
        }
        let first = directions.first_step(&state, slope);
        let along = Along {
            direction: &direction,
            slope,
            first,
            bounds: None,
        };
        if blind.stalls(-slope * first, state.value, size) {
            break Reason::Precision;
        }
        let moved = advance(&mut problem, &state, &along, line_search)?;
        let next = match moved {
            Ok(next) => next,
            // What was learned may be stale; the steepest descent has one more try.
            Err(_) if directions.forget() => continue,
            Err(error) => break failure(error, -slope * first, state.value),
        };
        let s = difference(&next.x, &state.x);
        directions.learn(&s, &difference(&next.gradient, &state.gradient));
        let done = stopping.after_step(state.value, next.value, &next.x, &s);
        state = next;
        trace.push(state.value);
        if let Some(reason) = done {
            break reason;
        }
    };
    point::write(&state.x, x);
    Ok(Minimum {
        value: state.value,
        gradient: largest(&state.gradient),
        iterations: state.iterations,
        evaluations: problem.counts,
        reason,
        trace,
    })
}

/// Why a descent ends whose search failed, although its slope promises this decrease.
pub(super) fn failure(error: LineSearchError, promised: f64, value: f64) -> Reason {
    match error {
        LineSearchError::NotFinite => Reason::NotFinite,
        _ if promised <= rounding(value) => Reason::Precision,
        _ => Reason::NoStep,
    }
}

/// A change of the value below this is rounding.
pub(super) fn rounding(value: f64) -> f64 {
    64.0 * f64::EPSILON * value.abs()
}

/// Watches a descent whose value shows nothing but rounding any more. The gradient may still
/// become smaller then, so the descent goes on as long as it does.
#[derive(Default)]
pub(super) struct Blindness {
    steps: u32,
    smallest: Option<f64>,
}

/// So many blind steps in a row may pass without the gradient being halved.
const BLIND_STEPS: u32 = 5;

impl Blindness {
    /// Whether it is time to stop, before a step that promises this decrease of the value.
    pub(super) fn stalls(&mut self, promised: f64, value: f64, gradient: f64) -> bool {
        if promised > rounding(value) {
            *self = Self::default();
            return false;
        }
        if self
            .smallest
            .is_none_or(|smallest| gradient < 0.5 * smallest)
        {
            (self.steps, self.smallest) = (0, Some(gradient));
        }
        self.steps += 1;
        self.steps > BLIND_STEPS
    }
}

/// A line to search along.
pub(super) struct Along<'a> {
    pub(super) direction: &'a [f64],
    pub(super) slope: f64,
    pub(super) first: f64,
    pub(super) bounds: Option<&'a Bounds>,
}

/// Searches along a direction and yields the state at the step that was found.
pub(super) fn advance<P: Problem>(
    problem: &mut Evaluator<P>,
    state: &State,
    along: &Along<'_>,
    line_search: &LineSearch,
) -> Result<Result<State, LineSearchError>, Error> {
    let start = Trial {
        step: 0.0,
        value: state.value,
        slope: along.slope,
    };
    let furthest = along.bounds.map_or(f64::INFINITY, |bounds| {
        bounds.furthest(&state.x, along.direction)
    });
    let mut next = State {
        x: state.x.clone(),
        value: f64::NAN,
        gradient: vec![0.0; state.x.len()],
        iterations: state.iterations + 1,
    };
    let (last, mut fault) = (Cell::new(0.0), None);
    let mut line = |step: f64| {
        next.x.copy_from_slice(&state.x);
        add_scaled(&mut next.x, step, along.direction);
        if let Some(bounds) = along.bounds {
            bounds.project(&mut next.x);
        }
        last.set(step);
        match problem.value(&next.x, &mut next.gradient) {
            Ok(value) => next.value = value,
            Err(error) => {
                next.value = f64::NAN;
                next.gradient = vec![0.0; next.x.len()];
                fault.get_or_insert(error);
            }
        }
        (next.value, dot(&next.gradient, along.direction))
    };
    let found = line_search.search(start, along.first, furthest, &mut line);
    let found = found.map(|trial| {
        // A search may come back to an earlier trial.
        if trial.step != last.get() {
            line(trial.step);
        }
    });
    match fault {
        Some(error) => Err(error),
        None => Ok(found.map(|()| next)),
    }
}
