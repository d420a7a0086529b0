//! The optimizer: one reduction pass, then one pass over parameters, gradients and state.
//!
//! Nothing is allocated per step. A step is either applied as a whole or changes nothing: the
//! structure and the finiteness of every leaf are checked before the first write.

use cotangent_runtime::{Floats, FloatsMut, LeafView, LeafViewMut, Leaves, Path};

use crate::norm::{SquareSum, largest};
use crate::storage::{LeafEntry, SlotStorage, is_f32, is_f32_mut};
use crate::{
    Error, LeafInfo, OptimizerBuilder, Outcome, Real, Rule, Slots, StepContext, StepReport,
};

/// Updates parameters by gradients of the same structure; made by an [`OptimizerBuilder`].
pub struct Optimizer<R> {
    config: OptimizerBuilder<R>,
    leaves: Vec<LeafEntry>,
    step: u64,
}

/// The scalars of the pass over memory, in one precision.
struct Pass<T, S> {
    rule: S,
    clip: T,
    l2: T,
    shrink: T,
}

impl<R: Rule> Optimizer<R> {
    pub(crate) fn from_builder(
        config: OptimizerBuilder<R>,
        model: &impl Leaves,
    ) -> Result<Self, Error> {
        let initial: Vec<f64> = (0..R::SLOTS.len())
            .map(|slot| config.rule.initial(slot))
            .collect();
        let mut leaves = Vec::new();
        model.leaves(&Path::Root, &mut |path, view| {
            leaves.push(LeafEntry::new(path, &view, &initial));
        });
        for filter in &config.no_decay {
            let mut matched = false;
            for leaf in &mut leaves {
                if filter.matches(&LeafInfo {
                    path: &leaf.path,
                    shape: &leaf.shape,
                }) {
                    leaf.decays = false;
                    matched = true;
                }
            }
            if !matched {
                let paths: Vec<&str> = leaves.iter().map(|leaf| leaf.path.as_str()).collect();
                return Err(filter.unmatched("no_decay", &paths));
            }
        }
        Ok(Self {
            config,
            leaves,
            step: 0,
        })
    }

    /// The number of updates applied so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The learning rate of the next update.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.config.rate * self.config.schedule.at(self.step)
    }

    /// Updates `model` by `grads` and says what happened.
    ///
    /// A gradient with an infinite or undefined element is refused: nothing changes, and the
    /// report says so.
    ///
    /// # Errors
    /// When the leaves of `model` or `grads` aren't those the optimizer was built for, or the
    /// schedule gives a rate that is negative or not finite; nothing is changed then.
    pub fn step<M: Leaves>(&mut self, model: &mut M, grads: &M) -> Result<StepReport, Error> {
        self.check(grads, "gradient")?;
        self.check(model, "model")?;
        let rate = self.rate();
        if !(rate.is_finite() && rate >= 0.0) {
            return Err(Error::configuration(format!(
                "the schedule gives the rate {rate} at step {}: it must be finite and at least 0",
                self.step
            )));
        }
        let grad_norm = match global_norm(grads) {
            Ok(norm) => norm,
            Err(leaf) => return Ok(self.refused(rate, leaf)),
        };
        let clip = match self.config.clip {
            Some(limit) if grad_norm > limit => limit / grad_norm,
            _ => 1.0,
        };
        let context = StepContext {
            step: self.step + 1,
            rate,
        };
        let (single, double) = (
            self.pass::<f32>(&context, clip),
            self.pass::<f64>(&context, clip),
        );
        let mut entries = self.leaves.iter_mut();
        let mut squares = 0.0;
        model
            .zip_leaves(grads, &Path::Root, &mut |_, parameters, gradients| {
                let Some(entry) = entries.next() else { return };
                squares += sweep_leaf::<R>(entry, parameters, &gradients, &single, &double);
            })
            .map_err(|mismatch| Error::structure(mismatch.to_string()))?;
        self.step += 1;
        Ok(StepReport {
            step: self.step,
            rate,
            grad_norm,
            clipped_norm: grad_norm * clip,
            update_norm: f64::sqrt(squares),
            outcome: Outcome::Applied,
        })
    }

    fn refused(&self, rate: f64, leaf: usize) -> StepReport {
        StepReport {
            step: self.step,
            rate,
            grad_norm: f64::NAN,
            clipped_norm: f64::NAN,
            update_norm: 0.0,
            outcome: Outcome::NonFiniteGradient { leaf },
        }
    }

    fn pass<T: Real>(&self, context: &StepContext, clip: f64) -> Pass<T, R::Scalars<T>> {
        Pass {
            rule: self.config.rule.scalars(context),
            clip: T::from_f64(clip),
            l2: T::from_f64(self.config.l2),
            shrink: T::from_f64(1.0 - context.rate * self.config.weight_decay),
        }
    }

    /// Compares the leaves of `structure` with those the optimizer was built for.
    fn check(&self, structure: &impl Leaves, role: &str) -> Result<(), Error> {
        let mut index = 0;
        let mut error = None;
        structure.leaves(&Path::Root, &mut |path, LeafView { shape, data }| {
            let same = self
                .leaves
                .get(index)
                .is_some_and(|e| e.is(path, shape, is_f32(&data)));
            if !same && error.is_none() {
                error = Some(Error::structure(format!(
                    "leaf `{path}` of the {role} with shape {shape:?} isn't the one the optimizer \
                     was built for ({}); build a new optimizer for a new structure",
                    self.leaves.get(index).map_or("none".to_owned(), |e| {
                        format!("`{}` with shape {:?}", e.path, e.shape)
                    })
                )));
            }
            index += 1;
        });
        match (error, self.leaves.get(index)) {
            (Some(error), _) => Err(error),
            (None, Some(missing)) => Err(Error::structure(format!(
                "the {role} has no leaf `{}`",
                missing.path
            ))),
            (None, None) => Ok(()),
        }
    }
}

