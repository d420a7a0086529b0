//! The plan: region instances as one flat schedule over one arena.
//!
//! Forward nodes in order, then the backward nodes of the instances in reverse. A cotangent's first
//! writer stores and later ones accumulate; backward nodes whose results nobody needs vanish.

use std::collections::{HashMap, HashSet};

use super::builder::{Builder, Instance, Source, ValueId};
use super::checkpoint::Scope;
use super::latent::{Latent, LatentId, View};
use super::memory::{Arena, Buffer};
use super::plan_storage::Accumulator;
use super::region::{Place, ValueIndex};
use super::step::{Action, Location, Origin, Pass, Step};
use crate::cpu::Write;
use crate::{DType, Error};

/// A flat schedule.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) key: Vec<u64>,
    pub(crate) steps: Vec<Step>,
    pub(crate) arena: Arena,
    pub(crate) constants: Vec<u64>,
    pub(crate) scratch_bytes: usize,
    /// What it yields.
    pub(crate) outputs: Vec<Output>,
    /// What is read where it is, under another shape.
    pub(crate) views: Vec<View>,
    /// Labels to check before anything runs: where, how many, classes, whose operator.
    pub(crate) labels: Vec<(usize, usize, usize, Place)>,
    /// Leaves whose gradient nobody writes: they are zeroed. Leaf, bytes.
    pub(crate) untouched: Vec<(usize, usize)>,
    pub(crate) widest: usize,
    /// Bytes that the forward pass keeps for the backward pass.
    pub(crate) saved: usize,
}

/// A value that a plan yields.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Output {
    pub(crate) at: Location,
    pub(crate) shape: Vec<usize>,
}

/// The cotangent of an output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Seed {
    /// The output is the value whose gradient is taken.
    One,
    /// The cotangent is a leaf of the arguments.
    Leaf(usize),
    /// The output is not differentiated.
    Nothing,
}

/// What becomes of the gradients of leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gradients {
    /// There are none.
    Nowhere,
    /// They are overwritten.
    Overwritten,
    /// They are added to what is there.
    Added,
}

/// Where a value lives while the plan is made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Home {
    Buffer(Buffer),
    Leaf(usize),
    Gradient(usize),
    /// The row list that is the gradient of a leaf.
    RowList(usize),
    Constant(usize),
    /// Nowhere yet.
    Latent(LatentId),
}

pub(super) struct Planner<'a> {
    pub(super) dtype: DType,
    pub(super) instances: &'a [Instance],
    pub(super) values: &'a [super::builder::ValueInfo],
    pub(super) leaf_dtypes: &'a [DType],
    pub(super) arena: Arena,
    pub(super) steps: Vec<Step>,
    /// What is planned now.
    pub(super) pass: Pass,
    pub(super) scope: Scope,
    pub(super) latents: Vec<Latent>,
    /// Cotangents that views show, to which nobody may add.
    pub(super) shown: HashSet<Home>,
    pub(super) constants: Vec<u64>,
    /// Forward values by graph value.
    pub(super) homes: HashMap<ValueId, Home>,
    /// Forward and backward values of each instance.
    pub(super) locals: Vec<HashMap<ValueIndex, Home>>,
    pub(super) labels: Vec<(usize, usize, usize, Place)>,
    /// The gradients that are rounded at the end.
    pub(super) accumulators: Vec<Accumulator>,
    /// The cotangent of each probe that has one.
    pub(super) probes: HashMap<ValueId, Home>,
}

/// What a plan is asked for.
#[derive(Debug)]
pub(crate) struct Request<'r> {
    /// What the backward pass starts from.
    pub(crate) outputs: &'r [(ValueId, Seed)],
    /// What it yields, and then the cotangents of `probes`.
    pub(crate) results: &'r [ValueId],
    pub(crate) probes: &'r [ValueId],
    /// What becomes of the gradients of leaves.
    pub(crate) gradients: Gradients,
    pub(crate) dtype: DType,
    /// The bytes that arena and scratch space may take.
    pub(crate) budget: Option<usize>,
    pub(crate) key: Vec<u64>,
}

