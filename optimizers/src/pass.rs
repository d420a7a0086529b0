//! The passes of a step over all leaves: per-step scalars, measurements, updates.
//!
//! By now the structures are known to fit, and nothing can fail.

use cotangent_runtime::{Floats, FloatsMut, LeafView, LeafViewMut, Leaves, Path};

use crate::lane::{Prepared, Task};
use crate::storage::{LeafEntry, Place};
use crate::{
    Blend, Clip, Error, LeafOptions, Optimizer, Real, Scope, StepContext, Sums, TensorRule,
};

impl<R: TensorRule> Optimizer<R> {
    /// Fills both lanes with the scalars of every group.
    pub(crate) fn prepare(&mut self, context: &StepContext<'static>, factor: f64) {
        let decay = self
            .config
            .decay_schedule
            .as_ref()
            .map(|schedule| schedule.at(self.step));
        let limit = self
            .config
            .clip
            .map_or(f64::INFINITY, |clip| clip.value_limit());
        let Self {
            config,
            groups,
            memory,
            single,
            double,
            ..
        } = self;
        let groups = || groups.iter();
        if single.is_used() {
            single.prepare(
                groups().map(|group| {
                    prepared(&config.rule, context, group, memory, factor, limit, decay)
                }),
            );
        }
        if double.is_used() {
            double.prepare(
                groups().map(|group| {
                    prepared(&config.rule, context, group, memory, factor, limit, decay)
                }),
            );
        }
    }

    /// The sums of all leaves.
    pub(crate) fn measure<M: Leaves>(&mut self, model: &mut M, grads: &M) -> Result<Sums, Error> {
        let Self {
            config,
            leaves,
            single,
            double,
            masters,
            ..
        } = self;
        let mut total = [0.0; 4];
        let mut add = |sums: Sums| {
            total
                .iter_mut()
                .zip(sums)
                .for_each(|(total, sum)| *total += sum);
        };
        add(single.measure_gathered());
        add(double.measure_gathered());
        if self.all_gathered {
            return Ok(total);
        }
        let transforms = &config.transforms;
        let mut entries = leaves.iter_mut().enumerate();
        let walked = model.zip_leaves(grads, &Path::Root, &mut |_, x, g| {
            let Some((index, entry)) = entries.next().filter(|(_, entry)| !entry.frozen()) else {
                return;
            };
            let Place::Own(block) = entry.place else {
                return;
            };
            let master = entry.master;
            let task = task(index, entry, block, config.clip);
            match (x.data, g.data, master) {
                (FloatsMut::F16(x), Floats::F16(g), Some(master)) => {
                    add(masters.with(master, x, g, |x, g| single.measure(transforms, task, x, g)))
                }
                (FloatsMut::Bf16(x), Floats::Bf16(g), Some(master)) => {
                    add(masters.with(master, x, g, |x, g| single.measure(transforms, task, x, g)))
                }
                (FloatsMut::F32(x), Floats::F32(data), _) => {
                    add(single.on_rows(task, x, g.rows, |lane, task, x| {
                        lane.measure(transforms, task, x, data)
                    }));
                }
                (FloatsMut::F64(x), Floats::F64(data), _) => {
                    add(double.on_rows(task, x, g.rows, |lane, task, x| {
                        lane.measure(transforms, task, x, data)
                    }));
                }
                // The reduction compared the precision of every leaf.
                _ => {}
            }
        });
        walked.map_err(|mismatch| Error::structure(mismatch.to_string()))?;
        Ok(total)
    }

