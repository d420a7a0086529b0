//! Values into variables: literals of arrays, tuples, vectors and structures, control flow as a
//! value, and whatever else an expression may be.

use proc_macro2::{Ident, Span};
use quote::quote;
use syn::spanned::Spanned;
use syn::{Expr, ExprCall};

use super::Lowerer;
use super::opaque::{Elements, Opaque};
use super::stmt::inert;
use super::stream;
use crate::diag::Code;
use crate::ir::scalar::{Aggregate, Place, Rhs, SlotId, Value};

impl Lowerer<'_> {
    /// Lowers an expression into a slot, written here for the first time. Returns whether it is
    /// known to be an integer or a boolean.
    pub(super) fn expr_into(&mut self, expr: &Expr, slot: SlotId) -> bool {
        let span = expr.span();
        match expr {
            Expr::Paren(inner) => return self.expr_into(&inner.expr, slot),
            Expr::Group(inner) => return self.expr_into(&inner.expr, slot),
            Expr::If(branch) => self.branch(branch, Some(slot)),
            Expr::Match(of) => self.match_of(of, Some(slot)),
            Expr::Block(block) if block.label.is_none() => {
                self.block_into(&block.block, Some(slot));
            }
            Expr::Loop(_) => self.repeat(expr, Some(slot)),
            Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => self.statement(expr),
            Expr::Tuple(tuple) if tuple.elems.is_empty() => {}
            Expr::Array(array) => {
                return self.parts_into(Aggregate::Array, array.elems.iter(), slot, span);
            }
            Expr::Tuple(tuple) => {
                // A tuple of integers alone is one itself; any other is followed by its parts.
                return self.parts_into(Aggregate::Tuple, tuple.elems.iter(), slot, span);
            }
            Expr::Struct(of) => return self.structure_into(of, slot),
            Expr::Try(of) => return self.attempt(of, slot),
            Expr::Repeat(repeat) => {
                return self.repeated_into(&repeat.expr, &repeat.len, Aggregate::Array, slot, span);
            }
            Expr::Macro(call) if call.mac.path.is_ident("vec") => {
                return match call.mac.parse_body::<Elements>() {
                    Ok(Elements::List(list)) => {
                        self.parts_into(Aggregate::Vec, list.iter(), slot, span)
                    }
                    Ok(Elements::Repeat(value, count)) => {
                        self.repeated_into(&value, &count, Aggregate::Vec, slot, span)
                    }
                    Err(error) => {
                        self.errors.syntax(&error);
                        false
                    }
                };
            }
            Expr::Macro(call) if self.is_check(&call.mac) => self.statement_macro(&call.mac),
            Expr::MethodCall(call) if stream::is_stream(&call.receiver) => {
                if self.mentions_floats(expr) && !super::method::is_discrete(&call.method) {
                    return self.consume(call, slot).unwrap_or(false);
                }
                return self.plain_into(expr, slot);
            }
            Expr::MethodCall(call)
                if matches!(
                    call.method.to_string().as_str(),
                    "unwrap" | "expect" | "unwrap_or" | "pop" | "clone" | "to_owned" | "to_vec"
                ) && self.is_list_method(call) =>
            {
                return self.method_into(call, Place::whole(slot)).unwrap_or(false);
            }
            Expr::Call(call) if constructor(call) => {
                let Expr::Path(path) = &*call.func else {
                    return false;
                };
                if path
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "Err")
                {
                    // An error carries no derivative.
                    let error = self.opaque(expr);
                    self.assign(span, Place::whole(slot), Rhs::Constant(error.into()), true);
                    return false;
                }
                let kind = Aggregate::Variant(path.path.clone());
                return self.parts_into(kind, call.args.iter(), slot, span);
            }
            Expr::Call(call) if self.is_memory_function(call, slot) => {}
            Expr::Call(call) if self.is_plain_call(call) => {
                if let Some(value) = self.call(call) {
                    self.assign(span, Place::whole(slot), value, true);
                }
            }
            Expr::Reference(reference) if reference.mutability.is_none() => {
                return self.expr_into(&reference.expr, slot);
            }
            _ => return self.plain_into(expr, slot),
        }
        false
    }

    /// Whether a method of that name stands for a list or an option here, and not for a number.
    fn is_list_method(&mut self, call: &syn::ExprMethodCall) -> bool {
        let end = matches!(&*call.receiver, Expr::MethodCall(inner)
            if matches!(inner.method.to_string().as_str(), "last" | "first" | "last_mut" | "first_mut"));
        !end && (self.is_place(&call.receiver)
            || self.is_view_by_value(&call.receiver)
            || (matches!(
                call.method.to_string().as_str(),
                "unwrap" | "expect" | "unwrap_or"
            ) && self.mentions_floats(&call.receiver)))
    }

    /// An expression that is one value.
    fn plain_into(&mut self, expr: &Expr, slot: SlotId) -> bool {
        let discrete = self.is_discrete(Some(expr));
        if let Some(Some(view)) = self.is_place(expr).then(|| self.view(expr)).flatten()
            && self.discrete(view.place.root)
        {
            let item = super::scope::Binding::View(view);
            let value = self.value_of_binding(&item);
            let value = Rhs::Constant(inert(value.tokens.clone(), &[value]));
            self.assign(expr.span(), Place::whole(slot), value, true);
            return true;
        }
        let Some(value) = self.value(expr) else {
            return false;
        };
        if self.is_vague(expr) {
            self.vague.insert(slot);
        }
        let integer = self.is_integer(expr);
        let value = if is_constant(&value) {
            Rhs::Constant(inert(value.tokens.clone(), &[value]))
        } else {
            Rhs::Value(value)
        };
        self.assign(expr.span(), Place::whole(slot), value, true);
        discrete || integer
    }

    fn parts_into<'x>(
        &mut self,
        kind: Aggregate,
        parts: impl Iterator<Item = &'x Expr> + Clone,
        slot: SlotId,
        span: Span,
    ) -> bool {
        let discrete = parts.clone().next().is_some()
            && parts.clone().all(|part| self.is_discrete(Some(part)));
        let mark = self.mark();
        let values: Option<Vec<Value>> = parts.map(|part| self.value(part)).collect();
        let Some(values) = values else { return false };
        if values.iter().all(is_constant) && self.mark() == mark {
            let tokens = values.iter().map(|value| &value.tokens);
            let tokens = match &kind {
                Aggregate::Array => quote!([#(#tokens),*]),
                Aggregate::Vec => quote!(::std::vec![#(#tokens),*]),
                Aggregate::Tuple => quote!((#(#tokens,)*)),
                Aggregate::Variant(path) => quote!(#path(#(#tokens),*)),
                Aggregate::Struct(path, members) => quote!(#path { #(#members: #tokens),* }),
            };
            let value = Rhs::Constant(inert(tokens, &values));
            self.assign(span, Place::whole(slot), value, true);
            return discrete;
        }
        self.assign(span, Place::whole(slot), Rhs::Aggregate(kind, values), true);
        discrete
    }

    /// `Point { x: a, ..other }`
    fn structure_into(&mut self, of: &syn::ExprStruct, slot: SlotId) -> bool {
        let span = of.path.span();
        let Some(rest) = &of.rest else {
            let members = of.fields.iter().map(|field| field.member.clone()).collect();
            let kind = Aggregate::Struct(of.path.clone(), members);
            let parts = of.fields.iter().map(|field| &field.expr);
            return self.parts_into(kind, parts, slot, span);
        };
        // The fields are evaluated first, then the rest.
        let values: Option<Vec<Value>> = of
            .fields
            .iter()
            .map(|field| self.value(&field.expr))
            .collect();
        let Some(values) = values else { return false };
        let slots: Vec<SlotId> = values
            .into_iter()
            .map(|value| self.temporary("field", span, Rhs::Value(value)))
            .collect();
        self.expr_into(rest, slot);
        for (field, from) in of.fields.iter().zip(slots) {
            let member = &field.member;
            let mut target = Place::whole(slot);
            target.path = quote!(.#member);
            let value = Rhs::Value(self.whole_value(from));
            self.assign(span, target, value, false);
        }
        false
    }

    fn repeated_into(
        &mut self,
        value: &Expr,
        count: &Expr,
        kind: Aggregate,
        slot: SlotId,
        span: Span,
    ) -> bool {
        let discrete = self.is_discrete(Some(value));
        let Some(value) = self.value(value) else {
            return false;
        };
        let count = self.opaque(count);
        if is_constant(&value) {
            let (of, n) = (&value.tokens, &count.tokens);
            let tokens = match kind {
                Aggregate::Vec => quote!(::std::vec![#of; #n]),
                _ => quote!([#of; #n]),
            };
            let mut code = inert(tokens, &[value]);
            code.reads.extend(&count.reads);
            code.impure |= count.impure;
            self.assign(span, Place::whole(slot), Rhs::Constant(code), true);
            return discrete;
        }
        let value = Rhs::Repeat(Box::new(value), kind, count.into());
        self.assign(span, Place::whole(slot), value, true);
        discrete
    }

    /// `mem::take` and `mem::replace`, whose value is what the place held.
    fn is_memory_function(&mut self, call: &ExprCall, slot: SlotId) -> bool {
        let Some(name) = memory_function(call) else {
            return false;
        };
        let args: Vec<&Expr> = call.args.iter().collect();
        let [place, rest @ ..] = args.as_slice() else {
            return false;
        };
        let Some(Some(view)) = self.pinned(|l| l.view(place)) else {
            return false;
        };
        let place = self.content(view);
        match (name.as_str(), rest) {
            ("replace", [value]) => {
                let new = self.hidden(&Ident::new("v_new", Span::mixed_site()), None);
                self.expr_into(value, new);
                let old = self.value_of(place.clone());
                self.assign(call.span(), Place::whole(slot), Rhs::Value(old), true);
                let new = Rhs::Value(self.whole_value(new));
                self.assign(call.span(), place, new, false);
            }
            ("take", []) => {
                let old = self.value_of(place.clone());
                self.assign(call.span(), Place::whole(slot), Rhs::Value(old), true);
                let empty = Opaque {
                    tokens: quote!(::core::default::Default::default()),
                    ..Opaque::default()
                };
                self.assign(call.span(), place, Rhs::Constant(empty.into()), false);
            }
            _ => return false,
        }
        true
    }

    /// `mem::swap(&mut a, &mut b)` as a statement; false if it is another call.
    pub(super) fn swaps(&mut self, call: &ExprCall) -> bool {
        let args: Vec<&Expr> = call.args.iter().collect();
        let (Some("swap"), [a, b]) = (memory_function(call).as_deref(), args.as_slice()) else {
            return false;
        };
        let views = (self.pinned(|l| l.view(a)), self.pinned(|l| l.view(b)));
        let (Some(Some(a)), Some(Some(b))) = views else {
            self.error(call, Code::Expression, "only two places can be swapped");
            return true;
        };
        let (a, b) = (self.content(a), self.content(b));
        self.exchange(call.span(), &a, &b);
        true
    }
}

/// Whether a value reads nothing that may carry a derivative.
pub(super) fn is_constant(value: &Value) -> bool {
    value.leaves.iter().all(|leaf| leaf.place.is_none())
}

/// `swap` of `mem::swap` and its kin.
pub(super) fn memory_function(call: &ExprCall) -> Option<String> {
    let Expr::Path(path) = &*call.func else {
        return None;
    };
    let mut segments = path.path.segments.iter().rev();
    let (last, module) = (segments.next()?, segments.next()?);
    (module.ident == "mem").then(|| last.ident.to_string())
}

/// Whether a call makes a variant or a structure: its last name begins with a capital.
pub(super) fn constructor(call: &ExprCall) -> bool {
    let Expr::Path(path) = &*call.func else {
        return false;
    };
    let last = path.path.segments.last();
    last.is_some_and(|last| last.ident.to_string().starts_with(char::is_uppercase))
}
