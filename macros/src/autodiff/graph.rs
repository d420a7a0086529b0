//! Reverse mode over a tensor graph: one sweep that adds the backward nodes to the same graph.
//!
//! Elementwise nodes use the scalar rule table; the structural operations have the second, small
//! table below. A cotangent always has the shape of its primal: where an operand was broadcast,
//! its contribution is summed back (`SumTo`).

use std::collections::BTreeSet;

use crate::ir::graph::{Graph, NodeId, RowOp, SumAxes, TensorOp};
use crate::ir::op::{Build, Op};

use super::primitive;
use super::rules::{apply, apply_if_any, if_any, partial};

/// Which derivative it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// That of what the user wrote.
    First,
    /// That of a derivative, of whose outputs not all may be asked for.
    Further,
}

/// Adds the backward pass of every output with respect to every input. Yields the nodes whose
/// derivative is not known: what was added is not the derivative then.
pub(crate) fn differentiate(graph: &mut Graph, order: Order) -> Vec<NodeId> {
    let forward: Vec<NodeId> = graph.ids().collect();
    graph.forward_end = forward.len();
    let mut cotangents: Vec<Option<NodeId>> = vec![None; forward.len()];
    let mut refused = Vec::new();
    for k in 0..graph.outputs.len() {
        let seed = graph.add(TensorOp::Seed(k), Vec::new());
        accumulate(graph, &mut cotangents, graph.outputs[k], seed);
    }
    for &id in forward.iter().rev() {
        let Some(flow) = cotangents[id.0 as usize] else {
            continue;
        };
        graph.set_span(graph.node(id).span);
        if let TensorOp::Input(k) = graph.node(id).op {
            graph.cotangents.push((k, flow));
            continue;
        }
        let Some(contributions) = pull_back(graph, id, flow, order) else {
            refused.push(id);
            continue;
        };
        for (operand, contribution) in contributions {
            accumulate(graph, &mut cotangents, operand, contribution);
        }
    }
    graph.cotangents.reverse();
    refused
}

/// The gradient of a differentiated graph as a graph of its own, which can be differentiated in
/// turn. Its inputs are those of the graph, then a cotangent of each output; its outputs are the
/// cotangents of the inputs, in the order of `cotangents`.
pub(crate) fn gradient(graph: &Graph) -> Graph {
    let mut live: BTreeSet<NodeId> = graph.cotangents.iter().map(|&(_, id)| id).collect();
    for id in graph.ids().rev() {
        // The shape of a seed is that of its output.
        if let TensorOp::Seed(k) = graph.node(id).op {
            live.extend([id, graph.outputs[k]]);
        }
        if live.contains(&id) {
            live.extend(graph.node(id).operands.iter().copied());
        }
    }
    let mut to = Graph::new();
    to.functions.clone_from(&graph.functions);
    let mut at: Vec<NodeId> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        let node = graph.node(id);
        let operands: Vec<NodeId> = node.operands.iter().map(|x| at[x.0 as usize]).collect();
        to.set_span(node.span);
        at.push(match node.op {
            TensorOp::Input(k) => to.input_like(graph.input_name(k).to_owned(), operands),
            TensorOp::Seed(k) => {
                let like = at[graph.outputs[k].0 as usize];
                to.input_like("cotangent".to_owned(), vec![like])
            }
            // Never looked at: only dead nodes name it.
            _ if !live.contains(&id) => NodeId(0),
            ref op => to.add(op.clone(), operands),
        });
    }
    let results = graph.cotangents.iter();
    to.outputs = results.map(|&(_, id)| at[id.0 as usize]).collect();
    to
}

/// Closes a graph without a backward pass: its outputs are constants for everything before them.
pub(crate) fn freeze(graph: &mut Graph) {
    graph.forward_end = graph.len();
    for k in 0..graph.outputs.len() {
        graph.add(TensorOp::Seed(k), Vec::new());
    }
}

fn accumulate(graph: &mut Graph, cotangents: &mut [Option<NodeId>], to: NodeId, flow: NodeId) {
    if graph.node(to).op.is_constant() {
        return;
    }
    let flow = graph.sum_to(flow, to);
    let slot = &mut cotangents[to.0 as usize];
    *slot = Some(match *slot {
        None => flow,
        Some(earlier) => graph.op(Op::Add, &[earlier, flow]),
    });
}

