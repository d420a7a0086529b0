//! The tensor frontend: from the user's body to the body of `instantiate`, with every straight-line
//! stretch of tensor code taken out into a region.
//!
//! The user's control flow is kept token for token and runs at bind. A macro has no types, so it
//! works with beliefs: a parameter spelled `Tensor`, the result of a tensor-only method, and what
//! is computed from one are tensors; everything else is unknown. An operation with a known operand
//! goes into the region under construction; one with unknown operands is printed as the user wrote
//! it, and rustc picks host arithmetic or a one-operation region. So ignorance costs fusion, never
//! correctness, and a wrong belief is a type error at the user's token.

mod checkpoint;
mod control;
mod expr;
pub(crate) mod known;
mod links;
mod methods;
mod statement;
pub(crate) mod table;
pub(crate) mod types;

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Expr, ExprLit, ExprUnary, Lit, UnOp};

use crate::diag::Errors;
use crate::ir::graph::{Graph, NodeId, TensorOp};
use crate::ir::op::Build;

use known::{Call, KnownShapes, ShapeOf};
use links::Links;
use types::Element;

/// What the macro believes a variable to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Belief {
    /// A float tensor or a per-call float: a handle in `instantiate`.
    Tensor,
    /// A tensor of labels.
    Labels,
    /// Unknown: a structure of handles, or a host value.
    Unknown,
}

/// A lowered expression.
#[derive(Clone)]
pub(crate) enum Lowered {
    /// A node of the region under construction.
    Node(NodeId),
    /// An expression that is believed to yield a handle.
    Handle(TokenStream),
    /// An expression of the host language, or of a type unknown to the macro.
    Host(TokenStream),
}

/// What the value of a block is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tail {
    /// A tensor, or a float of the graph.
    Tensor,
    /// The result of a differentiable function, which is a float of the graph where it is a float.
    Linked,
    /// A float literal.
    Literal,
    /// A value of the host, or unknown, or nothing.
    Other,
}

/// A lowered region, and what is known of the shapes of its inputs.
pub(crate) struct Region {
    /// The graph; forward only.
    pub(crate) graph: Graph,
    /// The sources of the shapes of its inputs.
    pub(crate) shapes: Vec<Option<ShapeOf>>,
}

/// A body after lowering.
pub(crate) struct Body {
    /// The body of `instantiate`, still without what its calls need in scope.
    pub(crate) tokens: TokenStream,
    /// The regions, in the order of the source.
    pub(crate) regions: Vec<Region>,
    /// The calls whose arguments have known shapes.
    pub(crate) calls: Vec<Call>,
    /// The callees.
    pub(crate) links: Links,
    /// The shape of the result.
    pub(crate) result: Option<ShapeOf>,
}

/// Lowers one function body.
pub(crate) struct Lowerer<'a> {
    pub(crate) errors: &'a mut Errors,
    /// What its tensors hold.
    pub(crate) element: Element,
    pub(crate) root: TokenStream,
    builder: Ident,
    /// The function.
    name: Ident,
    finished: Vec<Region>,
    scopes: Vec<BTreeMap<String, Belief>>,
    graph: Graph,
    /// The variables that hold the inputs of the region under construction.
    inputs: Vec<Ident>,
    /// The sources of their shapes.
    input_shapes: Vec<Option<ShapeOf>>,
    /// The shapes of variables.
    pub(crate) shapes: KnownShapes,
    /// Inputs by the text they were lifted from, while that text still means the same.
    lifted: BTreeMap<String, NodeId>,
    /// The user's variables that are nodes of the region under construction.
    pending: Vec<(Ident, NodeId)>,
    /// Identifiers that the rest of the block mentions.
    mentioned: std::collections::BTreeSet<String>,
    /// Values that wait for their siblings to be lowered; see [`Lowerer::hold`].
    held: Vec<Lowered>,
    /// The function's parameters, which `no_diff!` reads.
    pub(crate) parameters: Vec<Ident>,
    /// Every function and method of the user's that is called.
    pub(crate) links: Links,
    /// What the block that was lowered last yields.
    tail: Tail,
    /// Statements of the block under construction.
    out: Vec<TokenStream>,
    fresh: usize,
}

