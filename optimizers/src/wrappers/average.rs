//! Averages of parameters over the course of training, for evaluation.

use cotangent_runtime::Leaves;

use super::combine::{combine, copy};
use crate::Error;
use crate::error::check_range;

/// How iterates are weighed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Exponential { decay: f64 },
    Equal { start: u64 },
}

/// An average of the parameters after every step.
///
/// ```
/// use cotangent_optimizers::Average;
/// let mut average = Average::exponential(&vec![1.0_f64], 0.75)?;
/// average.update(&vec![2.0])?;
/// assert_eq!(average.model(), &[1.25]);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Average<M> {
    model: M,
    kind: Kind,
    steps: u64,
}

impl<M: Leaves + Clone> Average<M> {
    /// An exponential moving average: it starts as `model`, and every update makes it
    /// `decay average + (1 - decay) model` (Polyak averaging as it is used today).
    ///
    /// # Errors
    /// When the decay isn't in [0, 1).
    pub fn exponential(model: &M, decay: f64) -> Result<Self, Error> {
        check_range("the decay of an average", decay, 0.0, 1.0)?;
        Ok(Self {
            model: model.clone(),
            kind: Kind::Exponential { decay },
            steps: 0,
        })
    }

    /// The equal average of all iterates from update number `start` on, counted from 0; before
    /// that, the iterate itself (stochastic weight averaging; Izmailov et al. 2018).
    #[must_use]
    pub fn equal(model: &M, start: u64) -> Self {
        Self {
            model: model.clone(),
            kind: Kind::Equal { start },
            steps: 0,
        }
    }

    /// Continues an average that had seen this many updates, from its saved model.
    #[must_use]
    pub fn resumed(mut self, model: &M, steps: u64) -> Self {
        (self.model, self.steps) = (model.clone(), steps);
        self
    }

    /// Takes the parameters after a step.
    ///
    /// # Errors
    /// When they have another structure.
    pub fn update(&mut self, model: &M) -> Result<(), Error> {
        match self.kind {
            Kind::Exponential { decay } => {
                combine(&mut self.model, model, |a, x| decay * a + (1.0 - decay) * x)?;
            }
            Kind::Equal { start } if self.steps <= start => copy(&mut self.model, model)?,
            Kind::Equal { start } => {
                let part = ((self.steps - start + 1) as f64).recip();
                combine(&mut self.model, model, |a, x| a + (x - a) * part)?;
            }
        }
        self.steps += 1;
        Ok(())
    }

    /// The average: evaluate and save this one.
    #[must_use]
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The number of updates so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }
}
