//! Minimisers of smooth functions and of sums of squares, with derivatives from closures.
//!
//! A [`Problem`] gives values and gradients over a flat point of f64; [`objective`] makes one of a
//! companion's `value_and_grad`, [`model_objective`] of a function over a derived model. Second
//! order comes with [`Objective::with_products`] (from `f::hvp`) or [`Objective::with_hessian`]
//! (from `f::hessian`). Every minimiser is a struct of settings with defaults, leaves the best
//! point that it found in the structure it was given, and says in a [`Minimum`] what it did and
//! why it stopped.
//!
//! ```
//! use cotangent_optimizers::minimise::{Lbfgs, objective};
//! // f(x) = (1 - x0)^2 + 100 (x1 - x0^2)^2
//! let rosenbrock = objective(|x| {
//!     let valley = x[1] - x[0] * x[0];
//!     let value = (1.0 - x[0]).powi(2) + 100.0 * valley * valley;
//!     (value, vec![-2.0 * (1.0 - x[0]) - 400.0 * x[0] * valley, 200.0 * valley])
//! });
//! let mut x: Vec<f64> = vec![-1.2, 1.0];
//! let minimum = Lbfgs::default().minimise(rosenbrock, &mut x)?;
//! assert!(minimum.converged() && (x[0] - 1.0).abs() < 1e-6);
//! # Ok::<(), cotangent_optimizers::Error>(())
//! ```
//!
//! It knows vectors and small dense matrices, and nothing of tensors or graphs. Numbers are added
//! in a fixed order: the same problem gives the same digits.

mod bfgs;
mod bounds;
mod cauchy;
mod cg;
mod compact;
mod dense;
mod descent;
mod evaluator;
mod lbfgs;
mod lbfgsb;
mod least_squares;
mod line_search;
mod minimum;
mod newton;
mod objective;
mod point;
mod stopping;
mod truncated_cg;
mod trust_region;
mod vector;

pub use bfgs::Bfgs;
pub use bounds::Bounds;
pub(crate) use dense::Cholesky;

pub use cg::{Conjugacy, NonlinearCg};
pub use lbfgs::Lbfgs;
pub use lbfgsb::Lbfgsb;
pub use least_squares::{GaussNewton, LevenbergMarquardt, Residuals, residuals};
pub use line_search::{
    Backtracking, Fixed, HagerZhang, LineSearch, LineSearchError, MoreThuente, StrongWolfe, Trial,
};
pub use minimum::{Evaluations, Minimum, Reason};
pub use newton::{Newton, NewtonCg};
pub use objective::{
    DenseCurvature, Function, Gradient, Objective, Problem, ProductCurvature, WithHessian,
    WithProducts, model_objective, objective, objective_into,
};
pub use stopping::Stopping;
pub use trust_region::{Dogleg, Region, TrustRegion};