impl<'a> Lowerer<'a> {
    /// A lowerer for the function `name`, whose tensors hold `element`.
    pub(crate) fn new(
        errors: &'a mut Errors,
        element: Element,
        root: TokenStream,
        builder: Ident,
        name: Ident,
    ) -> Self {
        Lowerer {
            errors,
            element,
            root,
            builder,
            name,
            finished: Vec::new(),
            scopes: vec![BTreeMap::new()],
            graph: Graph::new(),
            inputs: Vec::new(),
            input_shapes: Vec::new(),
            shapes: KnownShapes::default(),
            lifted: BTreeMap::new(),
            pending: Vec::new(),
            mentioned: std::collections::BTreeSet::new(),
            held: Vec::new(),
            parameters: Vec::new(),
            links: Links::default(),
            tail: Tail::Other,
            out: Vec::new(),
            fresh: 0,
        }
    }

    /// Lowers the body of the function.
    pub(crate) fn function(mut self, statements: &[syn::Stmt]) -> Body {
        checkpoint::check(statements, self.errors);
        self.shapes.open();
        let tail = self.statements(statements);
        let statements = std::mem::take(&mut self.out);
        Body {
            result: tail.as_ref().and_then(|tail| self.shapes.of(tail)),
            tokens: quote!(#(#statements)* #tail),
            regions: self.finished,
            calls: self.shapes.calls,
            links: self.links,
        }
    }

    /// Declares a variable in the innermost scope.
    pub(crate) fn declare(&mut self, name: &Ident, belief: Belief) {
        let text = name.to_string();
        self.lifted.remove(&text);
        self.pending.retain(|(known, _)| *known != text);
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(text, belief);
        }
        self.shapes.set(name, None);
    }

    fn belief(&self, name: &Ident) -> Option<Belief> {
        let text = name.to_string();
        self.scopes
            .iter()
            .rev()
            .find_map(|scope| scope.get(&text).copied())
    }

    fn temporary(&mut self, prefix: &str) -> Ident {
        self.fresh += 1;
        format_ident!("__{}_{}", prefix, self.fresh, span = Span::mixed_site())
    }

    /// Keeps a value while its siblings are lowered: if that ends the region, the value becomes a
    /// handle. `release` gives it back, last in first out.
    fn hold(&mut self, value: Lowered) {
        self.held.push(value);
    }

    fn release(&mut self) -> Lowered {
        self.held
            .pop()
            .unwrap_or_else(|| Lowered::Host(TokenStream::new()))
    }

    /// A value as a node of the region under construction.
    fn node(&mut self, value: Lowered, span: Span) -> NodeId {
        let (Lowered::Handle(tokens) | Lowered::Host(tokens)) = value else {
            let Lowered::Node(id) = value else {
                return self.graph.constant(0.0);
            };
            return id;
        };
        if let Some(constant) = self.literal(&tokens) {
            return self.graph.constant(constant);
        }
        self.lift(&tokens, span, false)
    }

    /// The value of a float literal, with or without a sign.
    fn literal(&self, tokens: &TokenStream) -> Option<f64> {
        self.literal_expr(&syn::parse2(tokens.clone()).ok()?)
    }

