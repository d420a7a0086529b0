//! Fusion: which values of a graph are stored, and which kernels compute them.
//!
//! A value is *stored* when somebody needs it as an array: an output, a cotangent, an operand of a
//! structural operation. Every other elementwise value lives inside the kernels that use it and is
//! computed again in each: the backward pass recomputes elementwise chains from what is stored.
//! Kernels of the same depth over the same extent are one kernel with several results.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::graph::{Graph, NodeId, TensorOp};
use crate::ir::op::{Kind, Op};

/// A fused kernel.
#[derive(Clone, Debug)]
pub(crate) struct FusedKernel {
    /// An elementwise node whose shape is the iteration space.
    pub(crate) domain: NodeId,
    /// Stored values (and ratios) that it reads.
    pub(crate) inputs: Vec<NodeId>,
    /// Elementwise nodes that it computes, in order.
    pub(crate) body: Vec<NodeId>,
    /// What it yields: the element computed, and the stored value it becomes (itself, or the sum
    /// of it).
    pub(crate) outputs: Vec<(NodeId, NodeId)>,
}

/// A step of the fused graph.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A fused kernel.
    Fused(FusedKernel),
    /// A structural node.
    Structural(NodeId),
}

/// The fused graph.
#[derive(Clone, Debug)]
pub(crate) struct Fused {
    /// Steps of the forward pass.
    pub(crate) forward: Vec<Step>,
    /// Steps of the backward pass.
    pub(crate) backward: Vec<Step>,
}

/// Chooses stored values and groups the rest into kernels.
pub(crate) fn fuse(graph: &Graph) -> Fused {
    let live = live_nodes(graph);
    let stored = stored_nodes(graph, &live);
    let mut depth = vec![0_u32; graph.len()];
    for id in graph.ids() {
        let below = graph
            .data(id)
            .iter()
            .map(|operand| depth[operand.0 as usize])
            .max();
        depth[id.0 as usize] = below.unwrap_or(0) + u32::from(stored.contains(&id));
    }
    let phase = |forward: bool| {
        let nodes = stored.iter().copied().filter(|id| {
            (id.0 < to_u32(graph.forward_end)) == forward && !is_source(&graph.node(*id).op)
        });
        schedule(graph, &stored, nodes.collect(), &depth)
    };
    Fused {
        forward: phase(true),
        backward: phase(false),
    }
}

fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Whether the value is there without a step.
fn is_source(op: &TensorOp) -> bool {
    matches!(op, TensorOp::Input(_) | TensorOp::Seed(_)) || op.is_constant()
}

fn live_nodes(graph: &Graph) -> BTreeSet<NodeId> {
    let mut live: BTreeSet<NodeId> = graph
        .outputs
        .iter()
        .copied()
        .chain(graph.cotangents.iter().map(|&(_, id)| id))
        .collect();
    for id in graph.ids().rev() {
        if live.contains(&id) {
            live.extend(graph.data(id).iter().copied());
        }
    }
    live
}

fn stored_nodes(graph: &Graph, live: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
    let mut stored: BTreeSet<NodeId> = graph
        .outputs
        .iter()
        .copied()
        .chain(graph.cotangents.iter().map(|&(_, id)| id))
        .collect();
    for &id in live {
        let node = graph.node(id);
        if !node.op.is_elementwise() {
            if node.op != TensorOp::Ratio {
                stored.insert(id);
            }
            if !node.op.is_sum() {
                stored.extend(graph.data(id).iter().copied());
            }
            continue;
        }
        // A costly value that is broadcast further is computed once, at its own size.
        for &operand in graph.data(id) {
            if is_costly(&graph.node(operand).op) && graph.extent(operand) != graph.extent(id) {
                stored.insert(operand);
            }
        }
    }
    stored.retain(|&id| live.contains(&id));
    stored
}

/// Whether computing it costs more than reading it.
fn is_costly(op: &TensorOp) -> bool {
    match op {
        // A condition is never an array, whatever it costs.
        TensorOp::Scalar(op) => {
            !matches!(
                op,
                Op::Neg
                    | Op::Abs
                    | Op::Add
                    | Op::Sub
                    | Op::Mul
                    | Op::Div
                    | Op::Relu
                    | Op::Max
                    | Op::Min
                    | Op::Select
            ) && op.kind() == Kind::Float
        }
        TensorOp::Map(_) | TensorOp::MapPullback(..) | TensorOp::MapSecond(..) => true,
        _ => false,
    }
}

fn schedule(
    graph: &Graph,
    stored: &BTreeSet<NodeId>,
    mut nodes: Vec<NodeId>,
    depth: &[u32],
) -> Vec<Step> {
    nodes.sort_by_key(|id| (depth[id.0 as usize], *id));
    let mut steps: Vec<Step> = Vec::new();
    let mut open: BTreeMap<(u32, BTreeSet<NodeId>), usize> = BTreeMap::new();
    for id in nodes {
        let op = &graph.node(id).op;
        if !op.is_elementwise() && !op.is_sum() {
            steps.push(Step::Structural(id));
            continue;
        }
        let element = if op.is_sum() {
            graph.node(id).operands[0]
        } else {
            id
        };
        let key = (depth[id.0 as usize], graph.extent(element).clone());
        let next = steps.len();
        let index = *open.entry(key).or_insert(next);
        if index == next {
            steps.push(Step::Fused(FusedKernel {
                domain: element,
                inputs: Vec::new(),
                body: Vec::new(),
                outputs: Vec::new(),
            }));
        }
        if let Step::Fused(kernel) = &mut steps[index] {
            kernel.outputs.push((element, id));
        }
    }
    for step in &mut steps {
        if let Step::Fused(kernel) = step {
            fill(graph, stored, kernel);
        }
    }
    steps
}

/// Collects what a kernel reads and computes, from its outputs.
fn fill(graph: &Graph, stored: &BTreeSet<NodeId>, kernel: &mut FusedKernel) {
    let results: BTreeSet<NodeId> = kernel
        .outputs
        .iter()
        .filter(|(element, id)| element == id)
        .map(|&(_, id)| id)
        .collect();
    let mut pending: Vec<NodeId> = kernel.outputs.iter().map(|&(element, _)| element).collect();
    let (mut inputs, mut body) = (BTreeSet::new(), BTreeSet::new());
    while let Some(id) = pending.pop() {
        let node = graph.node(id);
        let computed_here = results.contains(&id);
        let read = (stored.contains(&id) && !computed_here && !node.op.is_constant())
            || !node.op.is_elementwise();
        if read {
            inputs.insert(id);
        } else if body.insert(id) {
            pending.extend(graph.data(id).iter().copied());
        }
    }
    kernel.inputs = inputs.into_iter().collect();
    kernel.body = body.into_iter().collect();
}
