//! Simplification of a tensor graph: constants are folded, what changes nothing vanishes, equal
//! nodes are one node, and backward nodes that nobody needs are left out.
//!
//! Every rewrite of the forward pass is exact: it yields the same bits for every value, NaN,
//! infinities and -0 included, so that a program computes what its eager function does. In the
//! backward pass a sum of sums is taken at once, which changes the order of the additions. Forward nodes stay even where nobody
//! needs them, because a wrong shape is reported at the operator that the user wrote.

use std::collections::BTreeSet;

use crate::ir::dtype::Dtype;
use crate::ir::graph::{Graph, NodeId, TensorOp};
use crate::ir::op::{Build, Op};

/// The simplified graph.
pub(crate) fn simplify(graph: &Graph, dtype: Dtype) -> Graph {
    let live = live(graph);
    let is_backward = |id: NodeId| graph.forward_end > 0 && id.0 as usize >= graph.forward_end;
    let mut to = Graph::new();
    to.functions.clone_from(&graph.functions);
    let mut at: Vec<NodeId> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        if graph.forward_end == id.0 as usize && graph.forward_end > 0 {
            close_forward(graph, &mut to, &at);
        }
        let node = graph.node(id);
        if is_backward(id) && !live.contains(&id) {
            // Never looked at: only dead nodes name it.
            at.push(NodeId(0));
            continue;
        }
        to.set_span(node.span);
        let operands: Vec<NodeId> = node.operands.iter().map(|x| at[x.0 as usize]).collect();
        let mut new = match &node.op {
            TensorOp::Input(k) => to.input_like(graph.input_name(*k).to_owned(), operands.clone()),
            op => rewritten(&mut to, op, &operands, dtype),
        };
        // A region's result needs a place; a constant has none.
        if to.node(new).op.is_constant() && graph.outputs.contains(&id) {
            new = to.add(node.op.clone(), operands);
        }
        at.push(new);
    }
    if to.outputs.is_empty() {
        close_forward(graph, &mut to, &at);
        to.forward_end = graph.forward_end.min(to.len());
    }
    let moved = graph.cotangents.iter();
    to.cotangents = moved.map(|&(k, id)| (k, at[id.0 as usize])).collect();
    to
}

/// What follows is the backward pass: seeds have the shapes of the outputs.
fn close_forward(graph: &Graph, to: &mut Graph, at: &[NodeId]) {
    to.outputs = graph.outputs.iter().map(|id| at[id.0 as usize]).collect();
    to.forward_end = to.len();
}

/// What the outputs and cotangents depend on, for values or for shapes.
fn live(graph: &Graph) -> BTreeSet<NodeId> {
    let cotangents = graph.cotangents.iter().map(|&(_, id)| id);
    let mut live: BTreeSet<NodeId> = graph.outputs.iter().copied().chain(cotangents).collect();
    for id in graph.ids().rev() {
        // A seed is given whether or not anybody reads it.
        if live.contains(&id) || matches!(graph.node(id).op, TensorOp::Seed(_)) {
            live.insert(id);
            live.extend(graph.node(id).operands.iter().copied());
        }
    }
    live
}

/// The node, or an equal one that is simpler.
fn rewritten(to: &mut Graph, op: &TensorOp, x: &[NodeId], dtype: Dtype) -> NodeId {
    match op {
        TensorOp::Scalar(op) => scalar(to, *op, x, dtype),
        // A transpose costs a copy; a product takes its operands either way.
        TensorOp::MatMul(ta, tb) => {
            let (a, ta) = untransposed(to, x[0], *ta);
            let (b, tb) = untransposed(to, x[1], *tb);
            let operands = [a, b].into_iter().chain(x.get(2).copied());
            to.add(TensorOp::MatMul(ta, tb), operands.collect())
        }
        TensorOp::Transpose => match &to.node(x[0]).op {
            TensorOp::Transpose => to.node(x[0]).operands[0],
            _ => to.add(TensorOp::Transpose, x.to_vec()),
        },
        TensorOp::Expand | TensorOp::SumTo if to.extent(x[0]) == to.extent(x[1]) => x[0],
        // What was broadcast twice is summed back in one pass, beside whatever else is summed there.
        TensorOp::SumTo if to.node(x[0]).op == TensorOp::SumTo => {
            let inner = to.node(x[0]).operands[0];
            rewritten(to, &TensorOp::SumTo, &[inner, x[1]], dtype)
        }
        op => to.add(op.clone(), x.to_vec()),
    }
}

