//! The static form of a straight-line stretch of tensor code: what the macro emits.
//!
//! A `Region` is one `static`: its values with their shape rules, its forward nodes and its
//! backward nodes, already differentiated, simplified and fused when the user's crate was
//! compiled. Nothing here is computed at run time; `Builder::region` infers concrete shapes from
//! it, and `plan` turns region instances into a schedule.
//!
//! A value is a number into `Region::values`. Inputs come first, then the values of the forward
//! pass, the seeds (the incoming cotangents of the outputs) and the values of the backward pass.
//! Residuals need no list: a backward node that names a forward value keeps it alive.

use crate::DType;
use crate::cpu::Kernel;
use crate::primitive::Primitive;

/// A value of a region: an index into [`Region::values`].
pub type ValueIndex = u16;

/// A straight-line stretch of tensor code with its adjoint.
#[derive(Debug)]
pub struct Region {
    /// `function.number`, as in the text form.
    pub name: &'static str,
    /// The element type of every float value in it.
    pub dtype: DType,
    /// All values; the first `inputs` ones are the inputs.
    pub values: &'static [Value],
    /// How many inputs it has.
    pub inputs: usize,
    /// The values it yields.
    pub outputs: &'static [ValueIndex],
    /// Nodes of the forward pass, in order.
    pub forward: &'static [Node],
    /// For each output, the value that holds its incoming cotangent.
    pub seeds: &'static [ValueIndex],
    /// Nodes of the backward pass, in order.
    pub backward: &'static [Node],
    /// Which value is (a contribution to) the cotangent of which input. An input may have several
    /// contributions, or none. The value may also be a seed itself (an identity cotangent).
    pub cotangents: &'static [(usize, ValueIndex)],
    /// The gradient as a region of its own, where this one can be differentiated again: its inputs
    /// are those of this region and a cotangent of each output, its outputs are `cotangents`, and
    /// its parameters are the same.
    pub gradient: Option<&'static Region>,
}

/// A value: how its shape follows, and where in the user's source it comes from.
#[derive(Debug)]
pub struct Value {
    /// How its shape follows from those of earlier values.
    pub shape: ShapeRule,
    /// The operator in the user's source.
    pub place: Place,
}

/// A place in the user's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// What stands there, as the user would say it: `matmul`, `+`, `relu`.
    pub what: &'static str,
    /// File as rustc prints it.
    pub file: &'static str,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// How the shape of a value follows from earlier values.
