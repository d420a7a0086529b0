//! The companion struct of a scalar function and its entry points.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use super::{Emitter, Storage};
use crate::args::Args;
use crate::autodiff::scalar::reversal;
use crate::frontend::signature::{Passing, Shape, Signature, shape_of};
use crate::ir::scalar::Function;
use crate::names;

/// Prints everything that stands beside the user's function.
pub(crate) fn expand(signature: &Signature, function: &Function, args: &Args) -> TokenStream {
    let emitter = Emitter {
        function,
        signature,
        private: names::private(args),
        storage: Storage::Tape,
        tangents: false,
    };
    let companion = names::companion(args, &signature.name);
    let (private, visibility) = (&emitter.private, &signature.visibility);
    let name = &signature.name;
    let text = name.to_string();
    let doc = format!("Derivatives of [`{text}`](fn@{text}).");
    let entries = emitter.entries();
    let links = emitter.links();
    let (split, check) = (emitter.split(), emitter.check());
    let pullback = emitter.pullback();
    // Code with tangents runs every loop from the tape.
    let taped = reversal::taped(function);
    let with_tangents = Emitter {
        function: &taped,
        signature,
        private: emitter.private.clone(),
        storage: Storage::Tape,
        tangents: true,
    };
    let modes = with_tangents.modes();
    let used = signature.generics.params.is_empty().then(|| {
        quote! {
            const _: () = {
                #[allow(dead_code, reason = "calling only the gradient is a use of the primal")]
                fn primal_is_used() {
                    let _ = #name;
                }
            };
        }
    });
    quote! {
        #[doc = #doc]
        #[allow(non_camel_case_types, reason = "it is named like the function")]
        #visibility struct #companion {}

        #[automatically_derived]
        impl #private::DifferentiableFn for #companion {
            const NAME: &'static str = #text;
        }

        #[automatically_derived]
        #[allow(warnings, clippy::all, clippy::pedantic, reason = "generated code")]
        impl #companion {
            #entries
            #links
            #check
            #pullback
            #modes
            #split
        }

        #used
    }
}

