//! Regions of single operations: what an operator between values of unknown type records.
//!
//! The runtime has the operators and no derivative rule; this table, expanded once in the facade,
//! brings them together.

use proc_macro2::TokenStream;
use quote::quote;

use crate::autodiff::graph::differentiate;
use crate::ir::dtype::Dtype;
use crate::ir::graph::{Graph, SumAxes, TensorOp};
use crate::ir::op::{Form, Kind, Op};
use crate::passes::fuse::fuse;

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
    let mut row = |name: &str, op: TensorOp, operands: usize| {
        let mut graph = Graph::new();
        let inputs = (0..operands).map(|_| graph.input()).collect();
        let value = graph.add(op, inputs);
        graph.outputs.push(value);
        differentiate(&mut graph);
        let fused = fuse(&graph);
        let region = print_region(&graph, &fused, name, dtype, root, &mut kernels);
        rows.extend(quote!((#name, #region),));
    };
    for &op in Op::ALL {
        let arity = op.arity();
        let plain = op.kind() == Kind::Float
            && matches!(op.form(), Form::Infix | Form::Prefix | Form::Inherent)
            && (arity == 1 || arity == 2)
            && op != Op::Powi;
        if plain {
            let name = if op == Op::Neg { "neg" } else { op.name() };
            row(name, TensorOp::Scalar(op), arity);
        }
    }
    row("sum", TensorOp::Sum(SumAxes::All), 1);
    let kernels = kernels.into_items();
    (quote!(#(#kernels)*), rows)
}