#[derive(Debug)]
pub enum ShapeRule {
    /// The shape of the input itself.
    Input,
    /// Rank 0.
    Scalar,
    /// The same as another value: every cotangent has the shape of its primal.
    Like(ValueIndex),
    /// All of them broadcast against each other, by NumPy's rules.
    Broadcast(&'static [ValueIndex]),
    /// A matrix product over the last two axes; a rank-1 operand counts as a row on the left and
    /// as a column on the right. Transposes are of the last two axes.
    MatMul {
        /// Left operand.
        a: ValueIndex,
        /// Right operand.
        b: ValueIndex,
        /// Whether the left operand is transposed.
        transpose_a: bool,
        /// Whether the right operand is transposed.
        transpose_b: bool,
    },
    /// A reduction.
    Reduce {
        /// What is reduced.
        of: ValueIndex,
        /// Over which axes.
        axes: Axes,
        /// Whether reduced axes stay with size 1.
        keep: bool,
    },
    /// The last two axes swapped.
    Transpose(ValueIndex),
    /// The same elements in row-major order under another shape; -1 stands for one size that
    /// follows.
    Reshape(ValueIndex, &'static [i64]),
    /// The same elements under the shape that is given with the instance.
    ReshapeGiven(ValueIndex),
    /// The shape that a primitive infers, with the parameters of the instance.
    Primitive {
        /// Which.
        op: &'static Primitive,
        /// Its operands.
        inputs: &'static [ValueIndex],
    },
    /// The shape of `logits` without its last axis, which is the classes; `labels` must have it.
    Rows {
        /// `[.., K]`
        logits: ValueIndex,
        /// `[..]`
        labels: ValueIndex,
    },
}

impl ShapeRule {
    /// The values whose shapes it is about, in the order in which errors list them.
    pub(crate) fn operands(&self) -> Vec<ValueIndex> {
        match *self {
            ShapeRule::Broadcast(of) => of.to_vec(),
            ShapeRule::MatMul { a, b, .. } => vec![a, b],
            ShapeRule::Reduce { of, .. }
            | ShapeRule::Transpose(of)
            | ShapeRule::Reshape(of, _)
            | ShapeRule::ReshapeGiven(of) => vec![of],
            ShapeRule::Primitive { inputs, .. } => inputs.to_vec(),
            ShapeRule::Rows { logits, labels } => vec![logits, labels],
            ShapeRule::Input | ShapeRule::Scalar | ShapeRule::Like(_) => Vec::new(),
        }
    }
}

/// Axes of a reduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axes {
    /// All of them.
    All,
    /// These; a negative one counts from the end.
    These(&'static [i32]),
    /// Those that are given with the instance.
    Given,
}

/// One step of a region.
#[derive(Debug)]
pub enum Node {
    /// A fused elementwise kernel over the shape of `domain`. Each input is broadcast to it. An
    /// output whose shape is that of the domain is stored; a smaller one receives the sum over
    /// the axes that were broadcast or reduced (`SumTo`), in a fixed order.
    Fused {
        /// The kernel.
        kernel: &'static Kernel,
        /// The value whose shape is the iteration space.
        domain: ValueIndex,
        /// Operands.
        inputs: &'static [Operand],
        /// Results.
        outputs: &'static [ValueIndex],
        /// A result, and an operand or an earlier result that is made of the same elements: where
        /// both have the shape of the domain, one place serves both.
        twins: &'static [(ValueIndex, ValueIndex)],
    },
    /// A (batched) matrix product.
    MatMul {
        /// Left operand.
        a: ValueIndex,
        /// Right operand.
        b: ValueIndex,
        /// Whether the left operand is transposed.
        transpose_a: bool,
        /// Whether the right operand is transposed.
        transpose_b: bool,
        /// Result. When its shape is smaller than the product's (broadcast batches, vectors) the
        /// product is summed to it.
        output: ValueIndex,
    },
    /// The last two axes swapped, copied.
    Transpose {
        /// Operand.
        input: ValueIndex,
        /// Result.
        output: ValueIndex,
    },
    /// The same elements under another shape: no copy, the result aliases its operand.
    Reshape {
        /// Operand.
        input: ValueIndex,
        /// Result.
        output: ValueIndex,
    },
    /// An operation on the rows (last axis) of a tensor.
    Rows {
        /// Which.
        op: RowOp,
        /// Operands, as the operation lists them.
        inputs: &'static [ValueIndex],
        /// Result.
        output: ValueIndex,
    },
    /// A primitive, with the parameters of the instance.
    Primitive {
        /// Which.
        op: &'static Primitive,
        /// Operands.
        inputs: &'static [ValueIndex],
        /// Result.
        output: ValueIndex,
    },
}

impl Node {
    /// The values that it writes.
    pub(crate) fn outputs(&self) -> Vec<ValueIndex> {
        match self {
            Node::Fused { outputs, .. } => outputs.to_vec(),
            Node::MatMul { output, .. }
            | Node::Transpose { output, .. }
            | Node::Reshape { output, .. }
            | Node::Rows { output, .. }
            | Node::Primitive { output, .. } => vec![*output],
        }
    }

    /// The values that it reads.
    pub(crate) fn inputs(&self) -> Vec<ValueIndex> {
        match self {
            Node::Fused { inputs, .. } => inputs
                .iter()
                .filter_map(|operand| match operand {
                    Operand::Value(value) => Some(*value),
                    Operand::Ratio { .. } => None,
                })
                .collect(),
            Node::MatMul { a, b, .. } => vec![*a, *b],
            Node::Transpose { input, .. } | Node::Reshape { input, .. } => vec![*input],
            Node::Rows { inputs, .. } | Node::Primitive { inputs, .. } => inputs.to_vec(),
        }
    }
}

/// An operand of a fused kernel.
#[derive(Debug, Clone, Copy)]
pub enum Operand {
    /// A value of the region.
    Value(ValueIndex),
    /// The number of elements of `of` divided by that of `by`, as a float: 1/n of a mean is
    /// `Ratio { of: mean, by: x }`.
    Ratio {
        /// Numerator.
        of: ValueIndex,
        /// Denominator.
        by: ValueIndex,
    },
}

/// Operations on rows; formulas per row x of length K.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOp {
    /// `[x] -> e^(x - max) / sum e^(x - max)`
    Softmax,
    /// `[x] -> x - max - ln sum e^(x - max)`
    LogSoftmax,
    /// `[x, t] -> ln sum e^x - x[t]`: minus the log-probability of class t; `[.., K], [..] -> [..]`.
    /// A label outside 0..K is an error of the call, checked before anything is written.
    CrossEntropy,
    /// `[x, t] -> softmax(x) - one_hot(t)`; `[.., K], [..] -> [.., K]`.
    SoftmaxMinusOneHot,
}
