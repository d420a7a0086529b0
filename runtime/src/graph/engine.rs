//! The engine: what a generated program holds. It caches a plan per structure of the arguments,
//! patches leaf pointers, and runs the schedule without allocating.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::Graph;
use super::binding::{KINDS, Kind};
use super::builder::{Builder, OneOps, ValueId};
use super::bytes::Bytes;
use super::plan::Plan;
use super::profile::{Profile, Timed};
use super::report::Report;
use super::returned::{Returned, Slot};
use super::step::{Location, Pointers};
use super::walk::{GradientWalk, Walk};

use crate::cpu::{Precision, precision};
use crate::{DType, Error, Float, cpu};

/// Plans, memory and the walk of a bound program.
#[derive(Debug)]
pub struct Engine {
    pub(super) graph: &'static Graph,
    pub(super) one_ops: &'static OneOps,
    pub(super) dtype: DType,
    /// For each kind, one plan for each structure that was seen.
    pub(super) plans: [Vec<Plan>; KINDS],
    /// The plan of each kind that ran last, which is tried first.
    pub(super) last: [usize; KINDS],
    pub(super) walk: Walk,
    gradient_walk: GradientWalk,
    pub(super) leaves: Vec<*const u8>,
    pub(super) sources: Vec<*const u8>,
    pub(super) targets: Vec<*mut u8>,
    slots: Vec<Slot>,
    pub(super) arena: Bytes,
    pub(super) scratch: Bytes,
    /// What memory that is free is filled with, where calls are tested.
    poisoned: Option<u8>,
    /// The bytes that arena and scratch space may take.
    pub(super) budget: Option<usize>,
    /// What products of all plans may do, as it was on the thread that made the engine.
    pub(super) precision: Precision,
}

// SAFETY: the raw pointers are written from the arguments of a call and read in the same call
// only; between calls they are never followed.
unsafe impl Send for Engine {}

pub(super) type WalkArguments<'c> = &'c mut dyn FnMut(&mut Walk);
type WalkGradient<'c> = &'c mut dyn FnMut(&mut GradientWalk);
pub(super) type Instantiate<'c> = &'c dyn Fn(&Builder, &mut Vec<ValueId>);

/// The environment variable under which every program of a process is poisoned, so that a whole set of
/// tests can be run that way.
const POISON: &str = "COTANGENT_POISON";
/// The parameter that the cotangent of the result is; no user's parameter has such a name.
const COTANGENT: &str = "cotangent of the result";

impl Engine {
    /// An engine without plans.
    #[must_use]
    pub fn new(graph: &'static Graph, dtype: DType, one_ops: &'static OneOps) -> Self {
        Engine {
            graph,
            one_ops,
            dtype,
            plans: Default::default(),
            last: [0; KINDS],
            walk: Walk::default(),
            gradient_walk: GradientWalk::default(),
            leaves: Vec::new(),
            sources: Vec::new(),
            targets: Vec::new(),
            slots: Vec::new(),
            arena: Bytes::default(),
            scratch: Bytes::default(),
            poisoned: std::env::var_os(POISON).map(|_| u8::MAX),
            budget: None,
            precision: precision(),
        }
    }

