//! Method calls in expressions: the operations of the table, iterator chains, and the methods of
//! lists and options that yield a value.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprMethodCall};

use super::Lowerer;
use super::expr::{Builder, Term};
use super::scope::{Binding, View};
use super::stream;
use crate::diag::Code;
use crate::ir::body::ValueId;
use crate::ir::composite::{Composite, expand};
use crate::ir::op::{Build, Form, Op};
use crate::ir::scalar::{Copying, Place, Rhs, StmtKind};

/// Methods that yield an integer, a boolean or an order, whatever they are called on.
const DISCRETE: &[&str] = &[
    "all",
    "any",
    "binary_search",
    "capacity",
    "cmp",
    "contains",
    "count",
    "dim",
    "eq",
    "ge",
    "gt",
    "is_empty",
    "is_err",
    "is_finite",
    "is_infinite",
    "is_nan",
    "is_none",
    "is_normal",
    "is_ok",
    "is_sign_negative",
    "is_sign_positive",
    "is_some",
    "is_sorted",
    "le",
    "len",
    "len_of",
    "lt",
    "ncols",
    "ndim",
    "ne",
    "nrows",
    "partial_cmp",
    "position",
    "to_bits",
    "total_cmp",
];

/// Those of them that a type of the user's may well have with another meaning, as a float.
const COUNTS: &[&str] = &[
    "capacity", "count", "len", "ncols", "ndim", "nrows", "position",
];

/// The operation of that name for so many operands.
fn row(name: &str, given: usize) -> Option<Op> {
    Op::ALL
        .iter()
        .copied()
        .find(|op| op.form() == Form::Inherent && op.name() == name)
        .filter(|op| op.arity() == given)
}

/// The same for operations that are made of others.
fn composite(name: &str, given: usize) -> Option<Composite> {
    const INHERENT: [&str; 4] = ["clamp", "to_radians", "to_degrees", "fract"];
    Composite::named(name).filter(|c| INHERENT.contains(&name) && c.arity() == given)
}

/// Whether floats have a method of that name and so many operands with a derivative.
fn is_operation(name: &str, given: usize) -> bool {
    row(name, given).is_some() || composite(name, given).is_some() || (name, given) == ("log", 2)
}

/// Whether a method of that name yields no float.
pub(super) fn is_discrete(name: &proc_macro2::Ident) -> bool {
    DISCRETE.contains(&name.to_string().as_str())
}

