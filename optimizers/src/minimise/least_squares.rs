//! Sums of squares of residuals: half of `|r(x)|^2` is minimised with the Jacobian of `r` alone.

mod gauss_newton;
mod levenberg_marquardt;

pub use gauss_newton::GaussNewton;
pub use levenberg_marquardt::LevenbergMarquardt;

use cotangent_runtime::Leaves;

use super::evaluator::check_length;
use super::vector::{add_scaled, dot, largest};
use super::{Evaluations, Minimum, Reason, Stopping, point};
use crate::Error;

/// Residuals and their Jacobian; see [`residuals`].
pub struct Residuals<R, J> {
    residuals: R,
    jacobian: J,
}

/// A problem of least squares: `residuals` yields a vector, and `jacobian` its derivatives, a row
/// per residual one after another, as of a companion:
/// `residuals(|w| model(w, &x, &y), |w| model::jacobian(w, &x, &y).into_data())`.
pub fn residuals<R, J>(residuals: R, jacobian: J) -> Residuals<R, J>
where
    R: FnMut(&[f64]) -> Vec<f64>,
    J: FnMut(&[f64]) -> Vec<f64>,
{
    Residuals {
        residuals,
        jacobian,
    }
}

/// A point with its residuals and their Jacobian.
struct Fit<R, J> {
    problem: Residuals<R, J>,
    x: Vec<f64>,
    residuals: Vec<f64>,
    jacobian: Vec<f64>,
    gradient: Vec<f64>,
    counts: Evaluations,
}

impl<R, J> Fit<R, J>
where
    R: FnMut(&[f64]) -> Vec<f64>,
    J: FnMut(&[f64]) -> Vec<f64>,
{
    fn start(problem: Residuals<R, J>, x: Vec<f64>) -> Result<Self, Error> {
        let mut fit = Self {
            problem,
            gradient: vec![0.0; x.len()],
            residuals: Vec::new(),
            jacobian: Vec::new(),
            counts: Evaluations::default(),
            x,
        };
        fit.residuals = (fit.problem.residuals)(&fit.x);
        fit.counts.values += 1;
        if fit.residuals.is_empty() {
            return Err(Error::structure("there are no residuals to make small"));
        }
        fit.linearise()?;
        Ok(fit)
    }

    /// Half the sum of squares.
    fn cost(&self) -> f64 {
        0.5 * dot(&self.residuals, &self.residuals)
    }

    /// Whether the residuals and their Jacobian are finite here.
    fn is_finite(&self) -> bool {
        self.cost().is_finite() && self.gradient.iter().all(|g| g.is_finite())
    }

    /// Goes from point to point by what `attempt` tries, and leaves the last one in `x`; on an error `x` is
    /// unchanged.
    fn descend(
        mut self,
        stopping: &Stopping,
        x: &mut (impl Leaves + ?Sized),
        mut attempt: impl FnMut(&mut Self) -> Result<Attempt, Error>,
    ) -> Result<Minimum, Error> {
        let (mut iterations, mut trace) = (0, vec![self.cost()]);
        let reason = loop {
            if !self.is_finite() {
                break Reason::NotFinite;
            }
            let size = largest(&self.gradient);
            if let Some(reason) = stopping.at_point(size, iterations, self.counts.values) {
                break reason;
            }
            iterations += 1;
            let before = self.cost();
            match attempt(&mut self)? {
                Attempt::Moved(next) => {
                    let done = stopping.after_step(before, next.cost, &next.x, &next.step);
                    self.go(next.x, next.residuals)?;
                    trace.push(next.cost);
                    if let Some(reason) = done {
                        break reason;
                    }
                }
                Attempt::Refused => {}
                Attempt::Ended(reason) => break reason,
            }
        };
        point::write(&self.x, x);
        Ok(Minimum {
            value: self.cost(),
            gradient: largest(&self.gradient),
            iterations,
            evaluations: self.counts,
            reason,
            trace,
        })
    }

    /// The point a step away.
    fn after(&mut self, step: Vec<f64>) -> Result<Next, Error> {
        let mut x = self.x.clone();
        add_scaled(&mut x, 1.0, &step);
        let residuals = self.at(&x)?;
        Ok(Next {
            cost: 0.5 * dot(&residuals, &residuals),
            x,
            residuals,
            step,
        })
    }

    /// The residuals at another point.
    fn at(&mut self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let residuals = (self.problem.residuals)(x);
        self.counts.values += 1;
        check_length("list of residuals", residuals.len(), self.residuals.len())?;
        Ok(residuals)
    }

    /// Goes to a point whose residuals are known.
    fn go(&mut self, x: Vec<f64>, residuals: Vec<f64>) -> Result<(), Error> {
        (self.x, self.residuals) = (x, residuals);
        self.linearise()
    }

    fn linearise(&mut self) -> Result<(), Error> {
        self.jacobian = (self.problem.jacobian)(&self.x);
        self.counts.jacobians += 1;
        let entries = self.residuals.len() * self.x.len();
        check_length("Jacobian", self.jacobian.len(), entries)?;
        self.gradient.fill(0.0);
        for (row, r) in self.jacobian.chunks(self.x.len()).zip(&self.residuals) {
            add_scaled(&mut self.gradient, *r, row);
        }
        Ok(())
    }

    /// The change of the residuals over a step, to first order.
    fn change(&self, step: &[f64]) -> Vec<f64> {
        let rows = self.jacobian.chunks(self.x.len());
        rows.map(|row| dot(row, step)).collect()
    }
}

/// What came of an iteration.
enum Attempt {
    /// A better point was found.
    Moved(Next),
    /// None was; the next iteration tries something else.
    Refused,
    /// There is none to be found.
    Ended(Reason),
}

/// A point that was tried, and the step to it.
struct Next {
    x: Vec<f64>,
    residuals: Vec<f64>,
    cost: f64,
    step: Vec<f64>,
}

/// The norm of each column of a matrix that lies row by row.
fn column_norms(matrix: &[f64], columns: usize) -> impl Iterator<Item = f64> {
    (0..columns).map(move |column| {
        let entries = matrix.iter().skip(column).step_by(columns);
        entries.map(|entry| entry * entry).sum::<f64>().sqrt()
    })
}
