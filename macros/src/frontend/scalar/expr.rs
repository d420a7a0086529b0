//! Expressions: straight-line code over leaves, or opaque code that carries no derivative.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{BinOp, Expr, ExprMethodCall, Lit, UnOp};

use super::Lowerer;
use super::opaque::Opaque;
use crate::diag::Code;
use crate::ir::body::{Body, ValueId};
use crate::ir::composite::{self, Composite};
use crate::ir::op::{Build, Form, Kind, Op};
use crate::ir::scalar::{Leaf, Place, Rhs, SlotId, Value};

/// An expression under construction: the body of the statement it belongs to.
#[derive(Default)]
pub(super) struct Builder {
    body: Body,
    leaves: Vec<Leaf>,
}

/// A lowered expression.
#[derive(Clone)]
pub(super) enum Term {
    /// Carries no derivative.
    Opaque(Opaque),
    /// A float literal.
    Literal(TokenStream, f64),
    /// A value of the statement's body, with its tokens.
    Node(TokenStream, ValueId),
}

impl Term {
    fn tokens(&self) -> TokenStream {
        match self {
            Term::Opaque(opaque) => opaque.tokens.clone(),
            Term::Literal(tokens, _) | Term::Node(tokens, _) => tokens.clone(),
        }
    }

    pub(super) fn is_opaque(&self) -> bool {
        !matches!(self, Term::Node(..))
    }

    pub(super) fn into_opaque(self) -> Opaque {
        match self {
            Term::Opaque(opaque) => opaque,
            Term::Literal(tokens, _) | Term::Node(tokens, _) => Opaque {
                tokens,
                ..Opaque::default()
            },
        }
    }
}

