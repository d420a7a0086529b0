//! A step of the flat schedule: resolved kernels, and operands as places that a call patches.

use std::ops::Range;

use super::checkpoint::Scope;
use super::memory::Buffer;
use super::region::RowOp;
use crate::DType;
use crate::cpu::{self, FusedPlan, GemmPlan, Shared};
use crate::primitive::Resolved;

/// Where an operand is. A call knows the pointer behind each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Location {
    /// A buffer while planning; its byte offset in the arena afterwards.
    Arena(usize),
    /// A leaf of the arguments.
    Leaf(usize),
    /// The gradient of a leaf.
    Gradient(usize),
    /// A constant of the plan.
    Constant(usize),
    /// An output that is not wanted.
    Nowhere,
}

impl Location {
    /// Gives a buffer another name, or an offset.
    pub(super) fn rename(&mut self, name: impl FnOnce(Buffer) -> usize) {
        if let Location::Arena(buffer) = self {
            *buffer = name(Buffer(*buffer));
        }
    }
}

/// A step with where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) action: Action,
    pub(crate) origin: Origin,
}

/// Where a step comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// `function.number` of the region, or nothing for a step of the plan itself.
    pub(crate) region: &'static str,
    pub(crate) scope: Scope,
    pub(crate) pass: Pass,
}

/// Why a step runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pass {
    /// For the results.
    Forward,
    /// For the gradient.
    Backward,
    /// For the gradient, as it ran in the forward pass.
    Again,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Fused {
        plan: FusedPlan,
        inputs: Vec<Location>,
        outputs: Vec<Location>,
    },
    Gemm {
        plan: GemmPlan,
        a: Location,
        b: Location,
        c: Location,
        /// What its results go through while they are in the cache, one after another.
        then: Vec<Epilogue>,
    },
    Transpose {
        dtype: DType,
        shape: Vec<usize>,
        input: Location,
        output: Location,
    },
    Rows {
        dtype: DType,
        op: RowOp,
        rows: usize,
        classes: usize,
        input: Location,
        labels: Option<Location>,
        output: Location,
    },
    Primitive {
        plan: Resolved,
        inputs: Vec<Location>,
        output: Location,
    },
    /// A primitive whose result is added to a row list.
    AddRows {
        plan: Resolved,
        inputs: Vec<Location>,
        list: Location,
    },
    Copy {
        from: Location,
        to: Location,
        elements: usize,
        dtype: DType,
        accumulate: bool,
    },
    /// Between the type of a leaf and that of the graph.
    Convert {
        from: (DType, Location),
        to: (DType, Location),
        elements: usize,
    },
    Zero {
        to: Location,
        bytes: usize,
    },
}

/// A fused kernel of which one operand is the product that it follows, or the result of one between.
#[derive(Clone, Debug)]
pub(crate) struct Epilogue {
    pub(crate) plan: FusedPlan,
    pub(crate) inputs: Vec<Location>,
    pub(crate) outputs: Vec<Location>,
}

/// The pointers of a call.
pub(crate) struct Pointers<'c> {
    pub(crate) arena: *mut u8,
    pub(crate) leaves: &'c [*const u8],
    pub(crate) gradients: &'c [*mut u8],
    pub(crate) constants: *const u64,
    pub(crate) scratch: *mut u8,
}

impl Pointers<'_> {
    fn read(&self, location: Location) -> *const u8 {
        match location {
            // SAFETY: the offset was packed into the arena, which the engine sized for the plan.
            Location::Arena(offset) => unsafe { self.arena.add(offset) },
            Location::Leaf(leaf) => self.leaves[leaf],
            Location::Gradient(leaf) => self.gradients[leaf],
            // SAFETY: the index was handed out when the constant was pushed.
            Location::Constant(index) => unsafe { self.constants.add(index) }.cast(),
            Location::Nowhere => std::ptr::null(),
        }
    }

    /// Adds where the operands and results of a fused kernel are.
    fn resolve(
        &self,
        (inputs, sources): (&[Location], &mut Vec<*const u8>),
        (outputs, targets): (&[Location], &mut Vec<*mut u8>),
    ) {
        sources.extend(inputs.iter().map(|&location| self.read(location)));
        targets.extend(outputs.iter().map(|&location| self.write(location)));
    }

    fn write(&self, location: Location) -> *mut u8 {
        match location {
            Location::Gradient(leaf) => self.gradients[leaf],
            other => self.read(other).cast_mut(),
        }
    }
}

