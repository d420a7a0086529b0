//! Sharpness-aware minimisation: gradients at the worst point nearby.

use cotangent_runtime::Leaves;

use super::combine::{combine, copy, sum};
use crate::error::check_range;
use crate::{Error, Optimizer, StepReport, TensorRule};

/// SAM (Foret et al. 2021): the gradient is taken at `x + rho g / |g|`, with the global norm;
/// adaptive (Kwon et al. 2021), at `x + rho x^2 g / |x g|`.
///
/// ```
/// use cotangent_optimizers::{Sam, Sgd};
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Sgd::new(0.1).build(&x)?;
/// let mut sam = Sam::new(&x, 0.5)?;
/// sam.step(&mut optimizer, &mut x, |x| Ok(vec![2.0 * x[0]]))?;
/// assert!((x[0] - 0.7).abs() < 1e-15); // the slope at 1.5 is 3
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sam<M> {
    rho: f64,
    adaptive: bool,
    before: M,
}

impl<M: Leaves + Clone> Sam<M> {
    /// Looks this far, for parameters of the structure of `model`.
    ///
    /// # Errors
    /// When rho isn't finite and at least 0.
    pub fn new(model: &M, rho: f64) -> Result<Self, Error> {
        check_range("the rho of SAM", rho, 0.0, f64::INFINITY)?;
        Ok(Self {
            rho,
            adaptive: false,
            before: model.clone(),
        })
    }

    /// Measures distances relative to the parameters.
    #[must_use]
    pub fn adaptive(mut self) -> Self {
        self.adaptive = true;
        self
    }

    /// One step: `gradient` is called at `model` and at the worst point nearby.
    ///
    /// # Errors
    /// What `gradient` and the optimizer refuse; the model is as before then.
    pub fn step<R: TensorRule>(
        &mut self,
        optimizer: &mut Optimizer<R>,
        model: &mut M,
        mut gradient: impl FnMut(&M) -> Result<M, Error>,
    ) -> Result<StepReport, Error> {
        let g = gradient(model)?;
        copy(&mut self.before, model)?;
        let adaptive = self.adaptive;
        let weight = |x: f64| if adaptive { x } else { 1.0 };
        let norm = sum(model, &g, |x, g| (weight(x) * g).powi(2))?.sqrt();
        if norm > 0.0 && norm.is_finite() {
            let scale = self.rho / norm;
            combine(model, &g, |x, g| x + scale * weight(x) * weight(x) * g)?;
        }
        let worst = gradient(model);
        copy(model, &self.before)?;
        optimizer.step(model, &worst?)
    }
}