    /// Updates every leaf; returns the sum of squared changes.
    pub(crate) fn sweep<M: Leaves>(&mut self, model: &mut M, grads: &M) -> Result<f64, Error> {
        let Self {
            config,
            groups,
            leaves,
            single,
            double,
            masters,
            ..
        } = self;
        let (rule, transforms) = (&config.rule, &config.transforms);
        let mut squares = single.update_gathered(rule) + double.update_gathered(rule);
        if self.all_gathered {
            let mut entries = leaves.iter();
            model.leaves_mut(&Path::Root, &mut |_, x| {
                let Some(entry) = entries.next() else {
                    return;
                };
                let Place::Gathered { start, .. } = entry.place else {
                    return;
                };
                match x.data {
                    FloatsMut::F32(x) => single.blocks.scatter(start, x),
                    FloatsMut::F64(x) => double.blocks.scatter(start, x),
                    // They are not gathered.
                    FloatsMut::F16(_) | FloatsMut::Bf16(_) => {}
                }
            });
            return Ok(squares);
        }
        let mut entries = leaves.iter_mut().enumerate();
        let walked = model.zip_leaves(
            grads,
            &Path::Root,
            &mut |_, x: LeafViewMut<'_>, g: LeafView<'_>| {
                let Some((index, entry)) = entries.next().filter(|(_, entry)| !entry.frozen())
                else {
                    return;
                };
                let (block, x) = match (entry.place, x.data) {
                    (Place::Gathered { start, .. }, FloatsMut::F32(x)) => {
                        return single.blocks.scatter(start, x);
                    }
                    (Place::Gathered { start, .. }, FloatsMut::F64(x)) => {
                        return double.blocks.scatter(start, x);
                    }
                    (Place::Own(block), x) => (block, x),
                    (Place::Frozen | Place::Gathered { .. }, _) => return,
                };
                let constraints = &groups[entry.group].constraints;
                let master = entry.master;
                let task = task(index, entry, block, config.clip);
                squares += match (x, g.data, master) {
                    (FloatsMut::F16(x), Floats::F16(g), Some(master)) => {
                        masters.update(master, x, g, |x, g| {
                            single.update(rule, constraints, transforms, task, x, g)
                        })
                    }
                    (FloatsMut::Bf16(x), Floats::Bf16(g), Some(master)) => {
                        masters.update(master, x, g, |x, g| {
                            single.update(rule, constraints, transforms, task, x, g)
                        })
                    }
                    (FloatsMut::F32(x), Floats::F32(data), _) => {
                        single.on_rows(task, x, g.rows, |lane, task, x| {
                            lane.update(rule, constraints, transforms, task, x, data)
                        })
                    }
                    (FloatsMut::F64(x), Floats::F64(data), _) => {
                        double.on_rows(task, x, g.rows, |lane, task, x| {
                            lane.update(rule, constraints, transforms, task, x, data)
                        })
                    }
                    // The reduction compared the precision of every leaf before the first write.
                    _ => 0.0,
                };
            },
        );
        walked.map_err(|mismatch| Error::structure(mismatch.to_string()))?;
        Ok(squares)
    }
}

/// As many numbers as a rule may keep per leaf.
const NO_MEMORY: [f64; 8] = [0.0; 8];

fn prepared<T: Real, R: TensorRule>(
    rule: &R,
    context: &StepContext<'static>,
    options: &LeafOptions,
    memory: &[f64],
    factor: f64,
    limit: f64,
    decay: Option<f64>,
) -> Prepared<T, R> {
    let rate = context.rate * options.rate_factor;
    let context = StepContext {
        rate,
        decay: options.decay,
        ..*context
    };
    let shrink = match (R::OWN_DECAY, decay) {
        (true, _) => 1.0,
        (false, None) => 1.0 - rate * options.decay,
        (false, Some(factor)) => 1.0 - factor * options.decay,
    };
    // What a rule prepares for a leaf of its own memory is computed anew leaf by leaf.
    let memory = match R::SCOPE {
        Scope::Model => memory,
        Scope::Leaf => &NO_MEMORY[..R::MEMORY.len()],
    };
    Prepared {
        context,
        rule: rule.prepare(&StepContext { memory, ..context }),
        blend: Blend::new(options, rate, factor, shrink, limit),
    }
}

#[inline]
fn task(index: usize, entry: &mut LeafEntry, block: usize, clip: Option<Clip>) -> Task<'_> {
    let factor = match clip {
        Some(clip) if clip.is_per_leaf() => clip.leaf_factor(entry.norm(), entry.len),
        _ => 1.0,
    };
    Task {
        index,
        shape: &entry.shape,
        group: entry.group,
        block,
        factor,
        memory: &mut entry.memory,
    }
}
