//! Running means, as the moments of Adam and its relatives are.

use crate::Real;

/// `mean = beta mean + (1 - beta) value`, with both factors in one precision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mean<T> {
    keep: T,
    /// The part of a new value.
    pub(crate) take: T,
}

impl<T: Real> Mean<T> {
    /// A mean that keeps this part of itself at every step.
    pub(crate) fn new(beta: f64) -> Self {
        Self {
            keep: T::from_f64(beta),
            take: T::from_f64(1.0 - beta),
        }
    }

    /// The mean after one more value.
    #[inline(always)]
    pub(crate) fn with(&self, mean: T, value: T) -> T {
        self.keep * mean + self.take * value
    }
}
