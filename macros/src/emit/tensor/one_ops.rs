//! Regions of single operations: what an operator between values of unknown type records.
//!
//! The runtime has the operators and no derivative rule; this table, expanded once in the facade,
//! brings them together.

use proc_macro2::TokenStream;
use quote::quote;

use crate::autodiff::graph::{Order, differentiate, freeze, gradient};
use crate::ir::composite::{self, Composite};
use crate::ir::dtype::Dtype;
use crate::ir::graph::{Graph, NodeId, RowOp, SumAxes, TensorOp};
use crate::ir::op::{Build, Form, Kind, Op};
use crate::ir::primitive::Primitive;
use crate::passes::fuse::fuse;
use crate::passes::simplify_graph::simplify;

use super::region::{Kernels, print_region};

/// Prints the table as an expression of type `OneOps`; `root` is the runtime's `codegen` module.
pub(crate) fn print_table(root: &TokenStream) -> TokenStream {
    let (f32_statics, f32_table) = table(Dtype::F32, root);
    let (f64_statics, f64_table) = table(Dtype::F64, root);
    quote! {
        #root::OneOps {
            f32: { #f32_statics &[#f32_table] },
            f64: { #f64_statics &[#f64_table] },
        }
    }
}

fn table(dtype: Dtype, root: &TokenStream) -> (TokenStream, TokenStream) {
    let mut kernels = Kernels::new();
    let mut rows = TokenStream::new();
    for (name, mut graph, constant) in graphs() {
        let gradient = if constant {
            freeze(&mut graph);
            None
        } else {
            differentiate(&mut graph, Order::First);
            second(&graph, name, dtype, root, &mut kernels)
        };
        let fused = fuse(&graph);
        let region = print_region(
            &graph,
            &fused,
            name,
            dtype,
            root,
            &mut kernels,
            gradient.as_ref(),
        );
        rows.extend(quote!((#name, #region),));
    }
    let kernels = kernels.into_items();
    (quote!(#(#kernels)*), rows)
}

/// The gradient of an operation as a region, or nothing where that has no derivative.
fn second(
    graph: &Graph,
    name: &str,
    dtype: Dtype,
    root: &TokenStream,
    kernels: &mut Kernels,
) -> Option<TokenStream> {
    let mut graph = simplify(&gradient(graph), dtype);
    let known = differentiate(&mut graph, Order::Further).is_empty() && !graph.outputs.is_empty();
    known.then(|| {
        let graph = simplify(&graph, dtype);
        let (fused, name) = (fuse(&graph), format!("{name}'"));
        print_region(&graph, &fused, &name, dtype, root, kernels, None)
    })
}

/// Each region of one operation, by name, and whether it is a constant for derivatives.
fn graphs() -> Vec<(&'static str, Graph, bool)> {
    let mut rows = Vec::new();
    let mut row = |name, operands, constant, build: &dyn Fn(&mut Graph, &[NodeId]) -> NodeId| {
        let mut graph = Graph::new();
        let inputs: Vec<NodeId> = (0..operands).map(|_| graph.input()).collect();
        let value = build(&mut graph, &inputs);
        graph.outputs.push(value);
        rows.push((name, graph, constant));
    };
    for &op in Op::ALL {
        let arity = op.arity();
        let written = match op.form() {
            Form::Infix | Form::Prefix | Form::Inherent => arity == 1 || arity == 2,
            Form::Runtime => arity == 1 && op != Op::ToFloat,
            Form::Select => false,
        };
        if op.kind() == Kind::Float && written && op != Op::Powi {
            let name = if op == Op::Neg { "neg" } else { op.name() };
            row(name, arity, false, &|graph, x| graph.op(op, x));
        }
    }
    for function in [Composite::SafeSqrt, Composite::Choose, Composite::Greater] {
        row(function.name(), function.arity(), false, &|graph, x| {
            composite::expand(graph, function, x)
        });
    }
    row("affine", 3, false, &|graph, x| {
        let scaled = graph.op(Op::Mul, &[x[0], x[1]]);
        graph.op(Op::Add, &[scaled, x[2]])
    });
    // A value under a new name: what a derivative inside of a function is taken with respect to.
    row("identity", 1, false, &|_, x| x[0]);
    // Constants for derivatives.
    row("detach", 1, true, &|graph, x| {
        let zero = graph.constant(-0.0);
        graph.op(Op::Add, &[x[0], zero])
    });
    row("truth", 1, true, &|graph, x| {
        let zero = graph.constant(0.0);
        composite::expand(graph, Composite::NotEqual, &[x[0], zero])
    });
    // What a number is divided by so that its square neither overflows nor vanishes.
    row("scale", 1, true, &|graph, x| {
        let (zero, one) = (graph.constant(0.0), graph.constant(1.0));
        let infinity = graph.constant(f64::INFINITY);
        let (some, finite) = (
            graph.op(Op::Gt, &[x[0], zero]),
            graph.op(Op::Lt, &[x[0], infinity]),
        );
        let usable = graph.op(Op::And, &[some, finite]);
        graph.op(Op::Select, &[usable, x[0], one])
    });
    for (name, op, operands) in [
        ("sum", TensorOp::Sum(SumAxes::All), 1),
        ("sum_axis", TensorOp::Sum(SumAxes::Given), 1),
        ("reshape", TensorOp::ReshapeGiven, 1),
        ("t", TensorOp::Transpose, 1),
        ("matmul", TensorOp::MatMul(false, false), 2),
        ("softmax", TensorOp::Rows(RowOp::Softmax), 1),
        ("log_softmax", TensorOp::Rows(RowOp::LogSoftmax), 1),
        ("cross_entropy", TensorOp::Rows(RowOp::CrossEntropy), 2),
    ] {
        row(name, operands, false, &|graph, x| {
            graph.add(op.clone(), x.to_vec())
        });
    }
    for &op in Primitive::ALL {
        // What stands in adjoints only has the shape of another tensor; as a method it is added to
        // that tensor.
        let adds = matches!(op, Primitive::TakeAdd | Primitive::GatherAdd);
        if adds {
            row(op.symbol(), 3, false, &|graph, x| {
                let added = graph.add(TensorOp::Primitive(op), vec![x[1], x[2], x[0]]);
                graph.op(Op::Add, &[x[0], added])
            });
        } else if op.is_method() {
            row(op.symbol(), op.arity(), false, &|graph, x| {
                graph.add(TensorOp::Primitive(op), x.to_vec())
            });
        }
    }
    rows
}
