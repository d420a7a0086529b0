//! The invariants of a tensor graph, checked after lowering and after differentiation.
//!
//! - A node names only earlier nodes, so a forward node never names a seed or a backward node.
//! - A node has as many operands as its operation takes.
//! - No constant is an output.
//!
//! A violation is a bug of this compiler, and is reported as an error at the
//! user's token rather than as a wrong gradient.

use crate::diag::{Code, Errors};
use crate::ir::graph::{Graph, NodeId, TensorOp};

/// Checks a graph; violations are recorded.
pub(crate) fn verify(graph: &Graph, errors: &mut Errors) {
    for id in graph.ids() {
        let node = graph.node(id);
        if let Some(fault) = fault(graph, id) {
            let text = format!("the compiler built an invalid graph: {fault}");
            errors.at_span(node.span, Code::Internal, text);
        }
    }
}

fn fault(graph: &Graph, id: NodeId) -> Option<String> {
    let node = graph.node(id);
    if node.operands.iter().any(|operand| *operand >= id) {
        return Some("an operand comes after its use".to_owned());
    }
    let count = node.operands.len();
    let fits = match &node.op {
        TensorOp::Constant(_) | TensorOp::Integer(_) | TensorOp::Seed(_) => count == 0,
        TensorOp::Input(_) => count <= 1,
        TensorOp::Scalar(op) => count == op.arity(),
        TensorOp::Map(_) | TensorOp::MapPullback(..) | TensorOp::MapSecond(..) => count > 0,
        TensorOp::Ratio
        | TensorOp::Expand
        | TensorOp::SumTo
        | TensorOp::Squeeze(_)
        | TensorOp::ReshapeLike
        | TensorOp::Column => count == 2,
        TensorOp::Sum(_) | TensorOp::Reshape(_) | TensorOp::ReshapeGiven | TensorOp::Transpose => {
            count == 1
        }
        TensorOp::Primitive(op) => count == op.arity() || count == op.arity() + 1,
        TensorOp::MatMul(..) => count == 2 || count == 3,
        TensorOp::Rows(_) => count == 1 || count == 2,
    };
    if !fits {
        return Some(format!("{count} operands"));
    }
    let constant = node.op.is_constant() && graph.outputs.contains(&id);
    constant.then(|| "a constant is an output".to_owned())
}
