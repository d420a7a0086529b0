//! From the graph that the user wrote to the region with its derivatives: differentiated, simplified,
//! fused and printed, and so again for its gradient, as often as `order` says.

use proc_macro2::TokenStream;

use crate::autodiff::graph::{Order, differentiate, gradient};
use crate::diag::{Code, Errors};
use crate::ir::dtype::Dtype;
use crate::ir::graph::Graph;
use crate::passes::fuse::fuse;
use crate::passes::simplify_graph::simplify;
use crate::passes::verify_graph::verify;

use super::region::{Kernels, describe, print_region};

/// What the regions of one function are printed with.
pub(crate) struct Derivation<'a> {
    /// The element type.
    pub(crate) dtype: Dtype,
    /// The path of the generated code's private module.
    pub(crate) root: &'a TokenStream,
    /// The kernels of the function.
    pub(crate) kernels: &'a mut Kernels,
    /// Where what has no derivative is reported.
    pub(crate) errors: &'a mut Errors,
}

impl Derivation<'_> {
    /// The region of a graph that is differentiated `order` times.
    pub(crate) fn region(&mut self, graph: Graph, name: &str, order: usize) -> TokenStream {
        self.derived(graph, name, order, Order::First)
    }

    fn derived(&mut self, graph: Graph, name: &str, times: usize, order: Order) -> TokenStream {
        self.checked(&graph);
        let mut graph = simplify(&graph, self.dtype);
        self.checked(&graph);
        for id in differentiate(&mut graph, order) {
            let node = graph.node(id);
            let text = format!("a further derivative of `{}`", describe(&node.op));
            self.errors.at_span(node.span, Code::Higher, text);
        }
        self.checked(&graph);
        graph = simplify(&graph, self.dtype);
        self.checked(&graph);
        let again = (times > 1 && !graph.cotangents.is_empty()).then(|| {
            let name = format!("{name}'");
            self.derived(gradient(&graph), &name, times - 1, Order::Further)
        });
        let fused = fuse(&graph);
        print_region(
            &graph,
            &fused,
            name,
            self.dtype,
            self.root,
            self.kernels,
            again.as_ref(),
        )
    }

    fn checked(&mut self, graph: &Graph) {
        verify(graph, self.errors);
    }
}
