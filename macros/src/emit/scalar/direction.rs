//! Directions: what the entry points of forward mode take, one per `wrt` parameter, and how it
//! becomes the tangents of the parameters. That of a structure is of another type.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Emitter;
use crate::frontend::array;
use crate::frontend::signature::Passing;
use crate::names;

impl Emitter<'_> {
    /// One direction per `wrt` parameter, as parameters of an entry point.
    pub(super) fn direction_params(&self) -> Vec<TokenStream> {
        let wrt = self.signature.wrt.iter();
        wrt.map(|&at| {
            let slot = self.function.slot(self.function.params[at]);
            let (name, ty) = (names::tangent(&slot.name), &self.signature.params[at].ty);
            match self.signature.params[at].passing {
                Passing::Value => quote!(#name: #ty),
                Passing::Shared => quote!(#name: &#ty),
                Passing::Exclusive => quote!(#name: &mut #ty),
            }
        })
        .collect()
    }

    /// Refuses directions of slices that have another length, where the user calls.
    pub(super) fn direction_checks(&self) -> TokenStream {
        let private = &self.private;
        let wrt = self.signature.wrt.iter();
        wrt.map(|&at| {
            let (ty, slot) = (&self.signature.params[at].ty, self.function.params[at]);
            let name = &self.function.slot(slot).name;
            let (tangent, text) = (names::tangent(name), name.to_string());
            match ty {
                syn::Type::Slice(_) => {
                    quote!(#private::check_direction(#text, #name.len(), #tangent.len());)
                }
                ty if array::parts(ty).is_some() => {
                    quote!(#private::check_direction(#text, #name.shape(), #tangent.shape());)
                }
                _ => quote!(),
            }
        })
        .collect()
    }

    /// Whether a part of the gradient is a structure, whose tangent is of another type.
    pub(super) fn has_structures(&self) -> bool {
        let params = &self.signature.params;
        let mut wrt = self.signature.wrt.iter();
        wrt.any(|&at| params[at].shape.mentions_named())
    }

    /// The `wrt` parameters that are structures, with the names of their directions.
    fn structures(&self) -> impl Iterator<Item = (usize, Ident)> {
        let wrt = self.signature.wrt.iter().copied();
        wrt.filter(|&at| self.signature.params[at].shape.mentions_named())
            .map(|at| {
                let slot = self.function.slot(self.function.params[at]);
                (at, names::tangent(&slot.name))
            })
    }

    /// Turns the directions of structures into tangents.
    pub(super) fn towards(&self) -> TokenStream {
        let private = &self.private;
        let named = self.structures().map(|(at, tangent)| {
            let given = match self.signature.params[at].passing {
                Passing::Value => quote!(&#tangent),
                Passing::Shared | Passing::Exclusive => quote!(&*#tangent),
            };
            let along = names::tangent(&tangent);
            quote! {
                let mut #along = #private::Direction::<#private::Single>::towards(#given);
            }
        });
        named.collect()
    }

    /// Writes the tangents of what `&mut` parameters hold at the end back to their directions.
    pub(super) fn directions_back(&self) -> TokenStream {
        let private = &self.private;
        let exclusive = self
            .structures()
            .filter(|(at, _)| self.signature.params[*at].passing == Passing::Exclusive);
        exclusive
            .map(|(at, tangent)| {
                let (along, primal) = (names::tangent(&tangent), self.primal(at));
                quote! {
                    #private::Direction::<#private::Single>::back(#primal, &#along, #tangent);
                }
            })
            .collect()
    }

    /// Those directions as optional tangents of all parameters.
    pub(super) fn directions(&self) -> Vec<TokenStream> {
        (0..self.signature.params.len())
            .map(|at| match self.position(at) {
                Some(_) => {
                    let slot = self.function.slot(self.function.params[at]);
                    let (name, param) = (names::tangent(&slot.name), &self.signature.params[at]);
                    let along = names::tangent(&name);
                    match (param.shape.mentions_named(), param.passing) {
                        (false, _) => quote!(Some(#name)),
                        (true, Passing::Value) => quote!(Some(#along)),
                        (true, Passing::Shared) => quote!(Some(&#along)),
                        (true, Passing::Exclusive) => quote!(Some(&mut #along)),
                    }
                }
                None => quote!(None),
            })
            .collect()
    }

    /// Tangents of all parameters out of an owned direction.
    pub(super) fn owned_directions(&self, of: &TokenStream) -> Vec<TokenStream> {
        (0..self.signature.params.len())
            .map(|at| match self.position(at) {
                Some(position) => {
                    let part = self.part(of, position);
                    match self.signature.params[at].passing {
                        Passing::Value => quote!(Some(::core::clone::Clone::clone(&#part))),
                        Passing::Shared | Passing::Exclusive => quote!(Some(&#part)),
                    }
                }
                None => quote!(None),
            })
            .collect()
    }
}
