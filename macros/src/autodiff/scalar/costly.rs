//! Exponentials and the like in the turns of a loop that need nothing of what the loop computes: they
//! can be computed for all turns at once, by vectors, and kept for the reverse pass.

use super::uses::Uses;
use crate::ir::body::{Body, Node, ValueId};
use crate::ir::op::Op;
use crate::ir::scalar::{Assign, Function, Loop, Rhs, StmtId, StmtKind, Value};

/// An operation in the value of a statement.
#[derive(Clone, Debug)]
pub(crate) struct Costly {
    /// The statement.
    pub(crate) stmt: StmtId,
    /// The result of the operation.
    pub(crate) result: ValueId,
    /// Its operand.
    pub(crate) operand: ValueId,
    /// What is computed.
    pub(crate) op: Op,
}

/// The costly operations of a loop whose turns are run again, one in a statement at most.
pub(crate) fn of(function: &Function, of: &Loop) -> Vec<Costly> {
    let touched = Uses::of(&of.body);
    let (variable, _) = of.over();
    let mut found = Vec::new();
    for stmt in &of.body {
        let StmtKind::Assign(assign) = &stmt.kind else {
            continue;
        };
        let (Rhs::Value(value), true) = (&assign.value, function.slot(assign.target.root).active)
        else {
            continue;
        };
        if handed(assign, value).is_none() {
            continue;
        }
        let fixed = |leaf: usize| {
            let leaf = value.leaves.get(leaf);
            leaf.is_some_and(|leaf| {
                let mut reads = leaf.reads.iter();
                reads.all(|slot| Some(*slot) == variable || !touched.writes.contains(slot))
            })
        };
        // The value of the assignment uses it, and so does its adjoint.
        let flows: Vec<ValueId> = value.flows.iter().map(|&(_, id)| id).collect();
        let (forward, back) = (value.body.uses(&[value.result]), value.body.uses(&flows));
        found.extend(value.body.nodes().find_map(|(id, node)| match node {
            Node::Op(op @ (Op::Exp | Op::Tanh), operands)
                if forward[id.index()] > 0
                    && back[id.index()] > 0
                    && reads_only(&value.body, operands[0], &fixed) =>
            {
                Some(Costly {
                    stmt: stmt.id,
                    result: id,
                    operand: operands[0],
                    op: *op,
                })
            }
            _ => None,
        }));
    }
    found
}

/// What an assignment computes: its value, or the operand of its operator.
pub(crate) fn handed(assign: &Assign, value: &Value) -> Option<ValueId> {
    let Some(operator) = &assign.operator else {
        return Some(value.result);
    };
    let old = |id: ValueId| matches!(value.body.node(id), Node::Input(0, _));
    match (operator.to_string().as_str(), value.body.node(value.result)) {
        ("+=", Node::Op(Op::Add, x)) | ("-=", Node::Op(Op::Sub, x)) if old(x[0]) => Some(x[1]),
        _ => None,
    }
}

fn reads_only(body: &Body, id: ValueId, holds: &dyn Fn(usize) -> bool) -> bool {
    match body.node(id) {
        Node::Input(leaf, _) => holds(*leaf),
        Node::Op(_, operands) => operands.iter().all(|&id| reads_only(body, id, holds)),
        Node::Float(_) | Node::Integer(_) => true,
    }
}
