//! An update rule: a function of one parameter, its gradient and its state.
//!
//! A rule sees a gradient that is already unscaled, clipped and (for coupled decay) has the
//! penalty's gradient added. It knows no leaf, path or schedule. Because `element` is a static
//! function of plain values, the optimizer's pass over memory monomorphises into one loop.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Initial, Real, Scope, Slots, StepContext, Sums};

/// An elementwise update rule.
///
/// Implement it to write a rule of your own; [`OptimizerBuilder::new`](crate::OptimizerBuilder::new)
/// then gives it clipping, decay, schedules, saving and resuming.
///
/// ```
/// use cotangent_optimizers::{Error, OptimizerBuilder, Real, Rule, StepContext};
///
/// /// `x -= lr * sign(g)`
/// #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// struct SignDescent;
/// impl Rule for SignDescent {
///     const NAME: &'static str = "sign_descent";
///     const SLOTS: &'static [&'static str] = &[];
///     type State<T: Real> = [T; 0];
///     type Scalars<T: Real> = T;
///     fn validate(&self) -> Result<(), Error> {
///         Ok(())
///     }
///     fn scalars<T: Real>(&self, context: &StepContext) -> T {
///         T::from_f64(context.rate)
///     }
///     fn element<T: Real>(rate: &T, x: T, g: T, _: &mut [T; 0]) -> T {
///         x - *rate * g.sign()
///     }
/// }
/// let mut x = vec![1.0, -1.0];
/// let mut optimizer = OptimizerBuilder::new(SignDescent, 0.25).build(&x)?;
/// optimizer.step(&mut x, &vec![3.0, -0.5])?;
/// assert_eq!(x, [0.75, -0.75]);
/// # Ok::<(), Error>(())
/// ```
///
/// A rule that needs a sum over a leaf or over the model (a norm, a distance) sets
/// [`SUMS`](Self::SUMS): every step then goes `scalars`, `measure` over all elements,
/// `settle` (which puts what it makes of the sums into the rule's memory), `scalars` again, and
/// `element` over all elements. Without it a step is `settle`, `scalars`, `element`.
pub trait Rule: Clone + Debug + PartialEq + Serialize + DeserializeOwned + 'static {
    /// The name in saved state.
    const NAME: &'static str;
    /// The names of the state slots, as many as `State` has elements.
    const SLOTS: &'static [&'static str];
    /// The names of the numbers that the rule keeps between steps, once per [`SCOPE`](Self::SCOPE);
    /// at most eight per leaf.
    const MEMORY: &'static [&'static str] = &[];
    /// What sums and memory belong to.
    const SCOPE: Scope = Scope::Model;
    /// How many sums are measured before elements are stepped, at most four.
    const SUMS: usize = 0;
    /// Whether the rule applies [`StepContext::decay`] itself.
    const OWN_DECAY: bool = false;
    /// Whether the rule reads [`StepContext::loss`].
    const NEEDS_LOSS: bool = false;
    /// Whether [`view`](Self::view) differs from the parameters.
    const HAS_VIEW: bool = false;
    /// The state of one element: an array with one entry per slot, at most six.
    type State<T: Real>: Slots<T>;
    /// What is computed once per step.
    type Scalars<T: Real>: Copy + Debug;

    /// Refuses hyperparameters with which the rule makes no sense.
    ///
    /// # Errors
    /// Names the hyperparameter, its value and the range it must lie in.
    fn validate(&self) -> Result<(), Error>;

    /// What every element of a slot starts with.
    fn initial(&self, _slot: usize) -> Initial {
        Initial::Value(0.0)
    }

    /// What a number of the memory starts with.
    fn initial_memory(&self, _index: usize) -> f64 {
        0.0
    }

    /// The per-step scalars, computed in f64; a function of its arguments alone.
    fn scalars<T: Real>(&self, context: &StepContext<'_>) -> Self::Scalars<T>;

    /// The updated parameter; updates `state` in place.
    fn element<T: Real>(
        scalars: &Self::Scalars<T>,
        parameter: T,
        gradient: T,
        state: &mut Self::State<T>,
    ) -> T;

    /// What one element adds to the sums; may update `state`. With scalars of the memory as it
    /// was before this step's `settle`.
    fn measure<T: Real>(
        _scalars: &Self::Scalars<T>,
        _parameter: T,
        _gradient: T,
        _state: &mut Self::State<T>,
    ) -> [T; 4] {
        [T::default(); 4]
    }

    /// Renews the memory, once per step and scope; `context.memory` is empty here.
    fn settle(&self, _context: &StepContext<'_>, _sums: &Sums, _memory: &mut [f64]) {}

    /// The second view of a parameter (an average, say), for evaluation.
    fn view<T: Real>(_scalars: &Self::Scalars<T>, parameter: T, _state: &Self::State<T>) -> T {
        parameter
    }
}