impl Emitter<'_> {
    /// What users call.
    fn entries(&self) -> TokenStream {
        let Emitter {
            signature, private, ..
        } = self;
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, names) = (self.entry_params(), self.entry_names());
        let output = &signature.output;
        let gradient = self.gradient_type();
        let [tape, seed, grads, value] =
            ["tape", "cotangent", "grads", "value"].map(crate::names::local);
        let turbofish = |reverse: TokenStream| self.turbofish(reverse);
        let (forward, reverse) = (turbofish(quote!(false)), turbofish(quote!(true)));
        let none = signature.params.iter().map(|_| quote!(None));
        let several = signature.wrt.len() != 1;
        let part = |position: usize| {
            if several {
                let index = syn::Index::from(position);
                quote!(#grads.#index)
            } else {
                quote!(*#grads)
            }
        };
        let wrt = || signature.wrt.iter().enumerate();
        let resets = wrt().map(|(position, &at)| {
            let (part, primal) = (part(position), self.primal(at));
            quote!(#private::Primal::reset(#primal, &mut #part);)
        });
        let zeros: Vec<TokenStream> = wrt()
            .map(|(_, &at)| {
                let primal = self.primal(at);
                quote!(#private::Primal::gradient(#primal))
            })
            .collect();
        let zeros = if several {
            quote!((#(#zeros,)*))
        } else {
            quote!(#(#zeros)*)
        };
        let shadows = (0..signature.params.len()).map(|at| {
            match signature.wrt.iter().position(|&chosen| chosen == at) {
                Some(position) => {
                    let part = part(position);
                    quote!(Some(&mut #part))
                }
                None => quote!(None),
            }
        });
        let run = quote! {
            fn __run #generics (
                #(#params,)* #seed: #output, #grads: &mut #gradient
            ) -> #output #bounds {
                #private::Tape::with(|#tape| {
                    let #value = Self::__split #forward (#(#names,)* #(#none,)* #seed, #tape);
                    #(#resets)*
                    Self::__split #reverse (#(#names,)* #(#shadows,)* #seed, #tape);
                    #value
                })
            }
        };
        let vjp = quote! {
            /// The value, and the cotangent of the parameters for a cotangent of the result.
            #[inline]
            pub fn vjp #generics (#(#params,)* #seed: #output) -> (#output, #gradient) #bounds {
                let mut #grads = #zeros;
                let #value = Self::__run(#(#names,)* #seed, &mut #grads);
                (#value, #grads)
            }
        };
        if shape_of(output) != Shape::Float {
            return quote!(#vjp #run);
        }
        quote! {
            /// The value and the gradient.
            #[inline]
            pub fn value_and_grad #generics (#(#params),*) -> (#output, #gradient) #bounds {
                let mut #grads = #zeros;
                let #value = Self::__run(#(#names,)* 1.0, &mut #grads);
                (#value, #grads)
            }

            /// The gradient.
            #[inline]
            pub fn grad #generics (#(#params),*) -> #gradient #bounds {
                Self::value_and_grad(#(#names),*).1
            }

            /// The value; overwrites `grads` with the gradient. Allocates nothing once a thread
            /// has called it with inputs of this size.
            #[inline]
            pub fn value_and_grad_into #generics (
                #(#params,)* #grads: &mut #gradient
            ) -> #output #bounds {
                Self::__run(#(#names,)* 1.0, #grads)
            }

            #vjp
            #run
        }
    }

    /// What other differentiable functions call.
    fn links(&self) -> TokenStream {
        let Emitter {
            signature, private, ..
        } = self;
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, names) = (self.entry_params(), self.entry_names());
        let output = &signature.output;
        let [tape, seed] = ["tape", "cotangent"].map(names::local);
        let (forward, reverse) = (self.turbofish(quote!(false)), self.turbofish(quote!(true)));
        let none = signature.params.iter().map(|_| quote!(None));
        let shadow_params = self.shadow_params();
        let shadows = self.shadow_names();
        quote! {
            #[doc(hidden)]
            #[inline]
            pub fn __forward #generics (
                #(#params,)* #tape: &mut #private::Tape
            ) -> #output #bounds {
                let seed = #private::Val::blank();
                Self::__split #forward (#(#names,)* #(#none,)* seed, #tape)
            }

            #[doc(hidden)]
            #[inline]
            pub fn __reverse #generics (
                #(#params,)* #(#shadow_params,)* #seed: #output, #tape: &mut #private::Tape
            ) #bounds {
                Self::__split #reverse (#(#names,)* #(#shadows,)* #seed, #tape);
            }
        }
    }

    /// Parameters as the user wrote them.
    pub(super) fn entry_params(&self) -> Vec<TokenStream> {
        let params = self.signature.params.iter().zip(&self.function.params);
        params
            .map(|(param, &slot)| {
                let (name, ty) = (&self.function.slot(slot).name, &param.ty);
                match param.passing {
                    Passing::Value => quote!(#name: #ty),
                    Passing::Shared => quote!(#name: &#ty),
                    Passing::Exclusive => quote!(#name: &mut #ty),
                }
            })
            .collect()
    }

    pub(super) fn entry_names(&self) -> Vec<TokenStream> {
        let params = self.function.params.iter();
        params
            .map(|&slot| {
                let name = &self.function.slot(slot).name;
                quote!(#name)
            })
            .collect()
    }

    pub(super) fn shadow_names(&self) -> Vec<TokenStream> {
        let params = self.function.params.iter();
        params
            .map(|&id| {
                let slot = self.function.slot(id);
                let name = if slot.reference {
                    names::shadow(&slot.name)
                } else {
                    super::outer_shadow(&slot.name)
                };
                quote!(#name)
            })
            .collect()
    }

    /// A reference to the argument of a parameter.
    pub(super) fn primal(&self, at: usize) -> TokenStream {
        let name = &self.function.slot(self.function.params[at]).name;
        match self.signature.params[at].passing {
            Passing::Value => quote!(&#name),
            Passing::Shared | Passing::Exclusive => quote!(#name),
        }
    }

    /// `::<N, true>`: the user's types and constants, then ours.
    pub(super) fn turbofish(&self, reverse: TokenStream) -> TokenStream {
        let names = self
            .signature
            .generics
            .params
            .iter()
            .filter_map(|param| match param {
                syn::GenericParam::Type(param) => Some(&param.ident),
                syn::GenericParam::Const(param) => Some(&param.ident),
                syn::GenericParam::Lifetime(_) => None,
            });
        quote!(::<#(#names,)* #reverse>)
    }

    /// The type of the gradient: one part per `wrt` parameter, bare if there is one.
    pub(super) fn gradient_type(&self) -> TokenStream {
        let parts: Vec<TokenStream> = self
            .signature
            .wrt
            .iter()
            .map(|&at| match &self.signature.params[at].ty {
                Type::Slice(slice) => {
                    let element = &slice.elem;
                    quote!(::std::vec::Vec<#element>)
                }
                ty => quote!(#ty),
            })
            .collect();
        if let [single] = parts.as_slice() {
            single.clone()
        } else {
            quote!((#(#parts,)*))
        }
    }
}
