//! How an optimizer comes into being, and how it becomes new again: leaves get their options,
//! their place and their initial state.

use cotangent_runtime::{DType, Floats, Half, LeafView, Leaves, Path};

use crate::block::{Blocks, SHORT};
use crate::lane::Lane;
use crate::leaf_path::LeafPath;
use crate::masters::Masters;
use crate::storage::{LeafEntry, Place};
use crate::{Error, LeafInfo, LeafOptions, Optimizer, OptimizerBuilder, Scope, TensorRule};

impl<R: TensorRule> Optimizer<R> {
    pub(crate) fn from_builder(
        config: OptimizerBuilder<R>,
        model: &impl Leaves,
    ) -> Result<Self, Error> {
        let memory = match R::SCOPE {
            Scope::Model => numbers(&config.rule),
            Scope::Leaf => Vec::new(),
        };
        let (mut groups, mut leaves) = (Vec::new(), Vec::new());
        let (mut single, mut double) = (Lane::new(), Lane::new());
        let mut masters = Masters::default();
        let mut unmatched: Vec<bool> = vec![true; config.groups.len()];
        let mut fault = Ok(());
        model.leaves(&Path::Root, &mut |path, view| {
            let path = LeafPath::of(path);
            let options = options(&config, &path, &view, &mut unmatched);
            if fault.is_ok() {
                fault = options.validate();
            }
            if fault.is_ok() && view.embedding && !options.frozen {
                fault = takes_rows(&config, &path, &options);
            }
            let mut entry = entry(&config.rule, path, &view, &options);
            if !options.frozen {
                let half = entry.dtype.is_half();
                entry.master = half.then(|| masters.admit(entry.len));
                let gathered = !view.embedding && !half && gathers(&config, &options, entry.len);
                entry.group = position(&mut groups, &options);
                let (rule, transforms) = (&config.rule, &config.transforms);
                entry.place = if entry.single {
                    single.admit(rule, transforms, &options, &entry, gathered)
                } else {
                    double.admit(rule, transforms, &options, &entry, gathered)
                };
            }
            leaves.push(entry);
        });
        fault?;
        if let Some(index) = unmatched.iter().position(|unmatched| *unmatched) {
            let group = &config.groups[index];
            let paths: Vec<&str> = leaves.iter().map(|leaf| leaf.path.as_str()).collect();
            return Err(group.filter.unmatched(group.option, &paths));
        }
        single.blocks.gather_all(&mut leaves, groups.len(), true);
        double.blocks.gather_all(&mut leaves, groups.len(), false);
        let gathered = |leaf: &LeafEntry| matches!(leaf.place, Place::Gathered { .. });
        let mut optimizer = Self {
            all_gathered: leaves.iter().all(|leaf| leaf.frozen() || gathered(leaf)),
            config,
            groups,
            leaves,
            memory,
            step: 0,
            rate_factor: 1.0,
            refused: 0,
            single,
            double,
            masters,
        };
        optimizer.fill(model);
        Ok(optimizer)
    }

    /// Forgets everything but the configuration: state, memory and step are those of a new
    /// optimizer for `model`.
    ///
    /// # Errors
    /// When the leaves of `model` aren't those the optimizer was built for.
    pub fn reset(&mut self, model: &impl Leaves) -> Result<(), Error> {
        self.check(model, "model")?;
        let renew = |memory: &mut Vec<f64>| {
            if !memory.is_empty() {
                *memory = numbers(&self.config.rule);
            }
        };
        renew(&mut self.memory);
        self.leaves
            .iter_mut()
            .for_each(|leaf| renew(&mut leaf.memory));
        self.fill(model);
        (self.step, self.rate_factor, self.refused) = (0, 1.0, 0);
        Ok(())
    }

