//! Gradient accumulation: one update from the mean of several gradients.

use cotangent_runtime::Leaves;

use super::combine::{combine, copy, lists_rows};
use crate::Error;

/// The running mean of `every` gradients. That of an embedding's row lists has the rows of all.
///
/// ```
/// use cotangent_optimizers::{Accumulation, Sgd};
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Sgd::new(0.5).build(&x)?;
/// let mut accumulation = Accumulation::new(&x, 2);
/// for slope in [vec![1.0], vec![3.0]] {
///     if let Some(mean) = accumulation.add(&slope)? {
///         optimizer.step(&mut x, mean)?;
///     }
/// }
/// assert_eq!(x, [0.0]);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Accumulation<M> {
    mean: M,
    every: u64,
    count: u64,
}

impl<M: Leaves + Clone> Accumulation<M> {
    /// For gradients of the structure of `model`; `every` counts from 1, and 0 counts as 1.
    #[must_use]
    pub fn new(model: &M, every: u64) -> Self {
        Self {
            mean: model.clone(),
            every: every.max(1),
            count: 0,
        }
    }

    /// Takes a gradient; gives the mean with every `every`-th one, and starts anew.
    ///
    /// # Errors
    /// When the gradient has another structure; the mean is damaged then, and the next gradient
    /// starts a new one.
    pub fn add(&mut self, gradient: &M) -> Result<Option<&M>, Error> {
        let count = std::mem::take(&mut self.count) + 1;
        if count == 1 && lists_rows(gradient) {
            // No row of the last mean may stay in the list.
            self.mean.clone_from(gradient);
        } else if count == 1 {
            copy(&mut self.mean, gradient)?;
        } else {
            let part = (count as f64).recip();
            combine(&mut self.mean, gradient, |mean, g| mean + (g - mean) * part)?;
        }
        if count == self.every {
            return Ok(Some(&self.mean));
        }
        self.count = count;
        Ok(None)
    }
}
