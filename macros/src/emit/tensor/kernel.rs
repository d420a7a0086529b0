//! One fused kernel, printed twice from one body: as Rust that LLVM turns into SIMD, and as CUDA
//! source. The runtime's `kernel!` writes the loops and the per-instruction-set wrappers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::ir::dtype::Dtype;
use crate::ir::graph::{Graph, NodeId, TensorOp};
use crate::ir::op::{Form, Op};
use crate::passes::fuse::FusedKernel;

use super::mapped;

impl Dtype {
    /// The runtime's variant.
    pub(crate) fn variant(self) -> Ident {
        Ident::new(
            if self == Dtype::F32 { "F32" } else { "F64" },
            Span::call_site(),
        )
    }

    fn cuda(self) -> &'static str {
        match self {
            Dtype::F32 => "float",
            Dtype::F64 => "double",
        }
    }

    fn literal(self, value: f64) -> TokenStream {
        let ty = Ident::new(self.name(), Span::call_site());
        if value.is_nan() {
            return quote!(#ty::NAN);
        }
        if value.is_infinite() {
            return if value > 0.0 {
                quote!(#ty::INFINITY)
            } else {
                quote!(#ty::NEG_INFINITY)
            };
        }
        // A literal token has no sign.
        let magnitude = match self {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "the region computes in f32"
            )]
            Dtype::F32 => Literal::f32_suffixed(value.abs() as f32),
            Dtype::F64 => Literal::f64_suffixed(value.abs()),
        };
        if value.is_sign_negative() {
            quote!((-#magnitude))
        } else {
            quote!(#magnitude)
        }
    }
}

/// A kernel in its three written forms.
pub(crate) struct PrintedKernel {
    /// The invocation of `kernel!`.
    pub(crate) tokens: TokenStream,
    /// The body as readable text: what makes two kernels equal.
    pub(crate) text: String,
}

/// Prints a kernel. `root` is the path of the generated code's private module.
pub(crate) fn print_kernel(
    graph: &Graph,
    kernel: &FusedKernel,
    dtype: Dtype,
    root: &TokenStream,
) -> PrintedKernel {
    let mut printer = Printer {
        graph,
        dtype,
        root,
        names: BTreeMap::new(),
    };
    let inputs: Vec<Ident> = (0..kernel.inputs.len()).map(|i| local("x", i)).collect();
    for (&id, name) in kernel.inputs.iter().zip(&inputs) {
        printer.names.insert(id, name.clone());
    }
    let (mut statements, mut text, mut cuda) = (Vec::new(), String::new(), String::new());
    let mut count = 0;
    for &id in &kernel.body {
        if graph.node(id).op.is_constant() {
            continue;
        }
        if graph.node(id).op == TensorOp::Expand {
            // Broadcasting is the driver's work; in the body it is a change of name.
            if let Some(name) = printer.names.get(&graph.node(id).operands[0]).cloned() {
                printer.names.insert(id, name);
            }
            continue;
        }
        let (value, written, device) = printer.expression(id);
        let name = local("v", count);
        count += 1;
        statements.push(quote!(let #name = #value;));
        let device_type = if is_bool(graph, id) {
            "bool"
        } else {
            dtype.cuda()
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "{name} = {written}; ");
        let _ = write!(cuda, "{device_type} {name} = {device}; ");
        printer.names.insert(id, name);
    }
    let outputs: Vec<Ident> = (0..kernel.outputs.len()).map(|i| local("y", i)).collect();
    let results: Vec<TokenStream> = kernel
        .outputs
        .iter()
        .map(|&(element, _)| printer.operand(element).0)
        .collect();
    for (name, &(element, _)) in outputs.iter().zip(&kernel.outputs) {
        let (_, written, device) = printer.operand(element);
        let _ = write!(text, "{name} = {written}; ");
        let _ = write!(cuda, "*{name} = {device}; ");
    }
    let text = text.trim_end().trim_end_matches(';').to_owned();
    let parameters: Vec<String> = inputs
        .iter()
        .map(|name| format!("{} {name}", dtype.cuda()))
        .chain(
            outputs
                .iter()
                .map(|name| format!("{}* {name}", dtype.cuda())),
        )
        .collect();
    let cuda = format!(
        "__device__ void kernel({}) {{ {}}}",
        parameters.join(", "),
        cuda
    );
    let ty = Ident::new(dtype.name(), Span::call_site());
    let tokens = quote! {
        #root::kernel! {
            #ty, "", #text, #cuda,
            (#(#inputs),*) -> (#(#outputs),*) { #(#statements)* (#(#results,)*) }
        }
    };
    PrintedKernel { tokens, text }
}

fn local(prefix: &str, index: usize) -> Ident {
    format_ident!("{}{}", prefix, index, span = Span::mixed_site())
}

fn is_bool(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op, TensorOp::Scalar(op) if op.kind() == crate::ir::op::Kind::Bool)
}

struct Printer<'a> {
    graph: &'a Graph,
    dtype: Dtype,
    root: &'a TokenStream,
    names: BTreeMap<NodeId, Ident>,
}

impl Printer<'_> {
    /// An operand as tokens, as text and as CUDA.
    fn operand(&self, id: NodeId) -> (TokenStream, String, String) {
        match self.graph.node(id).op {
            TensorOp::Constant(bits) => {
                let value = f64::from_bits(bits);
                let suffix = if self.dtype == Dtype::F32 { "f" } else { "" };
                (
                    self.dtype.literal(value),
                    format!("{value}"),
                    format!("{value:?}{suffix}"),
                )
            }
            TensorOp::Integer(value) => {
                (quote!((#value)), format!("{value}"), format!("({value})"))
            }
            _ => match self.names.get(&id) {
                Some(name) => (quote!(#name), name.to_string(), name.to_string()),
                // A verified kernel names only what it reads or computes.
                None => (
                    quote!(compile_error!("unbound value in a kernel")),
                    String::new(),
                    String::new(),
                ),
            },
        }
    }

    fn expression(&self, id: NodeId) -> (TokenStream, String, String) {
        let node = self.graph.node(id);
        let operands: Vec<_> = node
            .operands
            .iter()
            .map(|&operand| self.operand(operand))
            .collect();
        let tokens: Vec<&TokenStream> = operands.iter().map(|(tokens, ..)| tokens).collect();
        let texts: Vec<&str> = operands.iter().map(|(_, text, _)| text.as_str()).collect();
        let cudas: Vec<&str> = operands.iter().map(|(.., cuda)| cuda.as_str()).collect();
        match &node.op {
            TensorOp::Scalar(op) => (
                self.scalar(*op, &tokens),
                written(*op, op.name(), &texts),
                written(*op, &self.cuda_name(*op), &cudas),
            ),
            TensorOp::Map(function) => {
                let path = &self.graph.functions[function.0 as usize];
                let name = quote!(#path).to_string().replace(' ', "");
                (
                    quote!(#path(#(#tokens),*)),
                    format!("{name}({})", texts.join(", ")),
                    format!("{}({})", device_name(path), cudas.join(", ")),
                )
            }
            TensorOp::MapPullback(function, k) => {
                let path = &self.graph.functions[function.0 as usize];
                let name = quote!(#path).to_string().replace(' ', "");
                let index = syn::Index::from(*k);
                (
                    mapped::companion(
                        path,
                        tokens.len() - 1,
                        |function, span| quote_spanned!(span=> #function::__pullback(#(#tokens),*).#index),
                    ),
                    format!("{name}.pullback({}).{k}", texts.join(", ")),
                    format!("{}_pullback_{k}({})", device_name(path), cudas.join(", ")),
                )
            }
            TensorOp::MapSecond(function, k, j) => {
                let path = &self.graph.functions[function.0 as usize];
                let name = quote!(#path).to_string().replace(' ', "");
                (
                    self.second_derivative(path, *k, *j, &tokens),
                    format!("{name}.second({}).{k}.{j}", texts.join(", ")),
                    format!("{}_second_{k}_{j}({})", device_name(path), cudas.join(", ")),
                )
            }
            // Nothing else is elementwise.
            _ => (
                quote!(compile_error!("not an elementwise operation")),
                String::new(),
                String::new(),
            ),
        }
    }

    /// The derivative, along operand k, of component j of the gradient: the gradient code of the
    /// function in forward mode. The last operand is a factor.
    fn second_derivative(
        &self,
        path: &syn::Path,
        k: usize,
        j: usize,
        x: &[&TokenStream],
    ) -> TokenStream {
        let root = self.root;
        let Some((factor, x)) = x.split_last() else {
            return quote!(compile_error!("a function of nothing"));
        };
        let [tape, result] = ["tape", "result"].map(|name| local(name, 0));
        let none: Vec<TokenStream> = x.iter().map(|_| quote!(None)).collect();
        let chosen = |at: usize, some: TokenStream| {
            let mut list = none.clone();
            if let Some(entry) = list.get_mut(at) {
                *entry = quote!(Some(#some));
            }
            list
        };
        let (along, shadow) = (chosen(k, quote!(1.0)), chosen(j, quote!(&mut #result)));
        mapped::companion(path, x.len(), |function, span| {
            quote_spanned! {span=> {
                let mut #result = 0.0;
                #root::Tape::with(|#tape| {
                    #function::__second_forward(#(#x,)* #(#along,)* #tape, #root::Single);
                    #function::__second_reverse(
                        #(#x,)* #(#along,)* #(#none,)* #(#shadow,)* 1.0, 0.0, #tape, #root::Single
                    );
                });
                #result * #factor
            }}
        })
    }

    fn scalar(&self, op: Op, x: &[&TokenStream]) -> TokenStream {
        let root = self.root;
        match op.form() {
            Form::Infix => {
                let sign: TokenStream = punctuation(op.name());
                let (a, b) = (x[0], x[1]);
                quote!((#a #sign #b))
            }
            Form::Prefix => {
                let sign = punctuation(op.name());
                let a = x[0];
                quote!((#sign #a))
            }
            Form::Inherent | Form::Runtime | Form::Select => {
                let name = Ident::new(op.name(), Span::call_site());
                let ty = Ident::new(self.dtype.name(), Span::call_site());
                quote!(<#ty as #root::Real>::#name(#(#x),*))
            }
        }
    }

    fn cuda_name(&self, op: Op) -> String {
        let name = op.cuda();
        let plain = matches!(op.form(), Form::Prefix | Form::Select) || name.starts_with("ct_");
        let infix = op.form() == Form::Infix && op != Op::Rem;
        if plain || infix || self.dtype == Dtype::F64 {
            name.to_owned()
        } else {
            format!("{name}f")
        }
    }
}

fn device_name(path: &syn::Path) -> String {
    path.segments
        .last()
        .map(|segment| segment.ident.to_string())
        .unwrap_or_default()
}

/// The tokens of an operator's sign.
fn punctuation(sign: &str) -> TokenStream {
    use proc_macro2::{Punct, Spacing, TokenTree};
    let last = sign.chars().count().saturating_sub(1);
    sign.chars()
        .enumerate()
        .map(|(i, c)| {
            let spacing = if i < last {
                Spacing::Joint
            } else {
                Spacing::Alone
            };
            TokenTree::from(Punct::new(c, spacing))
        })
        .collect()
}

/// An operation in a C-like notation.
fn written(op: Op, name: &str, x: &[&str]) -> String {
    match op.form() {
        Form::Infix if name.chars().all(|c| !c.is_alphanumeric()) => {
            format!("{} {name} {}", x[0], x[1])
        }
        Form::Prefix => format!("{name}{}", x[0]),
        _ => format!("{name}({})", x.join(", ")),
    }
}