    /// Fills every slot with its initial value.
    fn fill(&mut self, model: &impl Leaves) {
        let mut entries = self.leaves.iter();
        model.leaves(&Path::Root, &mut |_, view| {
            let Some(entry) = entries.next().filter(|entry| !entry.frozen()) else {
                return;
            };
            match view.data {
                Floats::F32(x) => self.single.blocks.fill(entry, x),
                Floats::F64(x) => self.double.blocks.fill(entry, x),
                Floats::F16(x) => fill_half(&mut self.single.blocks, &mut self.masters, entry, x),
                Floats::Bf16(x) => fill_half(&mut self.single.blocks, &mut self.masters, entry, x),
            }
        });
    }
}

/// As [`Blocks::fill`], for a leaf with a master.
fn fill_half<H: Half>(blocks: &mut Blocks<f32>, masters: &mut Masters, entry: &LeafEntry, x: &[H]) {
    if let Some(master) = entry.master {
        blocks.fill(entry, masters.take(master, x));
    }
}

/// The options of a leaf; takes the filters that match it from `unmatched`.
fn options<R: TensorRule>(
    config: &OptimizerBuilder<R>,
    path: &LeafPath,
    view: &LeafView<'_>,
    unmatched: &mut [bool],
) -> LeafOptions {
    let info = LeafInfo {
        path: path.as_str(),
        shape: view.shape,
    };
    let mut options = config.options.clone();
    for (group, unmatched) in config.groups.iter().zip(unmatched) {
        if group.filter.matches(&info) {
            options = (group.change)(options);
            *unmatched = false;
        }
    }
    options
}

/// A leaf without its group and its place.
fn entry<R: TensorRule>(
    rule: &R,
    path: LeafPath,
    view: &LeafView<'_>,
    options: &LeafOptions,
) -> LeafEntry {
    let per_leaf = R::SCOPE == Scope::Leaf && !options.frozen;
    LeafEntry {
        path,
        shape: view.shape.to_vec(),
        len: view.data.len(),
        dtype: view.data.dtype(),
        single: view.data.dtype() != DType::F64,
        master: None,
        embedding: view.embedding,
        group: 0,
        specs: if options.frozen {
            Vec::new()
        } else {
            rule.slots(view.shape)
        },
        place: Place::Frozen,
        memory: if per_leaf { numbers(rule) } else { Vec::new() },
        squares: 0.0,
        unit: 1.0,
    }
}

/// Whether a leaf is updated side by side with other short ones.
fn gathers<R: TensorRule>(config: &OptimizerBuilder<R>, options: &LeafOptions, len: usize) -> bool {
    let whole_leaves = config.clip.is_some_and(|clip| clip.is_per_leaf())
        || !config.transforms.is_empty()
        || !options.constraints.is_empty();
    R::ELEMENTWISE && !whole_leaves && (1..=SHORT).contains(&len)
}

/// Whether a leaf whose gradient lists rows can be updated by its rows alone.
///
/// # Errors
/// Names what looks at more than a row.
fn takes_rows<R: TensorRule>(
    config: &OptimizerBuilder<R>,
    path: &LeafPath,
    options: &LeafOptions,
) -> Result<(), Error> {
    let what = if !R::ELEMENTWISE {
        format!("{} looks at whole leaves", R::NAME)
    } else if let Some(transform) = config.transforms.iter().find(|t| !t.is_by_row()) {
        format!("{transform:?} looks at whole columns")
    } else if let Some(constraint) = options.constraints.iter().find(|c| !c.is_by_row()) {
        format!("{constraint:?} looks at more than one row")
    } else {
        return Ok(());
    };
    Err(Error::configuration(format!(
        "the embedding `{}` is updated by the rows that its gradient lists, and {what}: choose \
         another, freeze the embedding here and give it an optimizer of its own, or make it a tensor",
        path.as_str()
    )))
}

/// The memory as it starts.
fn numbers<R: TensorRule>(rule: &R) -> Vec<f64> {
    let indices = 0..R::MEMORY.len();
    indices.map(|index| rule.initial_memory(index)).collect()
}

/// The index of these options in `groups`, which gets them if it lacks them.
fn position(groups: &mut Vec<LeafOptions>, options: &LeafOptions) -> usize {
    groups
        .iter()
        .position(|known| known == options)
        .unwrap_or_else(|| {
            groups.push(options.clone());
            groups.len() - 1
        })
}