impl Lowerer<'_> {
    /// Lowers a whole expression to a value of its own. `None` after an error.
    pub(super) fn value(&mut self, expr: &Expr) -> Option<Value> {
        let mut builder = Builder::default();
        let term = match self.term(&mut builder, expr)? {
            Term::Opaque(opaque) if opaque.impure => Term::Opaque(self.settle(opaque)),
            term => term,
        };
        let tokens = term.tokens();
        let result = self.node(&mut builder, term);
        Some(finish(builder, tokens, result))
    }

    /// Lowers `place op expr`, for a compound assignment; the tokens are those of `expr`.
    pub(super) fn compound(&mut self, op: Op, place: Place, expr: &Expr) -> Option<Value> {
        let mut builder = Builder::default();
        let old = self.leaf(&mut builder, place);
        let term = self.term(&mut builder, expr)?;
        let tokens = term.tokens();
        let operand = self.node(&mut builder, term);
        let result = builder.body.op(op, &[old, operand]);
        Some(finish(builder, tokens, result))
    }

    /// The value of a whole slot.
    pub(super) fn whole_value(&mut self, slot: SlotId) -> Value {
        let mut builder = Builder::default();
        let place = Place::whole(slot);
        let tokens = self.place_tokens(&place);
        let result = self.leaf(&mut builder, place);
        finish(builder, tokens, result)
    }

    /// The value of a place.
    pub(super) fn leaf(&mut self, builder: &mut Builder, place: Place) -> ValueId {
        let tokens = self.place_tokens(&place);
        let mut reads = place.reads.clone();
        reads.push(place.root);
        input(
            builder,
            Leaf {
                tokens,
                reads,
                place: Some(place),
            },
        )
    }

    /// The value of a term in the statement's body.
    pub(super) fn node(&mut self, builder: &mut Builder, term: Term) -> ValueId {
        match term {
            Term::Node(_, id) => id,
            Term::Literal(_, value) => builder.body.constant(value),
            Term::Opaque(opaque) => {
                let text = opaque.tokens.to_string();
                // A literal exponent, which `powi` wants to know.
                if let Ok(known) = text.parse::<i32>() {
                    return builder.body.integer(known);
                }
                let opaque = if opaque.impure {
                    self.settle(opaque)
                } else {
                    opaque
                };
                input(
                    builder,
                    Leaf {
                        tokens: opaque.tokens,
                        reads: opaque.reads,
                        place: None,
                    },
                )
            }
        }
    }

    /// Evaluates code once, into a slot, because it must not be evaluated again.
    pub(super) fn settle(&mut self, opaque: Opaque) -> Opaque {
        let span = opaque.tokens.span();
        let slot = self.temporary("constant", span, Rhs::Constant(opaque.into()));
        let name = self.slots[slot.0 as usize].name.clone();
        Opaque {
            tokens: name.into_token_stream(),
            reads: vec![slot],
            ..Opaque::default()
        }
    }

    /// Lowers an expression within a statement.
    pub(super) fn term(&mut self, builder: &mut Builder, expr: &Expr) -> Option<Term> {
        match expr {
            Expr::Paren(inner) => {
                let term = self.term(builder, &inner.expr)?;
                Some(wrap(term, |tokens| quote!((#tokens))))
            }
            Expr::Group(inner) => self.term(builder, &inner.expr),
            Expr::Lit(literal) => Some(literal_term(&literal.lit)),
            Expr::Path(_) | Expr::Index(_) | Expr::Field(_) => self.read(builder, expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => self.read(builder, expr),
            Expr::Unary(unary) => {
                let operand = self.term(builder, &unary.expr)?;
                let op = &unary.op;
                if let (UnOp::Neg(_), Term::Literal(tokens, value)) = (op, &operand) {
                    return Some(Term::Literal(quote!(#op #tokens), -value));
                }
                if operand.is_opaque() {
                    return Some(wrap(operand, |tokens| quote!(#op #tokens)));
                }
                let Term::Node(tokens, id) = operand else {
                    return None;
                };
                Some(Term::Node(
                    quote!(#op #tokens),
                    builder.body.op(Op::Neg, &[id]),
                ))
            }
            Expr::Binary(binary) => self.binary(builder, binary),
            Expr::Cast(cast) => self.cast(builder, cast),
            Expr::MethodCall(call) => self.method(builder, call),
            Expr::Call(call) => self.call_term(builder, call),
            Expr::Macro(call)
                if call
                    .mac
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "no_diff") =>
            {
                let opaque = self.opaque(expr);
                Some(Term::Opaque(self.settle(opaque)))
            }
            Expr::If(_) | Expr::Block(_) | Expr::Array(_) | Expr::Loop(_) => {
                // Control flow as a value: into a temporary, in front of the statement.
                let slot = self.hidden(&proc_macro2::Ident::new("value", expr.span()), None);
                self.expr_into(expr, slot);
                let place = Place::whole(slot);
                let tokens = self.place_tokens(&place);
                let id = self.leaf(builder, place);
                Some(Term::Node(tokens, id))
            }
            Expr::Repeat(_) => Some(Term::Opaque(self.opaque_literal(builder, expr))),
            Expr::Macro(call) => {
                let name = call.mac.path.to_token_stream();
                self.error(
                    &call.mac.path,
                    Code::Macro,
                    format!("the macro `{name}!` is not understood"),
                );
                None
            }
            other => {
                self.error(other, Code::Expression, "this expression is not understood");
                None
            }
        }
    }

    /// `[0.0; N]`, whose element must carry no derivative.
    fn opaque_literal(&mut self, builder: &mut Builder, expr: &Expr) -> Opaque {
        if let Expr::Repeat(repeat) = expr
            && let Some(term) = self.term(builder, &repeat.expr)
            && !term.is_opaque()
        {
            let message = "the element of a repeated array must be a constant";
            self.error(&repeat.expr, Code::Expression, message);
        }
        self.opaque(expr)
    }

    fn binary(&mut self, builder: &mut Builder, binary: &syn::ExprBinary) -> Option<Term> {
        let Some(op) = arithmetic(&binary.op) else {
            // Comparisons and logic carry no derivative, whatever stands in them.
            let mut opaque = self.opaque(&Expr::Binary(binary.clone()));
            opaque.discrete = true;
            return Some(Term::Opaque(opaque));
        };
        let (left, right) = (
            self.term(builder, &binary.left),
            self.term(builder, &binary.right),
        );
        let (left, right) = (left?, right?);
        let sign = &binary.op;
        if left.is_opaque() && right.is_opaque() {
            let (left, right) = (left.into_opaque(), right.into_opaque());
            let (l, r) = (&left.tokens, &right.tokens);
            return Some(Term::Opaque(Opaque {
                tokens: quote!(#l #sign #r),
                reads: [left.reads, right.reads].concat(),
                discrete: left.discrete || right.discrete,
                impure: left.impure || right.impure,
            }));
        }
        for (term, operand) in [(&left, &binary.left), (&right, &binary.right)] {
            if matches!(term, Term::Opaque(opaque) if opaque.discrete) {
                let text = operand.to_token_stream();
                let message =
                    format!("`{text}` is an integer among floats; write `({text}) as f64`");
                self.error(operand, Code::Discrete, message);
            }
        }
        let (l, r) = (left.tokens(), right.tokens());
        let operands = [self.node(builder, left), self.node(builder, right)];
        Some(Term::Node(
            quote!(#l #sign #r),
            builder.body.op(op, &operands),
        ))
    }

    fn cast(&mut self, builder: &mut Builder, cast: &syn::ExprCast) -> Option<Term> {
        let ty = cast.ty.to_token_stream();
        let float = matches!(ty.to_string().as_str(), "f32" | "f64");
        let mut inner = Builder::default();
        let operand = self.term(&mut inner, &cast.expr)?;
        if operand.is_opaque() {
            let mut term = wrap(operand, |tokens| quote!(#tokens as #ty)).into_opaque();
            term.discrete = !float;
            return Some(Term::Opaque(term));
        }
        if !float {
            let mut opaque = self.opaque(&Expr::Cast(cast.clone()));
            opaque.discrete = true;
            self.conversions
                .push((cast.to_token_stream(), opaque.reads.clone()));
            return Some(Term::Opaque(opaque));
        }
        let tokens = operand.tokens();
        let result = self.node(&mut inner, operand);
        let value = finish(inner, tokens, result);
        Some(self.through_slot(builder, "cast", cast.span(), Rhs::Cast(value, ty)))
    }

    /// A value that stands in a statement of its own.
    pub(super) fn through_slot(
        &mut self,
        builder: &mut Builder,
        name: &str,
        span: proc_macro2::Span,
        value: Rhs,
    ) -> Term {
        let slot = self.temporary(name, span, value);
        let place = Place::whole(slot);
        let tokens = self.place_tokens(&place);
        Term::Node(tokens, self.leaf(builder, place))
    }

    fn method(&mut self, builder: &mut Builder, call: &ExprMethodCall) -> Option<Term> {
        const DISCRETE: [&str; 9] = [
            "len",
            "is_empty",
            "is_nan",
            "is_finite",
            "is_infinite",
            "is_sign_positive",
            "is_sign_negative",
            "is_normal",
            "to_bits",
        ];
        let name = call.method.to_string();
        if DISCRETE.contains(&name.as_str()) {
            let mut opaque = self.opaque(&Expr::MethodCall(call.clone()));
            opaque.discrete = true;
            return Some(Term::Opaque(opaque));
        }
        let receiver = self.term(builder, &call.receiver)?;
        let mut terms = vec![receiver];
        for argument in &call.args {
            terms.push(self.term(builder, argument)?);
        }
        if terms.iter().all(Term::is_opaque) {
            let discrete = matches!(&terms[0], Term::Opaque(opaque) if opaque.discrete);
            let mut opaque = self.opaque(&Expr::MethodCall(call.clone()));
            opaque.discrete = discrete;
            return Some(Term::Opaque(opaque));
        }
        let (receiver, method) = (terms[0].tokens(), &call.method);
        let args: Vec<TokenStream> = terms[1..].iter().map(Term::tokens).collect();
        let tokens = quote!(#receiver.#method(#(#args),*));
        let id = self.function(builder, &name, terms, &call.method)?;
        Some(Term::Node(tokens, id))
    }

    /// A function of the operation table, as method or as `f64::name(..)`.
    pub(super) fn function(
        &mut self,
        builder: &mut Builder,
        name: &str,
        terms: Vec<Term>,
        at: &dyn ToTokens,
    ) -> Option<ValueId> {
        const INHERENT: [&str; 4] = ["clamp", "to_radians", "to_degrees", "fract"];
        let given = terms.len();
        let row = Op::ALL
            .iter()
            .copied()
            .find(|op| op.form() == Form::Inherent && op.name() == name)
            .filter(|op| op.arity() == given);
        let composite =
            Composite::named(name).filter(|c| INHERENT.contains(&name) && c.arity() == given);
        let known = row.is_some() || composite.is_some() || (name, given) == ("log", 2);
        if !known {
            self.error(
                at,
                Code::Method,
                format!("`{name}` has no derivative rule here"),
            );
            return None;
        }
        let operands: Vec<ValueId> = terms
            .into_iter()
            .map(|term| self.node(builder, term))
            .collect();
        let body = &mut builder.body;
        Some(match (row, composite) {
            (Some(op), _) => body.op(op, &operands),
            (None, Some(composite)) => composite::expand(body, composite, &operands),
            (None, None) => {
                let (of, base) = (
                    body.op(Op::Ln, &operands[..1]),
                    body.op(Op::Ln, &operands[1..]),
                );
                body.op(Op::Div, &[of, base])
            }
        })
    }
}

/// The operation of an arithmetic operator.
pub(super) fn arithmetic(op: &BinOp) -> Option<Op> {
    Some(match op {
        BinOp::Add(_) | BinOp::AddAssign(_) => Op::Add,
        BinOp::Sub(_) | BinOp::SubAssign(_) => Op::Sub,
        BinOp::Mul(_) | BinOp::MulAssign(_) => Op::Mul,
        BinOp::Div(_) | BinOp::DivAssign(_) => Op::Div,
        BinOp::Rem(_) | BinOp::RemAssign(_) => Op::Rem,
        _ => return None,
    })
}

fn literal_term(literal: &Lit) -> Term {
    let tokens = literal.to_token_stream();
    match literal {
        Lit::Float(float) => match float.base10_parse::<f64>() {
            Ok(value) => Term::Literal(tokens, value),
            Err(_) => Term::Opaque(Opaque {
                tokens,
                ..Opaque::default()
            }),
        },
        Lit::Int(int) if matches!(int.suffix(), "f32" | "f64") => Term::Opaque(Opaque {
            tokens,
            ..Opaque::default()
        }),
        _ => Term::Opaque(Opaque {
            tokens,
            discrete: true,
            ..Opaque::default()
        }),
    }
}

/// The same term with other tokens.
fn wrap(term: Term, with: impl FnOnce(TokenStream) -> TokenStream) -> Term {
    match term {
        Term::Opaque(opaque) => Term::Opaque(Opaque {
            tokens: with(opaque.tokens.clone()),
            ..opaque
        }),
        Term::Literal(tokens, value) => Term::Literal(with(tokens), value),
        Term::Node(tokens, id) => Term::Node(with(tokens), id),
    }
}

/// The input that reads a leaf; equal leaves of one statement are one input.
fn input(builder: &mut Builder, leaf: Leaf) -> ValueId {
    let text = leaf.tokens.to_string();
    let known = builder
        .leaves
        .iter()
        .position(|other| other.tokens.to_string() == text);
    let number = known.unwrap_or(builder.leaves.len());
    if known.is_none() {
        builder.leaves.push(leaf);
    }
    builder.body.input(number, Kind::Float)
}

fn finish(builder: Builder, tokens: TokenStream, result: ValueId) -> Value {
    let Builder { body, leaves } = builder;
    Value {
        tokens,
        body,
        result,
        leaves,
        flows: Vec::new(),
    }
}
