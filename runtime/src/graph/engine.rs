//! The engine: what a generated program holds. It caches a plan per structure of the arguments,
//! patches leaf pointers, and runs the schedule without allocating.

use super::Graph;
use super::builder::{Builder, OneOps, ValueId};
use super::bytes::Bytes;
use super::plan::{Plan, plan};
use super::report::Report;
use super::step::{Location, Pointers};
use super::walk::{GradientWalk, Walk};

use crate::{DType, Error, Float};

/// Plans, memory and the walk of a bound program.
#[derive(Debug)]
pub struct Engine {
    graph: &'static Graph,
    one_ops: &'static OneOps,
    dtype: DType,
    /// With gradient and forward only, one plan for each structure that was seen.
    plans: [Vec<Plan>; 2],
    /// The plan that ran last, which is tried first.
    last: [usize; 2],
    walk: Walk,
    gradient_walk: GradientWalk,
    leaves: Vec<*const u8>,
    sources: Vec<*const u8>,
    targets: Vec<*mut u8>,
    arena: Bytes,
    scratch: Bytes,
}

// SAFETY: the raw pointers are written from the arguments of a call and read in the same call
// only; between calls they are never followed.
unsafe impl Send for Engine {}

type WalkArguments<'c> = &'c mut dyn FnMut(&mut Walk);
type Instantiate<'c> = &'c dyn Fn(&Builder) -> ValueId;

impl Engine {
    /// An engine without plans.
    #[must_use]
    pub fn new(graph: &'static Graph, dtype: DType, one_ops: &'static OneOps) -> Self {
        Engine {
            graph,
            one_ops,
            dtype,
            plans: [Vec::new(), Vec::new()],
            last: [0; 2],
            walk: Walk::default(),
            gradient_walk: GradientWalk::default(),
            leaves: Vec::new(),
            sources: Vec::new(),
            targets: Vec::new(),
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
        self.prepare(walk, instantiate, true).map(drop)
    }

    /// The value and the gradient.
    ///
    /// # Errors
    /// As `bind`, and when a label is out of range; nothing has been written then.
    pub fn value_and_grad<T: Float>(
        &mut self,
        walk: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
        walk_gradient: &mut dyn FnMut(&mut GradientWalk),
    ) -> Result<T, Error> {
        let index = self.prepare(walk, instantiate, true)?;
        self.gradient_walk
            .reset(self.walk.leaves.len(), &self.walk.parameters);
        walk_gradient(&mut self.gradient_walk);
        Ok(self.run(true, index))
    }

    /// The value alone.
    ///
    /// # Errors
    /// As `value_and_grad`.
    pub fn value<T: Float>(
        &mut self,
        walk: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
    ) -> Result<T, Error> {
        let index = self.prepare(walk, instantiate, false)?;
        Ok(self.run(false, index))
    }

    /// What the plan that ran last does.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        Report {
            name: self.graph.name,
            plan: self.plans[0].get(self.last[0]),
        }
    }

    /// Walks the arguments, finds or makes the plan, checks labels and patches pointers.
    fn prepare(
        &mut self,
        walk: WalkArguments<'_>,
        instantiate: Instantiate<'_>,
        gradient: bool,
    ) -> Result<usize, Error> {
        self.walk.clear();
        walk(&mut self.walk);
        let kind = usize::from(!gradient);
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
            self.make_plan(instantiate, gradient, naming.into_names())?
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
        gradient: bool,
        leaf_names: Vec<String>,
    ) -> Result<usize, Error> {
        let builder = Builder::new(self.one_ops, &self.walk, leaf_names);
        let output = instantiate(&builder);
        if let Some(error) = builder.take_error() {
            return Err(error);
        }
        let plan = plan(
            &builder,
            output,
            self.dtype,
            gradient,
            self.walk.key.clone(),
        )?;
        self.arena.grow(plan.arena.bytes);
        self.scratch.grow(plan.scratch_bytes);
        self.sources.reserve(plan.widest);
        self.targets.reserve(plan.widest);
        let plans = &mut self.plans[usize::from(!gradient)];
        plans.push(plan);
        Ok(plans.len() - 1)
    }

    fn run<T: Float>(&mut self, gradient: bool, index: usize) -> T {
        let plan = &self.plans[usize::from(!gradient)][index];
        let pointers = Pointers {
            arena: self.arena.as_mut_ptr(),
            leaves: &self.leaves,
            gradients: &self.gradient_walk.slots,
            constants: plan.constants.as_ptr(),
            scratch: self.scratch.as_mut_ptr(),
        };
        for step in &plan.steps {
            // SAFETY: `prepare` patched the pointers for arguments whose key is the plan's; the
            // gradient walk made every slot; arena and scratch are ours alone and large enough.
            unsafe {
                step.action
                    .run(&pointers, &mut self.sources, &mut self.targets)
            };
        }
        for &(leaf, bytes) in &plan.untouched {
            // SAFETY: the slot has the shape of the leaf.
            unsafe { self.gradient_walk.slots[leaf].write_bytes(0, bytes) };
        }
        let output: *const u8 = match plan.output {
            // SAFETY: packed into the arena.
            Location::Arena(offset) => unsafe { pointers.arena.add(offset) },
            Location::Leaf(leaf) => self.leaves[leaf],
            Location::Constant(constant) => std::ptr::from_ref(&plan.constants[constant]).cast(),
            Location::Gradient(_) | Location::Nowhere => return T::ZERO,
        };
        // SAFETY: the output is a scalar of the program's element type.
        unsafe { output.cast::<T>().read() }
    }
}
