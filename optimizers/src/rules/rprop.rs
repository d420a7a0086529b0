//! Rprop: steps that adapt to the sign of the gradient alone.

use serde::{Deserialize, Serialize};

use crate::error::{check_positive, check_range};
use crate::{Error, Initial, OptimizerBuilder, Real, Rule, StepContext};

/// Rprop (Riedmiller and Braun 1993): every element has a step size that starts at the rate,
/// grows by `plus` while the gradient keeps its sign and shrinks by `minus` when it changes; a
/// changed gradient counts as 0 once. For full batches.
///
/// The step sizes are kept as multiples of the rate, so that a schedule scales them.
/// [`optax`](OptimizerBuilder::optax) applies every update one step later.
///
/// ```
/// use cotangent_optimizers::Rprop;
/// let mut x = vec![1.0_f64];
/// let mut optimizer = Rprop::new(0.1).build(&x)?;
/// for _ in 0..10 {
///     let slope = vec![2.0 * x[0]];
///     optimizer.step(&mut x, &slope)?;
/// }
/// assert!(x[0].abs() < 1.0);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rprop {
    minus: f64,
    plus: f64,
    least: f64,
    most: f64,
    delayed: bool,
}

impl Rprop {
    /// The rule with this learning rate and its defaults.
    #[must_use]
    pub fn new(rate: f64) -> OptimizerBuilder<Self> {
        OptimizerBuilder::new(
            Self {
                minus: 0.5,
                plus: 1.2,
                least: 1e-6,
                most: 50.0,
                delayed: false,
            },
            rate,
        )
    }
}

setters! { Rprop {
    /// The factor after a change of sign, in [0, 1).
    minus: f64;
    /// The factor while the sign stays, above 0.
    plus: f64;
    /// The smallest step.
    least: f64;
    /// The largest step, above 0.
    most: f64;
} }

impl OptimizerBuilder<Rprop> {
    /// Applies every update one step later, as optax does.
    #[must_use]
    pub fn optax(mut self) -> Self {
        self.rule.delayed = true;
        self
    }
}

/// The per-step scalars of [`Rprop`].
#[derive(Clone, Copy, Debug)]
pub struct RpropScalars<T> {
    rate: T,
    minus: T,
    plus: T,
    least: T,
    most: T,
    zero: T,
    one: T,
    delayed: bool,
}

impl Rule for Rprop {
    const NAME: &'static str = "rprop";
    const SLOTS: &'static [&'static str] = &["before", "size"];
    type State<T: Real> = [T; 2];
    type Scalars<T: Real> = RpropScalars<T>;

    fn validate(&self) -> Result<(), Error> {
        check_range("minus", self.minus, 0.0, 1.0)?;
        check_positive("plus", self.plus)?;
        check_range("least", self.least, 0.0, f64::INFINITY)?;
        check_positive("most", self.most)?;
        Ok(())
    }

    fn initial(&self, slot: usize) -> Initial {
        Initial::Value(slot as f64)
    }

    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> RpropScalars<T> {
        // A rate of 0 takes no step, whatever the size.
        let (least, most) = if context.rate > 0.0 {
            (self.least / context.rate, self.most / context.rate)
        } else {
            (0.0, f64::INFINITY)
        };
        RpropScalars {
            rate: T::from_f64(context.rate),
            minus: T::from_f64(self.minus),
            plus: T::from_f64(self.plus),
            least: T::from_f64(least),
            most: T::from_f64(most),
            zero: T::from_f64(0.0),
            one: T::from_f64(1.0),
            delayed: self.delayed,
        }
    }

    #[inline(always)]
    fn element<T: Real>(s: &RpropScalars<T>, x: T, g: T, [before, size]: &mut [T; 2]) -> T {
        let agreement = g * *before;
        let factor = if agreement > s.zero { s.plus } else { s.one };
        let factor = if agreement < s.zero { s.minus } else { factor };
        let grown = *size * factor;
        let grown = if grown < s.least { s.least } else { grown };
        let grown = if grown > s.most { s.most } else { grown };
        // Without agreement or disagreement the size stays, even outside of its bounds.
        *size = if agreement == s.zero { *size } else { grown };
        let kept = if agreement < s.zero { s.zero } else { g };
        if s.delayed {
            let update = if agreement < s.zero { s.zero } else { *before };
            *before = *size * kept.sign();
            x - s.rate * update
        } else {
            *before = kept;
            x - s.rate * *size * kept.sign()
        }
    }
}
