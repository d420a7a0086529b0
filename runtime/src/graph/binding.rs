//! Binding: from the arguments of a call to the plan that serves it.
//!
//! A plan is made once for each structure of the arguments and each kind of derivative. `instantiate`
//! records the function; for what is beyond the gradient, its gradient is recorded, too.

use super::builder::{Builder, ValueId};
use super::engine::{Engine, Instantiate, WalkArguments};
use super::plan::{Gradients, Request, Seed, plan};
use super::walk::Walk;
use crate::Error;
use crate::cpu::with_precision;

/// What a plan computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The result, and the gradient of its first value; the others are auxiliary.
    Gradient,
    /// As `Gradient`, added to the gradient of earlier calls.
    More,
    /// The result alone.
    Value,
    /// The result, and the gradient for a given cotangent of it.
    Result,
    /// The Hessian of the first value times a direction.
    Product,
    /// The result and its derivative in a direction.
    Tangent,
}

/// How many kinds there are.
pub(super) const KINDS: usize = 6;

impl Engine {
    /// Walks the arguments, finds or makes the plan, checks labels and patches pointers.
    pub(super) fn prepare(
        &mut self,
        walk: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
        kind: Kind,
    ) -> Result<usize, Error> {
        self.walk.clear();
        walk(&mut self.walk);
        if let Some(why) = self.walk.refused() {
            return Err(Error::structure(why));
        }
        let made = kind;
        let kind = kind as usize;
        let plans = &self.plans[kind];
        let known = |index: usize| {
            plans
                .get(index)
                .is_some_and(|plan| plan.key == self.walk.key)
        };
        let index = if known(self.last[kind]) {
            self.last[kind]
        } else if let Some(index) = (0..plans.len()).find(|&index| known(index)) {
            index
        } else {
            let mut naming = Walk::naming();
            walk(&mut naming);
            self.make_plan(instantiate, made, naming.into_names())?
        };
        self.last[kind] = index;
        self.leaves.clear();
        let floats = &self.walk.floats;
        self.leaves
            .extend(self.walk.leaves.iter().map(|leaf| match leaf.float {
                Some(position) => std::ptr::from_ref(&floats[position]).cast(),
                None => leaf.data,
            }));
        let plan = &self.plans[kind][index];
        for &(leaf, rows, classes, place) in &plan.labels {
            // SAFETY: the leaf is a u32 tensor with one label per row: its shape was checked when
            // the plan was made, and the key says that it is unchanged.
            let labels =
                unsafe { std::slice::from_raw_parts(self.leaves[leaf].cast::<u32>(), rows) };
            if let Some(row) = labels.iter().position(|&label| label as usize >= classes) {
                return Err(Error::Label {
                    place,
                    row,
                    label: labels[row],
                    classes,
                });
            }
        }
        Ok(index)
    }

    fn make_plan(
        &mut self,
        instantiate: Instantiate<'_>,
        kind: Kind,
        leaf_names: Vec<String>,
    ) -> Result<usize, Error> {
        let reachable = self.walk.direction_at.unwrap_or(self.walk.leaves.len());
        let again = matches!(kind, Kind::Product | Kind::Tangent);
        let builder = Builder::new(
            self.dtype,
            self.one_ops,
            &self.walk,
            leaf_names,
            reachable,
            again,
        );
        let mut ids = Vec::new();
        instantiate(&builder, &mut ids);
        let results = ids.clone();
        let mut probes = Vec::new();
        let mut directions = Vec::new();
        if again {
            directions = self.walk.directions(&builder)?;
            let wrt: Vec<ValueId> = directions.iter().map(|&(leaf, _)| leaf).collect();
            let seeds: Vec<(ValueId, ValueId)> = if kind == Kind::Product {
                let one = builder.constant(1.0);
                ids.first().map(|&id| (id, one)).into_iter().collect()
            } else {
                probes = builder.probes(&ids);
                ids.iter().copied().zip(probes.iter().copied()).collect()
            };
            let gradients = builder.gradient(&seeds, &wrt);
            directions = gradients
                .into_iter()
                .zip(directions)
                .filter_map(|(gradient, (_, seed))| Some((gradient?, seed)))
                .collect();
        }
        if let Some(error) = builder.take_error() {
            return Err(error);
        }
        let cotangents = self.walk.parameters.last().map_or(0, |&(_, first)| first);
        let seeded = |(k, id): (usize, ValueId)| {
            let seed = match kind {
                Kind::Gradient | Kind::More if k == 0 => Seed::One,
                Kind::Result => Seed::Leaf(cotangents + k),
                _ => Seed::Nothing,
            };
            (id, seed)
        };
        let mut outputs: Vec<(ValueId, Seed)> = ids.into_iter().enumerate().map(seeded).collect();
        outputs.extend(directions);
        let request = Request {
            outputs: &outputs,
            results: &results,
            probes: &probes,
            gradients: match kind {
                Kind::Value => Gradients::Nowhere,
                Kind::More => Gradients::Added,
                _ => Gradients::Overwritten,
            },
            dtype: self.dtype,
            budget: self.budget,
            key: self.walk.key.clone(),
        };
        let plan = with_precision(self.precision, || plan(&builder, request))?;
        self.arena.grow(plan.arena.bytes);
        self.scratch.grow(plan.scratch_bytes);
        self.sources.reserve(plan.widest);
        self.targets.reserve(plan.widest);
        let plans = &mut self.plans[kind as usize];
        plans.push(plan);
        Ok(plans.len() - 1)
    }
}
