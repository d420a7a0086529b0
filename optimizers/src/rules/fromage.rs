//! Fromage: steps of a relative length per leaf.

use serde::{Deserialize, Serialize};

use crate::error::check_positive;
use crate::{Error, OptimizerBuilder, Real, Rule, Scope, StepContext, Sums};

/// Fromage (Bernstein et al. 2020): `x = (x - lr |x| / |g| g) / sqrt(1 + lr^2)` with the norms
/// of the leaf, neither below `least_norm`.
///
/// ```
/// use cotangent_optimizers::Fromage;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Fromage::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fromage {
    least_norm: f64,
}

impl Fromage {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(Self { least_norm: 1e-6 }, rate)
    }
}

setters! { Fromage {
    /// The least norm that counts, above 0.
    least_norm: f64;
} }

/// The per-step scalars of [`Fromage`].
#[derive(Clone, Copy, Debug)]
pub struct FromageScalars<T> {
    rate: T,
    shrink: T,
}

impl Rule for Fromage {
    const NAME: &'static str = "fromage";
    const SLOTS: &'static [&'static str] = &[];
    const MEMORY: &'static [&'static str] = &["ratio"];
    const SCOPE: Scope = Scope::Leaf;
    const SUMS: usize = 2;
    type State<T: Real> = [T; 0];
    type Scalars<T: Real> = FromageScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_positive("least_norm", self.least_norm)?;
        Ok(())
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> FromageScalars<T> {
        FromageScalars {
            rate: T::from_f64(context.rate * context.memory[0]),
            shrink: T::from_f64((1.0 + context.rate * context.rate).sqrt().recip()),
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &FromageScalars<T>, x: T, g: T, _: &mut [T; 0]) -> T {
        (x - s.rate * g) * s.shrink
    }

    #[inline(always)]
    fn measure<T: Real>(_scalars: &FromageScalars<T>, x: T, g: T, _: &mut [T; 0]) -> [T; 4] {
        [x * x, g * g, T::default(), T::default()]
    }

    fn settle(&self, _context: &StepContext<'_>, sums: &Sums, memory: &mut [f64]) {
        let (size, length) = (sums[0].sqrt(), sums[1].sqrt());
        memory[0] = size.max(self.least_norm) / length.max(self.least_norm);
    }
}
