//! Shape checks at compile time: one constant per operator, printed at its tokens.
//!
//! The constants call the shape rules of the runtime, so that sizes, names and the declarations of
//! other functions and structures meet where rustc evaluates them. Nothing is printed for an
//! operator of which nothing can be known.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::frontend::tensor::Region;
use crate::frontend::tensor::known::{Call, Callee, ShapeOf};
use crate::ir::graph::{NodeId, RowOp, SumAxes, TensorOp};
use crate::ir::op::Kind;
use crate::names;

use super::region::describe;

/// A parameter with its declaration, if it has one.
pub(crate) type Declared<'a> = (&'a Ident, Option<&'a TokenStream>);

/// Prints the shape constants of one function.
pub(crate) struct Shapes<'a> {
    /// For each region, whether anything may be known of each node.
    followed: Vec<Vec<bool>>,
    /// The function.
    function: &'a str,
    /// The path of the generated code's private module.
    root: &'a TokenStream,
    /// The parameters in order.
    params: Vec<Declared<'a>>,
    /// The regions, before differentiation.
    regions: &'a [Region],
    /// The calls of other functions.
    calls: &'a [Call],
}

impl<'a> Shapes<'a> {
    /// The shapes of a lowered function.
    pub(crate) fn new(
        function: &'a str,
        root: &'a TokenStream,
        params: Vec<Declared<'a>>,
        regions: &'a [Region],
        calls: &'a [Call],
    ) -> Self {
        let followed = regions.iter().map(followed).collect();
        Shapes {
            followed,
            function,
            root,
            params,
            regions,
            calls,
        }
    }

    /// Whether there is anything to check.
    pub(crate) fn any(&self) -> bool {
        !self.calls.is_empty()
            || self
                .regions
                .iter()
                .any(|region| region.shapes.iter().any(Option::is_some))
    }

