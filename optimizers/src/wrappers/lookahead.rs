//! Lookahead: slow parameters that follow the fast ones.

use cotangent_runtime::Leaves;

use super::combine::{combine, copy};
use crate::Error;
use crate::error::check_range;

/// Lookahead (Zhang et al. 2019): after every `period` steps of any optimizer the slow parameters
/// move by the part `pull` towards the fast ones, which are set to them.
///
/// ```
/// use cotangent_optimizers::{Lookahead, Sgd};
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Sgd::new(0.5).build(&x)?;
/// let mut lookahead = Lookahead::new(&x, 2, 0.5)?;
/// for _ in 0..2 {
///     optimizer.step(&mut x, &vec![0.5])?;
///     if lookahead.update(&mut x)? {
///         optimizer.reset(&x)?; // or keep its state
///     }
/// }
/// assert_eq!(x, [0.75]); // half of the way from 1 to 0.5
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lookahead<M> {
    slow: M,
    period: u64,
    pull: f64,
    steps: u64,
}

impl<M: Leaves + Clone> Lookahead<M> {
    /// Slow parameters that start as `model`.
    ///
    /// # Errors
    /// When the period is 0, or the pull isn't in [0, 1].
    pub fn new(model: &M, period: u64, pull: f64) -> Result<Self, Error> {
        check_range("the pull of lookahead", pull, 0.0, 1.0 + f64::EPSILON)?;
        if period == 0 {
            return Err(Error::configuration(
                "lookahead wants a period of at least 1 step",
            ));
        }
        Ok(Self {
            slow: model.clone(),
            period,
            pull,
            steps: 0,
        })
    }

    /// Takes the parameters after a step; says whether they were set to the slow ones, so that the
    /// optimizer may be reset.
    ///
    /// # Errors
    /// When they have another structure.
    pub fn update(&mut self, model: &mut M) -> Result<bool, Error> {
        self.steps += 1;
        if !self.steps.is_multiple_of(self.period) {
            return Ok(false);
        }
        let pull = self.pull;
        combine(&mut self.slow, model, |slow, fast| {
            slow + pull * (fast - slow)
        })?;
        copy(model, &self.slow)?;
        Ok(true)
    }

    /// The slow parameters: evaluate and save these.
    #[must_use]
    pub fn slow(&self) -> &M {
        &self.slow
    }
}
