//! The engine: what a generated program holds. It caches a plan per structure of the arguments,
//! patches leaf pointers, and runs the schedule without allocating.

use std::time::{Duration, Instant};

use super::Graph;
use super::builder::{Builder, OneOps, ValueId};
use super::bytes::Bytes;
use super::plan::{Plan, Seed, plan};
use super::profile::{Profile, Timed};
use super::report::Report;
use super::returned::{Returned, Slot};
use super::step::{Location, Pointers};
use super::walk::{GradientWalk, Walk};

use crate::{DType, Error, Float, cpu};

/// Plans, memory and the walk of a bound program.
#[derive(Debug)]
pub struct Engine {
    graph: &'static Graph,
    one_ops: &'static OneOps,
    dtype: DType,
    /// For each kind, one plan for each structure that was seen.
    plans: [Vec<Plan>; 3],
    /// The plan of each kind that ran last, which is tried first.
    last: [usize; 3],
    walk: Walk,
    gradient_walk: GradientWalk,
    leaves: Vec<*const u8>,
    sources: Vec<*const u8>,
    targets: Vec<*mut u8>,
    slots: Vec<Slot>,
    arena: Bytes,
    scratch: Bytes,
}

// SAFETY: the raw pointers are written from the arguments of a call and read in the same call
// only; between calls they are never followed.
unsafe impl Send for Engine {}

type WalkArguments<'c> = &'c mut dyn FnMut(&mut Walk);
type WalkGradient<'c> = &'c mut dyn FnMut(&mut GradientWalk);
type Instantiate<'c> = &'c dyn Fn(&Builder, &mut Vec<ValueId>);

/// The parameter that the cotangent of the result is; no user's parameter has such a name.
const COTANGENT: &str = "cotangent of the result";

/// What a plan computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// The result, and the gradient of its first value; the others are auxiliary.
    Gradient,
    /// The result alone.
    Value,
    /// The result, and the gradient for a given cotangent of it.
    Result,
}

impl Engine {
    /// An engine without plans.
    #[must_use]
    pub fn new(graph: &'static Graph, dtype: DType, one_ops: &'static OneOps) -> Self {
        Engine {
            graph,
            one_ops,
            dtype,
            plans: Default::default(),
            last: [0; 3],
            walk: Walk::default(),
            gradient_walk: GradientWalk::default(),
            leaves: Vec::new(),
            sources: Vec::new(),
            targets: Vec::new(),
            slots: Vec::new(),
            arena: Bytes::default(),
            scratch: Bytes::default(),
        }
    }

    /// Makes the plan with gradient for these arguments.
    ///
    /// # Errors
    /// When shapes do not fit, or the value is not a scalar.
    pub fn bind(
        &mut self,
        walk: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
    ) -> Result<(), Error> {
        self.prepare(walk, instantiate, Kind::Gradient).map(drop)
    }

