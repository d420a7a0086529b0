//! The derivative rules of recurrent layers.
//!
//! Cotangents flow through all steps at once (`LstmFlows`, `GruFlows`); what they are worth for each
//! operand is taken from them.

use crate::ir::graph::{Graph, NodeId, TensorOp};
use crate::ir::primitive::Primitive as P;

use super::primitive::like;

/// The contributions of hidden states whose cotangent is `dy`. The first operand are the states, which
/// are constants: what they were computed from are the other operands.
pub(super) fn pull_back(
    graph: &mut Graph,
    op: P,
    x: &[NodeId],
    dy: NodeId,
) -> Vec<(NodeId, NodeId)> {
    let flows = |graph: &mut Graph, op: P, start: NodeId| {
        let operands = vec![x[0], x[2], start, dy];
        graph.add(TensorOp::Primitive(op), operands)
    };
    match op {
        P::LstmHidden => {
            let (h0, c0) = (x[3], x[4]);
            let flows = flows(graph, P::LstmFlows, c0);
            vec![
                (x[1], like(graph, P::Head, &[flows], x[1])),
                (x[2], like(graph, P::LstmWeights, &[x[0], h0, flows], x[2])),
                (h0, like(graph, P::StartHidden, &[flows], h0)),
                (c0, like(graph, P::StartCell, &[flows], c0)),
            ]
        }
        P::GruHidden => {
            let h0 = x[4];
            let flows = flows(graph, P::GruFlows, h0);
            vec![
                (x[1], like(graph, P::GruInputs, &[flows], x[1])),
                (x[2], like(graph, P::GruWeights, &[x[0], h0, flows], x[2])),
                (x[3], like(graph, P::GruProducts, &[flows], x[1])),
                (h0, like(graph, P::StartHidden, &[flows], h0)),
            ]
        }
        _ => Vec::new(),
    }
}
