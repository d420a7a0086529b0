//! A rule that sees a whole leaf: its shape, its elements and its state.
//!
//! This is what the optimizer drives. Every elementwise [`Rule`] is one, by way of its loops; rules
//! over rows, columns or matrices (Adafactor, Muon, Shampoo, ..) implement it themselves.

use std::fmt::Debug;

use cotangent_runtime::cpu::{Vectorized, vectorized};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::slots::Strip;
use crate::{Blend, Error, Initial, Real, Rule, Scope, Slots, StepContext, Sums};

/// One state slot of a leaf.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// Its name in saved state.
    pub name: &'static str,
    /// Its sizes, outermost first.
    pub shape: Vec<usize>,
    /// What it starts with; `Parameter` wants the leaf's own shape.
    pub initial: Initial,
}

/// One leaf during a step.
#[derive(Debug)]
pub struct LeafStep<'a, T> {
    /// Sizes, outermost first.
    pub shape: &'a [usize],
    /// The parameters.
    pub x: &'a mut [T],
    /// The gradient, before [`Blend`].
    pub g: &'a [T],
    /// The slots, one after another.
    pub slots: &'a mut [T],
    /// The rule's memory for this leaf, with [`Scope::Leaf`].
    pub memory: &'a mut [f64],
    pub(crate) delta: &'a mut [T],
    /// How many elements count; those that follow fill a vector.
    pub(crate) len: usize,
}

/// A rule over whole leaves; see [`Rule`] for the meaning of the common items.
pub trait TensorRule: Clone + Debug + PartialEq + Serialize + DeserializeOwned + 'static {
    /// The name in saved state.
    const NAME: &'static str;
    /// The names of the numbers kept between steps.
    const MEMORY: &'static [&'static str] = &[];
    /// What sums and memory belong to.
    const SCOPE: Scope = Scope::Model;
    /// Whether all leaves are measured before the first is stepped.
    const MEASURES_MODEL: bool = false;
    /// Whether the rule applies the decoupled decay itself.
    const OWN_DECAY: bool = false;
    /// Whether the rule is a function of single elements, so that leaves may be updated as parts of
    /// a longer one; its room then doesn't depend on shapes.
    const ELEMENTWISE: bool = false;
    /// Whether the rule reads the loss.
    const NEEDS_LOSS: bool = false;
    /// Whether the second view differs from the parameters.
    const HAS_VIEW: bool = false;
    /// What is computed once per step and group.
    type Prepared<T: Real>: Copy + Debug;
    /// What a step over a leaf computes in beyond its state: buffers, plans of its products.
    type Room<T: Real>: Debug;

    /// Refuses hyperparameters with which the rule makes no sense.
    ///
    /// # Errors
    /// Names the hyperparameter, its value and the range it must lie in.
    fn validate(&self) -> Result<(), Error>;

    /// The slots of a leaf of this shape.
    fn slots(&self, shape: &[usize]) -> Vec<Slot>;

    /// The room for a leaf of this shape, so that a step allocates nothing: made when the optimizer
    /// is built, and shared by all leaves of this shape.
    fn room<T: Real>(&self, shape: &[usize]) -> Self::Room<T>;

    /// What a number of the memory starts with.
    fn initial_memory(&self, _index: usize) -> f64 {
        0.0
    }

    /// What is computed once per step and group.
    fn prepare<T: Real>(&self, context: &StepContext<'_>) -> Self::Prepared<T>;

    /// The sums of one leaf, with [`MEASURES_MODEL`](Self::MEASURES_MODEL).
    fn measure<T: Real>(
        _prepared: &Self::Prepared<T>,
        _blend: &Blend<T>,
        _leaf: &mut LeafStep<'_, T>,
    ) -> Sums {
        [0.0; 4]
    }

    /// Renews the model's memory, once per step.
    fn settle(&self, _context: &StepContext<'_>, _sums: &Sums, _memory: &mut [f64]) {}

    /// Updates one leaf; returns the sum of squared parameter changes.
    ///
    /// `context.memory` is empty: what a rule wants of the model's memory goes into `prepared`.
    fn update<T: Real>(
        &self,
        context: &StepContext<'_>,
        prepared: &Self::Prepared<T>,
        blend: &Blend<T>,
        leaf: &mut LeafStep<'_, T>,
        room: &mut Self::Room<T>,
    ) -> f64;

    /// Writes the second view over the parameters of a leaf.
    fn view<T: Real>(_prepared: &Self::Prepared<T>, _x: &mut [T], _slots: &[T]) {}
}

struct Sweep<'a, T: Real, R: Rule, const EXTRAS: bool> {
    scalars: &'a R::Scalars<T>,
    blend: &'a Blend<T>,
    strip: Strip<'a, T>,
}

impl<T: Real, R: Rule, const EXTRAS: bool> Vectorized for Sweep<'_, T, R, EXTRAS> {
    type Output = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        R::State::<T>::sweep::<R, EXTRAS>(self.scalars, self.blend, self.strip)
    }
}