impl Action {
    /// Runs the step.
    ///
    /// # Safety
    /// The pointers must be those of the arguments that the plan was made for, alive and, for the
    /// arena, the scratch space and the gradients, not aliased; `inputs` and `outputs` have room
    /// for the plan's widest step.
    pub(crate) unsafe fn run(
        &self,
        pointers: &Pointers<'_>,
        sources: &mut Vec<*const u8>,
        targets: &mut Vec<*mut u8>,
    ) {
        match self {
            Action::Fused {
                plan,
                inputs,
                outputs,
            } => {
                sources.clear();
                targets.clear();
                pointers.resolve((inputs, sources), (outputs, targets));
                // SAFETY: shapes were inferred for these operands, and the arena gives outputs
                // bytes that no live operand has.
                unsafe { plan.run(sources, targets, pointers.scratch) };
            }
            Action::Gemm {
                plan,
                a,
                b,
                c,
                then,
            } => {
                let (a, b, c) = (pointers.read(*a), pointers.read(*b), pointers.write(*c));
                let scratch = pointers.scratch;
                if then.is_empty() {
                    // SAFETY: as above.
                    unsafe { plan.run(a, b, c, scratch) };
                    return;
                }
                sources.clear();
                targets.clear();
                for then in then {
                    pointers.resolve((&then.inputs, sources), (&then.outputs, targets));
                }
                // SAFETY: several calls at a time only read the pointers.
                let operands = unsafe { Shared::new((sources.as_slice(), targets.as_slice())) };
                let finish = |range: Range<usize>| {
                    let (mut sources, mut targets) = operands.get();
                    for then in then {
                        let (inputs, outputs);
                        (inputs, sources) = sources.split_at(then.inputs.len());
                        (outputs, targets) = targets.split_at(then.outputs.len());
                        // SAFETY: as above; the range of the product and of what the kernels before
                        // computed is there, and nobody else writes to it.
                        unsafe { then.plan.run_range(inputs, outputs, range.clone()) };
                    }
                };
                // SAFETY: as above; the kernels write to no operand of the product.
                unsafe { plan.run_with(a, b, c, scratch, Some(&finish)) };
            }
            Action::Transpose {
                dtype,
                shape,
                input,
                output,
            } => {
                // SAFETY: as above.
                unsafe {
                    cpu::transpose(
                        *dtype,
                        shape,
                        pointers.read(*input),
                        pointers.write(*output),
                    )
                };
            }
            Action::Rows {
                dtype,
                op,
                rows,
                classes,
                input,
                labels,
                output,
            } => {
                let labels = labels.map_or(std::ptr::null(), |labels| pointers.read(labels));
                // SAFETY: as above; labels were checked before the first step.
                unsafe {
                    cpu::row_op(
                        *dtype,
                        *op,
                        *rows,
                        *classes,
                        pointers.read(*input),
                        labels.cast(),
                        pointers.write(*output),
                    );
                }
            }
            Action::Primitive {
                plan,
                inputs,
                output,
            } => {
                sources.clear();
                sources.extend(inputs.iter().map(|&location| pointers.read(location)));
                // SAFETY: as above.
                unsafe { plan.run(sources, pointers.write(*output), pointers.scratch) };
            }
            Action::AddRows { plan, inputs, list } => {
                sources.clear();
                sources.extend(inputs.iter().map(|&location| pointers.read(location)));
                // SAFETY: as above; the slot of a leaf that is a table is a row list of its shape.
                unsafe { plan.run_rows(sources, pointers.write(*list), pointers.scratch) };
            }
            Action::Copy {
                from,
                to,
                elements,
                dtype,
                accumulate,
            } => {
                // SAFETY: as above.
                unsafe {
                    cpu::copy(
                        *dtype,
                        pointers.read(*from),
                        pointers.write(*to),
                        *elements,
                        *accumulate,
                    );
                }
            }
            Action::Convert { from, to, elements } => {
                // SAFETY: as above.
                unsafe {
                    cpu::convert(
                        (from.0, pointers.read(from.1)),
                        (to.0, pointers.write(to.1)),
                        *elements,
                    );
                }
            }
            Action::Zero { to, bytes } => {
                // SAFETY: as above.
                unsafe { pointers.write(*to).write_bytes(0, *bytes) };
            }
        }
    }

    /// Scratch space that it needs.
    pub(crate) fn scratch_bytes(&self) -> usize {
        match self {
            Action::Fused { plan, .. } => plan.scratch_bytes(),
            Action::Gemm { plan, .. } => plan.scratch_bytes(),
            Action::Primitive { plan, .. } | Action::AddRows { plan, .. } => plan.scratch_bytes(),
            _ => 0,
        }
    }

