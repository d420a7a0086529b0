//! The builder: what `instantiate` records while it runs.
//!
//! Shapes are inferred as regions are recorded. The first error is kept and its value gets a
//! plausible shape, so that `instantiate` runs on without a cascade and `bind` returns one error.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::marker::PhantomData;

use super::checkpoint::{OpenScopes, Scope};
use super::infer::infer;
use super::region::{Place, Region, ValueIndex};
use super::walk::Walk;
use crate::error::caller;
use crate::{DType, Element, Error, Float};

/// A value of the graph under construction: an index into the builder's values.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ValueId(pub(crate) u32);

impl ValueId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Source {
    /// Leaf number k of the arguments.
    Leaf(usize),
    /// A bind-time constant of rank 0.
    Constant(f64),
    /// An output of a region instance.
    Region,
    /// What a derivative is linear in; see [`Builder::probes`].
    Probe,
}

/// A value with what is known at bind.
#[derive(Clone, Debug)]
pub(crate) struct ValueInfo {
    pub(crate) source: Source,
    pub(crate) shape: Vec<usize>,
    /// Whether it depends on a leaf whose gradient is wanted.
    pub(crate) active: bool,
    /// Whether its cotangent is a row list.
    pub(crate) rows: bool,
}

/// An instance of a region: its inputs and outputs, and the shape of each of its values.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) region: &'static Region,
    pub(crate) inputs: Vec<ValueId>,
    pub(crate) outputs: Vec<ValueId>,
    pub(crate) shapes: Vec<Vec<usize>>,
    /// The parameters of its primitives.
    pub(crate) args: Vec<i64>,
    /// The user's operator, where the region is not of the user's own function.
    pub(crate) operator: Option<Place>,
    /// The scope of `#[checkpoint]` that it stands in.
    pub(crate) scope: Scope,
}

impl Instance {
    /// The user's operator that a value comes from.
    pub(crate) fn place(&self, value: ValueIndex) -> Place {
        let place = self.region.values[usize::from(value)].place;
        self.operator.unwrap_or(place)
    }
}

/// Regions of single operations by name, for operators between values that the macro knows
/// nothing of. Produced by the macro; the runtime holds no derivative rule.
#[derive(Debug)]
pub struct OneOps {
    /// Single precision.
    pub f32: &'static [(&'static str, Region)],
    /// Double precision.
    pub f64: &'static [(&'static str, Region)],
}

/// Records one run of `instantiate`.
#[derive(Debug)]
pub struct Builder {
    /// The type that the program computes in.
    pub(crate) dtype: DType,
    one_ops: &'static OneOps,
    /// Leaves by address: several when one tensor is passed as several arguments.
    by_address: HashMap<usize, Vec<u32>>,
    /// The name of each parameter and its first leaf.
    parameters: Vec<(&'static str, usize)>,
    /// The leaves of the argument whose handle is being made.
    argument: Cell<Option<(usize, usize)>>,
    /// The path of each leaf.
    leaf_names: Vec<String>,
    /// The element type of each leaf.
    pub(crate) leaf_dtypes: Vec<DType>,
    pub(crate) values: RefCell<Vec<ValueInfo>>,
    pub(crate) instances: RefCell<Vec<Instance>>,
    error: RefCell<Option<Error>>,
    /// How many derivatives beyond the first are taken of what is recorded now.
    pub(crate) again: Cell<usize>,
    pub(super) scopes: OpenScopes,
}

impl Builder {
    /// A builder whose first values are the leaves of the walk.
    /// `leaf_names` are the paths of the leaves, or nothing where no message needs them.
    /// `instantiate` reaches the first `reachable` leaves; `again` says that the graph is differentiated
    /// more than once.
    pub(crate) fn new(
        dtype: DType,
        one_ops: &'static OneOps,
        walk: &Walk,
        leaf_names: Vec<String>,
        reachable: usize,
        again: bool,
    ) -> Self {
        let values = (0..walk.leaves.len())
            .map(|leaf| ValueInfo {
                source: Source::Leaf(leaf),
                shape: walk.shape(leaf),
                active: walk.leaves[leaf].active,
                rows: walk.leaves[leaf].rows,
            })
            .collect();
        let mut by_address: HashMap<usize, Vec<u32>> = HashMap::new();
        for (index, leaf) in walk.leaves.iter().take(reachable).enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            by_address.entry(leaf.address).or_default().push(index);
        }
        Builder {
            dtype,
            one_ops,
            by_address,
            parameters: walk.parameters.clone(),
            argument: Cell::default(),
            leaf_names,
            leaf_dtypes: walk.leaves.iter().map(|leaf| leaf.dtype).collect(),
            values: RefCell::new(values),
            instances: RefCell::default(),
            again: Cell::new(usize::from(again)),
            error: RefCell::default(),
            scopes: OpenScopes::default(),
        }
    }

    /// The first error, if there was one.
    pub(crate) fn take_error(&self) -> Option<Error> {
        self.error.borrow_mut().take()
    }

