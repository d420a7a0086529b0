//! The derivative rules of the primitives: the adjoint of each, as nodes of the same graph.
//!
//! An adjoint gets the parameters of its primal, so that a primitive that needs others has an
//! adjoint of its own (`CumulativeSum` and `CumulativeSumBack`).

use crate::ir::graph::{Graph, NodeId, TensorOp};
use crate::ir::op::{Build, Op};
use crate::ir::primitive::Primitive;

use super::{linear, recurrent};

/// Adds a primitive over `x` whose result has the shape of `like`.
pub(super) fn like(graph: &mut Graph, op: Primitive, x: &[NodeId], like: NodeId) -> NodeId {
    let operands = x.iter().copied().chain([like]).collect();
    graph.add(TensorOp::Primitive(op), operands)
}

/// The contributions of `y = op(x..)`, whose cotangent is `dy`, to the cotangents of its operands;
/// labels get none. `None` for an adjoint whose own derivative is not known.
pub(super) fn pull_back(
    graph: &mut Graph,
    op: Primitive,
    x: &[NodeId],
    y: NodeId,
    dy: NodeId,
) -> Option<Vec<(NodeId, NodeId)>> {
    use Primitive as P;
    if let Some(flows) = linear::pull_back(graph, op, x, y, dy) {
        return Some(flows);
    }
    // A linear operation with labels or without: the cotangent through its adjoint.
    let linear = |graph: &mut Graph, adjoint: P| {
        let mut operands = x[..op.arity()].to_vec();
        operands[0] = dy;
        vec![(x[0], like(graph, adjoint, &operands, x[0]))]
    };
    Some(match op {
        P::RoundF16 | P::RoundBf16 => vec![(x[0], dy)],
        P::View => linear(graph, P::PlaceZero),
        P::Place | P::PlaceZero => linear(graph, P::View),
        P::Take => linear(graph, P::TakeAdd),
        P::TakeAdd => linear(graph, P::Take),
        P::Mix => linear(graph, P::MixAdd),
        P::MixAdd => linear(graph, P::Mix),
        // Positions and signs: constant wherever they are differentiable.
        P::ArgMax | P::ArgMin | P::Waves | P::SignOfDeterminant => Vec::new(),
        P::Bag => linear(graph, P::BagAdd),
        P::BagAdd => linear(graph, P::Bag),
        P::Gather => linear(graph, P::GatherAdd),
        P::GatherAdd => linear(graph, P::Gather),
        P::Select => linear(graph, P::SelectAdd),
        P::SelectAdd => linear(graph, P::Select),
        P::Triangle => linear(graph, P::Triangle),
        P::Concat => {
            let first = like(graph, P::Head, &[dy], x[0]);
            let second = like(graph, P::Tail, &[dy], x[1]);
            vec![(x[0], first), (x[1], second)]
        }
        P::Head => linear(graph, P::HeadBack),
        P::HeadBack => linear(graph, P::Head),
        P::Tail => linear(graph, P::TailBack),
        P::TailBack => linear(graph, P::Tail),
        P::RunningSum => linear(graph, P::RunningSumBack),
        P::RunningSumBack => linear(graph, P::RunningSum),
        // y = prod x: x_i' = y' times the others
        P::Product => {
            let others = like(graph, P::ProductOthers, x, x[0]);
            vec![(x[0], graph.op(Op::Mul, &[dy, others]))]
        }
        // y_i = the product of the others
        P::ProductOthers => adjoint(graph, P::ProductOthersBack, &[x[0], dy], x[0]),
        // y = max x: the elements that equal it share y' evenly
        P::Maximum | P::Minimum => {
            let (zero, one) = (graph.constant(0.0), graph.constant(1.0));
            let equal = graph.op(Op::Eq, &[x[0], y]);
            let counted = graph.op(Op::Select, &[equal, one, zero]);
            let count = graph.sum_to(counted, y);
            let share = graph.op(Op::Div, &[dy, count]);
            vec![(x[0], graph.op(Op::Select, &[equal, share, zero]))]
        }
        // y = ln sum e^x: x' = y' e^(x - y); at infinity the infinite elements get all of it
        P::LogSumExp => {
            let (zero, one) = (graph.constant(0.0), graph.constant(1.0));
            let infinite = graph.constant(f64::INFINITY);
            let size = graph.op(Op::Abs, &[y]);
            let at_infinity = graph.op(Op::Eq, &[size, infinite]);
            let difference = graph.op(Op::Sub, &[x[0], y]);
            let softmax = graph.op(Op::Exp, &[difference]);
            let equal = graph.op(Op::Eq, &[x[0], y]);
            let chosen = graph.op(Op::Select, &[equal, one, zero]);
            let slope = graph.op(Op::Select, &[at_infinity, chosen, softmax]);
            vec![(x[0], graph.op(Op::Mul, &[dy, slope]))]
        }
        // y = x * w: x' = y' * w and w' = x * y', each by its own bilinear form, which are closed
        P::Conv => vec![
            (x[0], like(graph, P::ConvInput, &[dy, x[1]], x[0])),
            (x[1], like(graph, P::ConvKernel, &[x[0], dy], x[1])),
        ],
        P::ConvInput => vec![
            (x[0], like(graph, P::Conv, &[dy, x[1]], x[0])),
            (x[1], like(graph, P::ConvKernel, &[dy, x[0]], x[1])),
        ],
        P::ConvKernel => vec![
            (x[0], like(graph, P::ConvInput, &[x[1], dy], x[0])),
            (x[1], like(graph, P::Conv, &[x[0], dy], x[1])),
        ],
        P::LstmHidden | P::GruHidden => recurrent::pull_back(graph, op, x, dy),
        P::Normalize => adjoint(graph, P::NormalizeBack, &[x[0], y, dy], x[0]),
        P::Attention => {
            let operands = vec![x[0], x[1], x[2], dy];
            let all = graph.add(TensorOp::Primitive(P::AttentionBack), operands);
            vec![
                (x[0], like(graph, P::AttentionQueries, &[all], x[0])),
                (x[1], like(graph, P::AttentionKeys, &[all, x[0]], x[1])),
                (x[2], like(graph, P::AttentionValues, &[all], x[2])),
            ]
        }
        P::MeanPool => linear(graph, P::MeanPoolBack),
        P::MeanPoolBack => linear(graph, P::MeanPool),
        P::MaxPool => adjoint(graph, P::MaxPoolBack, &[x[0], y, dy], x[0]),
        P::MaxPoolBack => adjoint(graph, P::MaxPoolTangent, &[x[0], x[1], dy], x[2]),
        P::MaxPoolTangent => adjoint(graph, P::MaxPoolBack, &[x[0], x[1], dy], x[2]),
        P::RunningProduct => adjoint(graph, P::RunningProductBack, &[x[0], dy], x[0]),
        // Bilinear in the cotangent x[1] and products of x[0].
        P::RunningProductBack => {
            let along = like(graph, P::RunningProductTangent, &[x[0], dy], x[1]);
            let second = like(graph, P::RunningProductSecond, &[x[0], dy, x[1]], x[0]);
            vec![(x[0], second), (x[1], along)]
        }
        P::RunningProductTangent => {
            let back = like(graph, P::RunningProductBack, &[x[0], dy], x[1]);
            let second = like(graph, P::RunningProductSecond, &[x[0], x[1], dy], x[0]);
            vec![(x[0], second), (x[1], back)]
        }
        P::RunningMax => adjoint(graph, P::RunningMaxBack, &[x[0], dy], x[0]),
        // Which element is the largest does not change near x[0]: these are linear in x[1].
        P::RunningMaxBack => adjoint(graph, P::RunningMaxTangent, &[x[0], dy], x[1]),
        P::RunningMaxTangent => adjoint(graph, P::RunningMaxBack, &[x[0], dy], x[1]),
        P::SortBack => adjoint(graph, P::SortTangent, &[x[0], dy], x[1]),
        P::SortTangent => adjoint(graph, P::SortBack, &[x[0], dy], x[1]),
        P::RunningLogSumExp => adjoint(graph, P::RunningLogSumExpBack, &[x[0], y, dy], x[0]),
        P::Sort => adjoint(graph, P::SortBack, &[x[0], dy], x[0]),
        // r_k = sum_{j >= k} c_j e^(x_k - y_j), where y is an operand like x and c
        P::RunningLogSumExpBack => {
            let along = like(graph, P::RunningLogSumExpTangent, &[x[0], x[1], dy], x[2]);
            let to_x = graph.op(Op::Mul, &[dy, y]);
            let to_y = graph.op(Op::Mul, &[along, x[2]]);
            let to_y = graph.op(Op::Neg, &[to_y]);
            vec![(x[0], to_x), (x[1], to_y), (x[2], along)]
        }
        // r_j = sum_{k <= j} v_k e^(x_k - y_j)
        P::RunningLogSumExpTangent => {
            let back = like(graph, P::RunningLogSumExpBack, &[x[0], x[1], dy], x[2]);
            let to_x = graph.op(Op::Mul, &[back, x[2]]);
            let to_y = graph.op(Op::Mul, &[dy, y]);
            let to_y = graph.op(Op::Neg, &[to_y]);
            vec![(x[0], to_x), (x[1], to_y), (x[2], back)]
        }
        // Made of labels, or of a key; and what a recurrent layer keeps, which is a constant.
        P::OneHot | P::Uniform | P::Floats | P::Lstm | P::Gru => Vec::new(),
        // Third derivatives, and the operations of linear algebra, which have their own table.
        _ => return None,
    })
}

/// The adjoint of an operation of one operand as one primitive.
fn adjoint(graph: &mut Graph, op: Primitive, from: &[NodeId], x: NodeId) -> Vec<(NodeId, NodeId)> {
    vec![(x, like(graph, op, from, x))]
}
