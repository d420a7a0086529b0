//! A differentiated, fused graph as the `static` that the runtime binds.
//!
//! No decision is made here: which nodes are stored and which kernels compute them is settled by
//! `passes::fuse`. Values are numbered inputs first, then in the order in which shapes need them.

use std::collections::BTreeMap;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::ir::dtype::Dtype;
use crate::ir::graph::{Graph, NodeId, SumAxes, TensorOp};
use crate::passes::fuse::{Fused, FusedKernel, Step};

use super::kernel::print_kernel;

/// The kernels of a function: equal bodies are one kernel, because kernels are the compile time.
pub(crate) struct Kernels {
    known: BTreeMap<(usize, String), proc_macro2::Ident>,
    items: Vec<TokenStream>,
}

impl Kernels {
    /// No kernels yet.
    pub(crate) fn new() -> Self {
        Kernels {
            known: BTreeMap::new(),
            items: Vec::new(),
        }
    }

    /// The items to emit.
    pub(crate) fn into_items(self) -> Vec<TokenStream> {
        self.items
    }
}

/// Prints the region named `name` as an expression of type `Region`; `gradient` is that of its
/// gradient, if it can be differentiated again.
pub(crate) fn print_region(
    graph: &Graph,
    fused: &Fused,
    name: &str,
    dtype: Dtype,
    root: &TokenStream,
    kernels: &mut Kernels,
    gradient: Option<&TokenStream>,
) -> TokenStream {
    let mut printer = Printer {
        graph,
        root,
        dtype,
        kernels,
        numbers: BTreeMap::new(),
        values: Vec::new(),
    };
    // Inputs come first, whatever was lifted between them.
    for id in graph
        .ids()
        .filter(|&id| matches!(graph.node(id).op, TensorOp::Input(_)))
    {
        printer.number(id);
    }
    for id in graph.ids().take(graph.forward_end) {
        if !graph.node(id).op.is_constant() {
            // Every operator of the user's is numbered, so that a wrong shape is found there.
            printer.number(id);
        }
    }
    let outputs: Vec<u16> = graph.outputs.iter().map(|&id| printer.number(id)).collect();
    let mut seeds = vec![0_u16; graph.outputs.len()];
    for id in graph.ids() {
        if let TensorOp::Seed(k) = graph.node(id).op {
            seeds[k] = printer.number(id);
        }
    }
    let forward: Vec<TokenStream> = fused
        .forward
        .iter()
        .map(|step| printer.step(step))
        .collect();
    let backward: Vec<TokenStream> = fused
        .backward
        .iter()
        .map(|step| printer.step(step))
        .collect();
    let cotangents: Vec<TokenStream> = graph
        .cotangents
        .iter()
        .map(|&(input, id)| {
            let value = printer.number(id);
            quote!((#input, #value))
        })
        .collect();
    let values = &printer.values;
    let inputs = graph.inputs();
    let dtype = dtype.variant();
    let gradient = match gradient {
        Some(region) => quote!(::core::option::Option::Some(&#region)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #root::Region {
            name: #name,
            dtype: #root::DType::#dtype,
            values: &[#(#values),*],
            inputs: #inputs,
            outputs: &[#(#outputs),*],
            forward: &[#(#forward),*],
            seeds: &[#(#seeds),*],
            backward: &[#(#backward),*],
            cotangents: &[#(#cotangents),*],
            gradient: #gradient,
        }
    }
}

struct Printer<'a> {
    graph: &'a Graph,
    root: &'a TokenStream,
    dtype: Dtype,
    kernels: &'a mut Kernels,
    numbers: BTreeMap<NodeId, u16>,
    values: Vec<TokenStream>,
}

impl Printer<'_> {
    fn number(&mut self, id: NodeId) -> u16 {
        if let Some(&number) = self.numbers.get(&id) {
            return number;
        }
        let shape = self.shape(id);
        let root = self.root;
        let node = self.graph.node(id);
        let what = match node.op {
            TensorOp::Input(k) => self.graph.input_name(k),
            _ => describe(&node.op),
        };
        let span = node.span;
        // `line!` and its kin report where their tokens stand, which is the user's operator.
        let place = quote_spanned! {span=>
            #root::Place {
                what: #what, file: ::core::file!(), line: ::core::line!(), column: ::core::column!()
            }
        };
        let number = u16::try_from(self.values.len()).unwrap_or(u16::MAX);
        self.values
            .push(quote!(#root::Value { shape: #shape, place: #place }));
        self.numbers.insert(id, number);
        number
    }

    fn numbers(&mut self, ids: impl IntoIterator<Item = NodeId>) -> Vec<u16> {
        ids.into_iter()
            .filter(|&id| !self.graph.node(id).op.is_constant())
            .map(|id| self.number(id))
            .collect()
    }

    fn shape(&mut self, id: NodeId) -> TokenStream {
        let root = self.root;
        let node = self.graph.node(id);
        let x = &node.operands;
        match &node.op {
            TensorOp::Input(_) => quote!(#root::ShapeRule::Input),
            TensorOp::Constant(_)
            | TensorOp::Integer(_)
            | TensorOp::Ratio
            | TensorOp::Sum(SumAxes::All) => quote!(#root::ShapeRule::Scalar),
            TensorOp::Seed(k) => self.like(self.graph.outputs[*k]),
            TensorOp::Expand | TensorOp::SumTo | TensorOp::ReshapeLike => self.like(x[1]),
            TensorOp::Scalar(_)
            | TensorOp::Map(_)
            | TensorOp::MapPullback(..)
            | TensorOp::MapSecond(..) => {
                // A backward value is described by what it is broadcast from: its own operands
                // need no numbers of their own.
                let forward = (id.0 as usize) < self.graph.forward_end;
                let of = if forward {
                    self.numbers(x.clone())
                } else {
                    self.numbers(node.extent.clone())
                };
                match of.as_slice() {
                    [] => quote!(#root::ShapeRule::Scalar),
                    of => quote!(#root::ShapeRule::Broadcast(&[#(#of),*])),
                }
            }
            TensorOp::Sum(SumAxes::These(axes)) => self.reduce(x[0], axes, true),
            TensorOp::Sum(SumAxes::Given) => {
                let of = self.number(x[0]);
                quote!(#root::ShapeRule::Reduce { of: #of, axes: #root::Axes::Given, keep: true })
            }
            TensorOp::ReshapeGiven => {
                let of = self.number(x[0]);
                quote!(#root::ShapeRule::ReshapeGiven(#of))
            }
            TensorOp::Primitive(op) => match x.get(op.arity()) {
                Some(&like) => self.like(like),
                None => {
                    let of = self.numbers(x.clone());
                    let symbol = format_ident!("{}", op.symbol());
                    quote! {
                        #root::ShapeRule::Primitive {
                            op: &#root::primitive::#symbol, inputs: &[#(#of),*]
                        }
                    }
                }
            },
            TensorOp::Squeeze(axes) => self.reduce(x[1], axes, false),
            TensorOp::Column => self.reduce(x[1], &[-1], true),
            TensorOp::Reshape(sizes) => {
                let of = self.number(x[0]);
                quote!(#root::ShapeRule::Reshape(#of, &[#(#sizes),*]))
            }
            TensorOp::Transpose => {
                let of = self.number(x[0]);
                quote!(#root::ShapeRule::Transpose(#of))
            }
            TensorOp::MatMul(..) if x.len() == 3 => self.like(x[2]),
            TensorOp::MatMul(ta, tb) => {
                let (a, b) = (self.number(x[0]), self.number(x[1]));
                quote!(#root::ShapeRule::MatMul {
                    a: #a, b: #b, transpose_a: #ta, transpose_b: #tb
                })
            }
            TensorOp::Rows(crate::ir::graph::RowOp::CrossEntropy) => {
                let (logits, labels) = (self.number(x[0]), self.number(x[1]));
                quote!(#root::ShapeRule::Rows { logits: #logits, labels: #labels })
            }
            TensorOp::Rows(_) => self.like(x[0]),
        }
    }

    fn like(&mut self, id: NodeId) -> TokenStream {
        let (root, like) = (self.root, self.number(id));
        quote!(#root::ShapeRule::Like(#like))
    }

    fn reduce(&mut self, of: NodeId, axes: &[i32], keep: bool) -> TokenStream {
        let (root, of) = (self.root, self.number(of));
        quote! {
            #root::ShapeRule::Reduce {
                of: #of, axes: #root::Axes::These(&[#(#axes),*]), keep: #keep
            }
        }
    }

    fn step(&mut self, step: &Step) -> TokenStream {
        match step {
            Step::Fused(kernel) => self.fused(kernel),
            Step::Structural(id) => self.structural(*id),
        }
    }

    fn fused(&mut self, kernel: &FusedKernel) -> TokenStream {
        let root = self.root;
        let domain = self.number(kernel.domain);
        let inputs: Vec<TokenStream> = kernel
            .inputs
            .iter()
            .map(|&id| {
                let node = self.graph.node(id);
                if node.op == TensorOp::Ratio {
                    let (of, by) = (self.number(node.operands[0]), self.number(node.operands[1]));
                    quote!(#root::Operand::Ratio { of: #of, by: #by })
                } else {
                    let value = self.number(id);
                    quote!(#root::Operand::Value(#value))
                }
            })
            .collect();
        let outputs: Vec<u16> = kernel
            .outputs
            .iter()
            .map(|&(_, id)| self.number(id))
            .collect();
        let twins = self.twins(kernel);
        let printed = print_kernel(self.graph, kernel, self.dtype, root);
        let key = (kernel.inputs.len(), printed.text);
        let count = self.kernels.known.len();
        let name = match self.kernels.known.get(&key) {
            Some(name) => name.clone(),
            None => {
                let name = format_ident!("KERNEL_{}", count, span = Span::mixed_site());
                let tokens = printed.tokens;
                self.kernels
                    .items
                    .push(quote!(static #name: #root::Kernel = #tokens;));
                self.kernels.known.insert(key, name.clone());
                name
            }
        };
        quote! {
            #root::Node::Fused {
                kernel: &#name, domain: #domain, inputs: &[#(#inputs),*], outputs: &[#(#outputs),*],
                twins: &[#(#twins),*]
            }
        }
    }

    /// The results of a kernel that are made of the elements of an operand or of an earlier result.
    fn twins(&mut self, kernel: &FusedKernel) -> Vec<TokenStream> {
        let mut twins = Vec::new();
        for (at, &(element, output)) in kernel.outputs.iter().enumerate() {
            let read = kernel.inputs.iter().filter(|&&id| id == element);
            let earlier = kernel.outputs[..at].iter();
            let earlier = earlier.filter(|(known, _)| *known == element);
            for &other in read.chain(earlier.map(|(_, output)| output)) {
                let (output, other) = (self.number(output), self.number(other));
                twins.push(quote!((#output, #other)));
            }
        }
        twins
    }

    fn structural(&mut self, id: NodeId) -> TokenStream {
        let root = self.root;
        let node = self.graph.node(id);
        let inputs = self.numbers(self.graph.data(id).to_vec());
        let output = self.number(id);
        match &node.op {
            TensorOp::MatMul(ta, tb) => {
                let (a, b) = (inputs[0], inputs[1]);
                quote!(#root::Node::MatMul {
                    a: #a, b: #b, transpose_a: #ta, transpose_b: #tb, output: #output
                })
            }
            TensorOp::Transpose => {
                let input = inputs[0];
                quote!(#root::Node::Transpose { input: #input, output: #output })
            }
            TensorOp::Rows(op) => {
                let op = proc_macro2::Ident::new(op.name(), Span::call_site());
                quote!(#root::Node::Rows {
                    op: #root::RowOp::#op, inputs: &[#(#inputs),*], output: #output
                })
            }
            TensorOp::Primitive(op) => {
                let symbol = format_ident!("{}", op.symbol());
                quote!(#root::Node::Primitive {
                    op: &#root::primitive::#symbol, inputs: &[#(#inputs),*], output: #output
                })
            }
            // Squeeze, Column, Reshape and its kin differ in their shapes only.
            _ => {
                let input = inputs[0];
                quote!(#root::Node::Reshape { input: #input, output: #output })
            }
        }
    }
}

/// The operation as its user would say it, for error messages.
pub(super) fn describe(op: &TensorOp) -> &'static str {
    match op {
        TensorOp::Input(_) => "input",
        TensorOp::Constant(_) | TensorOp::Integer(_) | TensorOp::Ratio => "constant",
        TensorOp::Seed(_) => "cotangent",
        TensorOp::Scalar(op) => op.name(),
        TensorOp::Map(_) | TensorOp::MapPullback(..) | TensorOp::MapSecond(..) => "map",
        TensorOp::Expand | TensorOp::SumTo => "broadcast",
        TensorOp::Sum(_) | TensorOp::Squeeze(_) => "sum",
        TensorOp::ReshapeLike
        | TensorOp::Reshape(_)
        | TensorOp::ReshapeGiven
        | TensorOp::Column => "reshape",
        TensorOp::Primitive(op) => op.symbol(),
        TensorOp::Transpose => "t",
        TensorOp::MatMul(..) => "matmul",
        TensorOp::Rows(crate::ir::graph::RowOp::Softmax) => "softmax",
        TensorOp::Rows(crate::ir::graph::RowOp::LogSoftmax) => "log_softmax",
        TensorOp::Rows(_) => "cross_entropy",
    }
}