/// The operand of a product behind its transposes. A vector has none, and its rank is not known
/// here: but what is transposed is a matrix, or the transpose itself is an error.
fn untransposed(graph: &Graph, x: NodeId, transposed: bool) -> (NodeId, bool) {
    let node = graph.node(x);
    if node.op == TensorOp::Transpose {
        untransposed(graph, node.operands[0], !transposed)
    } else {
        (x, transposed)
    }
}

fn scalar(to: &mut Graph, op: Op, x: &[NodeId], dtype: Dtype) -> NodeId {
    let constant = |to: &Graph, k: usize| x.get(k).and_then(|&id| to.known_constant(id));
    let negated = |to: &Graph, k: usize| match (&to.node(x[k]).op, &to.node(x[k]).operands) {
        (TensorOp::Scalar(Op::Neg), operands) => Some(operands[0]),
        _ => None,
    };
    if let (Some(a), Some(b)) = (constant(to, 0), constant(to, 1))
        && let Some(value) = folded(op, a, b, dtype)
    {
        return to.constant(value);
    }
    match op {
        Op::Add if is_zero(constant(to, 1), true) => return x[0],
        Op::Add if is_zero(constant(to, 0), true) => return x[1],
        Op::Sub if is_zero(constant(to, 1), false) => return x[0],
        Op::Add => {
            if let Some(sum) = one_sum(to, x, dtype) {
                return sum;
            }
            if let Some(b) = negated(to, 1) {
                return to.op(Op::Sub, &[x[0], b]);
            }
        }
        Op::Sub => {
            if let Some(b) = negated(to, 1) {
                return to.op(Op::Add, &[x[0], b]);
            }
        }
        Op::Mul | Op::Div => {
            if let (Some(a), Some(b)) = (negated(to, 0), negated(to, 1)) {
                return to.op(op, &[a, b]);
            }
        }
        Op::Select if x[1] == x[2] => return x[1],
        _ => {}
    }
    to.op(op, x)
}

/// Two sums to one shape, over the same elements, as the sum of what they sum.
fn one_sum(to: &mut Graph, x: &[NodeId], dtype: Dtype) -> Option<NodeId> {
    let parts = |id: NodeId| {
        let node = to.node(id);
        (node.op == TensorOp::SumTo).then(|| (node.operands[0], node.operands[1]))
    };
    let ((a, like), (b, other)) = (parts(x[0])?, parts(x[1])?);
    if like != other || to.extent(a) != to.extent(b) {
        return None;
    }
    let added = scalar(to, Op::Add, &[a, b], dtype);
    Some(rewritten(to, &TensorOp::SumTo, &[added, like], dtype))
}

/// Whether it is the zero of that sign: x + -0 = x and x - +0 = x, also for x = -0.
fn is_zero(value: Option<f64>, negative: bool) -> bool {
    value.is_some_and(|value| value == 0.0 && value.is_sign_negative() == negative)
}

