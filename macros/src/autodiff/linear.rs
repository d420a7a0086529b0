//! The derivative rules of linear algebra.

use crate::ir::graph::{Graph, NodeId, SumAxes, TensorOp};
use crate::ir::op::{Build, Op};
use crate::ir::primitive::Primitive as P;

use super::primitive::like;

fn product(graph: &mut Graph, a: NodeId, ta: bool, b: NodeId, tb: bool) -> NodeId {
    graph.add(TensorOp::MatMul(ta, tb), vec![a, b])
}

fn product_like(
    graph: &mut Graph,
    (a, ta): (NodeId, bool),
    (b, tb): (NodeId, bool),
    x: NodeId,
) -> NodeId {
    graph.add(TensorOp::MatMul(ta, tb), vec![a, b, x])
}

fn transpose(graph: &mut Graph, x: NodeId) -> NodeId {
    graph.add(TensorOp::Transpose, vec![x])
}

/// The contributions of a primitive of linear algebra; `None` for any other.
pub(super) fn pull_back(
    graph: &mut Graph,
    op: P,
    x: &[NodeId],
    y: NodeId,
    dy: NodeId,
) -> Option<Vec<(NodeId, NodeId)>> {
    let a = x[0];
    Some(match op {
        // T X = B: B' = T^-T X', T' = -B' X^T on the triangle that is read
        P::TriangularSolve => {
            let b = like(graph, P::TriangularSolveTransposed, &[a, dy], x[1]);
            let outer = product_like(graph, (b, false), (y, true), a);
            vec![(a, read_part(graph, outer, a)), (x[1], b)]
        }
        // T^T X = B: B' = T^-1 X', T' = -X B'^T
        P::TriangularSolveTransposed => {
            let b = like(graph, P::TriangularSolve, &[a, dy], x[1]);
            let outer = product_like(graph, (y, false), (b, true), a);
            vec![(a, read_part(graph, outer, a)), (x[1], b)]
        }
        P::TriangleRead => vec![(a, like(graph, P::TriangleRead, &[dy], a))],
        // L L^T = A: A' = L^-T S L^-1 / 2, S the mirrored lower triangle of L^T L'
        P::Cholesky => {
            let inner = product_like(graph, (y, true), (dy, false), a);
            let mirrored = like(graph, P::Mirrored, &[inner], a);
            let left = like(graph, P::TriangularSolveTransposed, &[y, mirrored], a);
            let turned = transpose(graph, left);
            let both = like(graph, P::TriangularSolveTransposed, &[y, turned], a);
            let half = graph.constant(0.5);
            vec![(a, graph.op(Op::Mul, &[both, half]))]
        }
        // A X = B: B' = A^-T X', A' = -B' X^T
        P::Solve => {
            let turned = transpose(graph, a);
            let b = like(graph, P::Solve, &[turned, dy], x[1]);
            let outer = product_like(graph, (b, false), (y, true), a);
            vec![(a, graph.op(Op::Neg, &[outer])), (x[1], b)]
        }
        // Y = A^-1: A' = -Y^T Y' Y^T
        P::Inverse => {
            let left = product_like(graph, (y, true), (dy, false), a);
            let both = product_like(graph, (left, false), (y, true), a);
            vec![(a, graph.op(Op::Neg, &[both]))]
        }
        // d det A = sum of cofactors times dA
        P::Determinant => {
            let cofactors = like(graph, P::Cofactors, &[a], a);
            vec![(a, graph.op(Op::Mul, &[dy, cofactors]))]
        }
        // d ln |det A| = tr(A^-1 dA)
        P::LogDeterminant => {
            let inverse = like(graph, P::Inverse, &[a], a);
            let turned = transpose(graph, inverse);
            vec![(a, graph.op(Op::Mul, &[dy, turned]))]
        }
        // A V = V diag(w): A' = V (F * V^T V') V^T, F_ij = 1 / (w_j - w_i), 0 on the diagonal
        P::Eigenvectors => {
            let image = product_like(graph, (a, false), (y, false), a);
            vec![(a, of_symmetric(graph, y, dy, image, y))]
        }
        // V are the eigenvectors of A^T A, whose derivative G gives A' = A (G + G^T)
        P::SingularVectors => {
            let image = product(graph, a, false, y, false);
            let inner = of_symmetric(graph, y, dy, image, image);
            let turned = transpose(graph, inner);
            let both = graph.op(Op::Add, &[inner, turned]);
            vec![(a, product_like(graph, (a, false), (both, false), a))]
        }
        // Q R = A with R = Q^T A: A' = (Q' + Q S) R^-T, S the mirrored lower triangle of -Q'^T Q
        P::Orthogonal => {
            let r = product(graph, y, true, a, false);
            let inner = product(graph, dy, true, y, false);
            let inner = graph.op(Op::Neg, &[inner]);
            let mirrored = like(graph, P::Mirrored, &[inner], inner);
            let turned = product_like(graph, (y, false), (mirrored, false), a);
            let sum = graph.op(Op::Add, &[dy, turned]);
            let sum = transpose(graph, sum);
            let solved = like(graph, P::TriangularSolve, &[r, sum], sum);
            let back = transpose(graph, solved);
            vec![(a, graph.add(TensorOp::Expand, vec![back, a]))]
        }
        P::Mirrored => vec![(a, like(graph, P::MirroredBack, &[dy], a))],
        P::MirroredBack => vec![(a, like(graph, P::Mirrored, &[dy], a))],
        // C = det A A^-T: A' = <C', C> A^-T - C C'^T A^-T; NaN where A has no inverse
        P::Cofactors => {
            let inverse = like(graph, P::Inverse, &[a], a);
            let inverse = transpose(graph, inverse);
            let product = graph.op(Op::Mul, &[dy, y]);
            let total = graph.add(TensorOp::Sum(SumAxes::These(vec![-2, -1])), vec![product]);
            let along = graph.op(Op::Mul, &[total, inverse]);
            let turned = product_like(graph, (y, false), (dy, true), a);
            let across = product_like(graph, (turned, false), (inverse, false), a);
            vec![(a, graph.op(Op::Sub, &[along, across]))]
        }
        _ => return None,
    })
}

/// The negated part of a product that the triangular solve reads.
fn read_part(graph: &mut Graph, outer: NodeId, a: NodeId) -> NodeId {
    let part = like(graph, P::TriangleRead, &[outer], a);
    graph.op(Op::Neg, &[part])
}

/// `V (F * V^T V') V^T` for eigenvectors V of a symmetric matrix whose eigenvalues are the sums over
/// the columns of `image` times `other`.
fn of_symmetric(graph: &mut Graph, v: NodeId, dv: NodeId, image: NodeId, other: NodeId) -> NodeId {
    let squares = graph.op(Op::Mul, &[image, other]);
    let row = graph.add(TensorOp::Sum(SumAxes::These(vec![-2])), vec![squares]);
    let column = transpose(graph, row);
    let gap = graph.op(Op::Sub, &[row, column]);
    let (zero, one) = (graph.constant(0.0), graph.constant(1.0));
    // The diagonal, and eigenvalues that are equal.
    let none = graph.op(Op::Eq, &[gap, zero]);
    let safe = graph.op(Op::Select, &[none, one, gap]);
    let inner = product_like(graph, (v, true), (dv, false), v);
    let scaled = graph.op(Op::Div, &[inner, safe]);
    let weighted = graph.op(Op::Select, &[none, zero, scaled]);
    let left = product_like(graph, (v, false), (weighted, false), v);
    product_like(graph, (left, false), (v, true), v)
}
