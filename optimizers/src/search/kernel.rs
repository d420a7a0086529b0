//! Covariance functions with a length scale per coordinate, and their derivatives.

use serde::{Deserialize, Serialize};

/// How covariance falls with the scaled distance `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shape {
    /// `exp(-d^2 / 2)`: infinitely smooth.
    SquaredExponential,
    /// `exp(-d)`: continuous.
    Matern12,
    /// `(1 + sqrt(3) d) exp(-sqrt(3) d)`: differentiable once.
    Matern32,
    /// `(1 + sqrt(5) d + 5 d^2 / 3) exp(-sqrt(5) d)`: differentiable twice.
    Matern52,
}

/// `variance` times a shape of the distance, each coordinate divided by its length scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// How covariance falls with distance.
    pub shape: Shape,
    /// The covariance at distance 0.
    pub variance: f64,
    /// A length scale per coordinate.
    pub lengths: Vec<f64>,
}

impl Kernel {
    /// The covariance of two points.
    #[must_use]
    pub fn covariance(&self, a: &[f64], b: &[f64]) -> f64 {
        self.variance * self.shape.at(self.square_distance(a, b)).0
    }

    fn square_distance(&self, a: &[f64], b: &[f64]) -> f64 {
        let coordinates = a.iter().zip(b).zip(&self.lengths);
        coordinates.map(|((a, b), l)| ((a - b) / l).powi(2)).sum()
    }

    /// The covariance, and its derivatives by the logarithms of the variance and the lengths.
    pub(super) fn derivatives(&self, a: &[f64], b: &[f64], by_log: &mut [f64]) -> f64 {
        let (value, slope) = self.shape.at(self.square_distance(a, b));
        by_log[0] = self.variance * value;
        for (k, length) in self.lengths.iter().enumerate() {
            let scaled = (a[k] - b[k]) / length;
            by_log[k + 1] = -2.0 * self.variance * slope * scaled * scaled;
        }
        self.variance * value
    }
}

impl Shape {
    /// The value at a squared distance, and its derivative by that square.
    fn at(self, square: f64) -> (f64, f64) {
        let distance = square.sqrt();
        match self {
            Shape::SquaredExponential => {
                let value = (-0.5 * square).exp();
                (value, -0.5 * value)
            }
            Shape::Matern12 => {
                let value = (-distance).exp();
                // At distance 0 every coordinate's difference is 0, whatever it is multiplied with.
                (value, -0.5 * value / distance.max(f64::MIN_POSITIVE.sqrt()))
            }
            Shape::Matern32 => {
                let d = 3.0_f64.sqrt() * distance;
                ((1.0 + d) * (-d).exp(), -1.5 * (-d).exp())
            }
            Shape::Matern52 => {
                let d = 5.0_f64.sqrt() * distance;
                let decay = (-d).exp();
                (
                    (1.0 + d + d * d / 3.0) * decay,
                    -5.0 / 6.0 * (1.0 + d) * decay,
                )
            }
        }
    }
}