/// The value of an operation on constants, rounded as the region computes.
fn folded(op: Op, a: f64, b: f64, dtype: Dtype) -> Option<f64> {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the region computes in f32"
    )]
    let (x, y) = (a as f32, b as f32);
    let (single, double) = match op {
        Op::Add => (x + y, a + b),
        Op::Sub => (x - y, a - b),
        Op::Mul => (x * y, a * b),
        Op::Div => (x / y, a / b),
        _ => return None,
    };
    Some(match dtype {
        Dtype::F32 => f64::from(single),
        Dtype::F64 => double,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::graph::{Order, differentiate};

    fn count(graph: &Graph, op: &TensorOp) -> usize {
        graph.ids().filter(|&id| graph.node(id).op == *op).count()
    }

    #[test]
    fn what_changes_nothing_vanishes() {
        let mut graph = Graph::new();
        let (x, y) = (graph.input(), graph.input());
        let (zero, half, two) = (
            graph.constant(-0.0),
            graph.constant(0.5),
            graph.constant(2.0),
        );
        let one = graph.add(TensorOp::Scalar(Op::Mul), vec![half, two]);
        let scaled = graph.add(TensorOp::Scalar(Op::Mul), vec![x, one]);
        let shifted = graph.add(TensorOp::Scalar(Op::Add), vec![scaled, zero]);
        let minus = graph.op(Op::Neg, &[y]);
        let sum = graph.op(Op::Add, &[shifted, minus]);
        graph.outputs.push(sum);
        let simple = simplify(&graph, Dtype::F64);
        let last = simple.node(simple.outputs[0]);
        assert_eq!(last.op, TensorOp::Scalar(Op::Sub));
        assert_eq!(last.operands, [x, y]);
    }

    #[test]
    fn a_positive_zero_is_kept_because_of_minus_zero() {
        let mut graph = Graph::new();
        let x = graph.input();
        let zero = graph.constant(0.0);
        let sum = graph.add(TensorOp::Scalar(Op::Add), vec![x, zero]);
        graph.outputs.push(sum);
        let simple = simplify(&graph, Dtype::F64);
        assert_eq!(
            simple.node(simple.outputs[0]).op,
            TensorOp::Scalar(Op::Add),
            "-0 + 0 is 0"
        );
    }

    #[test]
    fn a_result_is_never_a_constant() {
        let mut graph = Graph::new();
        let (one, two) = (graph.constant(1.0), graph.constant(2.0));
        let sum = graph.add(TensorOp::Scalar(Op::Add), vec![one, two]);
        graph.outputs.push(sum);
        let simple = simplify(&graph, Dtype::F32);
        assert!(!simple.node(simple.outputs[0]).op.is_constant());
    }

    #[test]
    fn products_take_their_operands_as_they_are() {
        let mut graph = Graph::new();
        let (a, b) = (graph.input(), graph.input());
        let at = graph.add(TensorOp::Transpose, vec![a]);
        let product = graph.add(TensorOp::MatMul(false, false), vec![at, b]);
        graph.outputs.push(product);
        differentiate(&mut graph, Order::First);
        let simple = simplify(&graph, Dtype::F32);
        let product = simple.node(simple.outputs[0]);
        assert_eq!(product.op, TensorOp::MatMul(true, false));
        assert_eq!(product.operands, [a, b]);
        // The adjoint of a is b dy^T: one product, and one transpose back at most.
        assert!(count(&simple, &TensorOp::Transpose) <= 2);
        assert_eq!(simple.cotangents.len(), 2);
    }

    #[test]
    fn a_sum_of_sums_is_one_sum() {
        let mut graph = Graph::new();
        let (x, b, y) = (graph.input(), graph.input(), graph.input());
        let biased = graph.op(Op::Add, &[x, b]);
        let error = graph.op(Op::Sub, &[biased, y]);
        graph.outputs.push(error);
        differentiate(&mut graph, Order::First);
        let simple = simplify(&graph, Dtype::F32);
        let sums = simple
            .ids()
            .filter(|&id| simple.node(id).op == TensorOp::SumTo);
        let of: BTreeSet<NodeId> = sums.map(|id| simple.node(id).operands[0]).collect();
        // The three cotangents are sums of the seed and of its negation, and of nothing between.
        assert_eq!(of.len(), 2);
        assert_eq!(simple.cotangents.len(), 3);
    }

    #[test]
    fn backward_nodes_that_nobody_needs_are_left_out() {
        let mut graph = Graph::new();
        let x = graph.input();
        let y = graph.op(Op::Exp, &[x]);
        graph.outputs.push(y);
        differentiate(&mut graph, Order::First);
        let before = graph.len();
        let seed = graph.add(TensorOp::Seed(0), Vec::new());
        graph.add(TensorOp::Scalar(Op::Sin), vec![seed]);
        assert_eq!(graph.len(), before + 1);
        assert_eq!(simplify(&graph, Dtype::F64).len(), before);
    }
}