    /// The bytes that it only brings to another place.
    pub(crate) fn moved_bytes(&self) -> usize {
        match self {
            Action::Copy {
                elements,
                dtype,
                accumulate: false,
                ..
            } => elements * dtype.size(),
            Action::Transpose { dtype, shape, .. } => {
                shape.iter().product::<usize>() * dtype.size()
            }
            Action::Primitive { plan, .. } if plan.moves() => plan.result_bytes(),
            _ => 0,
        }
    }

    /// The larger of its numbers of inputs and outputs.
    pub(crate) fn width(&self) -> usize {
        match self {
            Action::Fused {
                inputs, outputs, ..
            } => inputs.len().max(outputs.len()),
            Action::Gemm { then, .. } => {
                let widths = then
                    .iter()
                    .map(|then| (then.inputs.len(), then.outputs.len()));
                let (inputs, outputs): (Vec<usize>, Vec<usize>) = widths.unzip();
                inputs.iter().sum::<usize>().max(outputs.iter().sum())
            }
            Action::Primitive { inputs, .. } | Action::AddRows { inputs, .. } => inputs.len(),
            _ => 0,
        }
    }

    /// Visits every location.
    pub(crate) fn visit(&self, visit: &mut dyn FnMut(&Location)) {
        match self {
            Action::Fused {
                inputs, outputs, ..
            } => inputs.iter().chain(outputs).for_each(visit),
            Action::Gemm { a, b, c, then, .. } => {
                [a, b, c].into_iter().for_each(&mut *visit);
                let operands = then
                    .iter()
                    .flat_map(|then| then.inputs.iter().chain(&then.outputs));
                operands.for_each(visit);
            }
            Action::Transpose { input, output, .. } => [input, output].into_iter().for_each(visit),
            Action::Rows {
                input,
                labels,
                output,
                ..
            } => {
                [input, output].into_iter().chain(labels).for_each(visit);
            }
            Action::Primitive { inputs, output, .. } => {
                inputs.iter().chain([output]).for_each(visit);
            }
            Action::AddRows { inputs, list, .. } => inputs.iter().chain([list]).for_each(visit),
            Action::Copy { from, to, .. } => [from, to].into_iter().for_each(visit),
            Action::Convert { from, to, .. } => [&from.1, &to.1].into_iter().for_each(visit),
            Action::Zero { to, .. } => visit(to),
        }
    }

    /// Visits every location that it writes.
    pub(crate) fn visit_written(&self, visit: &mut dyn FnMut(&Location)) {
        match self {
            Action::Fused { outputs, .. } => outputs.iter().for_each(visit),
            Action::Gemm { c, then, .. } => {
                visit(c);
                then.iter().flat_map(|then| &then.outputs).for_each(visit);
            }
            Action::Transpose { output, .. }
            | Action::Rows { output, .. }
            | Action::Primitive { output, .. } => visit(output),
            Action::Copy { to, .. } | Action::Zero { to, .. } => visit(to),
            Action::AddRows { list, .. } => visit(list),
            Action::Convert { to, .. } => visit(&to.1),
        }
    }

    /// Visits every location for change.
    pub(crate) fn visit_mut(&mut self, visit: &mut dyn FnMut(&mut Location)) {
        match self {
            Action::Fused {
                inputs, outputs, ..
            } => inputs.iter_mut().chain(outputs).for_each(visit),
            Action::Gemm { a, b, c, then, .. } => {
                [a, b, c].into_iter().for_each(&mut *visit);
                for then in then {
                    then.inputs
                        .iter_mut()
                        .chain(&mut then.outputs)
                        .for_each(&mut *visit);
                }
            }
            Action::Transpose { input, output, .. } => [input, output].into_iter().for_each(visit),
            Action::Rows {
                input,
                labels,
                output,
                ..
            } => {
                [input, output].into_iter().chain(labels).for_each(visit);
            }
            Action::Primitive { inputs, output, .. } => {
                inputs.iter_mut().chain([output]).for_each(visit);
            }
            Action::AddRows { inputs, list, .. } => {
                inputs.iter_mut().chain([list]).for_each(visit);
            }
            Action::Copy { from, to, .. } => [from, to].into_iter().for_each(visit),
            Action::Convert { from, to, .. } => {
                [&mut from.1, &mut to.1].into_iter().for_each(visit);
            }
            Action::Zero { to, .. } => visit(to),
        }
    }
}
