//! Prints values that are made of parts or taken from one, and their adjoints.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{format_ident, quote};

use super::Emitter;
use crate::ir::body::Node;
use crate::ir::scalar::{Aggregate, Bound, Copying, Inert, Place, Value};

impl Emitter<'_> {
    /// The value as one of its own: what is only read of a place is cloned, because nothing says
    /// whether its type can be copied, and a variable that was moved cannot be saved.
    pub(super) fn owned(&self, value: &Value) -> TokenStream {
        let tokens = &value.tokens;
        let leaf = match value.body.node(value.result) {
            Node::Input(number, _) => value.leaves.get(*number),
            _ => None,
        };
        match leaf.filter(|leaf| leaf.place.is_some()) {
            Some(leaf) if leaf.tokens.to_string() == tokens.to_string() => {
                quote!(::core::clone::Clone::clone(&#tokens))
            }
            // Code that changes nothing: `x * 1.0`.
            Some(_) => quote!(::core::clone::Clone::clone(&(#tokens))),
            None => tokens.clone(),
        }
    }

    /// `[a, b]` and its kin.
    pub(super) fn aggregate(&self, kind: &Aggregate, values: &[Value]) -> TokenStream {
        let values = values.iter().map(|value| self.owned(value));
        match kind {
            Aggregate::Array => quote!([#(#values),*]),
            Aggregate::Vec => quote!(::std::vec![#(#values),*]),
            Aggregate::Tuple => quote!((#(#values,)*)),
            Aggregate::Struct(path, members) => quote!(#path { #(#members: #values),* }),
            Aggregate::Variant(path) => quote!(#path(#(#values),*)),
        }
    }

    /// Hands the parts of a cotangent on.
    pub(super) fn aggregate_back(
        &self,
        kind: &Aggregate,
        values: &[Value],
        cotangent: &TokenStream,
    ) -> TokenStream {
        let parts = values.iter().enumerate();
        if let Aggregate::Variant(path) | Aggregate::Struct(path, _) = kind {
            let private = &self.private;
            let names: Vec<_> = parts
                .map(|(index, _)| format_ident!("part_{}", index, span = Span::mixed_site()))
                .collect();
            let flows = values
                .iter()
                .zip(&names)
                .map(|(value, name)| self.flows(value, &quote!(#name), false));
            let pattern = match kind {
                Aggregate::Struct(_, members) => quote!(#path { #(#members: #names,)* .. }),
                _ => quote!(#path(#(#names),*)),
            };
            return quote! {
                match #cotangent {
                    #pattern => { #(#flows)* }
                    _ => #private::lost_shadow(),
                }
            };
        }
        parts
            .map(|(index, value)| {
                let part = match kind {
                    Aggregate::Tuple => {
                        let index = syn::Index::from(index);
                        quote!(#cotangent.#index)
                    }
                    Aggregate::Array
                    | Aggregate::Vec
                    | Aggregate::Struct(..)
                    | Aggregate::Variant(_) => {
                        let index = Literal::usize_unsuffixed(index);
                        quote!(#cotangent[#index])
                    }
                };
                self.flows(value, &part, false)
            })
            .collect()
    }

    /// `[a; n]` or `vec![a; n]`.
    pub(super) fn repeat(&self, value: &Value, kind: &Aggregate, count: &Inert) -> TokenStream {
        let (value, count) = (self.owned(value), &count.tokens);
        if matches!(kind, Aggregate::Vec) {
            quote!(::std::vec![#value; #count])
        } else {
            quote!([#value; #count])
        }
    }

    /// What a name of a pattern stands for.
    pub(super) fn bound(&self, bound: &Bound) -> TokenStream {
        let (private, place) = (&self.private, self.place(&bound.place));
        let (pattern, name) = (&bound.pattern, &bound.name);
        quote! {
            match &#place {
                #pattern => ::core::clone::Clone::clone(#name),
                _ => #private::lost_shadow(),
            }
        }
    }

    /// Hands the cotangent of such a name on.
    pub(super) fn bound_back(&self, bound: &Bound, cotangent: &TokenStream) -> TokenStream {
        let (private, pattern, name) = (&self.private, &bound.shadow, &bound.name);
        self.on_active(&bound.place, |shadow| {
            quote! {
                match &mut #shadow {
                    #pattern => #private::Val::accumulate(#name, &#cotangent),
                    _ => #private::lost_shadow(),
                }
            }
        })
    }

    /// Hands the cotangent of an owned copy on to what was copied.
    pub(super) fn copied_back(
        &self,
        place: &Place,
        how: Copying,
        cotangent: &TokenStream,
    ) -> TokenStream {
        let private = &self.private;
        self.on_active(place, |shadow| {
            let shadow = how.content(shadow);
            quote!(#private::Primal::add(#shadow, &#cotangent);)
        })
    }

    /// Code on the shadow of a place, if it has one.
    fn on_active(
        &self,
        place: &Place,
        with: impl FnOnce(TokenStream) -> TokenStream,
    ) -> TokenStream {
        if self.function.slot(place.root).active {
            self.with_shadow(place, with)
        } else {
            TokenStream::new()
        }
    }
}