    /// The declared shapes of the parameters, as an expression of type `Signature`.
    pub(crate) fn signature(&self) -> TokenStream {
        let (root, name) = (self.root, self.function);
        let params = self.params.iter().map(|(name, declared)| {
            let text = name.to_string();
            let shape = self.parameter(&text, *declared);
            quote!((#text, #shape))
        });
        quote!(#root::Signature { name: #name, params: &[#(#params),*] })
    }

    /// The constants, then the shape of the function's result.
    pub(crate) fn chain(&self, result: Option<&ShapeOf>) -> TokenStream {
        let root = self.root;
        let mut items = TokenStream::new();
        for (index, region) in self.regions.iter().enumerate() {
            for id in region.graph.ids() {
                if let Some(shape) = self.node(region, index, id) {
                    let name = constant(index, id);
                    let span = region.graph.node(id).span;
                    let root = names::at(root, span);
                    items.extend(quote_spanned!(span=> const #name: #root::StaticShape = #shape;));
                }
            }
        }
        for (index, call) in self.calls.iter().enumerate() {
            let name = call_constant(index);
            let arguments = call
                .arguments
                .iter()
                .map(|argument| self.given(argument.as_ref()));
            let span = call.span;
            let root = names::at(root, span);
            let shape = match &call.callee {
                Callee::Function(alias) => quote_spanned! {span=>
                    #alias::__SIGNATURE.call(#alias::__RESULT, &[#(#arguments),*])
                },
                Callee::Equation(text) => quote_spanned! {span=>
                    #root::StaticShape::einsum(#text, &[#(#arguments),*])
                },
            };
            items.extend(quote_spanned!(span=> const #name: #root::StaticShape = #shape;));
        }
        let result = self.given(result);
        quote!(#items #result)
    }

    fn parameter(&self, text: &str, declared: Option<&TokenStream>) -> TokenStream {
        let (root, scope) = (self.root, self.function);
        match declared {
            Some(dims) => quote!(#root::StaticShape::declared(#dims, #scope, #text)),
            None => quote!(#root::StaticShape::UNKNOWN),
        }
    }

    /// The shape of something that is followed, as an expression.
    fn given(&self, shape: Option<&ShapeOf>) -> TokenStream {
        let root = self.root;
        match shape {
            None => quote!(#root::StaticShape::UNKNOWN),
            Some(ShapeOf::Parameter(name)) => {
                let declared = self.params.iter().find(|(known, _)| *known == name);
                self.parameter(
                    &name.to_string(),
                    declared.and_then(|(_, declared)| *declared),
                )
            }
            Some(ShapeOf::Field {
                ty,
                root: of,
                members,
            }) => {
                let (whole, scope) = ShapeOf::path(of, members);
                quote!(<#ty as #root::Differentiable>::SHAPES #(.#members)* .within(#scope, #whole))
            }
            Some(ShapeOf::Node(index, id)) => match self.regions.get(*index) {
                Some(region) => self.operand(region, *index, *id),
                None => quote!(#root::StaticShape::UNKNOWN),
            },
            Some(ShapeOf::Call(index)) => {
                let name = call_constant(*index);
                quote!(#name)
            }
        }
    }

    /// A node as an operand of another one.
    fn operand(&self, region: &Region, index: usize, id: NodeId) -> TokenStream {
        let root = self.root;
        match region.graph.node(id).op {
            TensorOp::Input(k) => self.given(region.shapes.get(k).and_then(Option::as_ref)),
            TensorOp::Constant(_) | TensorOp::Ratio => quote!(#root::StaticShape::SCALAR),
            _ if self.followed[index][id.0 as usize] => {
                // Where it fails, rustc also points at its uses; those are the user's tokens too.
                let mut name = constant(index, id);
                name.set_span(region.graph.node(id).span);
                quote!(#name)
            }
            _ => quote!(#root::StaticShape::UNKNOWN),
        }
    }

    /// The rule of a node, if it is followed and needs a constant of its own.
    fn node(&self, region: &Region, index: usize, id: NodeId) -> Option<TokenStream> {
        let node = region.graph.node(id);
        if !self.followed[index][id.0 as usize] {
            return None;
        }
        let span = node.span;
        let root = names::at(self.root, span);
        let what = describe(&node.op);
        let of = |k: usize| self.operand(region, index, node.operands[k]);
        let rule = match &node.op {
            TensorOp::Scalar(_) | TensorOp::Map(_) => {
                let operands = node.operands.iter().filter(|operand| {
                    !matches!(region.graph.node(**operand).op, TensorOp::Integer(_))
                        && !is_integer(region, **operand)
                });
                let operands = operands.map(|&operand| self.operand(region, index, operand));
                quote_spanned!(span=> broadcast(#what, &[#(#operands),*]))
            }
            TensorOp::Expand | TensorOp::SumTo => {
                let like = of(1);
                return Some(quote!(#like));
            }
            TensorOp::Sum(SumAxes::All) => return Some(quote!(#root::StaticShape::SCALAR)),
            TensorOp::Sum(SumAxes::These(axes)) => {
                let of = of(0);
                quote_spanned!(span=> reduce(#what, #of, &[#(#axes),*], true))
            }
            TensorOp::Squeeze(axes) => {
                let of = of(1);
                quote_spanned!(span=> reduce(#what, #of, &[#(#axes),*], false))
            }
            TensorOp::Transpose => {
                let of = of(0);
                quote_spanned!(span=> transpose(#of))
            }
            TensorOp::MatMul(ta, tb) => {
                let (a, b) = (of(0), of(1));
                quote_spanned!(span=> matmul(#a, #ta, #b, #tb))
            }
            TensorOp::Rows(RowOp::CrossEntropy) => {
                let (logits, labels) = (of(0), of(1));
                quote_spanned!(span=> rows(#what, #logits, #labels))
            }
            TensorOp::Rows(_) => {
                let like = of(0);
                return Some(quote!(#like));
            }
            _ => return None,
        };
        Some(quote_spanned!(span=> #root::StaticShape::#rule))
    }
}

/// Whether anything may be known of each node.
fn followed(region: &Region) -> Vec<bool> {
    let mut followed = vec![false; region.graph.len()];
    for id in region.graph.ids() {
        let node = region.graph.node(id);
        let known = |id: &NodeId| followed[id.0 as usize];
        followed[id.0 as usize] = match &node.op {
            TensorOp::Input(k) => region.shapes.get(*k).is_some_and(Option::is_some),
            TensorOp::Scalar(_)
            | TensorOp::Map(_)
            | TensorOp::Transpose
            | TensorOp::Rows(_)
            | TensorOp::Sum(_)
            | TensorOp::MatMul(..) => node.operands.iter().any(known),
            TensorOp::Squeeze(_) | TensorOp::Expand | TensorOp::SumTo => {
                node.operands.get(1).is_some_and(known)
            }
            _ => false,
        };
    }
    followed
}

fn is_integer(region: &Region, id: NodeId) -> bool {
    matches!(region.graph.node(id).op, TensorOp::Scalar(op) if op.kind() == Kind::Int)
}

fn constant(region: usize, id: NodeId) -> Ident {
    format_ident!("__SHAPE_{}_{}", region, id.0, span = Span::call_site())
}

fn call_constant(index: usize) -> Ident {
    format_ident!("__SHAPE_OF_CALL_{}", index, span = Span::call_site())
}
