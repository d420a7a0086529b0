//! Bounds on single elements.

use serde::{Deserialize, Serialize};

use crate::Error;

/// A lower and an upper bound for every element of the flat point; infinite where there is none.
///
/// ```
/// use cotangent_optimizers::minimise::Bounds;
/// let rates = Bounds::uniform(3, 0.0, f64::INFINITY)?;
/// let box_ = Bounds::new(vec![-1.0, 0.0], vec![1.0, 2.0])?;
/// assert!(Bounds::new(vec![1.0], vec![0.0]).is_err());
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl Bounds {
    /// These bounds.
    ///
    /// # Errors
    /// When the lengths differ, a bound is not a number, or a lower bound is above its upper one.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, Error> {
        if lower.len() != upper.len() {
            return Err(Error::configuration(format!(
                "there are {} lower and {} upper bounds",
                lower.len(),
                upper.len()
            )));
        }
        let mut pairs = lower.iter().zip(&upper);
        // A bound that is not a number is in no order with another.
        let ordered = |(low, high): (&f64, &f64)| low <= high;
        if let Some(index) = pairs.position(|pair| !ordered(pair)) {
            return Err(Error::configuration(format!(
                "the bounds of element {index} can't be used: {} to {}",
                lower[index], upper[index]
            )));
        }
        Ok(Self { lower, upper })
    }

    /// The same bounds for each of `len` elements.
    ///
    /// # Errors
    /// As [`Bounds::new`].
    pub fn uniform(len: usize, lower: f64, upper: f64) -> Result<Self, Error> {
        Self::new(vec![lower; len], vec![upper; len])
    }

    pub(super) fn len(&self) -> usize {
        self.lower.len()
    }

    pub(super) fn of(&self, index: usize) -> (f64, f64) {
        (self.lower[index], self.upper[index])
    }

    /// Moves every element to the nearest value that is allowed.
    pub(super) fn project(&self, x: &mut [f64]) {
        for ((x, low), high) in x.iter_mut().zip(&self.lower).zip(&self.upper) {
            *x = x.clamp(*low, *high);
        }
    }

    /// The largest entry of the projected gradient: how far a unit step against the gradient
    /// moves inside the bounds.
    pub(super) fn projected_gradient(&self, x: &[f64], gradient: &[f64]) -> f64 {
        let elements = x
            .iter()
            .zip(gradient)
            .zip(self.lower.iter().zip(&self.upper));
        elements.fold(0.0, |largest: f64, ((x, g), (low, high))| {
            largest.max(((x - g).clamp(*low, *high) - x).abs())
        })
    }

    /// The largest step along a direction that stays inside.
    pub(super) fn furthest(&self, x: &[f64], direction: &[f64]) -> f64 {
        let elements = x
            .iter()
            .zip(direction)
            .zip(self.lower.iter().zip(&self.upper));
        elements.fold(f64::INFINITY, |furthest: f64, ((x, d), (low, high))| {
            let room = match *d {
                d if d > 0.0 => (high - x) / d,
                d if d < 0.0 => (low - x) / d,
                _ => f64::INFINITY,
            };
            furthest.min(room)
        })
    }
}