struct Measure<'a, T: Real, R: Rule, const EXTRAS: bool> {
    scalars: &'a R::Scalars<T>,
    blend: &'a Blend<T>,
    strip: Strip<'a, T>,
}

impl<T: Real, R: Rule, const EXTRAS: bool> Vectorized for Measure<'_, T, R, EXTRAS> {
    type Output = Sums;
    #[inline(always)]
    fn run(self) -> Sums {
        R::State::<T>::measure::<R, EXTRAS>(self.scalars, self.blend, self.strip)
    }
}

fn sweep<T: Real, R: Rule>(
    scalars: &R::Scalars<T>,
    blend: &Blend<T>,
    leaf: &mut LeafStep<'_, T>,
) -> f64 {
    fn run<T: Real, R: Rule, const EXTRAS: bool>(
        scalars: &R::Scalars<T>,
        blend: &Blend<T>,
        leaf: &mut LeafStep<'_, T>,
    ) -> f64 {
        vectorized(Sweep::<'_, T, R, EXTRAS> {
            scalars,
            blend,
            strip: leaf.strip(),
        })
    }
    if blend.extras {
        run::<T, R, true>(scalars, blend, leaf)
    } else {
        run::<T, R, false>(scalars, blend, leaf)
    }
}

fn measure<T: Real, R: Rule>(
    scalars: &R::Scalars<T>,
    blend: &Blend<T>,
    leaf: &mut LeafStep<'_, T>,
) -> Sums {
    let strip = leaf.strip();
    if blend.extras {
        vectorized(Measure::<'_, T, R, true> {
            scalars,
            blend,
            strip,
        })
    } else {
        vectorized(Measure::<'_, T, R, false> {
            scalars,
            blend,
            strip,
        })
    }
}

impl<T: Real> LeafStep<'_, T> {
    fn strip(&mut self) -> Strip<'_, T> {
        Strip {
            x: self.x,
            g: self.g,
            slots: self.slots,
            delta: self.delta,
            len: self.len,
        }
    }
}

impl<R: Rule> TensorRule for R {
    const NAME: &'static str = R::NAME;
    const MEMORY: &'static [&'static str] = R::MEMORY;
    const SCOPE: Scope = R::SCOPE;
    const MEASURES_MODEL: bool = R::SUMS > 0 && matches!(R::SCOPE, Scope::Model);
    const OWN_DECAY: bool = R::OWN_DECAY;
    const ELEMENTWISE: bool = matches!(R::SCOPE, Scope::Model);
    const NEEDS_LOSS: bool = R::NEEDS_LOSS;
    const HAS_VIEW: bool = R::HAS_VIEW;
    type Prepared<T: Real> = R::Scalars<T>;
    type Room<T: Real> = ();

    fn validate(&self) -> Result<(), Error> {
        R::validate(self)
    }

    fn slots(&self, shape: &[usize]) -> Vec<Slot> {
        let named = R::SLOTS.iter().enumerate();
        named
            .map(|(index, name)| Slot {
                name,
                shape: shape.to_vec(),
                initial: self.initial(index),
            })
            .collect()
    }

    fn room<T: Real>(&self, _shape: &[usize]) {}

    fn initial_memory(&self, index: usize) -> f64 {
        R::initial_memory(self, index)
    }

    fn prepare<T: Real>(&self, context: &StepContext<'_>) -> R::Scalars<T> {
        self.scalars(context)
    }

    fn measure<T: Real>(
        scalars: &R::Scalars<T>,
        blend: &Blend<T>,
        leaf: &mut LeafStep<'_, T>,
    ) -> Sums {
        measure::<T, R>(scalars, blend, leaf)
    }

    fn settle(&self, context: &StepContext<'_>, sums: &Sums, memory: &mut [f64]) {
        R::settle(self, context, sums, memory);
    }

    #[inline]
    fn update<T: Real>(
        &self,
        context: &StepContext<'_>,
        scalars: &R::Scalars<T>,
        blend: &Blend<T>,
        leaf: &mut LeafStep<'_, T>,
        (): &mut (),
    ) -> f64 {
        if R::SCOPE == Scope::Model {
            return sweep::<T, R>(scalars, blend, leaf);
        }
        let context = StepContext {
            rank: leaf.shape.len(),
            ..*context
        };
        let mut sums = [0.0; 4];
        if R::SUMS > 0 {
            let scalars = self.scalars(&StepContext {
                memory: leaf.memory,
                ..context
            });
            sums = measure::<T, R>(&scalars, blend, leaf);
        }
        R::settle(self, &context, &sums, leaf.memory);
        let scalars = self.scalars(&StepContext {
            memory: leaf.memory,
            ..context
        });
        sweep::<T, R>(&scalars, blend, leaf)
    }

    fn view<T: Real>(scalars: &R::Scalars<T>, x: &mut [T], slots: &[T]) {
        R::State::<T>::view::<R>(scalars, x, slots);
    }
}
