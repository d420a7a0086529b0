//! AMSGrad: Adam with a second moment that never shrinks.

use serde::{Deserialize, Serialize};

use crate::error::{check_betas, check_positive};
use crate::mean::Mean;
use crate::{Error, OptimizerBuilder, Real, Rule, StepContext};

/// AMSGrad (Reddi et al. 2018): [`Adam`](crate::Adam) with the largest second moment so far in
/// the denominator.
///
/// The maximum is over the raw moment, which is then corrected (torch, Keras);
/// [`optax`](OptimizerBuilder::optax) takes it over the corrected one,
/// [`keras`](OptimizerBuilder::keras) adds eps to the uncorrected root.
///
/// ```
/// use cotangent_optimizers::AmsGrad;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = AmsGrad::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmsGrad {
    beta1: f64,
    beta2: f64,
    eps: f64,
    form: Form,
}

impl AmsGrad {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                form: Form::Torch,
            },
            rate,
        )
    }
}

betas! { AmsGrad }

setters! { AmsGrad {
    /// What is added to the denominator, above 0.
    eps: f64;
} }

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Form {
    Torch,
    Optax,
    Keras,
}

impl OptimizerBuilder<AmsGrad> {
    /// The maximum is over the bias-corrected moment.
    #[must_use]
    pub fn optax(mut self) -> Self {
        self.rule.form = Form::Optax;
        self
    }

    /// Eps is added to the uncorrected root, and is 1e-7.
    #[must_use]
    pub fn keras(mut self) -> Self {
        (self.rule.form, self.rule.eps) = (Form::Keras, 1e-7);
        self
    }
}

/// The per-step scalars of [`AmsGrad`].
#[derive(Clone, Copy, Debug)]
pub struct AmsGradScalars<T> {
    mean1: Mean<T>,
    mean2: Mean<T>,
    rate: T,
    within: T,
    after: T,
    eps: T,
}

impl Rule for AmsGrad {
    const NAME: &'static str = "amsgrad";
    const SLOTS: &'static [&'static str] = &["m", "v", "largest"];
    type State<T: Real> = [T; 3];
    type Scalars<T: Real> = AmsGradScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_betas(self.beta1, self.beta2)?;
        check_positive("eps", self.eps)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> AmsGradScalars<T> {
        let (bias1, bias2) = (
            context.bias_correction(self.beta1),
            context.bias_correction(self.beta2),
        );

        let (within, after) = match self.form {
            Form::Optax => (bias2.recip(), 1.0),
            Form::Torch | Form::Keras => (1.0, bias2.recip()),
        };
        let eps = if self.form == Form::Keras {
            self.eps / bias2.sqrt()
        } else {
            self.eps
        };
        AmsGradScalars {
            mean1: Mean::new(self.beta1),
            mean2: Mean::new(self.beta2),
            rate: T::from_f64(context.rate / bias1),
            within: T::from_f64(within),
            after: T::from_f64(after),
            eps: T::from_f64(eps),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &AmsGradScalars<T>, x: T, g: T, [m, v, largest]: &mut [T; 3]) -> T {
        *m = s.mean1.with(*m, g);
        *v = s.mean2.with(*v, g * g);
        *largest = largest.max(*v * s.within);
        x - s.rate * *m / ((*largest * s.after).sqrt() + s.eps)
    }
}
