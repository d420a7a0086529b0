//! Places: what can be read and assigned, in variables, elements and fields.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Member, UnOp};

use super::Lowerer;
use super::expr::{Builder, Term};
use super::opaque::Opaque;
use crate::diag::Code;
use crate::ir::scalar::Place;

impl Lowerer<'_> {
    /// A read of a place, or of a constant.
    pub(super) fn read(&mut self, builder: &mut Builder, expr: &Expr) -> Option<Term> {
        let Some(place) = self.place(expr)? else {
            let opaque = self.opaque(expr);
            // A part of an intermediate value: its derivative would be lost.
            if opaque
                .reads
                .iter()
                .any(|&slot| !self.slots[slot.0 as usize].discrete)
            {
                let message = "a part can be read of a variable only; bind the value with `let`";
                self.error(expr, Code::Expression, message);
                return None;
            }
            return Some(Term::Opaque(opaque));
        };
        let tokens = self.place_tokens(&place);
        if self.slots[place.root.0 as usize].discrete {
            let mut reads = place.reads;
            reads.push(place.root);
            let opaque = Opaque {
                tokens,
                reads,
                discrete: true,
                impure: false,
            };
            return Some(Term::Opaque(opaque));
        }
        let id = self.leaf(builder, place);
        Some(Term::Node(tokens, id))
    }

    /// The place that an expression denotes; `Some(None)` if it is rooted in no slot, `None` after
    /// an error.
    pub(super) fn place(&mut self, expr: &Expr) -> Option<Option<Place>> {
        match expr {
            Expr::Path(path) => {
                let slot = path.path.get_ident().and_then(|name| self.lookup(name));
                Some(slot.map(Place::whole))
            }
            Expr::Paren(inner) => self.place(&inner.expr),
            Expr::Group(inner) => self.place(&inner.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => {
                let Some(mut place) = self.place(&unary.expr)? else {
                    return Some(None);
                };
                let reference = self.slots[place.root.0 as usize].reference;
                if !(reference && place.path.is_empty() && !place.deref) {
                    self.error(expr, Code::Expression, "this dereference is not understood");
                    return None;
                }
                place.deref = true;
                Some(Some(place))
            }
            Expr::Index(index) => {
                let Some(mut place) = self.place(&index.expr)? else {
                    return Some(None);
                };
                let mut at = self.opaque(&index.index);
                if at.impure {
                    at = self.settle(at);
                }
                let tokens = at.tokens;
                place.path.extend(quote!([#tokens]));
                place.reads.extend(at.reads);
                Some(Some(place))
            }
            Expr::Field(field) => {
                let Some(mut place) = self.place(&field.base)? else {
                    return Some(None);
                };
                let Member::Unnamed(_) = &field.member else {
                    self.error(
                        field,
                        Code::Expression,
                        "fields of structures are not understood",
                    );
                    return None;
                };
                let member = &field.member;
                place.path.extend(quote!(.#member));
                Some(Some(place))
            }
            _ => Some(None),
        }
    }

    /// A place as it is written in generated code.
    pub(super) fn place_tokens(&self, place: &Place) -> TokenStream {
        let (name, path) = (&self.slots[place.root.0 as usize].name, &place.path);
        if place.deref {
            quote!((*#name))
        } else {
            quote!(#name #path)
        }
    }
}