/// Makes the plan of a recorded graph: forward, and backward from the outputs that have a seed.
///
/// # Errors
/// When a seed does not fit its output, or the plan does not fit the budget.
pub(crate) fn plan(builder: &Builder, request: Request<'_>) -> Result<Plan, Error> {
    let Request {
        outputs,
        results,
        probes,
        gradients,
        dtype,
        ..
    } = request;
    let instances = builder.instances.borrow();
    let values = builder.values.borrow();
    for &(id, seed) in outputs {
        let shape = &values[id.index()].shape;
        match seed {
            Seed::One if !shape.is_empty() => {
                return Err(Error::structure(format!(
                    "the value has shape {shape:?}, and only a scalar has a gradient: reduce it with `.sum()` or `.mean()`"
                )));
            }
            Seed::Leaf(leaf) if values[leaf].shape != *shape => {
                return Err(Error::structure(format!(
                    "the cotangent has shape {:?}, and the result has shape {shape:?}",
                    values[leaf].shape
                )));
            }
            _ => {}
        }
    }
    let mut planner = Planner {
        dtype,
        instances: &instances,
        values: &values,
        leaf_dtypes: &builder.leaf_dtypes,
        arena: Arena::default(),
        steps: Vec::new(),
        pass: Pass::Forward,
        scope: Scope::WHOLE,
        latents: Vec::new(),
        shown: HashSet::new(),
        constants: Vec::new(),
        homes: HashMap::new(),
        locals: vec![HashMap::new(); instances.len()],
        labels: Vec::new(),
        accumulators: Vec::new(),
        probes: HashMap::new(),
    };
    planner.forward(outputs);
    let mut written = Vec::new();
    if gradients != Gradients::Nowhere {
        written = planner.backward(outputs, gradients)?;
    }
    let mut homes: Vec<(ValueId, Home)> = Vec::new();
    for &id in results {
        homes.push((id, planner.home(id)));
    }
    for &id in probes {
        let home = match planner.probes.get(&id) {
            Some(&home) => home,
            None => planner.zeros(&values[id.index()].shape),
        };
        homes.push((id, home));
    }
    let homes = homes
        .into_iter()
        .map(|(id, home)| {
            let at = planner.location(home);
            planner.keep(at);
            let shape = planner.values[id.index()].shape.clone();
            Output { at, shape }
        })
        .collect();
    let scopes = builder.scopes.tree.borrow();
    planner.finish(homes, &written, &scopes, request)
}

impl Planner<'_> {
    pub(super) fn bytes(&self, shape: &[usize]) -> usize {
        shape.iter().product::<usize>() * self.dtype.size()
    }

    /// A new buffer for so many elements.
    pub(super) fn room(&mut self, elements: usize) -> Home {
        Home::Buffer(self.arena.allocate(elements * self.dtype.size()))
    }

    /// Where a graph value is.
    pub(super) fn home(&mut self, id: ValueId) -> Home {
        if let Some(&home) = self.homes.get(&id) {
            return home;
        }
        let home = match self.values[id.index()].source {
            Source::Leaf(leaf) => self.leaf(leaf),
            Source::Constant(value) => self.constant(value),
            // A region's outputs are homed when its forward pass is planned.
            Source::Region => self.constant(f64::NAN),
            Source::Probe => self.zeros(&self.values[id.index()].shape),
        };
        self.homes.insert(id, home);
        home
    }

    pub(super) fn constant(&mut self, value: f64) -> Home {
        self.constants.push(self.dtype.bits(value));
        Home::Constant(self.constants.len() - 1)
    }

    /// Where the elements of a value are in a row.
    pub(super) fn location(&mut self, place: Home) -> Location {
        match self.packed(place) {
            Home::Buffer(buffer) => Location::Arena(buffer.0),
            Home::Leaf(leaf) => Location::Leaf(leaf),
            Home::Gradient(leaf) | Home::RowList(leaf) => Location::Gradient(leaf),
            Home::Constant(constant) => Location::Constant(constant),
            // What was packed is in a buffer.
            Home::Latent(_) => Location::Nowhere,
        }
    }

    fn keep(&mut self, location: Location) {
        if let Location::Arena(buffer) = location {
            self.arena.keep(Buffer(buffer));
        }
    }

    fn forward(&mut self, outputs: &[(ValueId, Seed)]) {
        let needed = self.needed_instances(outputs);
        let instances = self.instances;
        for (index, instance) in instances.iter().enumerate() {
            if !needed[index] {
                continue;
            }
            self.scope = instance.scope;
            for (k, &input) in instance.inputs.iter().enumerate() {
                let home = self.home(input);
                self.locals[index].insert(value_index(k), home);
            }
            for node in instance.region.forward {
                self.node(index, node, &|_| Some(Write::Store), &HashMap::new());
            }
            for (&id, &value) in instance.outputs.iter().zip(instance.region.outputs) {
                let home = self.local(index, value);
                self.homes.insert(id, home);
            }
        }
    }

    pub(super) fn local(&self, index: usize, value: ValueIndex) -> Home {
        self.locals[index]
            .get(&value)
            .copied()
            .unwrap_or(Home::Constant(0))
    }

    /// A step of where the planner is.
    pub(super) fn step(&self, action: Action, region: &'static str) -> Step {
        let origin = Origin {
            region,
            scope: self.scope,
            pass: self.pass,
        };
        Step { action, origin }
    }

    /// The next step.
    pub(super) fn push(&mut self, action: Action, region: &'static str) {
        let step = self.step(action, region);
        self.steps.push(step);
    }
}

fn value_index(index: usize) -> ValueIndex {
    ValueIndex::try_from(index).unwrap_or(ValueIndex::MAX)
}
