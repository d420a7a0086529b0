//! Trust regions: steps within a radius in which the quadratic model has proven right.

use cotangent_runtime::Leaves;
use serde::{Deserialize, Serialize};

use super::dense::Cholesky;
use super::descent::{State, rounding};
use super::evaluator::Evaluator;
use super::newton::forcing;
use super::truncated_cg::{self, Truncated, to_radius};
use super::vector::{add_scaled, difference, dot, largest, norm};
use super::{DenseCurvature, Minimum, Problem, ProductCurvature, Reason, Stopping, point};
use crate::Error;
use crate::error::check_range;

/// The radius within which a quadratic model is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// The first radius; 1 by default.
    pub first: f64,
    /// The largest radius; 1000 by default.
    pub largest: f64,
}

impl Default for Region {
    fn default() -> Self {
        Self {
            first: 1.0,
            largest: 1e3,
        }
    }
}

/// A trust region whose steps are conjugate gradients cut short at the radius (Steihaug 1983), from
/// products `f::hvp`: for any number of elements, and for functions that are not convex.
///
/// ```
/// use cotangent_optimizers::minimise::{TrustRegion, objective};
/// // x^4 / 4 - x^2 / 2: the curvature at the start is negative.
/// let problem = objective(|x| {
///     let x = x[0];
///     (x.powi(4) / 4.0 - x * x / 2.0, vec![x.powi(3) - x])
/// })
/// .with_products(|x, d| vec![(3.0 * x[0] * x[0] - 1.0) * d[0]]);
/// let mut x: Vec<f64> = vec![0.1];
/// TrustRegion::default().minimise(problem, &mut x)?;
/// assert!((x[0] - 1.0).abs() < 1e-8);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrustRegion {
    /// When to stop.
    pub stopping: Stopping,
    /// The radius.
    pub region: Region,
}

/// A trust region whose steps follow the dogleg from the steepest descent to the Newton step
/// (Powell 1970), from whole Hessians; one that isn't positive definite is shifted until it is.
///
/// ```
/// use cotangent_optimizers::minimise::{Dogleg, objective};
/// let problem = objective(|x| (x[0].exp() - 2.0 * x[0], vec![x[0].exp() - 2.0]))
///     .with_hessian(|x| vec![x[0].exp()]);
/// let mut x: Vec<f64> = vec![3.0];
/// Dogleg::default().minimise(problem, &mut x)?;
/// assert!((x[0] - 2.0_f64.ln()).abs() < 1e-8);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dogleg {
    /// When to stop.
    pub stopping: Stopping,
    /// The radius.
    pub region: Region,
}

impl TrustRegion {
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
        run(problem, x, &self.stopping, &self.region, steihaug)
    }
}

impl Dogleg {
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
        run(problem, x, &self.stopping, &self.region, dogleg)
    }
}

fn steihaug<P: ProductCurvature>(
    problem: &mut Evaluator<P>,
    state: &State,
    radius: f64,
) -> Result<Truncated, Error> {
    let tolerance = forcing(norm(&state.gradient));
    truncated_cg::solve(&state.gradient, radius, tolerance, |along, product| {
        problem.product(&state.x, along, product)
    })
}

fn dogleg<P: DenseCurvature>(
    problem: &mut Evaluator<P>,
    state: &State,
    radius: f64,
) -> Result<Truncated, Error> {
    let gradient = &state.gradient;
    let size = gradient.len();
    let mut hessian = Vec::new();
    problem.hessian(&state.x, &mut hessian)?;
    let times = |v: &[f64]| -> Vec<f64> { hessian.chunks(size).map(|row| dot(row, v)).collect() };
    let mut step: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let factor = Cholesky::shifted(&hessian, size);
    if let Some(factor) = &factor {
        factor.solve(&mut step);
    }
    let on_boundary = factor.is_none() || norm(&step) > radius;
    if on_boundary {
        let newton = step;
        let square = dot(gradient, gradient);
        let curvature = dot(gradient, &times(gradient));
        let descent = if curvature > 0.0 {
            square / curvature
        } else {
            f64::INFINITY
        };
        let edge = radius / square.sqrt();
        step = gradient.iter().map(|g| -g * descent.min(edge)).collect();
        if descent < edge && factor.is_some() {
            let bend = difference(&newton, &step);
            let length = to_radius(&step, &bend, radius);
            add_scaled(&mut step, length, &bend);
        }
    }
    let decrease = -dot(gradient, &step) - 0.5 * dot(&step, &times(&step));
    Ok(Truncated {
        step,
        decrease,
        on_boundary,
    })
}

/// A step is taken if the value falls by this part of what the model promises.
const ACCEPT: f64 = 0.1;

fn run<P: Problem>(
    problem: P,
    x: &mut (impl Leaves + ?Sized),
    stopping: &Stopping,
    region: &Region,
    mut choose: impl FnMut(&mut Evaluator<P>, &State, f64) -> Result<Truncated, Error>,
) -> Result<Minimum, Error> {
    stopping.validate()?;
    check_range(
        "the first radius",
        region.first,
        f64::MIN_POSITIVE,
        f64::INFINITY,
    )?;
    check_range(
        "the largest radius",
        region.largest,
        region.first,
        f64::INFINITY,
    )?;
    let mut problem = Evaluator::new(problem);
    let mut state = State::start(&mut problem, point::read(x)?)?;
    let mut trace = vec![state.value];
    let mut radius = region.first;
    let mut gradient = Vec::new();
    // What the model promised at this point before the radius had to shrink.
    let mut promised: Option<f64> = None;
    let reason = loop {
        if state.value.is_nan() {
            break Reason::NotFinite;
        }
        let size = largest(&state.gradient);
        let spent = problem.counts.values;
        if let Some(reason) = stopping.at_point(size, state.iterations, spent) {
            break reason;
        }
        let Truncated {
            step,
            decrease,
            on_boundary,
        } = choose(&mut problem, &state, radius)?;
        let mut next = state.x.clone();
        add_scaled(&mut next, 1.0, &step);
        let value = problem.value(&next, &mut gradient)?;
        state.iterations += 1;
        let noise = rounding(state.value);
        let at_rest = *promised.get_or_insert(decrease) <= noise;
        let blind = at_rest && (state.value - value).abs() <= noise;
        // Where the value shows nothing but rounding, the gradient is the judge.
        let ratio = if blind {
            if largest(&gradient) >= size {
                break Reason::Precision;
            }
            1.0
        } else {
            (state.value - value) / decrease
        };
        if ratio > 0.75 && on_boundary {
            radius = (2.0 * radius).min(region.largest);
        } else if ratio < 0.25 || ratio.is_nan() {
            radius = 0.25 * radius.min(norm(&step));
        }
        if ratio > ACCEPT {
            let done = stopping.after_step(state.value, value, &next, &step);
            (state.x, state.value) = (next, value);
            std::mem::swap(&mut state.gradient, &mut gradient);
            trace.push(state.value);
            promised = None;
            if let Some(reason) = done {
                break reason;
            }
        } else if radius <= f64::EPSILON * largest(&state.x).max(f64::MIN_POSITIVE) {
            break if value.is_nan() {
                Reason::NotFinite
            } else if at_rest {
                Reason::Precision
            } else {
                Reason::NoStep
            };
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
