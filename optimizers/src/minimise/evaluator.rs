//! A problem with its evaluations counted and the lengths of its answers checked.

use super::{DenseCurvature, Evaluations, Problem, ProductCurvature};
use crate::Error;

pub(super) struct Evaluator<P> {
    problem: P,
    pub(super) counts: Evaluations,
}

impl<P: Problem> Evaluator<P> {
    pub(super) fn new(problem: P) -> Self {
        Self {
            problem,
            counts: Evaluations::default(),
        }
    }

    /// The value at `x`; not a number where the value or its gradient isn't finite.
    pub(super) fn value(&mut self, x: &[f64], gradient: &mut Vec<f64>) -> Result<f64, Error> {
        self.counts.values += 1;
        let value = self.problem.value_and_gradient(x, gradient)?;
        check_length("gradient", gradient.len(), x.len())?;
        let finite = value.is_finite() && gradient.iter().all(|g| g.is_finite());
        Ok(if finite { value } else { f64::NAN })
    }
}

impl<P: ProductCurvature> Evaluator<P> {
    pub(super) fn product(
        &mut self,
        x: &[f64],
        along: &[f64],
        product: &mut Vec<f64>,
    ) -> Result<(), Error> {
        self.counts.products += 1;
        self.problem.product(x, along, product)?;
        check_length("Hessian-vector product", product.len(), x.len())
    }
}

impl<P: DenseCurvature> Evaluator<P> {
    pub(super) fn hessian(&mut self, x: &[f64], hessian: &mut Vec<f64>) -> Result<(), Error> {
        self.counts.hessians += 1;
        self.problem.hessian(x, hessian)?;
        check_length("Hessian", hessian.len(), x.len() * x.len())
    }
}

pub(super) fn check_length(what: &str, found: usize, wanted: usize) -> Result<(), Error> {
    if found == wanted {
        return Ok(());
    }
    Err(Error::structure(format!(
        "the {what} has {found} elements where the point asks for {wanted}"
    )))
}
