//! Forward mode: the tangents of straight-line code, by the same rule table as its adjoint.
//!
//! Rules are expanded into operations before this runs, so the adjoint of a statement has tangents
//! like any other code: forward over reverse needs nothing of its own. Every tangent is linear in
//! tangents, which stand on the left of every product.

use crate::autodiff::rules;
use crate::ir::body::{Body, Node, ValueId};
use crate::ir::op::{Build, Kind, Op};

/// Adds the tangents of `outputs`; `None` is a symbolic zero. `tangent_of` says which input holds
/// the tangent of an input.
pub(crate) fn extend(
    body: &mut Body,
    outputs: &[ValueId],
    tangent_of: &dyn Fn(usize) -> Option<usize>,
) -> Vec<Option<ValueId>> {
    let used = body.uses(outputs);
    let nodes: Vec<(ValueId, Node)> = body.nodes().map(|(id, node)| (id, node.clone())).collect();
    let mut tangents: Vec<Option<ValueId>> = vec![None; nodes.len()];
    for (id, node) in &nodes {
        if used[id.index()] == 0 {
            continue;
        }
        tangents[id.index()] = match node {
            Node::Input(number, _) => {
                tangent_of(*number).map(|tangent| body.input(tangent, Kind::Tangent))
            }
            Node::Float(_) | Node::Integer(_) => None,
            Node::Op(op, operands) => {
                let mut sum = None;
                for (position, operand) in operands.iter().enumerate() {
                    let Some(tangent) = tangents[operand.index()] else {
                        continue;
                    };
                    let partial = rules::partial(body, *op, position, operands, *id);
                    let Some(flow) = rules::apply(body, partial, tangent) else {
                        continue;
                    };
                    sum = Some(match sum {
                        None => flow,
                        Some(sum) => body.op(Op::Add, &[sum, flow]),
                    });
                }
                sum
            }
        };
    }
    outputs.iter().map(|id| tangents[id.index()]).collect()
}