    /// Makes the plan without gradient for these arguments.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn bind_value(
        &mut self,
        walk: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
    ) -> Result<(), Error> {
        self.prepare(walk, instantiate, Kind::Value).map(drop)
    }

    /// The value, which is one float, and the gradient.
    ///
    /// # Errors
    /// As `bind`, and when a label is out of range; nothing has been written then.
    pub fn value_and_grad<T: Float>(
        &mut self,
        walk: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
        walk_gradient: WalkGradient<'_>,
    ) -> Result<T, Error> {
        let index = self.prepare(walk, instantiate, Kind::Gradient)?;
        self.aim(walk_gradient);
        self.run(Kind::Gradient, index, |_| {});
        Ok(self.first(Kind::Gradient, index))
    }

    /// The value alone, which is one float.
    ///
    /// # Errors
    /// As `value_and_grad`.
    pub fn value<T: Float>(
        &mut self,
        walk: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
    ) -> Result<T, Error> {
        let index = self.prepare(walk, instantiate, Kind::Value)?;
        self.run(Kind::Value, index, |_| {});
        Ok(self.first(Kind::Value, index))
    }

    /// As `value_and_grad` for a result of several values, of which the first is differentiated.
    ///
    /// # Errors
    /// As `value_and_grad`.
    pub fn value_and_grad_of_first<R: Returned>(
        &mut self,
        walk: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
        walk_gradient: WalkGradient<'_>,
        result: &mut Option<R>,
    ) -> Result<(), Error> {
        let index = self.prepare(walk, instantiate, Kind::Gradient)?;
        self.aim(walk_gradient);
        self.run(Kind::Gradient, index, |_| {});
        self.yield_into(Kind::Gradient, index, result);
        Ok(())
    }

    /// The result alone.
    ///
    /// # Errors
    /// As `value_and_grad`.
    pub fn result<R: Returned>(
        &mut self,
        walk: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
        result: &mut Option<R>,
    ) -> Result<(), Error> {
        let index = self.prepare(walk, instantiate, Kind::Value)?;
        self.run(Kind::Value, index, |_| {});
        self.yield_into(Kind::Value, index, result);
        Ok(())
    }

    /// The result, and the gradient for a cotangent of it.
    ///
    /// # Errors
    /// As `value_and_grad`, and when the cotangent has not the shapes of the result.
    pub fn result_and_grad<R: Returned>(
        &mut self,
        walk: WalkArguments<'_>,
        cotangent: &R,
        instantiate: Instantiate<'_>,
        walk_gradient: WalkGradient<'_>,
        result: &mut Option<R>,
    ) -> Result<(), Error> {
        let mut walk = |walker: &mut Walk| {
            walk(walker);
            walker.parameter(COTANGENT, false);
            cotangent.walk(walker);
        };
        let index = self.prepare(&mut walk, instantiate, Kind::Result)?;
        self.aim(walk_gradient);
        self.run(Kind::Result, index, |_| {});
        self.yield_into(Kind::Result, index, result);
        Ok(())
    }

    /// One call with gradient, with the time of every step.
    ///
    /// # Errors
    /// As `value_and_grad`.
    pub fn profile(
        &mut self,
        walk: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
        walk_gradient: WalkGradient<'_>,
    ) -> Result<Profile, Error> {
        let index = self.prepare(walk, instantiate, Kind::Gradient)?;
        self.aim(walk_gradient);
        let begin = Instant::now();
        let mut ends = Vec::new();
        self.run(Kind::Gradient, index, |_| ends.push(begin.elapsed()));
        let steps = &self.plans[Kind::Gradient as usize][index].steps;
        let starts = std::iter::once(Duration::ZERO).chain(ends.iter().copied());
        let timed = steps.iter().zip(starts.zip(&ends));
        Ok(Profile {
            name: self.graph.name,
            steps: timed
                .map(|(step, (start, &end))| Timed {
                    label: step.action.to_string(),
                    region: step.region,
                    start,
                    time: end - start,
                })
                .collect(),
        })
    }

    /// Fills the memory between calls with a byte pattern, to show that no call reads what an
    /// earlier one left.
    pub fn poison(&mut self, byte: u8) {
        self.arena.fill(byte);
        self.scratch.fill(byte);
    }

    /// Finds where the gradient goes.
    fn aim(&mut self, walk_gradient: WalkGradient<'_>) {
        self.gradient_walk
            .reset(self.walk.leaves.len(), &self.walk.parameters);
        walk_gradient(&mut self.gradient_walk);
    }

    /// What the plan that ran last does.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        let plans = self.plans.iter().zip(self.last);
        Report {
            name: self.graph.name,
            plan: plans.filter_map(|(plans, last)| plans.get(last)).next(),
        }
    }

    /// Walks the arguments, finds or makes the plan, checks labels and patches pointers.
    fn prepare(
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
        let builder = Builder::new(self.one_ops, &self.walk, leaf_names);
        let mut ids = Vec::new();
        instantiate(&builder, &mut ids);
        if let Some(error) = builder.take_error() {
            return Err(error);
        }
        let cotangents = self.walk.parameters.last().map_or(0, |&(_, first)| first);
        let seeded = |(k, id): (usize, ValueId)| {
            let seed = match kind {
                Kind::Gradient if k == 0 => Seed::One,
                Kind::Result => Seed::Leaf(cotangents + k),
                Kind::Gradient | Kind::Value => Seed::Nothing,
            };
            (id, seed)
        };
        let outputs: Vec<(ValueId, Seed)> = ids.into_iter().enumerate().map(seeded).collect();
        let plan = plan(&builder, &outputs, self.dtype, self.walk.key.clone())?;
        self.arena.grow(plan.arena.bytes);
        self.scratch.grow(plan.scratch_bytes);
        self.sources.reserve(plan.widest);
        self.targets.reserve(plan.widest);
        let plans = &mut self.plans[kind as usize];
        plans.push(plan);
        Ok(plans.len() - 1)
    }

    /// Runs a plan; `after` is told the number of each step when it is done.
    fn run(&mut self, kind: Kind, index: usize, mut after: impl FnMut(usize)) {
        let plan = &self.plans[kind as usize][index];
        let pointers = Pointers {
            arena: self.arena.as_mut_ptr(),
            leaves: &self.leaves,
            gradients: &self.gradient_walk.slots,
            constants: plan.constants.as_ptr(),
            scratch: self.scratch.as_mut_ptr(),
        };
        for (number, step) in plan.steps.iter().enumerate() {
            // SAFETY: `prepare` patched the pointers for arguments whose key is the plan's; the
            // gradient walk made every slot; arena and scratch are ours alone and large enough.
            unsafe {
                step.action
                    .run(&pointers, &mut self.sources, &mut self.targets)
            };
            after(number);
        }
        for &(leaf, bytes) in &plan.untouched {
            // SAFETY: the slot has the shape of the leaf.
            unsafe { self.gradient_walk.slots[leaf].write_bytes(0, bytes) };
        }
    }

    /// Where the elements of an output are after a run.
    fn read(&mut self, kind: Kind, index: usize, output: usize) -> *const u8 {
        let plan = &self.plans[kind as usize][index];
        match plan.outputs[output].at {
            // SAFETY: packed into the arena.
            Location::Arena(offset) => unsafe { self.arena.as_mut_ptr().add(offset) },
            Location::Leaf(leaf) => self.leaves[leaf],
            Location::Gradient(leaf) => self.gradient_walk.slots[leaf],
            Location::Constant(constant) => std::ptr::from_ref(&plan.constants[constant]).cast(),
            Location::Nowhere => std::ptr::null(),
        }
    }

    /// The first output, a float.
    fn first<T: Float>(&mut self, kind: Kind, index: usize) -> T {
        // SAFETY: the output is a scalar of the program's element type.
        unsafe { self.read(kind, index, 0).cast::<T>().read() }
    }

    /// Copies the outputs into `result`, which is made anew when its shapes are others.
    fn yield_into<R: Returned>(&mut self, kind: Kind, index: usize, result: &mut Option<R>) {
        let outputs = &self.plans[kind as usize][index].outputs;
        let shapes = || outputs.iter().map(|output| output.shape.as_slice());
        if !result
            .as_ref()
            .is_some_and(|known| known.has(&mut shapes()))
        {
            *result = Some(R::blank(&mut shapes()));
        }
        self.slots.clear();
        if let Some(result) = result {
            result.slots(&mut self.slots);
        }
        for output in 0..self.slots.len() {
            let shape = &self.plans[kind as usize][index].outputs[output].shape;
            let elements = shape.iter().product();
            let from = self.read(kind, index, output);
            // SAFETY: the output has the program's element type; the slot is that of a tensor of
            // its shape and of the slot's element type, and is no memory of the program.
            unsafe { cpu::convert((self.dtype, from), self.slots[output], elements) };
        }
    }
}
