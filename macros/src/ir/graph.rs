//! The tensor graph: one straight-line stretch of tensor code, forward and backward together.
//!
//! Nodes are pure and in topological order; a node names only earlier nodes, and equal nodes are
//! one node (hash-consing), except for inputs. An elementwise node broadcasts its operands by
//! NumPy's rules. The backward pass is more nodes of the same graph, after `forward_end`.
//!
//! A node's *extent* is the set of base nodes that its shape is broadcast from. Two nodes with the
//! same extent have the same shape whatever the sizes turn out to be, which is what fusion needs
//! to know; an empty extent is a scalar.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Span;

use super::op::{Build, Kind, Op};
use super::primitive::Primitive;

/// A node of a graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct NodeId(pub(crate) u32);

/// A user function that `map` or `zip_map` applies to every element; an index into
/// [`Graph::functions`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct FunctionId(pub(crate) u32);

/// What a node computes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum TensorOp {
    /// Input number k of the region: a float tensor, or labels. An operand, which is not read, says
    /// what shape it is known to have.
    Input(usize),
    /// A float constant, by its bits.
    Constant(u64),
    /// An integer constant: the exponent of `powi`.
    Integer(i32),
    /// The incoming cotangent of output number k.
    Seed(usize),
    /// An elementwise scalar operation.
    Scalar(Op),
    /// A user's scalar function, elementwise.
    Map(FunctionId),
    /// Component k of the pullback of a user's scalar function: operands are those of the
    /// function, then the cotangent.
    MapPullback(FunctionId, usize),
    /// A second derivative of a user's scalar function, with respect to two of its operands, times
    /// the last operand: operands are those of the function, then the factor.
    MapSecond(FunctionId, usize, usize),
    /// The number of elements of the first operand over that of the second.
    Ratio,
    /// The operand broadcast to the shape of the second.
    Expand,
    /// The operand summed to the shape of the second: the adjoint of broadcasting.
    SumTo,
    /// The operand summed over axes, which stay with size 1 unless all are summed.
    Sum(SumAxes),
    /// The shape of the second operand (a summed tensor) without its summed axes.
    Squeeze(Vec<i32>),
    /// The operand under the shape of the second.
    ReshapeLike,
    /// The operand with a last axis of size 1: the second operand's shape with its last axis
    /// reduced.
    Column,
    /// The operand under another shape.
    Reshape(Vec<i64>),
    /// The operand under a shape that is given with the instance.
    ReshapeGiven,
    /// The last two axes swapped.
    Transpose,
    /// A matrix product with transposes of the operands' last two axes. A third operand, which is
    /// not read, gives the result's shape.
    MatMul(bool, bool),
    /// An operation on rows.
    Rows(RowOp),
    /// A structural operation with parameters that are given with the instance. An operand more
    /// than it reads gives the result's shape.
    Primitive(Primitive),
}

/// Which axes a sum runs over.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum SumAxes {
    /// All of them; the result has rank 0.
    All,
    /// These, which stay with size 1.
    These(Vec<i32>),
    /// Those that are given with the instance; they stay with size 1.
    Given,
}

/// Operations on the last axis; the runtime's enum of the same name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum RowOp {
    /// `softmax(x)`
    Softmax,
    /// `log_softmax(x)`
    LogSoftmax,
    /// `-log_softmax(x)[t]`
    CrossEntropy,
    /// `softmax(x) - one_hot(t)`
    SoftmaxMinusOneHot,
}

impl RowOp {
    /// The variant's name in the runtime.
    pub(crate) fn name(self) -> &'static str {
        match self {
            RowOp::Softmax => "Softmax",
            RowOp::LogSoftmax => "LogSoftmax",
            RowOp::CrossEntropy => "CrossEntropy",
            RowOp::SoftmaxMinusOneHot => "SoftmaxMinusOneHot",
        }
    }
}

impl TensorOp {
    /// Whether it is computed element by element and can stand in a fused kernel.
    pub(crate) fn is_elementwise(&self) -> bool {
        matches!(
            self,
            TensorOp::Scalar(_)
                | TensorOp::Map(_)
                | TensorOp::MapPullback(..)
                | TensorOp::MapSecond(..)
                | TensorOp::Expand
                | TensorOp::Constant(_)
                | TensorOp::Integer(_)
        )
    }