/// The contributions of node `y`, whose cotangent is `dy`, to the cotangents of its operands;
/// `None` if its derivative is not known.
fn pull_back(
    graph: &mut Graph,
    y: NodeId,
    dy: NodeId,
    order: Order,
) -> Option<Vec<(NodeId, NodeId)>> {
    let apply = match order {
        Order::First => apply,
        Order::Further => apply_if_any,
    };
    let node = graph.node(y).clone();
    let x = &node.operands;
    Some(match node.op {
        TensorOp::Scalar(op) => {
            let mut flows = Vec::new();
            for (i, &operand) in x.iter().enumerate() {
                if graph.node(operand).op.is_constant() {
                    continue;
                }
                let slope = partial(graph, op, i, x, y);
                if let Some(flow) = apply(graph, slope, dy) {
                    flows.push((operand, flow));
                }
            }
            flows
        }
        TensorOp::Map(function) => {
            let operands: Vec<NodeId> = x.iter().copied().chain([dy]).collect();
            let pull = |(k, &operand): (usize, &NodeId)| {
                (
                    operand,
                    graph.add(TensorOp::MapPullback(function, k), operands.clone()),
                )
            };
            x.iter().enumerate().map(pull).collect()
        }
        // Operands of a pullback are those of the function, then a cotangent.
        TensorOp::MapPullback(function, k) => {
            let (&cotangent, arguments) = x.split_last()?;
            let factor = graph.op(Op::Mul, &[dy, cotangent]);
            let operands = |last| arguments.iter().copied().chain([last]).collect();
            let second = |(j, &argument): (usize, &NodeId)| {
                let op = TensorOp::MapSecond(function, k, j);
                let flow = graph.add(op, operands(factor));
                (argument, if_any(graph, dy, flow))
            };
            let mut flows: Vec<(NodeId, NodeId)> =
                arguments.iter().enumerate().map(second).collect();
            let slope = graph.add(TensorOp::MapPullback(function, k), operands(dy));
            let slope = if_any(graph, dy, slope);
            flows.push((cotangent, slope));
            flows
        }
        // y = sum x: every element has slope 1.
        TensorOp::Sum(_) => vec![(x[0], graph.add(TensorOp::Expand, vec![dy, x[0]]))],
        // y = x summed where it was broadcast: the flow is broadcast again.
        TensorOp::SumTo => vec![(x[0], graph.add(TensorOp::Expand, vec![dy, x[0]]))],
        // y = x broadcast: the flow is summed back by `accumulate`.
        TensorOp::Expand => vec![(x[0], dy)],
        TensorOp::Squeeze(_)
        | TensorOp::Column
        | TensorOp::Reshape(_)
        | TensorOp::ReshapeGiven
        | TensorOp::ReshapeLike => {
            vec![(x[0], graph.add(TensorOp::ReshapeLike, vec![dy, x[0]]))]
        }
        TensorOp::Transpose => vec![(x[0], graph.add(TensorOp::Transpose, vec![dy]))],
        // y = a b: a' = y' b^T, b' = a^T y', with the transposes that were asked for.
        TensorOp::MatMul(ta, tb) => {
            let (a, b) = (x[0], x[1]);
            let to_a = if ta {
                graph.add(TensorOp::MatMul(tb, true), vec![b, dy, a])
            } else {
                graph.add(TensorOp::MatMul(false, !tb), vec![dy, b, a])
            };
            let to_b = if tb {
                graph.add(TensorOp::MatMul(true, ta), vec![dy, a, b])
            } else {
                graph.add(TensorOp::MatMul(!ta, false), vec![a, dy, b])
            };
            vec![(a, to_a), (b, to_b)]
        }
        // y = softmax x: x' = y (y' - sum y y')
        TensorOp::Rows(RowOp::Softmax) => softmax(graph, x[0], y, dy),
        // y = softmax x - one_hot t
        TensorOp::Rows(RowOp::SoftmaxMinusOneHot) => {
            let share = graph.add(TensorOp::Rows(RowOp::Softmax), vec![x[0]]);
            softmax(graph, x[0], share, dy)
        }
        // y = log softmax x: x' = y' - e^y sum y'
        TensorOp::Rows(RowOp::LogSoftmax) => {
            let sum = graph.add(TensorOp::Sum(SumAxes::These(vec![-1])), vec![dy]);
            let softmax = graph.op(Op::Exp, &[y]);
            let share = graph.op(Op::Mul, &[softmax, sum]);
            let flow = graph.op(Op::Sub, &[dy, share]);
            vec![(x[0], graph.add(TensorOp::Expand, vec![flow, x[0]]))]
        }
        // y = -log softmax(x)[t]: x' = y' (softmax x - one_hot t), y' once per row
        TensorOp::Rows(RowOp::CrossEntropy) => {
            let slope = graph.add(TensorOp::Rows(RowOp::SoftmaxMinusOneHot), x.clone());
            let per_row = graph.add(TensorOp::Column, vec![dy, x[0]]);
            let flow = graph.op(Op::Mul, &[slope, per_row]);
            vec![(x[0], graph.add(TensorOp::Expand, vec![flow, x[0]]))]
        }
        TensorOp::Primitive(op) => primitive::pull_back(graph, op, x, y, dy)?,
        TensorOp::MapSecond(..) => return None,
        TensorOp::Input(_)
        | TensorOp::Seed(_)
        | TensorOp::Constant(_)
        | TensorOp::Integer(_)
        | TensorOp::Ratio => Vec::new(),
    })
}

/// `p (y' - sum p y')` for the softmax p of x.
fn softmax(graph: &mut Graph, x: NodeId, p: NodeId, dy: NodeId) -> Vec<(NodeId, NodeId)> {
    let product = graph.op(Op::Mul, &[dy, p]);
    let sum = graph.add(TensorOp::Sum(SumAxes::These(vec![-1])), vec![product]);
    let centred = graph.op(Op::Sub, &[dy, sum]);
    let flow = graph.op(Op::Mul, &[p, centred]);
    vec![(x, graph.add(TensorOp::Expand, vec![flow, x]))]
}