    pub(crate) fn fail(&self, error: Error) {
        self.error.borrow_mut().get_or_insert(error);
    }

    /// Makes the handle of an argument. One tensor may be passed as several arguments, so that an
    /// address alone does not tell which leaf is meant; here it is the one of this parameter.
    pub fn argument<'b, H>(&'b self, name: &str, make: impl FnOnce(&'b Self) -> H) -> H {
        self.argument.set(Some(self.leaves_of(name)));
        let handle = make(self);
        self.argument.set(None);
        handle
    }

    /// The first leaf of a parameter and the first one after it.
    fn leaves_of(&self, name: &str) -> (usize, usize) {
        let starts = |index: usize| self.parameters.get(index).map(|&(_, start)| start);
        let index = self.parameters.iter().position(|(known, _)| *known == name);
        let end = self.leaf_dtypes.len();
        let start = index.and_then(starts).unwrap_or(end);
        (
            start,
            index.and_then(|index| starts(index + 1)).unwrap_or(end),
        )
    }

    /// The leaf at an address.
    pub(crate) fn leaf<T>(&self, address: usize) -> TensorHandle<'_, T> {
        let (start, end) = self.argument.get().unwrap_or((0, self.leaf_dtypes.len()));
        let known = self.by_address.get(&address).into_iter().flatten();
        let mut known = known.filter(|&&id| (start..end).contains(&(id as usize)));
        match (known.next(), known.next()) {
            (Some(&id), None) => TensorHandle::new(self, ValueId(id)),
            (Some(_), Some(_)) => {
                self.fail(Error::structure(
                    "a method is called on a structure that is passed as two arguments, and cannot tell which of them it stands for: pass a clone as one of them",
                ));
                TensorHandle::new(self, self.constant(0.0))
            }
            (None, _) => {
                self.fail(Error::structure(
                    "a leaf that is not among the bound arguments",
                ));
                TensorHandle::new(self, self.constant(0.0))
            }
        }
    }

    pub(crate) fn constant(&self, value: f64) -> ValueId {
        self.push(ValueInfo {
            source: Source::Constant(value),
            shape: Vec::new(),
            active: false,
            rows: false,
        })
    }

    pub(crate) fn push(&self, value: ValueInfo) -> ValueId {
        let mut values = self.values.borrow_mut();
        values.push(value);
        ValueId(u32::try_from(values.len() - 1).unwrap_or(u32::MAX))
    }

    /// Makes a value a constant for derivatives.
    pub(crate) fn forget_derivative(&self, value: ValueId) {
        self.values.borrow_mut()[value.index()].active = false;
    }

    /// A handle of a value given by value: the callee's view of a float argument.
    pub fn value<'b, T>(&'b self, value: impl Lift<'b, T>) -> TensorHandle<'b, T> {
        TensorHandle::new(self, value.lift(self))
    }

    /// Records an instance of a region.
    pub fn region<'b, T, const I: usize, const O: usize>(
        &'b self,
        region: &'static Region,
        inputs: [ValueId; I],
    ) -> [TensorHandle<'b, T>; O] {
        let outputs = self.record(region, &inputs, &[], None);
        std::array::from_fn(|k| {
            let id = outputs
                .get(k)
                .copied()
                .unwrap_or_else(|| self.constant(0.0));
            TensorHandle::new(self, id)
        })
    }

    pub(crate) fn record(
        &self,
        region: &'static Region,
        inputs: &[ValueId],
        args: &[i64],
        operator: Option<Place>,
    ) -> Vec<ValueId> {
        let given: Vec<Vec<usize>> = inputs
            .iter()
            .map(|&id| self.values.borrow()[id.index()].shape.clone())
            .collect();
        let (shapes, error) = infer(region, &given, args);
        if let Some((error, operands)) = error {
            let origins = self.origins(region, inputs, &operands);
            let error = error.with_origins(origins);
            self.fail(match operator {
                Some(operator) => error.at(operator),
                None => error,
            });
        }
        let active = inputs
            .iter()
            .any(|&id| self.values.borrow()[id.index()].active);
        let outputs: Vec<ValueId> = region
            .outputs
            .iter()
            .map(|&value| {
                let shape = shapes[usize::from(value)].clone();
                self.push(ValueInfo {
                    source: Source::Region,
                    shape,
                    active,
                    rows: false,
                })
            })
            .collect();
        let instance = Instance {
            region,
            inputs: inputs.to_vec(),
            outputs: outputs.clone(),
            shapes,
            args: args.to_vec(),
            operator,
            scope: self.scopes.open.get(),
        };
        self.instances.borrow_mut().push(instance);
        outputs
    }

    /// Where values of an instance come from.
    fn origins(&self, region: &Region, inputs: &[ValueId], operands: &[ValueIndex]) -> Vec<String> {
        let origin = |&operand: &ValueIndex| match inputs.get(usize::from(operand)) {
            Some(&id) => self.origin(id),
            None => result_of(&region.values[usize::from(operand)].place),
        };
        operands.iter().map(origin).collect()
    }

    /// A leaf as its user knows it.
    pub(crate) fn leaf_name(&self, leaf: usize) -> String {
        match self.leaf_names.get(leaf) {
            Some(name) => format!("`{name}`"),
            None => format!("leaf {leaf}"),
        }
    }

    /// A value as its user knows it.
    pub(crate) fn origin(&self, id: ValueId) -> String {
        if let Source::Leaf(leaf) = self.values.borrow()[id.index()].source {
            return self.leaf_name(leaf);
        }
        let instances = self.instances.borrow();
        let found = instances.iter().find_map(|instance| {
            let output = instance.outputs.iter().position(|&output| output == id)?;
            Some(instance.place(instance.region.outputs[output]))
        });
        match found {
            Some(place) => result_of(&place),
            None => "a number".to_owned(),
        }
    }

    /// Records the one-operation region of that name, with the parameters of its primitives, for the
    /// method `what`.
    #[track_caller]
    pub(crate) fn one_op<'b, T: Float>(
        &'b self,
        name: &'static str,
        what: &'static str,
        inputs: &[ValueId],
        args: &[i64],
    ) -> TensorHandle<'b, T> {
        let table = if T::DTYPE == DType::F32 {
            self.one_ops.f32
        } else {
            self.one_ops.f64
        };
        let Some((_, region)) = table.iter().find(|(known, _)| *known == name) else {
            self.fail(Error::structure(format!(
                "`{name}` has no one-operation region"
            )));
            return TensorHandle::new(self, self.constant(0.0));
        };
        let outputs = self.record(region, inputs, args, Some(caller(what)));
        TensorHandle::new(self, outputs[0])
    }
}