    /// Whether it sums elementwise results, as an output of a fused kernel.
    pub(crate) fn is_sum(&self) -> bool {
        matches!(self, TensorOp::SumTo | TensorOp::Sum(_))
    }

    /// Whether it has no storage of its own.
    pub(crate) fn is_constant(&self) -> bool {
        matches!(
            self,
            TensorOp::Constant(_) | TensorOp::Integer(_) | TensorOp::Ratio
        )
    }
}

/// A node: its operation, its operands and the user's tokens that it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// What it computes.
    pub(crate) op: TensorOp,
    /// From what.
    pub(crate) operands: Vec<NodeId>,
    /// The operator in the user's source.
    pub(crate) span: Span,
    /// The base nodes that its shape is broadcast from.
    pub(crate) extent: BTreeSet<NodeId>,
}

/// A region's graph.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    /// The values that the region yields.
    pub(crate) outputs: Vec<NodeId>,
    /// The number of forward nodes; set by differentiation.
    pub(crate) forward_end: usize,
    /// Contributions to the cotangents of inputs, in order; set by differentiation.
    pub(crate) cotangents: Vec<(usize, NodeId)>,
    /// The user functions that `Map` names.
    pub(crate) functions: Vec<syn::Path>,
    /// The inputs, as the user wrote them.
    inputs: Vec<String>,
    known: BTreeMap<(TensorOp, Vec<NodeId>), NodeId>,
    span: Span,
}

impl Graph {
    /// An empty graph.
    pub(crate) fn new() -> Self {
        Graph {
            nodes: Vec::new(),
            outputs: Vec::new(),
            forward_end: 0,
            cotangents: Vec::new(),
            functions: Vec::new(),
            inputs: Vec::new(),
            known: BTreeMap::new(),
            span: Span::call_site(),
        }
    }

    /// The operator in the user's source that the next nodes come from.
    pub(crate) fn set_span(&mut self, span: Span) {
        self.span = span;
    }

    /// Adds an input without a name.
    pub(crate) fn input(&mut self) -> NodeId {
        self.named_input("input".to_owned())
    }

    /// Adds an input that the user wrote as `name`.
    pub(crate) fn named_input(&mut self, name: String) -> NodeId {
        self.input_like(name, Vec::new())
    }

    /// Adds an input; `like` is nothing, or one node whose shape it has.
    pub(crate) fn input_like(&mut self, name: String, like: Vec<NodeId>) -> NodeId {
        self.inputs.push(name);
        self.push(TensorOp::Input(self.inputs.len() - 1), like)
    }

    /// Input number k as the user wrote it.
    pub(crate) fn input_name(&self, k: usize) -> &str {
        self.inputs.get(k).map_or("input", String::as_str)
    }

