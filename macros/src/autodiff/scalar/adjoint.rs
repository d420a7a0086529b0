//! The adjoint of every statement: its body is extended by the code that turns the cotangent of
//! its result into those of its leaves. Rules come from the one table, `autodiff::rules`.

use crate::autodiff::rules;
use crate::ir::body::{Node, ValueId};
use crate::ir::op::{Build, Kind, Op};
use crate::ir::scalar::{Function, StmtKind, Value, for_each_simple_mut};

/// Adds the adjoint of every write to an active slot.
pub(crate) fn differentiate(function: &mut Function) {
    let active: Vec<bool> = function.slots.iter().map(|slot| slot.active).collect();
    let is_active = |root: usize| active[root];
    for_each_simple_mut(&mut function.body, &mut |stmt| {
        let visited = stmt
            .flow()
            .targets
            .iter()
            .any(|target| active[target.0 as usize]);
        if !visited {
            return;
        }
        match &mut stmt.kind {
            StmtKind::Assign(assign) => {
                for value in assign.value.values_mut() {
                    reverse(value, &is_active);
                }
            }
            StmtKind::Push { value, .. } => reverse(value, &is_active),
            StmtKind::Pop { .. } | StmtKind::If { .. } | StmtKind::Loop(_) | StmtKind::Jump(_) => {}
        }
    });
}

/// Sweeps a body from its result to its leaves.
pub(crate) fn reverse(value: &mut Value, active: &dyn Fn(usize) -> bool) {
    let forward: Vec<(ValueId, Node)> = value
        .body
        .nodes()
        .map(|(id, node)| (id, node.clone()))
        .collect();
    let mut carries = vec![false; forward.len()];
    for (id, node) in &forward {
        carries[id.index()] = match node {
            Node::Input(number, _) => {
                let place = value
                    .leaves
                    .get(*number)
                    .and_then(|leaf| leaf.place.as_ref());
                place.is_some_and(|place| active(place.root.0 as usize))
            }
            Node::Op(_, operands) => operands.iter().any(|operand| carries[operand.index()]),
            Node::Float(_) | Node::Integer(_) => false,
        };
    }
    let mut cotangents: Vec<Option<ValueId>> = vec![None; forward.len()];
    if carries[value.result.index()] {
        let seed = value.body.input(value.leaves.len(), Kind::Float);
        cotangents[value.result.index()] = Some(seed);
    }
    for (id, node) in forward.iter().rev() {
        let Some(cotangent) = cotangents[id.index()] else {
            continue;
        };
        match node {
            Node::Input(number, _) => value.flows.push((*number, cotangent)),
            Node::Op(op, operands) => {
                for (position, operand) in operands.iter().enumerate() {
                    if !carries[operand.index()] {
                        continue;
                    }
                    let body = &mut value.body;
                    let partial = rules::partial(body, *op, position, operands, *id);
                    let Some(flow) = rules::apply(body, partial, cotangent) else {
                        continue;
                    };
                    let sum = &mut cotangents[operand.index()];
                    *sum = Some(match *sum {
                        None => flow,
                        Some(sum) => body.op(Op::Add, &[sum, flow]),
                    });
                }
            }
            Node::Float(_) | Node::Integer(_) => {}
        }
    }
}
