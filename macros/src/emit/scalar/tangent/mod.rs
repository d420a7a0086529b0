//! Prints statements together with their tangents: forward mode, and forward over reverse, where
//! the cotangents have tangents too.
//!
//! Values are computed from the operations rather than from the user's tokens, so that a value and
//! its tangent share them (one `exp` serves both). Both are computed before either is written.

mod assign;
mod back;
mod call;

use proc_macro2::TokenStream;
use quote::quote;

use super::{Emitter, body};
use crate::autodiff::scalar::tangent;
use crate::ir::body::{Node, ValueId};
use crate::ir::scalar::{Place, Stmt, Value};
use crate::names;

/// Code with its tangent: what must run first, and both expressions.
pub(super) struct Joint {
    bindings: TokenStream,
    value: TokenStream,
    /// `None` where no derivative flows.
    tangent: Option<TokenStream>,
}

impl Emitter<'_> {
    /// The generic parameter that says how many directions there are.
    pub(in crate::emit::scalar) fn lanes() -> TokenStream {
        quote!(__Lanes)
    }

    /// Whether a statement is printed with tangents.
    pub(in crate::emit::scalar) fn along(&self, stmt: &Stmt) -> bool {
        self.tangents && self.visited(stmt)
    }

    /// The code of an outermost loop as a closure that is called at once: what the compiler checks of a
    /// function takes longer than in proportion to its length, and code with tangents is long.
    pub(in crate::emit::scalar) fn apart(&self, stmt: &Stmt, code: TokenStream) -> TokenStream {
        let outermost = |stmt: &Stmt| self.function.body.iter().any(|other| other.id == stmt.id);
        match self.tangents && outermost(stmt) && !stmt.escapes() && !code.is_empty() {
            true => quote!((|| { #code })();),
            false => code,
        }
    }

    /// The zero tangent of an expression.
    pub(in crate::emit::scalar) fn zero_tangent(&self, of: &TokenStream) -> TokenStream {
        let (private, lanes) = (&self.private, Self::lanes());
        quote!(#private::Tangent::<#lanes>::zero_tangent(&#of))
    }

    /// The tangent of a place; `None` if none is carried.
    pub(in crate::emit::scalar) fn tangent_place(&self, place: &Place) -> Option<TokenStream> {
        let slot = self.function.slot(place.root);
        if !(self.tangents && slot.active) {
            return None;
        }
        Some(place.within(&names::tangent(&slot.name), false))
    }

    /// `let value = ..; let tangent = ..;`
    fn bind(
        &self,
        of: &Value,
        value: &proc_macro2::Ident,
        tangent: &proc_macro2::Ident,
    ) -> TokenStream {
        let joint = self.joint(of);
        let (bindings, computed) = (joint.bindings, joint.value);
        match joint.tangent {
            Some(along) => quote! {
                #bindings
                let #value = #computed;
                let #tangent = #along;
            },
            None => {
                let zero = self.zero_tangent(&quote!(#value));
                quote!(let #value = { #bindings #computed }; let #tangent = #zero;)
            }
        }
    }

    /// The value of straight-line code and its tangent.
    fn joint(&self, value: &Value) -> Joint {
        // A constant stays as the user wrote it: its suffix may be all that tells a type.
        if value.body.known_float(value.result).is_some() {
            return Joint {
                bindings: TokenStream::new(),
                value: value.tokens.clone(),
                tangent: None,
            };
        }
        let mut body = value.body.clone();
        let along = |number: usize| self.leaf_tangent(value, number);
        let tangent = tangent::extend(&mut body, &[value.result], &along)[0];
        let outputs: Vec<ValueId> = [Some(value.result), tangent]
            .into_iter()
            .flatten()
            .collect();
        let printed = body::print(&body, &outputs, self.style(), &|number| {
            self.input_with_tangent(value, number, &TokenStream::new(), &TokenStream::new())
        });
        // A whole variable that is only handed on may be a list, which must stay where it is.
        let whole = matches!(body.node(value.result), Node::Input(..));
        let mut expressions = printed.outputs.into_iter().map(|tokens| match whole {
            true => quote!(::core::clone::Clone::clone(&#tokens)),
            false => tokens,
        });
        Joint {
            bindings: printed.bindings,
            value: expressions.next().unwrap_or_default(),
            tangent: expressions.next(),
        }
    }

    /// The number of the input that holds the tangent of a leaf, or of the incoming cotangent.
    fn leaf_tangent(&self, value: &Value, number: usize) -> Option<usize> {
        let count = value.leaves.len();
        let carried = match value.leaves.get(number) {
            Some(leaf) => {
                let place = leaf.place.as_ref();
                place.is_some_and(|place| self.function.slot(place.root).active)
            }
            None => number == count,
        };
        carried.then_some(count + 1 + number)
    }

    /// How an input is read: leaves, the cotangent, and then the tangents of both.
    fn input_with_tangent(
        &self,
        value: &Value,
        number: usize,
        cotangent: &TokenStream,
        t_cotangent: &TokenStream,
    ) -> TokenStream {
        let count = value.leaves.len();
        if number == count {
            return cotangent.clone();
        }
        if number == 2 * count + 1 {
            return t_cotangent.clone();
        }
        let place = |number: usize| value.leaves.get(number)?.place.as_ref();
        if number > count {
            return place(number - count - 1)
                .and_then(|place| self.tangent_place(place))
                .unwrap_or_default();
        }
        let tokens = &value.leaves[number].tokens;
        match place(number) {
            Some(_) => tokens.clone(),
            None => quote!((#tokens)),
        }
    }
}
