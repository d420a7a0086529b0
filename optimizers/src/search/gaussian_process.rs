//! Regression by a Gaussian process, with its marginal likelihood and what it expects to gain.

use super::Kernel;
use super::normal::{below, density, log_expected_excess};
use crate::Error;
use crate::minimise::{Bounds, Cholesky, Lbfgsb, Stopping, objective};

/// A zero-mean Gaussian process, given values at some points (Rasmussen and Williams 2006,
/// algorithm 2.1).
///
/// ```
/// use cotangent_optimizers::search::{GaussianProcess, Kernel, Shape};
/// let kernel = Kernel { shape: Shape::Matern52, variance: 1.0, lengths: vec![0.5] };
/// let points = vec![vec![0.0], vec![1.0]];
/// let process = GaussianProcess::new(kernel, 1e-8, points, &[1.0, -1.0])?;
/// let near = process.predict(&[0.0]);
/// assert!((near.mean - 1.0).abs() < 1e-6 && near.deviation < 1e-3);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
pub struct GaussianProcess {
    kernel: Kernel,
    points: Vec<Vec<f64>>,
    factor: Cholesky,
    /// The inverse covariance times the values.
    weights: Vec<f64>,
    values: Vec<f64>,
}

/// What a process says of the value at a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The expected value.
    pub mean: f64,
    /// Its standard deviation.
    pub deviation: f64,
}

impl Prediction {
    /// The expectation of how far the value lies below `best`.
    #[must_use]
    pub fn expected_improvement(&self, best: f64) -> f64 {
        let z = (best - self.mean) / self.deviation;
        ((best - self.mean) * below(z) + self.deviation * density(z)).max(0.0)
    }

    /// The logarithm of the expected improvement, which does not underflow.
    #[must_use]
    pub fn log_expected_improvement(&self, best: f64) -> f64 {
        let z = (best - self.mean) / self.deviation;
        log_expected_excess(z) + self.deviation.ln()
    }

    /// The probability that the value lies below `best`.
    #[must_use]
    pub fn probability_of_improvement(&self, best: f64) -> f64 {
        below((best - self.mean) / self.deviation)
    }
}

impl GaussianProcess {
    /// The process after `values` at `points`, each with an independent error of variance `noise`.
    ///
    /// # Errors
    /// When there are no points, their number or length is wrong, a number can't be used, or the
    /// covariance isn't positive definite to rounding (more noise helps).
    pub fn new(
        kernel: Kernel,
        noise: f64,
        points: Vec<Vec<f64>>,
        values: &[f64],
    ) -> Result<Self, Error> {
        let size = points.len();
        let usable = |x: &f64| *x > 0.0 && x.is_finite();
        let scaled = kernel.lengths.iter().all(usable) && usable(&kernel.variance);
        let fits = points.iter().all(|p| p.len() == kernel.lengths.len());
        let quiet = noise >= 0.0 && noise.is_finite();
        if size == 0 || size != values.len() || !(fits && scaled && quiet) {
            return Err(Error::configuration(format!(
                "a Gaussian process can't be made of {size} points and {} values with {} length \
                 scales, all of which must be positive, and noise {noise}",
                values.len(),
                kernel.lengths.len()
            )));
        }
        let mut matrix = vec![0.0; size * size];
        for (i, a) in points.iter().enumerate() {
            for (j, b) in points.iter().enumerate().take(i + 1) {
                matrix[i * size + j] = kernel.covariance(a, b);
            }
        }
        let factor = Cholesky::of(&matrix, size, noise).ok_or_else(|| {
            Error::configuration(format!(
                "the covariance of the {size} points is not positive definite with noise {noise}: \
                 raise the noise"
            ))
        })?;
        let mut weights = values.to_vec();
        factor.solve(&mut weights);
        Ok(Self {
            kernel,
            points,
            factor,
            weights,
            values: values.to_vec(),
        })
    }

    /// What the process says of the value at a point, without the error of an observation.
    #[must_use]
    pub fn predict(&self, at: &[f64]) -> Prediction {
        let along: Vec<f64> = (self.points.iter())
            .map(|point| self.kernel.covariance(point, at))
            .collect();
        let mut solved = along.clone();
        self.factor.solve(&mut solved);
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let variance = self.kernel.variance - product(&along, &solved);
        Prediction {
            mean: product(&along, &self.weights),
            // Rounding may leave a little less than nothing where the value is known.
            deviation: variance.max(1e-14 * self.kernel.variance).sqrt(),
        }
    }

    /// The logarithm of the values' density under the process.
    #[must_use]
    pub fn log_likelihood(&self) -> f64 {
        let size = self.values.len() as f64;
        let square: f64 = self
            .values
            .iter()
            .zip(&self.weights)
            .map(|(y, w)| y * w)
            .sum();
        -0.5 * (square + self.factor.log_determinant() + size * (2.0 * std::f64::consts::PI).ln())
    }

    /// The derivatives of the log-likelihood by the logarithms of the variance and the lengths.
    #[must_use]
    pub fn log_likelihood_gradient(&self) -> Vec<f64> {
        let size = self.points.len();
        let count = self.kernel.lengths.len() + 1;
        let (mut gradient, mut by_log) = (vec![0.0; count], vec![0.0; count]);
        for i in 0..size {
            let mut inverse = vec![0.0; size];
            inverse[i] = 1.0;
            self.factor.solve(&mut inverse);
            for ((other, weight), inverse) in self.points.iter().zip(&self.weights).zip(&inverse) {
                let share = 0.5 * (self.weights[i] * weight - inverse);
                self.kernel.derivatives(&self.points[i], other, &mut by_log);
                for (g, d) in gradient.iter_mut().zip(&by_log) {
                    *g += share * d;
                }
            }
        }
        gradient
    }

    /// The process whose variance and lengths have the largest likelihood within a factor of 1000
    /// of `kernel`'s.
    ///
    /// # Errors
    /// As [`GaussianProcess::new`].
    pub fn fit(
        kernel: Kernel,
        noise: f64,
        points: Vec<Vec<f64>>,
        values: &[f64],
    ) -> Result<Self, Error> {
        let with = |logs: &[f64]| Kernel {
            shape: kernel.shape,
            variance: logs[0].exp(),
            lengths: logs[1..].iter().map(|log| log.exp()).collect(),
        };
        let start = Self::new(kernel.clone(), noise, points.clone(), values)?;
        let mut logs: Vec<f64> = [kernel.variance.ln()]
            .into_iter()
            .chain(kernel.lengths.iter().map(|l| l.ln()))
            .collect();
        let range = 1000.0_f64.ln();
        let bounds = Bounds::new(
            logs.iter().map(|log| log - range).collect(),
            logs.iter().map(|log| log + range).collect(),
        )?;
        let loss = objective(
            |logs| match Self::new(with(logs), noise, points.clone(), values) {
                Ok(process) => {
                    let gradient = process.log_likelihood_gradient();
                    (
                        -process.log_likelihood(),
                        gradient.iter().map(|g| -g).collect(),
                    )
                }
                // A covariance that is singular to rounding is no candidate.
                Err(_) => (f64::NAN, vec![0.0; logs.len()]),
            },
        );
        let settings = Lbfgsb {
            stopping: Stopping {
                gradient: 1e-6,
                iterations: 200,
                ..Stopping::default()
            },
            ..Lbfgsb::default()
        };
        let found = settings.minimise(loss, &bounds, &mut logs)?;
        if found.value < -start.log_likelihood() {
            Self::new(with(&logs), noise, points, values)
        } else {
            Ok(start)
        }
    }

    /// The covariance function.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }
}
