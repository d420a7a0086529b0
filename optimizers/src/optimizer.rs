//! The optimizer: one reduction pass, then one pass over parameters, gradients and state.
//!
//! Nothing is allocated per step: buffers are made when the optimizer is built, and those of projections
//! and lists of rows grow in the first steps. A step is either applied as a
//! whole or changes nothing: the structure and the finiteness of every leaf are checked before the
//! first write.

use cotangent_runtime::{FloatsMut, LeafView, Leaves, Path};

use crate::lane::Lane;
use crate::masters::Masters;
use crate::storage::LeafEntry;
use crate::{
    Error, LeafOptions, OptimizerBuilder, Outcome, Scope, StepContext, StepInput, StepReport,
    TensorRule, Transform,
};

/// Updates parameters by gradients of the same structure; made by an [`OptimizerBuilder`].
///
/// # Embeddings
///
/// The gradient of an [`Embedding`](cotangent_runtime::Embedding) lists the rows that were looked
/// up, and a step updates these rows alone, as torch's `SparseAdam` and Keras do: moments of other
/// rows do not decay, and decay, penalties, bounds and noise reach a row when it is listed. Steps are
/// counted for the whole model, so that the bias of Adam's moments is taken out by the step and not by
/// how often a row was seen. Norms and clipping are those of the dense gradient, whose other rows are
/// zero. Rules, transforms and constraints that look at more than single elements or rows are refused
/// when the optimizer is built; freeze the embedding there and give it an optimizer of its own.
pub struct Optimizer<R: TensorRule> {
    pub(crate) config: OptimizerBuilder<R>,
    pub(crate) groups: Vec<LeafOptions>,
    pub(crate) leaves: Vec<LeafEntry>,
    pub(crate) memory: Vec<f64>,
    pub(crate) step: u64,
    pub(crate) rate_factor: f64,
    pub(crate) refused: u64,
    /// Whether every leaf that is updated lies in a block with others.
    pub(crate) all_gathered: bool,
    pub(crate) single: Lane<f32, R>,
    pub(crate) double: Lane<f64, R>,
    pub(crate) masters: Masters,
}