    /// Every plan from now on takes at most so many bytes, if any number is given, for intermediate
    /// values: what does not fit is computed again in the backward pass.
    pub fn limit(&mut self, bytes: Option<usize>) {
        self.budget = bytes;
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

    /// As `value_and_grad`, but the gradient is added to what is there.
    ///
    /// # Errors
    /// As `value_and_grad`.
    pub fn accumulate<T: Float>(
        &mut self,
        walk: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
        walk_gradient: WalkGradient<'_>,
    ) -> Result<T, Error> {
        let index = self.prepare(walk, instantiate, Kind::More)?;
        self.gradient_walk.added = true;
        self.find_slots(walk_gradient);
        self.run(Kind::More, index, |_| {});
        Ok(self.first(Kind::More, index))
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
        self.yield_into(Kind::Gradient, index, 0, result);
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
        self.yield_into(Kind::Value, index, 0, result);
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
        self.yield_into(Kind::Result, index, 0, result);
        Ok(())
    }

    /// The Hessian of the first value times a direction, which is walked as the parameters are: the
    /// product goes where `walk_gradient` says.
    ///
    /// # Errors
    /// As `value_and_grad`, and when the direction has not the structure of the parameters, or
    /// something cannot be differentiated twice.
    pub fn product(
        &mut self,
        walk: WalkArguments<'_>,
        direction: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
        walk_gradient: WalkGradient<'_>,
    ) -> Result<(), Error> {
        let mut walk = |walker: &mut Walk| {
            walk(walker);
            walker.direction();
            direction(walker);
        };
        let index = self.prepare(&mut walk, instantiate, Kind::Product)?;
        self.aim(walk_gradient);
        self.run(Kind::Product, index, |_| {});
        Ok(())
    }

    /// The result, and its derivative along a direction, which is walked as the parameters are.
    ///
    /// # Errors
    /// As `product`.
    pub fn tangent<R: Returned>(
        &mut self,
        walk: WalkArguments<'_>,
        direction: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
        result: &mut Option<R>,
        tangent: &mut Option<R>,
    ) -> Result<(), Error> {
        let mut walk = |walker: &mut Walk| {
            walk(walker);
            walker.direction();
            direction(walker);
        };
        let index = self.prepare(&mut walk, instantiate, Kind::Tangent)?;
        self.run(Kind::Tangent, index, |_| {});
        self.yield_into(Kind::Tangent, index, 0, result);
        let half = self.plans[Kind::Tangent as usize][index].outputs.len() / 2;
        self.yield_into(Kind::Tangent, index, half, tangent);
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
                    region: step.origin.region,
                    start,
                    time: end - start,
                })
                .collect(),
        })
    }

    /// Fills the memory with a byte pattern in every call from now on: all of it before the first step, and
    /// behind each step the buffers that nobody reads any more and the scratch space. So it shows that no
    /// step reads what another one left by chance.
    pub fn poison(&mut self, byte: u8) {
        self.poisoned = Some(byte);
    }

    /// Fills what is dead behind a step.
    fn poison_behind(&mut self, kind: Kind, index: usize, number: usize, byte: u8) {
        self.scratch.fill(byte);
        for (offset, bytes) in self.plans[kind as usize][index].arena.dead_after(number) {
            self.arena.fill_part(offset, bytes, byte);
        }
    }

    /// Finds where the gradient goes.
    fn aim(&mut self, walk_gradient: WalkGradient<'_>) {
        self.gradient_walk.added = false;
        self.find_slots(walk_gradient);
    }

    fn find_slots(&mut self, walk_gradient: WalkGradient<'_>) {
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

    /// Runs a plan; `after` is told the number of each step when it is done.
    fn run(&mut self, kind: Kind, index: usize, mut after: impl FnMut(usize)) {
        let steps = self.plans[kind as usize][index].steps.len();
        if let Some(byte) = self.poisoned {
            self.arena.fill(byte);
            self.scratch.fill(byte);
            for number in 0..steps {
                self.run_steps(kind, index, number..number + 1, &mut after);
                self.poison_behind(kind, index, number, byte);
            }
        } else {
            self.run_steps(kind, index, 0..steps, &mut after);
        }
        for &(leaf, bytes) in &self.plans[kind as usize][index].untouched {
            // SAFETY: the slot has the shape of the leaf.
            unsafe { self.gradient_walk.slots[leaf].write_bytes(0, bytes) };
        }
    }

    /// Runs some steps of a plan, all that come before having run.
    fn run_steps(
        &mut self,
        kind: Kind,
        index: usize,
        steps: Range<usize>,
        after: &mut impl FnMut(usize),
    ) {
        let plan = &self.plans[kind as usize][index];
        let pointers = Pointers {
            arena: self.arena.as_mut_ptr(),
            leaves: &self.leaves,
            gradients: &self.gradient_walk.slots,
            constants: plan.constants.as_ptr(),
            scratch: self.scratch.as_mut_ptr(),
        };
        for (number, step) in steps.clone().zip(&plan.steps[steps]) {
            // SAFETY: `prepare` patched the pointers for arguments whose key is the plan's; the
            // gradient walk made every slot; arena and scratch are ours alone and large enough.
            unsafe {
                step.action
                    .run(&pointers, &mut self.sources, &mut self.targets)
            };
            after(number);
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

    /// Copies the outputs from number `first` on into `result`, which is made anew when its shapes
    /// are others.
    fn yield_into<R: Returned>(
        &mut self,
        kind: Kind,
        index: usize,
        first: usize,
        result: &mut Option<R>,
    ) {
        let outputs = &self.plans[kind as usize][index].outputs[first..];
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
            let shape = &self.plans[kind as usize][index].outputs[first + output].shape;
            let elements = shape.iter().product();
            let from = self.read(kind, index, first + output);
            // SAFETY: the output has the program's element type; the slot is that of a tensor of
            // its shape and of the slot's element type, and is no memory of the program.
            unsafe { cpu::convert((self.dtype, from), self.slots[output], elements) };
        }
    }
}
