//! Straight-line scalar code: a list of operations over numbered inputs.
//!
//! The body of every assignment of a scalar function, of its adjoint, and of every fused kernel.
//! Equal operations are the same value (hash-consing), and what can be simplified without changing
//! a bit of any result is simplified when it is added: `x * 1`, `x / 1`, `x - 0`, `-(-x)`, and
//! operations on constants. `x + 0` and `x * 0` stay: they differ for -0, infinities and NaN.

use std::collections::HashMap;
use std::fmt;

use super::op::{Build, Form, Kind, Op};

/// A value of a [`Body`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct ValueId(u32);

impl ValueId {
    /// The position of its definition in [`Body::nodes`].
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The definition of a value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Node {
    /// An input, by its number, with what it holds.
    Input(usize, Kind),
    /// A float constant, by its bits, so that 0 and -0 differ.
    Float(u64),
    /// An integer constant.
    Integer(i32),
    /// An operation.
    Op(Op, Vec<ValueId>),
}

/// Straight-line scalar code. A definition precedes its uses.
#[derive(Clone, Default, Debug)]
pub(crate) struct Body {
    nodes: Vec<Node>,
    known: HashMap<Node, ValueId>,
}

impl Body {
    /// The value of an input.
    pub(crate) fn input(&mut self, number: usize, kind: Kind) -> ValueId {
        self.intern(Node::Input(number, kind))
    }

    /// All definitions in order.
    pub(crate) fn nodes(&self) -> impl ExactSizeIterator<Item = (ValueId, &Node)> {
        self.nodes
            .iter()
            .enumerate()
            .map(|(i, node)| (ValueId(i as u32), node))
    }

    /// A definition.
    pub(crate) fn node(&self, id: ValueId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The float constant that a value is, if it is one.
    pub(crate) fn known_float(&self, id: ValueId) -> Option<f64> {
        match self.node(id) {
            Node::Float(bits) => Some(f64::from_bits(*bits)),
            _ => None,
        }
    }

    /// How often each value is used by the code that computes `outputs`, the outputs themselves
    /// included; 0 for dead code.
    pub(crate) fn uses(&self, outputs: &[ValueId]) -> Vec<usize> {
        self.uses_knowing(outputs, None)
    }

    /// The same for code that need not compute a value which is `known` already.
    pub(crate) fn uses_knowing(&self, outputs: &[ValueId], known: Option<ValueId>) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        for output in outputs {
            uses[output.index()] += 1;
        }
        for (i, node) in self.nodes.iter().enumerate().rev() {
            let computed = uses[i] > 0 && known.is_none_or(|known| known.index() != i);
            if let (Node::Op(_, operands), true) = (node, computed) {
                for operand in operands {
                    uses[operand.index()] += 1;
                }
            }
        }
        uses
    }

    fn intern(&mut self, node: Node) -> ValueId {
        if let Some(&id) = self.known.get(&node) {
            return id;
        }
        let id = ValueId(self.nodes.len() as u32);
        self.nodes.push(node.clone());
        self.known.insert(node, id);
        id
    }

    /// A value that is equal to the operation bit for bit, if there is a simpler one.
    fn simplified(&mut self, op: Op, x: &[ValueId]) -> Option<ValueId> {
        let float = |id: ValueId| self.known_float(id);
        let is = |id: ValueId, value: f64| {
            float(id).is_some_and(|known| known.to_bits() == value.to_bits())
        };
        let folded = match (op, x.len()) {
            (Op::Neg, 1) => float(x[0]).map(|a| -a),
            (Op::Add | Op::Sub | Op::Mul | Op::Div, 2) => match (float(x[0]), float(x[1])) {
                (Some(a), Some(b)) => Some(match op {
                    Op::Add => a + b,
                    Op::Sub => a - b,
                    Op::Mul => a * b,
                    _ => a / b,
                }),
                _ => None,
            },
            _ => None,
        };
        // A constant that is not finite is better left to the moment when it is computed.
        if let Some(value) = folded.filter(|value| value.is_finite()) {
            return Some(self.constant(value));
        }
        match op {
            Op::Mul if is(x[0], 1.0) => Some(x[1]),
            Op::Mul | Op::Div if is(x[1], 1.0) => Some(x[0]),
            Op::Mul if is(x[0], -1.0) => Some(self.op(Op::Neg, &x[1..])),
            Op::Mul | Op::Div if is(x[1], -1.0) => Some(self.op(Op::Neg, &x[..1])),
            Op::Sub if is(x[1], 0.0) => Some(x[0]),
            Op::Add if is(x[1], -0.0) => Some(x[0]),
            Op::Add if is(x[0], -0.0) => Some(x[1]),
            Op::Select if x[1] == x[2] => Some(x[1]),
            Op::Neg | Op::Not => match self.node(x[0]) {
                Node::Op(inner, operands) if *inner == op => Some(operands[0]),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Build for Body {
    type Id = ValueId;

    fn op(&mut self, op: Op, operands: &[ValueId]) -> ValueId {
        debug_assert_eq!(operands.len(), op.arity(), "{}", op.name());
        match self.simplified(op, operands) {
            Some(id) => id,
            None => self.intern(Node::Op(op, operands.to_vec())),
        }
    }

    fn constant(&mut self, value: f64) -> ValueId {
        self.intern(Node::Float(value.to_bits()))
    }

    fn integer(&mut self, value: i32) -> ValueId {
        self.intern(Node::Integer(value))
    }

    fn known_integer(&self, id: ValueId) -> Option<i32> {
        match self.node(id) {
            Node::Integer(value) => Some(*value),
            _ => None,
        }
    }
}

impl fmt::Display for ValueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// One definition per line: `%2 = %0 * %1`.
impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, node) in self.nodes() {
            write!(f, "{id} = ")?;
            match node {
                Node::Input(number, _) => writeln!(f, "in {number}")?,
                Node::Float(bits) => writeln!(f, "{:?}", f64::from_bits(*bits))?,
                Node::Integer(value) => writeln!(f, "{value}i")?,
                Node::Op(op, x) => match (op.form(), x.as_slice()) {
                    (Form::Infix, [a, b]) => writeln!(f, "{a} {} {b}", op.name())?,
                    (Form::Prefix, [a]) => writeln!(f, "{}{a}", op.name())?,
                    _ => {
                        let list: Vec<String> = x.iter().map(ToString::to_string).collect();
                        writeln!(f, "{}({})", op.name(), list.join(", "))?;
                    }
                },
            }
        }
        Ok(())
    }
}