impl<R: TensorRule> Optimizer<R> {
    /// The number of updates applied so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The learning rate of the next update.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.config.rate * self.config.schedule.at(self.step) * self.rate_factor
    }

    /// The rule with its hyperparameters.
    #[must_use]
    pub fn rule(&self) -> &R {
        &self.config.rule
    }

    /// Multiplies the rate from now on, on top of the schedule; the factor is a part of the saved
    /// state. For rates that depend on a metric: see [`Plateau`](crate::train::Plateau).
    pub fn set_rate_factor(&mut self, factor: f64) {
        self.rate_factor = factor;
    }

    /// Updates `model` by `grads` and says what happened.
    ///
    /// A gradient with an infinite or undefined element is refused: nothing changes, and the
    /// report says so.
    ///
    /// # Errors
    /// When the leaves of `model` or `grads` aren't those the optimizer was built for, the
    /// schedule gives a rate that is negative or not finite, the rule needs the loss, or too many
    /// gradients in a row were refused; nothing is changed then.
    pub fn step<M: Leaves>(&mut self, model: &mut M, grads: &M) -> Result<StepReport, Error> {
        self.step_with(model, grads, StepInput::default())
    }

    /// As [`step`](Self::step), with the value of the loss, or for gradients that are scaled.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn step_with<M: Leaves>(
        &mut self,
        model: &mut M,
        grads: &M,
        input: StepInput,
    ) -> Result<StepReport, Error> {
        let rate = self.rate();
        self.check_input(rate, &input)?;
        let loss = input.loss.unwrap_or_default();
        if !loss.is_finite() {
            return self.refuse(rate, Outcome::NonFiniteLoss);
        }
        let reduction = match self.reduce(model, grads, input.scale.recip()) {
            Ok(reduction) => reduction,
            Err(mismatch) => return Err(self.explain(model, grads, mismatch)),
        };
        let zeroes = self.config.transforms.contains(&Transform::ZeroNonFinite);
        if let Some(leaf) = reduction.bad_leaf.filter(|_| !zeroes) {
            return self.refuse(rate, Outcome::NonFiniteGradient { leaf });
        }
        self.refused = 0;
        let clipping = reduction.clip(self.config.clip, &self.leaves, grads);
        let context = StepContext {
            step: self.step + 1,
            rate,
            decay: 0.0,
            momentum: self
                .config
                .momentum
                .as_ref()
                .map(|schedule| schedule.at(self.step)),
            grad_norm: clipping.norm,
            loss,
            rank: 0,
            memory: &[],
        };
        if R::MEASURES_MODEL {
            self.prepare(&context, clipping.factor);
        }
        let sums = if R::MEASURES_MODEL {
            self.measure(model, grads)?
        } else {
            [0.0; 4]
        };
        if R::SCOPE == Scope::Model && !R::MEMORY.is_empty() {
            self.config.rule.settle(&context, &sums, &mut self.memory);
        }
        self.prepare(&context, clipping.factor);
        let squares = self.sweep(model, grads)?;
        self.step += 1;
        Ok(StepReport {
            step: self.step,
            rate,
            grad_norm: reduction.norm,
            clipped_norm: clipping.norm,
            update_norm: squares.sqrt(),
            outcome: Outcome::Applied,
        })
    }

    /// The parameters of the second view, for rules that keep one (schedule-free, averaged SGD);
    /// a copy of `model` for all others.
    ///
    /// # Errors
    /// When the leaves of `model` aren't those the optimizer was built for.
    pub fn eval_params<M: Leaves + Clone>(&self, model: &M) -> Result<M, Error> {
        self.check(model, "model")?;
        let mut view = model.clone();
        if !R::HAS_VIEW {
            return Ok(view);
        }
        let context = StepContext {
            step: self.step,
            rate: self.rate(),
            decay: 0.0,
            momentum: None,
            grad_norm: 0.0,
            loss: 0.0,
            rank: 0,
            memory: &self.memory,
        };
        let (single, double) = (
            self.config.rule.prepare::<f32>(&context),
            self.config.rule.prepare::<f64>(&context),
        );
        let mut entries = self.leaves.iter();
        view.leaves_mut(&Path::Root, &mut |_, leaf| {
            let Some(entry) = entries.next().filter(|entry| !entry.frozen()) else {
                return;
            };
            let half = |x: &mut [f32]| R::view(&single, x, &self.single.blocks.all(entry));
            match (leaf.data, entry.master) {
                (FloatsMut::F16(x), Some(master)) => self.masters.view(master, x, half),
                (FloatsMut::Bf16(x), Some(master)) => self.masters.view(master, x, half),
                (FloatsMut::F32(x), _) => half(x),
                (FloatsMut::F64(x), _) => R::view(&double, x, &self.double.blocks.all(entry)),
                // `check` compared the precision of every leaf.
                _ => {}
            }
        });
        Ok(view)
    }

    fn check_input(&self, rate: f64, input: &StepInput) -> Result<(), Error> {
        if !(rate.is_finite() && rate >= 0.0) {
            return Err(Error::configuration(format!(
                "the schedule gives the rate {rate} at step {}: it must be finite and at least 0",
                self.step
            )));
        }
        if !(input.scale.is_finite() && input.scale > 0.0) {
            return Err(Error::configuration(format!(
                "the gradient scale {} can't be used: it must be finite and above 0",
                input.scale
            )));
        }
        if R::NEEDS_LOSS && input.loss.is_none() {
            return Err(Error::configuration(format!(
                "{} needs the value of the loss: call \
                 `step_with(&mut model, &grads, StepInput::default().loss(value))`",
                R::NAME
            )));
        }
        Ok(())
    }

    fn refuse(&mut self, rate: f64, outcome: Outcome) -> Result<StepReport, Error> {
        self.refused += 1;
        if self.refused > self.config.refusals {
            return Err(Error::configuration(format!(
                "{} steps in a row were refused because loss or gradient isn't finite: lower the \
                 learning rate, or clip",
                self.refused
            )));
        }
        Ok(StepReport {
            step: self.step,
            rate,
            grad_norm: f64::NAN,
            clipped_norm: f64::NAN,
            update_norm: 0.0,
            outcome,
        })
    }

    /// The error for two structures that don't fit.
    fn explain<M: Leaves>(&self, model: &M, grads: &M, mismatch: String) -> Error {
        let checks = self
            .check(grads, "gradient")
            .and_then(|()| self.check(model, "model"));
        checks.err().unwrap_or_else(|| Error::structure(mismatch))
    }

    /// Compares the leaves of `structure` with those the optimizer was built for.
    pub(crate) fn check(&self, structure: &impl Leaves, role: &str) -> Result<(), Error> {
        let mut index = 0;
        let mut error = None;
        structure.leaves(&Path::Root, &mut |path, view| {
            let LeafView { shape, data, .. } = view;
            if view.rows.is_some() && role != "gradient" && error.is_none() {
                error = Some(Error::structure(format!(
                    "leaf `{path}` of the {role} is a list of rows, which only a gradient may be"
                )));
            }
            let same = self
                .leaves
                .get(index)
                .is_some_and(|e| e.is(path, shape) && e.dtype == data.dtype());
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