/// The norm over all leaves, or the index of the first leaf that isn't finite.
fn global_norm(grads: &impl Leaves) -> Result<f64, usize> {
    let sum_scaled = |scale: f64| {
        let mut sum = SquareSum::default();
        grads.leaves(&Path::Root, &mut |_, view| sum.add(view.data, scale));
        sum.finish()
    };
    if let Some(norm) = sum_scaled(1.0) {
        return Ok(norm);
    }
    // Either an element isn't finite, or only its square is not.
    let (mut index, mut bad, mut peak) = (0, None, 0.0_f64);
    grads.leaves(&Path::Root, &mut |_, view| {
        match largest(view.data) {
            Some(value) => peak = peak.max(value),
            None => bad = bad.or(Some(index)),
        }
        index += 1;
    });
    match bad {
        Some(leaf) => Err(leaf),
        None => Ok(sum_scaled(peak.recip()).map_or(peak, |norm| norm * peak)),
    }
}

fn sweep_leaf<R: Rule>(
    entry: &mut LeafEntry,
    parameters: LeafViewMut<'_>,
    gradients: &LeafView<'_>,
    single: &Pass<f32, R::Scalars<f32>>,
    double: &Pass<f64, R::Scalars<f64>>,
) -> f64 {
    debug_assert_eq!(is_f32_mut(&parameters.data), is_f32(&gradients.data));
    match (parameters.data, gradients.data, &mut entry.slots) {
        (FloatsMut::F32(x), Floats::F32(g), SlotStorage::F32(slots)) => {
            sweep::<R, f32>(x, g, slots, single, entry.decays)
        }
        (FloatsMut::F64(x), Floats::F64(g), SlotStorage::F64(slots)) => {
            sweep::<R, f64>(x, g, slots, double, entry.decays)
        }
        // `check` compared the precision of every leaf before the first write.
        _ => 0.0,
    }
}

fn sweep<R: Rule, T: Real>(
    x: &mut [T],
    g: &[T],
    slots: &mut [T],
    pass: &Pass<T, R::Scalars<T>>,
    decays: bool,
) -> f64 {
    let one = T::from_f64(1.0);
    let (l2, shrink) = if decays {
        (pass.l2, pass.shrink)
    } else {
        (T::default(), one)
    };
    R::State::<T>::sweep(x, g, slots, |x, g, state| {
        R::element(&pass.rule, x * shrink, g * pass.clip + l2 * x, state)
    })
}
