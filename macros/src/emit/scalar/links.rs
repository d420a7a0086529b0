//! Prints what other differentiable functions call: the two halves of the reverse mode, and methods
//! as they are.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::Type;

use super::Emitter;
use crate::frontend::shape::Shape;
use crate::frontend::signature::Passing;
use crate::ir::scalar::SlotId;
use crate::names;

impl Emitter<'_> {
    /// What other differentiable functions call.
    pub(super) fn links(&self) -> TokenStream {
        let Emitter {
            signature, private, ..
        } = self;
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, names) = (self.entry_params(), self.entry_names());
        let output = &signature.output;
        let [tape, seed] = ["tape", "cotangent"].map(names::local);
        let (forward, reverse) = (self.pass("FORWARD"), self.pass("REVERSE"));
        let none = signature.params.iter().map(|_| quote!(None));
        let shadow_params = self.shadow_params();
        let shadows = self.shadow_names();
        let (forward, reverse) = self.by_partials().unwrap_or_else(|| {
            (
                quote! {
                    let #seed = #private::Val::blank();
                    Self::__split #forward (#(#names,)* #(#none,)* #seed, #tape)
                },
                quote!(Self::__split #reverse (#(#names,)* #(#shadows,)* #seed, #tape);),
            )
        });
        let losing = self.losing_links();
        // A caller does not know whether a method takes its receiver by value.
        let plain = signature.receiver.as_ref().map(|_| {
            let primal = self.primal_call(&self.public_names());
            quote! {
                #[doc(hidden)]
                #[inline]
                pub fn __plain #generics (#(#params),*) -> #output #bounds {
                    #primal
                }
            }
        });
        quote! {
            #losing
            #plain

            #[doc(hidden)]
            #[inline]
            pub fn __forward #generics (
                #(#params,)* #tape: &mut #private::Tape
            ) -> #output #bounds {
                #forward
            }

            #[doc(hidden)]
            #[inline]
            pub fn __reverse #generics (
                #(#params,)* #(#shadow_params,)* #seed: #output, #tape: &mut #private::Tape
            ) #bounds {
                #reverse
            }
        }
    }

    /// The same for callers that do not want back what they lend.
    fn losing_links(&self) -> TokenStream {
        let signature = self.signature;
        let lends = signature
            .params
            .iter()
            .any(|param| param.passing == Passing::Exclusive);
        if signature.sibling || !lends {
            return TokenStream::new();
        }
        let private = &self.private;
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, names) = (self.entry_params(), self.entry_names());
        let (shadow_params, shadows) = (self.shadow_params(), self.shadow_names());
        let (output, reads) = (&signature.output, self.reads_constant());
        let [tape, seed] = ["tape", "cotangent"].map(names::local);
        let (forward, reverse) = (self.pass("FORWARD_LOSING"), self.pass("REVERSE_LOSING"));
        let none = signature.params.iter().map(|_| quote!(None));
        quote! {
            #reads

            #[doc(hidden)]
            #[inline]
            pub fn __losing_forward #generics (
                #(#params,)* #tape: &mut #private::Tape
            ) -> #output #bounds {
                let #seed = #private::Val::blank();
                Self::__split #forward (#(#names,)* #(#none,)* #seed, #tape)
            }

            #[doc(hidden)]
            #[inline]
            pub fn __losing_reverse #generics (
                #(#params,)* #(#shadow_params,)* #seed: #output, #tape: &mut #private::Tape
            ) #bounds {
                Self::__split #reverse (#(#names,)* #(#shadows,)* #seed, #tape);
            }
        }
    }

    /// The two halves of a function from numbers to a number, whose partial derivatives are all that
    /// its reverse half needs: the forward half computes them at once, while it knows everything.
    fn by_partials(&self) -> Option<(TokenStream, TokenStream)> {
        let (signature, private) = (self.signature, &self.private);
        let is_number = |ty: &Type| signature.shape(ty) == Shape::Float;
        let plain = signature.params.iter().all(|param| {
            param.passing == Passing::Value
                && (param.shape == Shape::Discrete || is_number(&param.ty))
        });
        let active = |&&id: &&SlotId| self.function.slot(id).active;
        let (partials, types): (Vec<Ident>, Vec<_>) = self
            .function
            .params
            .iter()
            .zip(&signature.params)
            .filter(|(id, _)| active(id))
            .map(|(&id, param)| (names::shadow(&self.function.slot(id).name), &param.ty))
            .unzip();
        if self.function.taped || !plain || !is_number(&signature.output) || partials.is_empty() {
            return None;
        }
        let output = signature.output.to_token_stream().to_string();
        let one_type = types
            .iter()
            .all(|ty| ty.to_token_stream().to_string() == output);
        if !(one_type || signature.floats.is_empty()) {
            return None;
        }
        let converted = types.iter().rev().map(|ty| match one_type {
            true => quote!(),
            false => quote!(as #ty),
        });
        let one = self.one();
        let [tape, seed, value] = ["tape", "cotangent", "value"].map(names::local);
        let (names, both) = (self.entry_names(), self.pass("BOTH"));
        let wanted = self.function.params.iter().map(|&id| {
            let slot = self.function.slot(id);
            let partial = names::shadow(&slot.name);
            if slot.active {
                quote!(Some(&mut #partial))
            } else {
                quote!(None)
            }
        });
        let outer = self.function.params.iter().filter(active);
        let outer: Vec<Ident> = outer
            .map(|&id| super::outer_shadow(&self.function.slot(id).name))
            .collect();
        let (last, last_types) = (partials.iter().rev(), types.iter().rev());
        let last_outer = outer.iter().rev();
        Some((
            quote! {
                #(let mut #partials: #types = #private::Val::blank();)*
                let #value = Self::__split #both (#(#names,)* #(#wanted,)* #one, #tape);
                #(#private::Val::save(&#partials, #tape);)*
                #value
            },
            quote! {
                #(
                    let mut #last: #last_types = #private::Val::blank();
                    #private::Val::load(&mut #last, #tape);
                    if let Some(outer) = #last_outer { *outer += #seed #converted * #last; }
                )*
            },
        ))
    }
}
