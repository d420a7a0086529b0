//! The optimizer: one reduction pass, then one pass over parameters, gradients and state.
//!
//! Nothing is allocated per step (but by projections that sort). A step is either applied as a
//! whole or changes nothing: the structure and the finiteness of every leaf are checked before the
//! first write.

use cotangent_runtime::{Floats, FloatsMut, LeafView, Leaves, Path};

use crate::lane::{Lane, Room};
use crate::reduction::Reduction;
use crate::storage::{LeafEntry, SlotStorage, is_f32};
use crate::{
    Error, LeafInfo, LeafOptions, OptimizerBuilder, Outcome, Scope, StepContext, StepInput,
    StepReport, TensorRule, Transform,
};

/// Updates parameters by gradients of the same structure; made by an [`OptimizerBuilder`].
pub struct Optimizer<R: TensorRule> {
    pub(crate) config: OptimizerBuilder<R>,
    pub(crate) groups: Vec<LeafOptions>,
    pub(crate) leaves: Vec<LeafEntry>,
    pub(crate) memory: Vec<f64>,
    pub(crate) step: u64,
    pub(crate) rate_factor: f64,
    refused: u64,
    pub(crate) single: Lane<f32, R>,
    pub(crate) double: Lane<f64, R>,
}

impl<R: TensorRule> Optimizer<R> {
    pub(crate) fn from_builder(
        config: OptimizerBuilder<R>,
        model: &impl Leaves,
    ) -> Result<Self, Error> {
        let numbers = || (0..R::MEMORY.len()).map(|index| config.rule.initial_memory(index));
        let memory = if R::SCOPE == Scope::Model {
            numbers().collect()
        } else {
            Vec::new()
        };
        let (mut groups, mut leaves) = (Vec::new(), Vec::new());
        let (mut single, mut double) = (Room::default(), Room::default());
        let mut unmatched: Vec<bool> = vec![true; config.groups.len()];
        let mut fault = Ok(());
        model.leaves(&Path::Root, &mut |path, view| {
            let path = path.to_string();
            let info = LeafInfo {
                path: &path,
                shape: view.shape,
            };
            let mut options = config.options.clone();
            for (group, unmatched) in config.groups.iter().zip(&mut unmatched) {
                if group.filter.matches(&info) {
                    options = (group.change)(options);
                    *unmatched = false;
                }
            }
            if fault.is_ok() {
                fault = options.validate();
            }
            let specs = if options.frozen {
                Vec::new()
            } else {
                config.rule.slots(view.shape)
            };
            let (room, len) = match view.data {
                Floats::F32(data) => (&mut single, data.len()),
                Floats::F64(data) => (&mut double, data.len()),
            };
            room.used = true;
            if !options.frozen {
                room.work = room.work.max(config.rule.work(view.shape));
                if !config.transforms.is_empty() {
                    room.transformed = room.transformed.max(len);
                }
                if !options.constraints.is_empty() {
                    room.constrained = room.constrained.max(len);
                }
            }
            let per_leaf = R::SCOPE == Scope::Leaf && !options.frozen;
            let mut entry = LeafEntry {
                path,
                shape: view.shape.to_vec(),
                len,
                frozen: options.frozen,
                group: position(&mut groups, options),
                specs,
                slots: SlotStorage::F64(Vec::new()),
                memory: if per_leaf {
                    numbers().collect()
                } else {
                    Vec::new()
                },
                squares: 0.0,
                unit: 1.0,
            };
            entry.fill(&view);
            leaves.push(entry);
        });
        fault?;
        if let Some(index) = unmatched.iter().position(|unmatched| *unmatched) {
            let group = &config.groups[index];
            let paths: Vec<&str> = leaves.iter().map(|leaf| leaf.path.as_str()).collect();
            return Err(group.filter.unmatched(group.option, &paths));
        }
        Ok(Self {
            single: Lane::new(single, groups.len()),
            double: Lane::new(double, groups.len()),
            config,
            groups,
            leaves,
            memory,
            step: 0,
            rate_factor: 1.0,
            refused: 0,
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

    /// Forgets everything but the configuration: state, memory and step are those of a new
    /// optimizer for `model`.
    ///
    /// # Errors
    /// When the leaves of `model` aren't those the optimizer was built for.
    pub fn reset(&mut self, model: &impl Leaves) -> Result<(), Error> {
        self.check(model, "model")?;
        let rule = &self.config.rule;
        let renew = |memory: &mut Vec<f64>| {
            for (index, number) in memory.iter_mut().enumerate() {
                *number = rule.initial_memory(index);
            }
        };
        renew(&mut self.memory);
        let mut entries = self.leaves.iter_mut();
        model.leaves(&Path::Root, &mut |_, view| {
            if let Some(entry) = entries.next() {
                entry.fill(&view);
                renew(&mut entry.memory);
            }
        });
        (self.step, self.rate_factor, self.refused) = (0, 1.0, 0);
        Ok(())
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
        let reduction = match Reduction::of(&mut self.leaves, model, grads, input.scale.recip()) {
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
            let Some(entry) = entries.next().filter(|entry| !entry.frozen) else {
                return;
            };
            match (leaf.data, &entry.slots) {
                (FloatsMut::F32(x), SlotStorage::F32(slots)) => {
                    Lane::<f32, R>::view(&single, x, slots)
                }
                (FloatsMut::F64(x), SlotStorage::F64(slots)) => {
                    Lane::<f64, R>::view(&double, x, slots)
                }
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
        structure.leaves(&Path::Root, &mut |path, LeafView { shape, data, .. }| {
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

/// The index of these options in `groups`, which gets them if it lacks them.
fn position(groups: &mut Vec<LeafOptions>, options: LeafOptions) -> usize {
    groups
        .iter()
        .position(|known| *known == options)
        .unwrap_or_else(|| {
            groups.push(options);
            groups.len() - 1
        })
}
