//! Prints the functions that carry tangents: `__tangent`, the function in forward mode, and
//! `__second`, its gradient code in forward mode (both passes in one function, as in `__split`).
//!
//! The tangent of a parameter is optional, as its shadow is: `None` is zero. All float parameters
//! are active in both, whatever `wrt` says, because a nested gradient needs the mixed derivatives.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use super::{Emitter, body_label, outer_shadow};
use crate::frontend::array;
use crate::frontend::signature::{Param, Passing};
use crate::ir::scalar::{Slot, SlotId};
use crate::names;

impl Emitter<'_> {
    /// `__tangent`: value and tangent.
    pub(super) fn tangent_function(&self) -> TokenStream {
        let Emitter {
            function,
            signature,
            ..
        } = self;
        let (output, items) = (&signature.output, &function.items);
        let t_output = self.tangent_type(output);
        let result = &function.slot(function.result).name;
        let forward = self.forward(&function.body, &mut Vec::new());
        let (slots, body) = (self.slot_declarations(), body_label());
        let (params, t_params) = (self.primal_params(), self.tangent_params());
        let unpacked = self.unpacked_tangents();
        let (generics, bounds) = self.lane_generics(quote!());
        let (lanes, lane_type) = (names::local("lanes"), Self::lanes());
        let t_result = self.result_tangent();
        quote! {
            #[doc(hidden)]
            #[inline]
            pub fn __tangent #generics (
                #(#params,)* #(#t_params,)* #lanes: #lane_type
            ) -> (#output, #t_output) #bounds {
                #(#items)*
                #unpacked
                #slots
                #body: { #forward }
                (#result, #t_result)
            }
        }
    }

    /// `__second`: both passes, with tangents.
    pub(super) fn second_function(&self) -> TokenStream {
        let Emitter {
            function,
            signature,
            private,
            ..
        } = self;
        let [tape, seed, t_seed, lanes] = ["tape", "seed", "__t_seed", "lanes"].map(names::local);
        let (output, items) = (&signature.output, &function.items);
        let t_output = self.tangent_type(output);
        let result = &function.slot(function.result).name;
        let (forward, reverse) = (
            self.forward(&function.body, &mut Vec::new()),
            self.reverse(&function.body),
        );
        let kept: Vec<SlotId> = self.kept().collect();
        let save = kept.iter().map(|&slot| self.save_slot(slot));
        let load = kept.iter().rev().map(|&slot| self.load_slot(slot));
        let (slots, shadows) = (self.slot_declarations(), self.shadow_declarations(&[]));
        let returned = function.params.iter().map(|&id| self.return_shadow(id));
        let (params, t_params) = (self.primal_params(), self.tangent_params());
        let unpacked = self.unpacked_tangents();
        let (shadow_params, t_shadow_params) = (self.shadow_params(), self.shadow_tangent_params());
        let (body, lane_type) = (body_label(), Self::lanes());
        let (generics, bounds) = self.lane_generics(quote!(const REV: bool));
        let d_result = names::shadow(result);
        let t_d_result = names::tangent(&d_result);
        let seeded = if function.slot(function.result).active {
            quote!(#d_result = ::core::clone::Clone::clone(&#seed); #t_d_result = ::core::clone::Clone::clone(&#t_seed);)
        } else {
            quote!()
        };
        let t_result = self.result_tangent();
        quote! {
            fn __second #generics (
                #(#params,)* #(#t_params,)* #(#shadow_params,)* #(#t_shadow_params,)*
                #seed: #output, #t_seed: #t_output,
                #tape: &mut #private::Tape, #lanes: #lane_type
            ) -> (#output, #t_output) #bounds {
                #(#items)*
                #unpacked
                #slots
                if !REV {
                    #body: { #forward }
                    #(#save)*
                    (#result, #t_result)
                } else {
                    #(#load)*
                    #shadows
                    #seeded
                    #reverse
                    #(#returned)*
                    (#seed, #t_seed)
                }
            }
        }
    }

    fn result_tangent(&self) -> TokenStream {
        let slot = self.function.slot(self.function.result);
        let name = &slot.name;
        if slot.active {
            let tangent = names::tangent(name);
            quote!(#tangent)
        } else {
            self.zero_tangent(&quote!(#name))
        }
    }

    /// The tangent of a type, with the lanes of the function that is printed.
    pub(super) fn tangent_type(&self, ty: &Type) -> TokenStream {
        let (private, lanes) = (&self.private, Self::lanes());
        match ty {
            Type::Slice(slice) => {
                let element = &slice.elem;
                quote!([<#element as #private::Tangent<#lanes>>::Of])
            }
            ty => match array::parts(ty) {
                Some((element, dimension)) => {
                    let element = self.tangent_type(element);
                    quote!(#private::ndarray::ArrayRef<#element, #dimension>)
                }
                None => quote!(<#ty as #private::Tangent<#lanes>>::Of),
            },
        }
    }

    /// The user's generics, the lanes, and more; with their where clause.
    pub(super) fn lane_generics(&self, more: TokenStream) -> (TokenStream, TokenStream) {
        let (private, lanes) = (&self.private, Self::lanes());
        let (mut lifetimes, mut others) = (Vec::new(), Vec::new());
        for param in &self.signature.generics.params {
            match param {
                syn::GenericParam::Lifetime(_) => lifetimes.push(param),
                syn::GenericParam::Type(_) | syn::GenericParam::Const(_) => others.push(param),
            }
        }
        let clause = &self.signature.generics.where_clause;
        let generics = quote!(<#(#lifetimes,)* #(#others,)* #lanes: #private::Lanes, #more>);
        (generics, quote!(#clause))
    }

    /// One optional tangent per parameter; integers have none.
    pub(super) fn tangent_params(&self) -> Vec<TokenStream> {
        self.each_tangent(|slot| names::tangent(&slot.name))
    }

    /// The same under other names.
    pub(super) fn each_tangent(
        &self,
        name: impl Fn(&Slot) -> proc_macro2::Ident,
    ) -> Vec<TokenStream> {
        self.each_param(name, &|passing, ty| match passing {
            Passing::Value => quote!(Option<#ty>),
            Passing::Shared => quote!(Option<&#ty>),
            Passing::Exclusive => quote!(Option<&mut #ty>),
        })
    }

    /// One optional tangent per shadow.
    pub(super) fn shadow_tangent_params(&self) -> Vec<TokenStream> {
        self.each_param(shadow_tangent, &|_, ty| quote!(Option<&mut #ty>))
    }

    pub(super) fn shadow_tangent_names(&self) -> Vec<proc_macro2::Ident> {
        let params = self.function.params.iter();
        params
            .map(|&id| shadow_tangent(self.function.slot(id)))
            .collect()
    }

    fn each_param(
        &self,
        name: impl Fn(&Slot) -> proc_macro2::Ident,
        ty: &dyn Fn(Passing, TokenStream) -> TokenStream,
    ) -> Vec<TokenStream> {
        let params = self.signature.params.iter().zip(&self.function.params);
        params
            .map(|(param, &id)| {
                let slot = self.function.slot(id);
                let name = name(slot);
                let tangent = match carries(param) {
                    true => self.tangent_type(&param.ty),
                    false => quote!(()),
                };
                let ty = ty(param.passing, tangent);
                quote!(mut #name: #ty)
            })
            .collect()
    }

    /// The tangents of active parameters, with zeros for those that the caller left out.
    fn unpacked_tangents(&self) -> TokenStream {
        let (private, lanes) = (&self.private, Self::lanes());
        let params = self.signature.params.iter().zip(&self.function.params);
        params
            .filter(|&(_, &id)| self.function.slot(id).active)
            .map(|(param, &id)| {
                let name = &self.function.slot(id).name;
                let tangent = names::tangent(name);
                match param.passing {
                    Passing::Value => {
                        let zero = self.zero_tangent(&quote!(#name));
                        quote!(let mut #tangent = #tangent.unwrap_or_else(|| #zero);)
                    }
                    passing => {
                        let owned = names::local("owned");
                        let owned = quote::format_ident!("{}_{}", owned, name);
                        let of = self.tangent_type(&param.ty);
                        let (mark, ty) = match passing {
                            Passing::Exclusive => (quote!(&mut), quote!(&mut #of)),
                            _ => (quote!(&), quote!(&#of)),
                        };
                        quote! {
                            let mut #owned;
                            let #tangent: #ty = match #tangent {
                                Some(given) => given,
                                None => {
                                    #owned = #private::Direction::<#lanes>::direction(#name);
                                    #mark #owned
                                }
                            };
                        }
                    }
                }
            })
            .collect()
    }
}

/// Whether tangents of a parameter exist.
pub(super) fn carries(param: &Param) -> bool {
    let hidden = param.is_constant() && param.shape.mentions_named();
    param.shape.holds_floats() && !hidden
}

/// The name of the tangent of a parameter's shadow.
fn shadow_tangent(slot: &Slot) -> proc_macro2::Ident {
    names::tangent(&if slot.reference {
        names::shadow(&slot.name)
    } else {
        outer_shadow(&slot.name)
    })
}
