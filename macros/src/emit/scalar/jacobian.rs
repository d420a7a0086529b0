//! The entry point `jacobian`, over forward and reverse mode.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Type;

use super::Emitter;
use crate::frontend::shape::Shape;
use crate::frontend::signature::Passing;
use crate::names;

impl Emitter<'_> {
    /// The Jacobian of a function whose result is made of floats of one type that the macro can
    /// see.
    pub(super) fn jacobian(&self) -> TokenStream {
        let Some(float) = self.float_of(&self.signature.output) else {
            return TokenStream::new();
        };
        let private = &self.private;
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, given) = (self.public_params(), self.public_again());
        let [value, along, cotangent] = ["value", "directions", "cotangent"].map(names::local);
        let [rows, columns] = ["rows", "columns"].map(names::local);
        let wide = quote!(#private::Wide<8>);
        let (again, owned) = (self.again(), self.owned_directions(&quote!(*#along)));
        let (zeros, directions) = (self.zero_gradient(), self.zero_direction(&wide));
        let (primal, vjp) = (self.primal_call(&given), self.own("vjp"));
        quote! {
            /// The matrix of first derivatives: a row per float of the result, a column per float
            /// of the gradient. Runs forward over several columns at a time, or backward over one
            /// row at a time, whichever takes fewer runs.
            #[inline]
            pub fn jacobian #generics (#(#params),*) -> #private::Matrix<#float> #bounds {
                let #value = #primal;
                let #rows = #private::Entries::entries(&#value);
                let #columns = #private::Entries::entries(&#zeros);
                if #columns.div_ceil(8) <= #rows {
                    #private::jacobian_forward::<#wide, _, _, _>(#rows, #directions, |#along| {
                        Self::__tangent(#(#again,)* #(#owned,)* #private::Wide::<8>).1
                    })
                } else {
                    let #cotangent = #private::Val::zero_like(&#value);
                    #private::jacobian_reverse(#columns, #cotangent, |#cotangent| {
                        let #cotangent = ::core::clone::Clone::clone(#cotangent);
                        Self::#vjp(#(#given,)* #cotangent).1
                    })
                }
            }
        }
    }

    /// The Jacobian of a function that writes results into `&mut` parameters: its rows are the
    /// floats of the result, then those that the parameters hold at the end.
    pub(super) fn jacobian_in_place(&self) -> TokenStream {
        let params = &self.signature.params;
        let written = || self.exclusive().map(|at| &params[at].ty);
        let Some(float) = [&self.signature.output]
            .into_iter()
            .chain(written())
            .find_map(|ty| self.float_of(ty))
        else {
            return TokenStream::new();
        };
        let private = &self.private;
        let (generics, bounds) = self.generics(TokenStream::new());
        let (entry_params, again) = (self.public_params(), self.again());
        let [value, along, wide, rows] = ["value", "directions", "wide", "rows"].map(names::local);
        let wide_type = quote!(#private::Wide<8>);
        let directions = self.zero_direction(&wide_type);
        let primal = self.primal_call(&self.public_names());
        let slots: Vec<&Ident> = self
            .exclusive()
            .map(|at| &self.function.slot(self.function.params[at]).name)
            .collect();
        let starts: Vec<Ident> = slots
            .iter()
            .map(|name| format_ident!("start_{}", name))
            .collect();
        let tangents: Vec<Ident> = slots.iter().map(|name| names::tangent(name)).collect();
        let seeds = self.exclusive().map(|at| match self.position(at) {
            Some(position) => {
                let part = self.part(&quote!(*#along), position);
                quote!(::core::clone::Clone::clone(&#part))
            }
            None => {
                let primal = self.primal(at);
                quote!(#private::Direction::<#wide_type>::direction(#primal))
            }
        });
        let owned = self.owned_directions(&quote!(*#along));
        let passed = (0..params.len()).zip(owned).map(|(at, owned)| {
            let tangent = names::tangent(&self.function.slot(self.function.params[at]).name);
            match params[at].passing {
                Passing::Exclusive => quote!(Some(&mut #tangent)),
                Passing::Value | Passing::Shared => owned,
            }
        });
        let arguments = again.iter().enumerate().map(|(at, again)| {
            let name = &self.function.slot(self.function.params[at]).name;
            match params[at].passing {
                Passing::Exclusive => quote!(&mut #name),
                Passing::Value | Passing::Shared => again.clone(),
            }
        });
        quote! {
            /// The matrix of first derivatives: a row per float of the result and of what `&mut`
            /// parameters hold at the end, a column per float of the gradient.
            #[inline]
            pub fn jacobian #generics (#(#entry_params),*) -> #private::Matrix<#float> #bounds {
                #(let #starts = ::std::borrow::ToOwned::to_owned(&*#slots);)*
                let #wide = #directions;
                let #value = #primal;
                let #rows = #private::Entries::entries(&#value)
                    #(+ #private::Entries::entries(&*#slots))*;
                #private::jacobian_forward::<#wide_type, _, _, _>(#rows, #wide, |#along| {
                    #(let mut #slots = ::core::clone::Clone::clone(&#starts);)*
                    #(let mut #tangents = #seeds;)*
                    let (_, #value) = Self::__tangent(
                        #(#arguments,)* #(#passed,)* #private::Wide::<8>
                    );
                    (#value, #(#tangents,)*)
                })
            }
        }
    }

    /// The float type that a type is made of, if its tokens show one.
    fn float_of(&self, ty: &Type) -> Option<TokenStream> {
        match ty {
            Type::Array(array) => self.float_of(&array.elem),
            Type::Tuple(tuple) => tuple.elems.iter().find_map(|ty| self.float_of(ty)),
            Type::Paren(inner) => self.float_of(&inner.elem),
            Type::Group(inner) => self.float_of(&inner.elem),
            Type::Path(_) if self.signature.shape(ty) == Shape::Float => Some(quote!(#ty)),
            Type::Path(path) => match &path.path.segments.last()?.arguments {
                syn::PathArguments::AngleBracketed(list) => {
                    list.args.iter().find_map(|a| match a {
                        syn::GenericArgument::Type(ty) => self.float_of(ty),
                        _ => None,
                    })
                }
                _ => None,
            },
            _ => None,
        }
    }
}
