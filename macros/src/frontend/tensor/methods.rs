//! Method calls: the table of tensor methods, host containers, and the user's own methods.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprMethodCall};

use crate::diag::Code;
use crate::equation;
use crate::ir::composite;
use crate::ir::graph::{NodeId, RowOp, SumAxes, TensorOp};
use crate::ir::op::{Build, Op};

use super::known::{Call, Callee};
use super::table::{Method, Yields, find, is_float_method, is_of_masks, is_tensor_only};
use super::{Lowered, Lowerer};

/// Methods of the host's containers and numbers that `instantiate` may call as they are.
const HOST: &[&str] = &[
    "len",
    "is_empty",
    "iter",
    "iter_mut",
    "into_iter",
    "enumerate",
    "zip",
    "rev",
    "skip",
    "take",
    "step_by",
    "windows",
    "chunks",
    "first",
    "last",
    "get",
    "is_some",
    "is_none",
    "as_ref",
    "unwrap",
    "expect",
    "unwrap_or",
    "push",
    "pop",
    "shape",
    "rank",
    "clone",
    "fold",
    "cloned",
    "copied",
    "insert",
    "collect",
    "contains",
    "is_multiple_of",
    "pow",
    "saturating_sub",
    "abs_diff",
];

impl Lowerer<'_> {
    /// Lowers a method call.
    pub(super) fn method(&mut self, call: &ExprMethodCall) -> Lowered {
        let name = call.method.to_string();
        let receiver = self.expr(&call.receiver);
        let maps_function = name == "map" && matches!(call.args.first(), Some(Expr::Path(_)));
        let known = !matches!(receiver, Lowered::Host(_));
        if name == "reshape" && self.is_labels(&call.receiver) {
            return self.bound(call, Yields::Other, receiver);
        }
        if known || maps_function || is_tensor_only(&name, call.args.len()) {
            if name == "clone" {
                return match receiver {
                    // The handle may stand behind a reference, which a clone takes off.
                    Lowered::Handle(tokens) => Lowered::Handle(quote!(#tokens.clone())),
                    other => other,
                };
            }
            if name == "shape" || name == "rank" {
                let receiver = self.tokens(receiver);
                let method = &call.method;
                return Lowered::Host(quote!(#receiver.#method()));
            }
            if name == "choose" && !known {
                // A mask of numbers or of booleans: its type decides.
                return self.bound(call, Yields::Tensor, receiver);
            }
            let Some(method) = find(&name) else {
                let text = format!("the method `{name}` on a tensor");
                self.errors.at(&call.method, Code::Method, text);
                return receiver;
            };
            return match method {
                Method::Bound(_) if !known && is_of_masks(&name) => {
                    self.bound(call, Yields::Other, receiver)
                }
                Method::Bound(yields) => self.bound(call, yields, receiver),
                Method::Axes { .. } | Method::Reshape | Method::Powi
                    if call.args.first().and_then(integers).is_none() =>
                {
                    self.bound(call, Yields::Tensor, receiver)
                }
                method => self.tensor_method(call, method, receiver),
            };
        }
        let receiver = self.tokens(receiver);
        if HOST.contains(&name.as_str())
            || is_float_method(&name)
            || matches!(name.as_str(), "sum" | "map" | "max" | "min")
        {
            self.hold(Lowered::Host(receiver));
            let arguments = self.arguments(call.args.iter());
            let receiver = self.release();
            let receiver = self.tokens(receiver);
            let (method, turbofish) = (&call.method, &call.turbofish);
            return Lowered::Host(quote!(#receiver.#method #turbofish(#(#arguments),*)));
        }
        self.user_method(call, receiver)
    }

    /// Whether an expression is a variable of labels.
    fn is_labels(&self, expression: &Expr) -> bool {
        let Expr::Path(path) = expression else {
            return false;
        };
        let name = path.path.get_ident();
        name.is_some_and(|name| self.belief(name) == Some(super::Belief::Labels))
    }

    /// A method of the runtime, called on the handle when the graph is bound.
    fn bound(&mut self, call: &ExprMethodCall, yields: Yields, receiver: Lowered) -> Lowered {
        if call.method == "cast" && call.turbofish.is_none() {
            let text = "`cast` without its type, as in `cast::<bf16>()`,";
            self.errors.at(&call.method, Code::Method, text);
        }
        self.hold(receiver);
        let arguments = self.arguments(call.args.iter());
        let receiver = self.release();
        let receiver = self.tokens(receiver);
        let (method, turbofish) = (&call.method, &call.turbofish);
        let span = call.method.span();
        let tokens = quote_spanned!(span=> #receiver.#method #turbofish(#(#arguments),*));
        if method == "einsum" {
            self.einsum(call, &receiver, &tokens);
        }
        match yields {
            Yields::Tensor => Lowered::Handle(tokens),
            Yields::Other => Lowered::Host(tokens),
        }
    }

    /// Checks the equation of an `einsum`, and follows its shape.
    fn einsum(&mut self, call: &ExprMethodCall, receiver: &TokenStream, tokens: &TokenStream) {
        let (Some(Expr::Lit(literal)), Some(Expr::Reference(list))) =
            (call.args.first(), call.args.get(1))
        else {
            return;
        };
        let (syn::Lit::Str(text), Expr::Array(others)) = (&literal.lit, &*list.expr) else {
            return;
        };
        if let Some(why) = equation::fault(&text.value(), 1 + others.elems.len()) {
            self.errors.at(text, Code::Equation, why);
            return;
        }
        let others = others
            .elems
            .iter()
            .map(|other| self.shapes.of(&other.to_token_stream()));
        let arguments = [self.shapes.of(receiver)]
            .into_iter()
            .chain(others)
            .collect();
        let callee = Callee::Equation(text.value());
        let span = text.span();
        self.shapes.call(
            tokens,
            Call {
                callee,
                span,
                arguments,
            },
        );
    }

    /// `einsum!(..)`: the method call that it stands for.
    pub(super) fn einsum_macro(&mut self, mac: &syn::Macro) -> Lowered {
        // What does not parse or is no equation is reported by the macro itself, which the user's
        // function still calls; something plausible takes its place.
        let einsum = mac.parse_body::<equation::Einsum>().ok();
        let call = einsum.and_then(|einsum| match einsum.fault() {
            None => syn::parse2(einsum.call()).ok(),
            Some(_) => einsum.first().cloned(),
        });
        match call {
            Some(call) => self.expr(&call),
            None => Lowered::Host(quote!(::core::unreachable!())),
        }
    }

    fn tensor_method(
        &mut self,
        call: &ExprMethodCall,
        method: Method,
        receiver: Lowered,
    ) -> Lowered {
        let span = call.method.span();
        // Operands first, because lowering one of them may end the region.
        self.hold(receiver);
        let mut operands = 0;
        if method.takes_tensors() {
            for argument in &call.args {
                let value = self.expr(argument);
                self.hold(value);
                operands += 1;
            }
        }
        let values = self.held.split_off(self.held.len() - operands - 1);
        let mut x = Vec::new();
        for (k, value) in values.into_iter().enumerate() {
            if k == 1 && method == Method::Rows(RowOp::CrossEntropy) {
                let tokens = self.tokens(value);
                x.push(self.lift(&tokens, call.args[0].span(), true));
            } else {
                let at = if k == 0 {
                    call.receiver.span()
                } else {
                    call.args[k - 1].span()
                };
                x.push(self.node(value, at));
            }
        }
        self.graph.set_span(span);
        let elementwise = matches!(
            method,
            Method::Op(_) | Method::Composite(_) | Method::Powi | Method::Map
        );
        if !elementwise && x.iter().any(|&id| self.graph.node(id).op.is_constant()) {
            let text = format!("`{}` of a number; it takes tensors", call.method);
            self.errors.at(&call.method, Code::Method, text);
            return Lowered::Node(x[0]);
        }
        match self.structural(call, method, &x) {
            Some(id) => Lowered::Node(id),
            None => {
                let text = format!("these arguments of `{}`", call.method);
                self.errors.at(&call.method, Code::Method, text);
                Lowered::Node(x[0])
            }
        }
    }

    /// The method as a node, if its arguments fit.
    fn structural(
        &mut self,
        call: &ExprMethodCall,
        method: Method,
        x: &[NodeId],
    ) -> Option<NodeId> {
        let argument = call.args.first();
        let count = |wanted: usize| (x.len() == wanted).then_some(());
        Some(match method {
            Method::Op(op) => {
                count(op.arity())?;
                self.graph.op(op, x)
            }
            Method::Composite(function) => {
                count(function.arity())?;
                composite::expand(&mut self.graph, function, x)
            }
            Method::Powi => {
                let exponent = self.graph.integer(argument.and_then(integer)?);
                self.graph.op(Op::Powi, &[x[0], exponent])
            }
            Method::Map => return self.map(call, x),
            Method::MatMul => {
                count(2)?;
                self.graph.add(TensorOp::MatMul(false, false), x.to_vec())
            }
            Method::Transpose => self.graph.add(TensorOp::Transpose, x.to_vec()),
            Method::Rows(op) => {
                count(if op == RowOp::CrossEntropy { 2 } else { 1 })?;
                self.graph.add(TensorOp::Rows(op), x.to_vec())
            }
            Method::Total { mean } => {
                let sum = self.graph.add(TensorOp::Sum(SumAxes::All), x.to_vec());
                if mean {
                    self.over_count(x[0], sum)
                } else {
                    sum
                }
            }
            Method::Axes { mean, keep } => {
                let axes: Vec<i32> = argument
                    .and_then(integers)?
                    .into_iter()
                    .map(|axis| i32::try_from(axis).ok())
                    .collect::<Option<_>>()?;
                let sum = TensorOp::Sum(SumAxes::These(axes.clone()));
                let mut value = self.graph.add(sum, x.to_vec());
                if mean {
                    value = self.over_count(x[0], value);
                }
                if keep {
                    value
                } else {
                    self.graph.add(TensorOp::Squeeze(axes), vec![value, x[0]])
                }
            }
            Method::Reshape => {
                let sizes = argument.and_then(integers)?;
                self.graph.add(TensorOp::Reshape(sizes), x.to_vec())
            }
            // Lowered by its caller.
            Method::Bound(_) => return None,
        })
    }

    /// `sum / n`, where n is how many elements of `of` went into each sum.
    fn over_count(&mut self, of: NodeId, sum: NodeId) -> NodeId {
        let count = self.graph.add(TensorOp::Ratio, vec![of, sum]);
        self.graph.op(Op::Div, &[sum, count])
    }

    /// `x.map(f)` and `x.zip_map(&y, f)`: a named scalar function, or a closure of one expression.
    fn map(&mut self, call: &ExprMethodCall, x: &[NodeId]) -> Option<NodeId> {
        let mut operands = x.to_vec();
        if call.method == "zip_map" {
            let other = call.args.first()?;
            self.hold(Lowered::Node(x[0]));
            let value = self.expr(other);
            let first = self.release();
            let first = self.node(first, call.receiver.span());
            operands = vec![first, self.node(value, other.span())];
        }
        match call.args.last()? {
            Expr::Path(function) => {
                let id = self.graph.function(&function.path);
                self.graph.set_span(call.method.span());
                Some(self.graph.add(TensorOp::Map(id), operands))
            }
            Expr::Closure(closure) if closure.inputs.len() == operands.len() => {
                if let Some((part, what)) = no_formula(&closure.body) {
                    let text = format!("{what} in the closure of `{}`", call.method);
                    self.errors.at(part, Code::Closure, text);
                    return Some(operands[0]);
                }
                self.scopes.push(std::collections::BTreeMap::new());
                self.shapes.open();
                let outer = self.pending.clone();
                for (input, &operand) in closure.inputs.iter().zip(&operands) {
                    for name in super::statement::bound_names(input) {
                        self.declare(&name, super::Belief::Tensor);
                        self.pending.push((name, operand));
                    }
                }
                let value = self.expr(&closure.body);
                self.scopes.pop();
                self.shapes.close();
                self.pending = outer;
                Some(self.node(value, closure.body.span()))
            }
            other => {
                self.errors.at(
                    other,
                    Code::Callee,
                    "`map` needs the name of a scalar function, or a closure",
                );
                Some(operands[0])
            }
        }
    }
}

/// The first part of a closure's body that is no formula, and what it is.
fn no_formula(body: &Expr) -> Option<(&Expr, &'static str)> {
    struct Search<'e>(Option<(&'e Expr, &'static str)>);
    impl<'e> syn::visit::Visit<'e> for Search<'e> {
        fn visit_expr(&mut self, expression: &'e Expr) {
            let what = match expression {
                Expr::If(_) | Expr::Match(_) => "a branch",
                Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_) => "a loop",
                Expr::Return(_) => "an early return",
                Expr::Assign(_) => "an assignment",
                _ => return syn::visit::visit_expr(self, expression),
            };
            self.0.get_or_insert((expression, what));
        }
    }
    let mut search = Search(None);
    syn::visit::Visit::visit_expr(&mut search, body);
    search.0
}

/// An integer literal, with or without a sign.
fn integer(expression: &Expr) -> Option<i32> {
    match expression {
        Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Int(value),
            ..
        }) => value.base10_parse().ok(),
        Expr::Unary(syn::ExprUnary {
            op: syn::UnOp::Neg(_),
            expr,
            ..
        }) => integer(expr)?.checked_neg(),
        Expr::Paren(inner) => integer(&inner.expr),
        _ => None,
    }
}

/// `[2, -1]` or `&[2, -1]`, or one integer.
fn integers(expression: &Expr) -> Option<Vec<i64>> {
    if let Some(one) = integer(expression) {
        return Some(vec![i64::from(one)]);
    }
    match expression {
        Expr::Array(array) => array
            .elems
            .iter()
            .map(|size| integer(size).map(i64::from))
            .collect(),
        Expr::Reference(reference) => integers(&reference.expr),
        _ => None,
    }
}