impl Lowerer<'_> {
    pub(super) fn method(&mut self, builder: &mut Builder, call: &ExprMethodCall) -> Option<Term> {
        let name = call.method.to_string();
        let part = !std::mem::take(&mut self.whole);
        if DISCRETE.contains(&name.as_str()) {
            let mut opaque = self.opaque(&Expr::MethodCall(call.clone()));
            opaque.discrete = true;
            if COUNTS.contains(&name.as_str()) && self.is_own_receiver(&call.receiver) {
                let (private, tokens) = (self.private, &opaque.tokens);
                let private = crate::names::at(private, call.method.span());
                opaque.tokens = quote_spanned!(call.method.span()=> #private::counted(#tokens));
            }
            return Some(Term::Opaque(opaque));
        }
        let whole = Expr::MethodCall(call.clone());
        if stream::is_stream(&call.receiver) {
            if !self.mentions_floats(&whole) {
                return Some(Term::Opaque(self.opaque(&whole)));
            }
            return Some(self.hoisted(builder, &whole));
        }
        if let Some(view) = self.view(&whole)? {
            return Some(self.read_place(builder, view.place));
        }
        let no_arguments = call.args.is_empty();
        if self.is_own_method(call) {
            let mark = self.mark();
            let called = self.method_call(call, false)?;
            self.unchanged_since(mark, builder, call);
            return Some(self.through_slot(builder, "call", call.span(), called));
        }
        match name.as_str() {
            "clone" | "to_vec" | "to_owned" | "pop"
                if self.is_place(&call.receiver) || self.is_view_by_value(&call.receiver) =>
            {
                return Some(self.hoisted(builder, &whole));
            }
            "unwrap" | "expect" | "unwrap_or" if self.mentions_floats(&call.receiver) => {
                return Some(self.hoisted(builder, &whole));
            }
            // `Clone`, `Copy` and references of numbers are the numbers.
            "clone" | "to_owned" if no_arguments => return self.term(builder, &call.receiver),
            _ => {}
        }
        let op = Op::ALL.iter().find(|op| op.name() == name);
        let keeps = part && op.is_some_and(|op| op.is_worth_keeping());
        let mut own = builder.part();
        let within = if keeps { &mut own } else { &mut *builder };
        let receiver = self.term(within, &call.receiver)?;
        let mut terms = vec![receiver];
        for argument in &call.args {
            terms.push(self.term(within, argument)?);
        }
        if terms.iter().all(Term::is_opaque) {
            let discrete = matches!(&terms[0], Term::Opaque(opaque) if opaque.discrete);
            let mut opaque = self.opaque(&whole);
            opaque.discrete = discrete;
            return Some(Term::Opaque(opaque));
        }
        let (receiver, method) = (terms[0].tokens(), &call.method);
        let args: Vec<TokenStream> = terms[1..].iter().map(Term::tokens).collect();
        let tokens = quote!(#receiver.#method(#(#args),*));
        let id = self.function(within, &name, terms, &call.method)?;
        Some(match keeps {
            true => self.keep(builder, own, (tokens, id)),
            false => Term::Node(tokens, id),
        })
    }

    /// Whether a method can only be one of the user's: neither floats nor lists nor options have it.
    fn is_own_method(&self, call: &ExprMethodCall) -> bool {
        const KNOWN: [&str; 8] = [
            "clone",
            "to_vec",
            "to_owned",
            "pop",
            "unwrap",
            "expect",
            "unwrap_or",
            "copied",
        ];
        let name = call.method.to_string();
        !is_operation(&name, call.args.len() + 1)
            && !KNOWN.contains(&name.as_str())
            && self.is_place(&call.receiver)
            && self.mentions_floats(&call.receiver)
            && !self.is_plain(&call.receiver)
    }

    /// Whether the methods of an expression may be the user's.
    fn is_own_receiver(&self, receiver: &Expr) -> bool {
        !stream::is_stream(receiver) && !self.is_plain(receiver) && self.mentions_floats(receiver)
    }

    /// Whether an expression is a variable that was declared as a float or a list.
    fn is_plain(&self, expr: &Expr) -> bool {
        let Expr::Path(path) = expr else { return false };
        let found = path.path.get_ident().and_then(|name| self.lookup(name));
        let Some(Binding::View(view)) = found else {
            return false;
        };
        let ty = self.slots[view.place.root.0 as usize].ty.as_ref();
        view.place.path.is_empty()
            && ty.is_some_and(|ty| {
                let ty = ty.to_string();
                self.floats.is_name(&ty) || ty.starts_with('[') || ty.starts_with("Vec <")
            })
    }

    /// Whether an expression denotes a place of this function, without lowering it.
    pub(super) fn is_place(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Path(path) => path
                .path
                .get_ident()
                .is_some_and(|name| self.lookup(name).is_some()),
            Expr::Paren(inner) => self.is_place(&inner.expr),
            Expr::Index(index) => self.is_place(&index.expr),
            Expr::Field(field) => self.is_place(&field.base),
            Expr::Unary(unary) => self.is_place(&unary.expr),
            Expr::Reference(reference) => self.is_place(&reference.expr),
            _ => false,
        }
    }

    /// Methods whose value may be a list or an option, into a slot. `None` if it is not one.
    pub(super) fn method_into(&mut self, call: &ExprMethodCall, slot: Place) -> Option<bool> {
        let name = call.method.to_string();
        let span = call.span();
        match name.as_str() {
            "unwrap" | "expect" => {
                let view = self.scrutinee(&call.receiver)?;
                if let Some(value) = self.some_of(&view) {
                    self.assign(span, slot, value, true);
                }
                Some(self.discrete(view.place.root))
            }
            "unwrap_or" => {
                let view = self.scrutinee(&call.receiver)?;
                let other = self.hidden(&Ident::new("v_other", Span::mixed_site()), None);
                self.slots[other.0 as usize].discrete = self.expr_into(call.args.first()?, other);
                let (some, none) = (syn::parse_quote!(Some(content)), syn::parse_quote!(_));
                self.choose(
                    span,
                    &view,
                    &[(&some, None), (&none, None)],
                    &mut |l, number| {
                        let value = match number {
                            0 => l.some_of(&view),
                            _ => Some(Rhs::Value(l.whole_value(other))),
                        };
                        if let Some(value) = value {
                            l.assign(span, slot.clone(), value, true);
                        }
                    },
                );
                Some(self.discrete(view.place.root))
            }
            "pop" => {
                let view = self.view(&call.receiver)??;
                let (into, from) = (slot.root, view.place);
                self.push(span, StmtKind::Pop { into, from });
                Some(false)
            }
            "clone" | "to_owned" | "to_vec" => {
                let mut view = self.view(&call.receiver)??;
                let discrete = self.discrete(view.place.root);
                let slice = view.place.path.to_string().contains("..")
                    || (view.by_ref
                        && self.is_slice(view.place.root)
                        && view.place.path.is_empty());
                let value = if discrete {
                    let mut opaque = self.opaque(&Expr::MethodCall(call.clone()));
                    opaque.discrete = true;
                    Rhs::Constant(opaque.into())
                } else if name == "to_vec" || slice {
                    Rhs::Copied(view.place, Copying::List)
                } else if self.is_view_by_value(&call.receiver) {
                    view.place.deref |= view.place.path.is_empty();
                    Rhs::Copied(view.place, Copying::Array)
                } else {
                    // The copy is one of what a parameter refers to.
                    let reference = self.slots[view.place.root.0 as usize].reference;
                    view.place.deref |= view.by_ref && reference && view.place.path.is_empty();
                    Rhs::Value(self.value_of(view.place))
                };
                self.assign(span, slot, value, true);
                Some(discrete)
            }
            _ => None,
        }
    }

    /// Whether a parameter is a slice.
    fn is_slice(&self, slot: crate::ir::scalar::SlotId) -> bool {
        let ty = self.slots[slot.0 as usize].ty.as_ref();
        ty.is_some_and(|ty| ty.to_string().starts_with('[') && !ty.to_string().contains(';'))
    }

    /// The content of an option that is known to have one, as the value of a slot.
    pub(super) fn some_of(&mut self, view: &View) -> Option<Rhs> {
        self.content_of(view, &syn::parse_quote!(Some(content)))
    }

    /// What a name of a pattern that is known to match stands for, as the value of a slot.
    pub(super) fn content_of(&mut self, view: &View, pattern: &syn::Pat) -> Option<Rhs> {
        self.bound_names(pattern, view)
            .into_iter()
            .next()
            .map(|(_, bound)| Rhs::Bound(bound))
    }

    /// A function of the operation table, as method or as `f64::name(..)`.
    pub(super) fn function(
        &mut self,
        builder: &mut Builder,
        name: &str,
        terms: Vec<Term>,
        at: &dyn ToTokens,
    ) -> Option<ValueId> {
        let given = terms.len();
        let (row, composite) = (row(name, given), composite(name, given));
        if !is_operation(name, given) {
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
            (None, Some(composite)) => expand(body, composite, &operands),
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
