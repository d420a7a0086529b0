//! Expressions.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{BinOp, Expr, ExprBinary, ExprUnary, UnOp};

use crate::diag::Code;
use crate::ir::op::{Build, Op};

use super::{Belief, Lowered, Lowerer};

impl Lowerer<'_> {
    /// Lowers an expression.
    pub(crate) fn expr(&mut self, expression: &Expr) -> Lowered {
        if let Some(stretch) = self.checkpointed(expression) {
            return stretch;
        }
        match expression {
            Expr::Path(path) => self.path(path),
            Expr::Lit(literal) => Lowered::Host(literal.to_token_stream()),
            Expr::Paren(inner) => match self.expr(&inner.expr) {
                Lowered::Host(tokens) => Lowered::Host(quote!((#tokens))),
                other => other,
            },
            Expr::Group(inner) => self.expr(&inner.expr),
            Expr::Reference(reference) => match self.expr(&reference.expr) {
                Lowered::Host(tokens) => {
                    let mutability = &reference.mutability;
                    Lowered::Host(quote!(& #mutability #tokens))
                }
                other => other,
            },
            Expr::Unary(unary) => self.unary(unary),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Assign(assign) => {
                let value = self.expr(&assign.right);
                let value = self.tokens(value);
                let place = self.place(&assign.left);
                Lowered::Host(quote!(#place = #value))
            }
            Expr::MethodCall(call) => self.method(call),
            Expr::Call(call) => self.call(call),
            Expr::Field(field) => {
                let base = self.host(&field.base);
                let member = &field.member;
                let span = field.member.span();
                Lowered::Host(quote_spanned!(span=> #base.#member))
            }
            Expr::Index(index) => {
                let base = self.host(&index.expr);
                let position = self.host(&index.index);
                Lowered::Host(quote!(#base[#position]))
            }
            Expr::Cast(cast) => {
                let value = self.host(&cast.expr);
                let ty = &cast.ty;
                Lowered::Host(quote!(#value as #ty))
            }
            Expr::Tuple(tuple) => {
                let elements = self.arguments(tuple.elems.iter());
                let trailing = (elements.len() == 1).then(|| quote!(,));
                Lowered::Host(quote!((#(#elements),* #trailing)))
            }
            Expr::Array(array) => {
                let elements = self.arguments(array.elems.iter());
                Lowered::Host(quote!([#(#elements),*]))
            }
            Expr::Range(range) => {
                let start = range.start.as_ref().map(|start| self.host(start));
                let end = range.end.as_ref().map(|end| self.host(end));
                let limits = &range.limits;
                Lowered::Host(quote!(#start #limits #end))
            }
            Expr::Macro(call)
                if call
                    .mac
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "einsum") =>
            {
                self.einsum_macro(&call.mac)
            }
            Expr::Macro(call) => Lowered::Host(self.macro_call(&call.mac)),
            Expr::Closure(closure) => Lowered::Host(self.host_closure(closure)),
            other => match self.control(other) {
                Some(lowered) => lowered,
                None => {
                    let what = construct(other);
                    self.errors
                        .at(other, Code::Expression, format!("{what} in tensor code"));
                    Lowered::Host(quote!(::core::unreachable!()))
                }
            },
        }
    }

    /// An expression as host tokens.
    pub(super) fn host(&mut self, expression: &Expr) -> TokenStream {
        let value = self.expr(expression);
        self.tokens(value)
    }

    fn path(&mut self, path: &syn::ExprPath) -> Lowered {
        if let Some(name) = path.path.get_ident() {
            if name == "self" {
                // The handle of the receiver; `self` itself is the host value.
                let handle = crate::names::local("__self");
                return Lowered::Host(quote!(#handle));
            }
            if let Some((_, id)) = self.pending.iter().rev().find(|(known, _)| known == name) {
                return Lowered::Node(*id);
            }
            if self.belief(name) == Some(Belief::Tensor) {
                return Lowered::Handle(quote!(#name));
            }
        }
        Lowered::Host(path.to_token_stream())
    }

    /// The left side of an assignment: a place of the host, whose indices are host code.
    fn place(&mut self, place: &Expr) -> TokenStream {
        if let Expr::Path(path) = place
            && let Some(name) = path.path.get_ident()
        {
            self.lifted.remove(&name.to_string());
            if self.pending.iter().any(|(known, _)| known == name) {
                self.finish_region(&[]);
            }
            return quote!(#name);
        }
        if let Expr::Unary(ExprUnary {
            op: UnOp::Deref(star),
            expr,
            ..
        }) = place
        {
            let inner = self.place(expr);
            return quote!(#star #inner);
        }
        self.lifted.clear();
        self.host(place)
    }

    fn unary(&mut self, unary: &ExprUnary) -> Lowered {
        let value = self.expr(&unary.expr);
        let operator = &unary.op;
        match (value, operator) {
            (Lowered::Host(tokens), _) => Lowered::Host(quote!(#operator #tokens)),
            (value, UnOp::Deref(_)) => value,
            (value, UnOp::Neg(minus)) => {
                let operand = self.node(value, unary.expr.span());
                self.graph.set_span(minus.span());
                Lowered::Node(self.graph.op(Op::Neg, &[operand]))
            }
            (_, other) => {
                self.errors.at(
                    other,
                    Code::Discrete,
                    "this operator needs a boolean or an integer",
                );
                Lowered::Host(quote!(false))
            }
        }
    }

    fn binary(&mut self, binary: &ExprBinary) -> Lowered {
        let left = self.expr(&binary.left);
        self.hold(left);
        let right = self.expr(&binary.right);
        let left = self.release();
        let operator = &binary.op;
        if let (Lowered::Host(a), Lowered::Host(b)) = (&left, &right) {
            return Lowered::Host(quote!(#a #operator #b));
        }
        let (op, assigned) = match operator {
            BinOp::Add(_) => (Op::Add, false),
            BinOp::Sub(_) => (Op::Sub, false),
            BinOp::Mul(_) => (Op::Mul, false),
            BinOp::Div(_) => (Op::Div, false),
            BinOp::AddAssign(_) => (Op::Add, true),
            BinOp::SubAssign(_) => (Op::Sub, true),
            BinOp::MulAssign(_) => (Op::Mul, true),
            BinOp::DivAssign(_) => (Op::Div, true),
            other => {
                let text = other.to_token_stream();
                self.errors.at(
                    other,
                    Code::Discrete,
                    format!("`{text}` on a tensor or a per-call float, whose value is not known when the graph is bound: no branch and no loop can depend on it; compute both sides and take one by `choose`, or run a fixed number of turns that change nothing once they are done"),
                );
                return Lowered::Host(quote!(false));
            }
        };
        // Converting the left one may not end the region, so both are nodes of the same one.
        let a = self.node(left, binary.left.span());
        let b = self.node(right, binary.right.span());
        self.graph.set_span(operator.span());
        let result = self.graph.op(op, &[a, b]);
        if !assigned {
            return Lowered::Node(result);
        }
        let value = self.tokens(Lowered::Node(result));
        let place = self.place(&binary.left);
        Lowered::Host(quote!(#place = #value))
    }

    fn host_closure(&mut self, closure: &syn::ExprClosure) -> TokenStream {
        let names: Vec<_> = closure
            .inputs
            .iter()
            .flat_map(super::statement::bound_names)
            .collect();
        let body = self.block(&super::statement::as_block(&closure.body), &names);
        let (inputs, capture) = (&closure.inputs, &closure.capture);
        quote!(#capture |#inputs| #body)
    }
}

/// What an unsupported expression is called.
fn construct(expression: &Expr) -> &'static str {
    match expression {
        Expr::Async(_) | Expr::Await(_) => "`async` code",
        Expr::Unsafe(_) => "an `unsafe` block",
        Expr::Try(_) => "the `?` operator",
        Expr::Struct(_) => "a struct literal",
        Expr::Let(_) => "a `let` condition",
        Expr::Repeat(_) => "a repeated array",
        Expr::Const(_) => "a `const` block",
        Expr::Yield(_) => "`yield`",
        _ => "this expression",
    }
}