    /// As `literal`; in generic code that is `T::of(0.5)`.
    fn literal_expr(&self, expression: &Expr) -> Option<f64> {
        match expression {
            Expr::Lit(ExprLit {
                lit: Lit::Float(float),
                ..
            }) => float.base10_parse().ok(),
            Expr::Paren(inner) => self.literal_expr(&inner.expr),
            Expr::Group(inner) => self.literal_expr(&inner.expr),
            Expr::Unary(ExprUnary {
                op: UnOp::Neg(_),
                expr,
                ..
            }) => self.literal_expr(expr).map(|value| -value),
            Expr::Call(call) => match (&*call.func, call.args.first()) {
                (Expr::Path(function), Some(value)) if self.is_conversion(&function.path) => {
                    self.literal_expr(value)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a function makes a float of the element type of an `f64`.
    fn is_conversion(&self, function: &syn::Path) -> bool {
        let last = function.segments.last();
        self.element.begins(function)
            && last.is_some_and(|last| last.ident == "of" || last.ident == "from_f64")
    }

    /// Whether an expression is a float of the host: a literal, or made or kept by the element type, as
    /// `T::of(x)` and `T::ZERO` are.
    fn is_number(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Path(path) => self.element.begins(&path.path),
            Expr::Call(call) => match &*call.func {
                Expr::Path(function) => self.is_conversion(&function.path),
                _ => false,
            },
            other => self.literal_expr(other).is_some(),
        }
    }

    /// Makes the value of an expression an input of the region. It is lifted at once, so that a
    /// later change of its variables cannot reach it.
    fn lift(&mut self, tokens: &TokenStream, span: Span, labels: bool) -> NodeId {
        let text = tokens.to_string();
        if let Some(&id) = self.lifted.get(&text) {
            return id;
        }
        let name = self.temporary("input");
        let (root, builder) = (crate::names::at(&self.root, span), &self.builder);
        let ty = match labels {
            true => quote!(u32),
            false => self.element.computed(&self.root),
        };
        // The user's span makes a wrong belief a type error at the user's token.
        let lift = quote_spanned! {span=> #root::lift::<#ty, _>(#builder, &(#tokens)) };
        self.out.push(quote!(let #name = #lift;));
        self.inputs.push(name);
        self.input_shapes.push(self.shapes.of(tokens));
        self.graph.set_span(span);
        let id = self.graph.named_input(readable(tokens));
        if syn::parse2::<Ident>(tokens.clone()).is_ok() {
            self.lifted.insert(text, id);
        }
        id
    }

    /// A value as an expression outside of any region; ends the region if it stands in it.
    fn tokens(&mut self, value: Lowered) -> TokenStream {
        match value {
            Lowered::Handle(tokens) | Lowered::Host(tokens) => tokens,
            Lowered::Node(id) => {
                let mut result = self.temporary("value");
                result.set_span(result.span().located_at(self.graph.node(id).span));
                self.finish_region(&[(result.clone(), id)]);
                quote!(#result)
            }
        }
    }

    /// Ends the region under construction: emits its instance, and binds the given variables and
    /// those of the user's that the rest of the block mentions.
    fn finish_region(&mut self, results: &[(Ident, NodeId)]) {
        let mut bindings: Vec<(Ident, NodeId)> = results.to_vec();
        for (name, id) in std::mem::take(&mut self.pending) {
            if self.mentioned.contains(&name.to_string()) {
                bindings.push((name, id));
            }
        }
        for index in 0..self.held.len() {
            if let Lowered::Node(id) = self.held[index] {
                let name = self.temporary("held");
                self.held[index] = Lowered::Handle(quote!(#name));
                bindings.push((name, id));
            }
        }
        self.lifted.clear();
        let mut region = std::mem::replace(&mut self.graph, Graph::new());
        let inputs = std::mem::take(&mut self.inputs);
        let shapes = std::mem::take(&mut self.input_shapes);
        if bindings.is_empty() {
            return;
        }
        let (root, builder) = (self.root.clone(), self.builder.clone());
        let ty = self.element.computed(&self.root);
        let index = self.finished.len();
        let mut handles: Vec<Ident> = Vec::new();
        let mut others = Vec::new();
        for (name, id) in bindings {
            let shape = match region.node(id).op {
                TensorOp::Input(k) => shapes[k].clone(),
                _ => Some(ShapeOf::Node(index, id)),
            };
            self.shapes.learn(&name, shape);
            match region.node(id).op {
                // A value that is an input as it stands needs no region.
                TensorOp::Input(k) => {
                    let input = &inputs[k];
                    self.out
                        .push(quote!(let #name = #root::handle::<#ty>(#builder, #input);));
                }
                TensorOp::Constant(_) => {
                    let zero = region.constant(0.0);
                    let value = region.op(crate::ir::op::Op::Add, &[id, zero]);
                    region.outputs.push(value);
                    handles.push(name);
                }
                // One result for all names of a value, so that it has one cotangent.
                _ => match region.outputs.iter().position(|&known| known == id) {
                    Some(known) => {
                        let known = &handles[known];
                        others.push(quote!(let #name = #known;));
                    }
                    None => {
                        region.outputs.push(id);
                        handles.push(name);
                    }
                },
            }
        }
        if handles.is_empty() {
            return;
        }
        let graph = crate::names::local("__graph");
        self.out.push(quote! {
            let [#(#handles),*] =
                #builder.region::<#ty, _, _>(&#graph.regions[#index], [#(#inputs),*]);
        });
        self.out.extend(others);
        self.finished.push(Region {
            graph: region,
            shapes,
        });
    }
}

/// An expression as the user wrote it, but for generated names.
fn readable(tokens: &TokenStream) -> String {
    let text = tokens.to_string().replace(" . ", ".").replace(" [", "[");
    let text = text.trim_start_matches("& ").to_owned();
    let short = text.chars().count() <= 40 && !text.contains("__");
    if short { text } else { "input".to_owned() }
}