    /// How many inputs it has.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs.len()
    }

    /// Registers a user function.
    pub(crate) fn function(&mut self, path: &syn::Path) -> FunctionId {
        let index = self
            .functions
            .iter()
            .position(|known| known == path)
            .unwrap_or_else(|| {
                self.functions.push(path.clone());
                self.functions.len() - 1
            });
        FunctionId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// Adds a node, or finds the equal one.
    pub(crate) fn add(&mut self, op: TensorOp, operands: Vec<NodeId>) -> NodeId {
        let key = (op, operands);
        if let Some(&id) = self.known.get(&key) {
            return id;
        }
        let id = self.push(key.0.clone(), key.1.clone());
        self.known.insert(key, id);
        id
    }

    fn push(&mut self, op: TensorOp, operands: Vec<NodeId>) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let extent = self.extent_of(id, &op, &operands);
        self.nodes.push(Node {
            op,
            operands,
            span: self.span,
            extent,
        });
        id
    }

    fn extent_of(&self, id: NodeId, op: &TensorOp, operands: &[NodeId]) -> BTreeSet<NodeId> {
        match op {
            TensorOp::Constant(_) | TensorOp::Integer(_) | TensorOp::Ratio => BTreeSet::new(),
            TensorOp::Sum(SumAxes::All) => BTreeSet::new(),
            TensorOp::Scalar(_)
            | TensorOp::Map(_)
            | TensorOp::MapPullback(..)
            | TensorOp::MapSecond(..) => operands
                .iter()
                .flat_map(|&operand| self.extent(operand).clone())
                .collect(),
            TensorOp::Expand | TensorOp::SumTo | TensorOp::ReshapeLike => {
                self.extent(operands[1]).clone()
            }
            TensorOp::MatMul(..) if operands.len() == 3 => self.extent(operands[2]).clone(),
            TensorOp::Primitive(primitive) if operands.len() > primitive.arity() => {
                self.extent(operands[primitive.arity()]).clone()
            }
            TensorOp::Seed(k) => self.extent(self.outputs[*k]).clone(),
            TensorOp::Input(_) if operands.len() == 1 => self.extent(operands[0]).clone(),
            TensorOp::Rows(RowOp::Softmax | RowOp::LogSoftmax | RowOp::SoftmaxMinusOneHot) => {
                self.extent(operands[0]).clone()
            }
            TensorOp::Input(_)
            | TensorOp::Sum(SumAxes::These(_) | SumAxes::Given)
            | TensorOp::Squeeze(_)
            | TensorOp::Column
            | TensorOp::Reshape(_)
            | TensorOp::ReshapeGiven
            | TensorOp::Primitive(_)
            | TensorOp::Transpose
            | TensorOp::MatMul(..)
            | TensorOp::Rows(RowOp::CrossEntropy) => BTreeSet::from([id]),
        }
    }

    /// A node.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The base nodes that a node's shape is broadcast from.
    pub(crate) fn extent(&self, id: NodeId) -> &BTreeSet<NodeId> {
        &self.node(id).extent
    }

    /// Every node, in order.
    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(|index| NodeId(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// `value` summed to the shape of `like`, or itself where the shapes are known to be equal.
    pub(crate) fn sum_to(&mut self, value: NodeId, like: NodeId) -> NodeId {
        if self.extent(value) == self.extent(like) {
            return value;
        }
        self.add(TensorOp::SumTo, vec![value, like])
    }

    /// The operands that are read; the others only give a shape.
    pub(crate) fn data(&self, id: NodeId) -> &[NodeId] {
        let node = self.node(id);
        let count = match node.op {
            TensorOp::Expand
            | TensorOp::SumTo
            | TensorOp::Squeeze(_)
            | TensorOp::ReshapeLike
            | TensorOp::Column => 1,
            TensorOp::MatMul(..) => 2,
            TensorOp::Primitive(primitive) => primitive.arity(),
            TensorOp::Ratio | TensorOp::Input(_) => 0,
            _ => node.operands.len(),
        };
        &node.operands[..count]
    }

    /// The constant that a node is.
    pub(crate) fn known_constant(&self, id: NodeId) -> Option<f64> {
        match self.node(id).op {
            TensorOp::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }
}

impl Build for Graph {
    type Id = NodeId;

    fn op(&mut self, op: Op, operands: &[NodeId]) -> NodeId {
        // Exact simplifications only: each of these holds for every value, NaN and -0 included.
        let is = |graph: &Graph, index: usize, value: f64| {
            operands.get(index).and_then(|&id| graph.known_constant(id)) == Some(value)
        };
        match op {
            Op::Mul if is(self, 1, 1.0) => return operands[0],
            Op::Mul if is(self, 0, 1.0) => return operands[1],
            Op::Div if is(self, 1, 1.0) => return operands[0],
            Op::Neg => {
                if let Some(value) = self.known_constant(operands[0]) {
                    return self.constant(-value);
                }
                let inner = self.node(operands[0]);
                if inner.op == TensorOp::Scalar(Op::Neg) {
                    return inner.operands[0];
                }
            }
            _ => {}
        }
        debug_assert!(op.kind() != Kind::Int || op == Op::Decrement);
        self.add(TensorOp::Scalar(op), operands.to_vec())
    }

    fn constant(&mut self, value: f64) -> NodeId {
        self.add(TensorOp::Constant(value.to_bits()), Vec::new())
    }

    fn integer(&mut self, value: i32) -> NodeId {
        self.add(TensorOp::Integer(value), Vec::new())
    }

    fn known_integer(&self, id: NodeId) -> Option<i32> {
        match self.node(id).op {
            TensorOp::Integer(value) => Some(value),
            _ => None,
        }
    }
}
