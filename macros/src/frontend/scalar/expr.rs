//! Expressions: straight-line code over leaves, or opaque code that carries no derivative.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{BinOp, Expr, Lit, UnOp};

use super::Lowerer;
use super::opaque::Opaque;
use crate::diag::Code;
use crate::ir::body::{Body, ValueId};
use crate::ir::op::{Build, Kind, Op};
use crate::ir::scalar::{Leaf, Place, Rhs, SlotId, Value, for_each_flow};

/// An expression under construction: the body of the statement it belongs to.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) body: Body,
    leaves: Vec<Leaf>,
    /// Every variable that was read so far.
    touched: Vec<SlotId>,
}

impl Builder {
    /// For a part of the value that becomes a value of its own: it knows what was read before.
    pub(super) fn part(&self) -> Builder {
        Builder {
            touched: self.touched.clone(),
            ..Builder::default()
        }
    }

    /// Whether a variable was read so far.
    pub(super) fn has_read(&self, slot: SlotId) -> bool {
        self.touched.contains(&slot)
    }
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
    pub(super) fn tokens(&self) -> TokenStream {
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
    /// Code that carries no derivative as a value.
    pub(super) fn opaque_value(&mut self, opaque: Opaque) -> Value {
        let mut builder = Builder::default();
        let tokens = opaque.tokens.clone();
        let result = self.node(&mut builder, Term::Opaque(opaque));
        finish(builder, tokens, result)
    }

    /// Lowers a whole expression to a value of its own. `None` after an error.
    pub(super) fn value(&mut self, expr: &Expr) -> Option<Value> {
        let mut builder = Builder::default();
        self.whole = true;
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
        self.value_of(Place::whole(slot))
    }

    /// The content of a place.
    pub(super) fn value_of(&mut self, place: Place) -> Value {
        let mut builder = Builder::default();
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

    /// A part of a value in a variable of its own, where the reverse pass finds it.
    pub(super) fn keep(
        &mut self,
        builder: &mut Builder,
        part: Builder,
        (tokens, result): (TokenStream, ValueId),
    ) -> Term {
        builder.touched.clone_from(&part.touched);
        let span = tokens.span();
        let value = finish(part, tokens, result);
        let slot = self.temporary("part", span, Rhs::Value(value));
        self.read_place(builder, Place::whole(slot))
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
        // Parentheses change nothing; within everything else stand parts of the value.
        self.whole &= matches!(expr, Expr::MethodCall(_) | Expr::Paren(_));
        let term = self.term_of(builder, expr)?;
        if let Term::Opaque(opaque) = &term {
            builder.touched.extend(&opaque.reads);
        }
        Some(term)
    }

    fn term_of(&mut self, builder: &mut Builder, expr: &Expr) -> Option<Term> {
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
            Expr::If(_)
            | Expr::Match(_)
            | Expr::Block(_)
            | Expr::Array(_)
            | Expr::Tuple(_)
            | Expr::Struct(_)
            | Expr::Repeat(_)
            | Expr::Try(_)
            | Expr::Loop(_) => Some(self.hoisted(builder, expr)),
            Expr::Macro(call) if call.mac.path.is_ident("vec") => Some(self.hoisted(builder, expr)),
            Expr::Macro(call) if call.mac.path.is_ident("matches") => {
                let mut opaque = self.opaque(expr);
                opaque.discrete = true;
                Some(Term::Opaque(opaque))
            }
            // A reference to a number is used like the number.
            Expr::Reference(reference) if reference.mutability.is_none() => {
                self.term(builder, &reference.expr)
            }
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

    /// A value that is made in statements of its own, in front of the one it stands in.
    pub(super) fn hoisted(&mut self, builder: &mut Builder, expr: &Expr) -> Term {
        let slot = self.hidden(&proc_macro2::Ident::new("value", expr.span()), None);
        let mark = self.mark();
        let discrete = self.expr_into(expr, slot);
        self.slots[slot.0 as usize].discrete = discrete;
        self.unchanged_since(mark, builder, expr);
        self.read_place(builder, Place::whole(slot))
    }

    /// What a statement has read so far must not be changed by what is hoisted in front of it.
    pub(super) fn unchanged_since(&mut self, mark: usize, builder: &Builder, at: &dyn ToTokens) {
        let mut written = Vec::new();
        if let Some(block) = self.blocks.last() {
            for_each_flow(&block[mark.min(block.len())..], &mut |flow| {
                written.extend_from_slice(&flow.targets);
            });
        }
        if builder.touched.iter().any(|slot| written.contains(slot)) {
            let message = "this changes a variable that the same expression has read before; bind \
                           the value with `let`";
            self.error(at, Code::Expression, message);
        }
    }

    /// How many statements there are in the current block.
    pub(super) fn mark(&self) -> usize {
        self.blocks.last().map_or(0, Vec::len)
    }

    fn binary(&mut self, builder: &mut Builder, binary: &syn::ExprBinary) -> Option<Term> {
        let whole = Expr::Binary(binary.clone());
        let Some(op) = arithmetic(&binary.op).filter(|_| !self.is_integer(&whole)) else {
            // Comparisons and logic carry no derivative, whatever stands in them.
            let mut opaque = self.opaque(&whole);
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
            if !self.is_vague(&cast.expr) {
                let reads = opaque.reads.clone();
                self.conversions.push((cast.to_token_stream(), reads));
            }
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
pub(super) fn wrap(term: Term, with: impl FnOnce(TokenStream) -> TokenStream) -> Term {
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
    builder.touched.extend(&leaf.reads);
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

pub(super) fn finish(builder: Builder, tokens: TokenStream, result: ValueId) -> Value {
    let Builder { body, leaves, .. } = builder;
    Value {
        tokens,
        body,
        result,
        leaves,
        flows: Vec::new(),
    }
}