fn result_of(place: &Place) -> String {
    format!(
        "the result of `{}` at {}:{}:{}",
        place.what, place.file, place.line, place.column
    )
}

/// What stands for a tensor, or for a per-call float, while a graph is built.
#[derive(Debug)]
pub struct TensorHandle<'b, T> {
    id: ValueId,
    builder: &'b Builder,
    element: PhantomData<T>,
}

impl<T> Clone for TensorHandle<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for TensorHandle<'_, T> {}

impl<'b, T> TensorHandle<'b, T> {
    pub(crate) fn new(builder: &'b Builder, id: ValueId) -> Self {
        TensorHandle {
            id,
            builder,
            element: PhantomData,
        }
    }

    /// The value.
    #[must_use]
    pub fn id(&self) -> ValueId {
        self.id
    }

    /// The builder.
    pub(crate) fn builder(&self) -> &'b Builder {
        self.builder
    }

    /// The shape, which is known at bind.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.builder.values.borrow()[self.id.index()].shape.clone()
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.builder.values.borrow()[self.id.index()].shape.len()
    }
}

/// The handle of a value that a region took as an input.
#[must_use]
pub fn handle<T>(builder: &Builder, id: ValueId) -> TensorHandle<'_, T> {
    TensorHandle::new(builder, id)
}

/// What can be an operand of tensor code: a handle, or a float known at bind.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is used as a tensor in a `#[differentiable]` function, but is not part of its graph",
    label = "this operand must be a tensor or a float of the function's element type",
    note = "convert an integer by `as f32` (or `as f64`); pass a tensor as a parameter; of an `Embedding` only `lookup` and `bag` are differentiable, so make a table that takes part as a whole a tensor"
)]
pub trait Lift<'b, T> {
    /// The value in the builder.
    fn lift(&self, builder: &'b Builder) -> ValueId;
}

#[diagnostic::do_not_recommend]
impl<'b, T> Lift<'b, T> for TensorHandle<'b, T> {
    fn lift(&self, _builder: &'b Builder) -> ValueId {
        self.id
    }
}

#[diagnostic::do_not_recommend]
impl<'b, T, L: Lift<'b, T> + ?Sized> Lift<'b, T> for &L {
    fn lift(&self, builder: &'b Builder) -> ValueId {
        (**self).lift(builder)
    }
}

#[diagnostic::do_not_recommend]
impl<'b, T, L: Lift<'b, T> + ?Sized> Lift<'b, T> for &mut L {
    fn lift(&self, builder: &'b Builder) -> ValueId {
        (**self).lift(builder)
    }
}

#[diagnostic::do_not_recommend]
impl<'b> Lift<'b, f32> for f32 {
    fn lift(&self, builder: &'b Builder) -> ValueId {
        builder.constant(f64::from(*self))
    }
}

#[diagnostic::do_not_recommend]
impl<'b> Lift<'b, f64> for f64 {
    fn lift(&self, builder: &'b Builder) -> ValueId {
        builder.constant(*self)
    }
}

/// Makes a value an input of a region.
pub fn lift<'b, T: Element, L: Lift<'b, T>>(builder: &'b Builder, value: &L) -> ValueId {
    value.lift(builder)
}
