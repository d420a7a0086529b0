//! An update rule: a function of one parameter, its gradient and its state.
//!
//! A rule sees a gradient that is already unscaled, clipped and (for coupled decay) has the
//! penalty's gradient added. It knows no leaf, path or schedule. Because `element` is a static
//! function of plain values, the optimizer's pass over memory monomorphises into one loop.

use std::array;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Real};

/// What a rule may know of the step when it computes its per-step scalars.
#[derive(Clone, Copy, Debug)]
pub struct StepContext {
    /// The number of this update, from 1.
    pub step: u64,
    /// The learning rate after the schedule.
    pub rate: f64,
}

impl StepContext {
    /// `1 - beta^step`: the bias correction of a running average that starts at 0.
    #[must_use]
    pub fn bias_correction(&self, beta: f64) -> f64 {
        1.0 - beta.powf(self.step as f64)
    }
}

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
pub trait Rule: Clone + Debug + PartialEq + Serialize + DeserializeOwned {
    /// The name in saved state.
    const NAME: &'static str;
    /// The names of the state slots, as many as `State` has elements.
    const SLOTS: &'static [&'static str];
    /// The state of one element: an array with one entry per slot.
    type State<T: Real>: Slots<T>;
    /// What is computed once per step.
    type Scalars<T: Real>: Copy;

    /// Refuses hyperparameters with which the rule makes no sense.
    ///
    /// # Errors
    /// Names the hyperparameter, its value and the range it must lie in.
    fn validate(&self) -> Result<(), Error>;

    /// The value every element of a slot starts with.
    fn initial(&self, _slot: usize) -> f64 {
        0.0
    }

    /// The per-step scalars, computed in f64.
    fn scalars<T: Real>(&self, context: &StepContext) -> Self::Scalars<T>;

    /// The updated parameter; updates `state` in place.
    fn element<T: Real>(
        scalars: &Self::Scalars<T>,
        parameter: T,
        gradient: T,
        state: &mut Self::State<T>,
    ) -> T;
}

/// The state of one element, and how a slice of such states lies in memory: slot after slot.
///
/// Implemented for arrays of any length.
pub trait Slots<T: Real>: Sized {
    /// Applies `update` to every element and returns the sum of squared parameter changes.
    ///
    /// `storage` holds the slots one after another, each as long as `parameters`.
    fn sweep(
        parameters: &mut [T],
        gradients: &[T],
        storage: &mut [T],
        update: impl Fn(T, T, &mut Self) -> T,
    ) -> f64;
}

/// Independent partial sums of the update norm, so that the loop vectorises; fixed, so that the
/// sum is the same on every machine.
const LANES: usize = 8;

impl<T: Real, const N: usize> Slots<T> for [T; N] {
    #[inline]
    fn sweep(
        parameters: &mut [T],
        gradients: &[T],
        storage: &mut [T],
        update: impl Fn(T, T, &mut Self) -> T,
    ) -> f64 {
        let len = parameters.len();
        assert_eq!(gradients.len(), len);
        assert_eq!(storage.len(), N * len);
        let mut rest = storage;
        let slots: [&mut [T]; N] = array::from_fn(|_| {
            let (slot, tail) = std::mem::take(&mut rest).split_at_mut(len);
            rest = tail;
            slot
        });
        let mut sums = [0.0; LANES];
        let mut slots = slots.map(|slot| slot.as_chunks_mut::<LANES>());
        let (parameters, last_parameters) = parameters.as_chunks_mut::<LANES>();
        let (gradients, last_gradients) = gradients.as_chunks::<LANES>();
        // Whole blocks are copied into arrays of a fixed size: loops over those vectorise.
        for (block, (parameters, gradients)) in parameters.iter_mut().zip(gradients).enumerate() {
            let mut states: [[T; LANES]; N] = array::from_fn(|slot| slots[slot].0[block]);
            for lane in 0..LANES {
                let mut state = array::from_fn(|slot| states[slot][lane]);
                let old = parameters[lane];
                let new = update(old, gradients[lane], &mut state);
                parameters[lane] = new;
                for (slot, value) in states.iter_mut().zip(state) {
                    slot[lane] = value;
                }
                let change = (new - old).to_f64();
                sums[lane] += change * change;
            }
            for (slot, state) in slots.iter_mut().zip(states) {
                slot.0[block] = state;
            }
        }
        for (lane, (parameter, &gradient)) in
            last_parameters.iter_mut().zip(last_gradients).enumerate()
        {
            let mut state = array::from_fn(|slot| slots[slot].1[lane]);
            let new = update(*parameter, gradient, &mut state);
            let change = (new - *parameter).to_f64();
            sums[lane] += change * change;
            *parameter = new;
            for (slot, value) in slots.iter_mut().zip(state) {
                slot.1[lane] = value;
            }
        }
        sums.iter().sum()
    }
}
