//! Places: what can be read and assigned, in variables, elements, ranges and fields.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, RangeLimits, UnOp};

use super::Lowerer;
use super::expr::{Builder, Term};
use super::opaque::Opaque;
use super::scope::{Binding, View};
use crate::diag::Code;
use crate::ir::scalar::{Place, SlotId};

impl Lowerer<'_> {
    /// A read of a place, or of a constant.
    pub(super) fn read(&mut self, builder: &mut Builder, expr: &Expr) -> Option<Term> {
        let Some(place) = self.place(expr)? else {
            let opaque = self.opaque(expr);
            // A part of an intermediate value: its derivative would be lost.
            if opaque.reads.iter().any(|&slot| !self.discrete(slot)) {
                let message = "a part can be read of a variable only; bind the value with `let`";
                self.error(expr, Code::Expression, message);
                return None;
            }
            return Some(Term::Opaque(opaque));
        };
        Some(self.read_place(builder, place))
    }

    /// A read of a place.
    pub(super) fn read_place(&mut self, builder: &mut Builder, place: Place) -> Term {
        if self.discrete(place.root) {
            return Term::Opaque(self.opaque_place(&place));
        }
        let tokens = self.place_tokens(&place);
        let id = self.leaf(builder, place);
        Term::Node(tokens, id)
    }

    /// The place that an expression denotes or refers to; `Some(None)` if it is rooted in no slot,
    /// `None` after an error.
    pub(super) fn place(&mut self, expr: &Expr) -> Option<Option<Place>> {
        Some(self.view(expr)?.map(|view| view.place))
    }

    /// The same, with whether the expression is a reference to the place.
    pub(super) fn view(&mut self, expr: &Expr) -> Option<Option<View>> {
        match expr {
            Expr::Path(path) => {
                let Some(name) = path.path.get_ident() else {
                    return Some(None);
                };
                match self.lookup(name) {
                    Some(Binding::View(view)) => Some(Some(view.clone())),
                    Some(Binding::Raw(_)) | None => Some(None),
                    Some(Binding::Parts(_)) => {
                        let message = format!(
                            "`{name}` is a tuple of an iterator; bind its parts, as in `(a, b)`"
                        );
                        self.error(name, Code::Pattern, message);
                        None
                    }
                }
            }
            Expr::Paren(inner) => self.view(&inner.expr),
            Expr::Group(inner) => self.view(&inner.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => {
                let Some(mut view) = self.view(&unary.expr)? else {
                    return Some(None);
                };
                if !view.by_ref {
                    self.error(expr, Code::Expression, "this dereference is not understood");
                    return None;
                }
                let whole = view.place.path.is_empty() && !view.place.deref;
                view.place.deref |= whole && self.slots[view.place.root.0 as usize].reference;
                Some(Some(View::of(view.place)))
            }
            Expr::Reference(reference) => {
                let exclusive = reference.mutability.is_some();
                let view = self.view(&reference.expr)?;
                Some(view.map(|view| View::behind(view.place, exclusive)))
            }
            Expr::Index(index) => {
                let Some(view) = self.view(&index.expr)? else {
                    return Some(None);
                };
                let at = match &*index.index {
                    Expr::Range(range) => self.bounds(range),
                    index => self.index(index),
                };
                let tokens = at.tokens;
                let part = view.element(&tokens, &at.reads);
                Some(Some(View::of(part.place)))
            }
            Expr::Field(field) => {
                if let Some(part) = self.tuple_part(field) {
                    return Some(part);
                }
                let Some(view) = self.view(&field.base)? else {
                    return Some(None);
                };
                let member = &field.member;
                Some(Some(View::of(view.part(quote!(.#member), &[]).place)))
            }
            Expr::MethodCall(call) => self.view_by_method(call),
            _ => Some(None),
        }
    }

    /// `pair.0` of a tuple that exists in its parts only.
    fn tuple_part(&mut self, field: &syn::ExprField) -> Option<Option<View>> {
        let (Expr::Path(path), syn::Member::Unnamed(index)) = (&*field.base, &field.member) else {
            return None;
        };
        let Some(Binding::Parts(parts)) = self.lookup(path.path.get_ident()?) else {
            return None;
        };
        match parts.get(index.index as usize)? {
            Binding::View(view) => Some(Some(view.clone())),
            Binding::Parts(_) | Binding::Raw(_) => None,
        }
    }

    /// Methods that give a reference to what they are called on, or to an element of it.
    fn view_by_method(&mut self, call: &syn::ExprMethodCall) -> Option<Option<View>> {
        let name = call.method.to_string();
        if self.is_view_of_array(call) {
            return self.view_of_array(call);
        }
        match (name.as_str(), &*call.receiver) {
            ("as_slice" | "as_mut_slice" | "as_ref" | "as_mut", of) if call.args.is_empty() => {
                let exclusive = name.contains("mut");
                let view = self.view(of)?;
                Some(view.map(|view| View::behind(view.place, exclusive)))
            }
            ("unwrap" | "expect", Expr::MethodCall(inner)) => {
                let end = inner.method.to_string();
                let last = matches!(end.as_str(), "last" | "last_mut");
                if !(last || matches!(end.as_str(), "first" | "first_mut")) {
                    return Some(None);
                }
                let Some(view) = self.view(&inner.receiver)? else {
                    return Some(None);
                };
                let exclusive = end.ends_with("mut");
                if !last {
                    let first = view.element(&quote!(0), &[]).place;
                    return Some(Some(View::behind(first, exclusive)));
                }
                let of = self.opaque_place(&view.place);
                let tokens = &of.tokens;
                let at = Opaque {
                    tokens: quote!(#tokens.len() - 1),
                    ..of
                };
                let at = self.settle_discrete("last", at);
                let tokens = &at.tokens;
                let place = view.element(tokens, &at.reads).place;
                Some(Some(View::behind(place, exclusive)))
            }
            _ => Some(None),
        }
    }

    /// The bounds of a range index, each evaluated once if it has to be.
    fn bounds(&mut self, range: &syn::ExprRange) -> Opaque {
        let start = range.start.as_deref().map(|expr| self.index(expr));
        let end = range.end.as_deref().map(|expr| self.index(expr));
        let limits = &range.limits;
        let side = |at: &Option<Opaque>| at.as_ref().map(|at| at.tokens.clone());
        let (low, high) = (side(&start), side(&end));
        let dots = match limits {
            RangeLimits::HalfOpen(_) => quote!(..),
            RangeLimits::Closed(_) => quote!(..=),
        };
        let reads = [start, end].into_iter().flatten().flat_map(|at| at.reads);
        Opaque {
            tokens: quote!(#low #dots #high),
            reads: reads.collect::<Vec<SlotId>>(),
            ..Opaque::default()
        }
    }

    /// A place as it is written in generated code.
    pub(super) fn place_tokens(&self, place: &Place) -> TokenStream {
        place.within(&self.slots[place.root.0 as usize].name, false)
    }
}
