//! The companion struct of a scalar function and its entry points.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Type;

use super::sibling::siblings;
use super::{Emitter, Storage};
use crate::args::Args;
use crate::autodiff::scalar::reversal;
use crate::frontend::array;
use crate::frontend::shape::Shape;
use crate::frontend::signature::{Param, Passing, Signature};
use crate::ir::scalar::Function;
use crate::names;

/// Prints everything that stands beside the user's function.
pub(crate) fn expand(signature: &Signature, function: &Function, args: &Args) -> TokenStream {
    let emitter = Emitter {
        function,
        signature,
        private: names::private(args),
        storage: Storage::Tape,
        turn: None,
        walk: None,
        tangents: false,
    };
    let companion = names::companion(args, &signature.name);
    let (private, visibility) = (&emitter.private, &signature.visibility);
    let name = &signature.name;
    let text = name.to_string();
    let doc = format!("Derivatives of [`{text}`](fn@{text}).");
    let plan = emitter.joint_plan();
    let joint = plan.as_ref().map(|plan| emitter.joint_function(plan));
    let entries = emitter.entries(plan.is_some());
    let links = emitter.links();
    let (split, check) = (emitter.split(), emitter.check());
    let pullback = emitter.pullback();
    let along = reversal::with_tangents(function);
    let with_tangents = Emitter {
        function: &along,
        signature,
        private: emitter.private.clone(),
        storage: Storage::Tape,
        turn: None,
        walk: None,
        tangents: true,
    };
    let modes = with_tangents.modes();
    if signature.sibling {
        let items = quote!(#entries #links #modes #split #joint);
        return siblings(items, signature);
    }
    let refusal = over_graphs(signature.params.len(), private);
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
            #joint
            #refusal
        }

        #used
    }
}

/// What a call from tensor code finds: an error that says that this is a function of numbers.
pub(super) fn over_graphs(arity: usize, private: &TokenStream) -> TokenStream {
    let types: Vec<Ident> = (0..arity)
        .map(|k| Ident::new(&format!("A{k}"), Span::mixed_site()))
        .collect();
    let builder = Ident::new("B", Span::mixed_site());
    // The error stands at the first argument, which is the user's.
    let first = types.first().unwrap_or(&builder);
    quote! {
        #[doc(hidden)]
        pub fn __instantiate<#builder, #(#types,)* R>(_: #builder, #(_: #types),*) -> R
        where
            #first: #private::OverGraphs<Self>,
        {
            loop {}
        }
    }
}

impl Emitter<'_> {
    /// Where the gradient of a `wrt` parameter is in `grads`.
    fn gradient_part(&self, position: usize) -> TokenStream {
        let grads = names::local("grads");
        if self.signature.wrt.len() == 1 {
            quote!(*#grads)
        } else {
            let index = syn::Index::from(position);
            quote!(#grads.#index)
        }
    }

    /// `__run`: both passes on a tape of this thread. With `seeded`, the gradients of `&mut`
    /// parameters come in as the cotangents of their final content.
    pub(super) fn run(&self, joint: bool) -> TokenStream {
        let Emitter {
            signature, private, ..
        } = self;
        let (generics, bounds) = self.generics(TokenStream::new());
        let params = self.entry_params();
        let (output, gradient) = (&signature.output, self.gradient_type());
        let [tape, kept, seed, seeded, grads, value] =
            ["tape", "kept", "cotangent", "seeded", "grads", "value"].map(names::local);
        let pass = |name| self.pass(name);
        let (forward, reverse) = (pass("FORWARD_LOSING"), pass("REVERSE_LOSING"));
        let at_once = pass("BOTH");
        let none = signature.params.iter().map(|_| quote!(None));
        let mut resets = TokenStream::new();
        for (position, &at) in signature.wrt.iter().enumerate() {
            let (part, primal) = (self.gradient_part(position), self.primal(at));
            let reset = quote!(#private::Primal::reset(#primal, &mut #part););
            resets.extend(if signature.params[at].passing == Passing::Exclusive {
                quote!(if !#seeded { #reset })
            } else {
                reset
            });
        }
        let mut shadows = Vec::new();
        for (at, &id) in self.function.params.iter().enumerate() {
            let slot = self.function.slot(id);
            shadows.push(
                match signature.wrt.iter().position(|&chosen| chosen == at) {
                    Some(position) => {
                        let part = self.gradient_part(position);
                        quote!(Some(&mut #part))
                    }
                    // What is written in place carries derivatives on, whoever asks for them.
                    None if slot.exclusive && slot.active => {
                        let (shadow, primal) = (names::shadow(&slot.name), self.primal(at));
                        resets
                            .extend(quote!(let mut #shadow = #private::Primal::gradient(#primal);));
                        quote!(Some(&mut #shadow))
                    }
                    None => quote!(None),
                },
            );
        }
        let (arguments, adopted) = (self.kept_arguments(), self.adopt_constants());
        let exclusive: Vec<TokenStream> = self
            .function
            .params
            .iter()
            .map(|&id| self.function.slot(id))
            .filter(|slot| slot.exclusive)
            .map(|slot| slot.name.to_token_stream())
            .collect();
        let both = if exclusive.is_empty() {
            let whole = match joint {
                true => quote!(__joint),
                false => quote!(__split #at_once),
            };
            quote! {
                #resets
                let #value = Self::#whole(#(#arguments,)* #(#shadows,)* #seed, #tape);
                #adopted
                #value
            }
        } else {
            // The reverse pass restores the initial content; the caller is owed the final one.
            let again = exclusive.iter().rev();
            let first = self.first_arguments();
            quote! {
                let #value = Self::__split #forward (
                        #(#first,)* #(#none,)* ::core::clone::Clone::clone(&#seed), #tape
                    );
                #resets
                #private::Tape::with(|#kept| {
                    #(#private::Primal::keep(&*#exclusive, #kept);)*
                    Self::__split #reverse (#(#arguments,)* #(#shadows,)* #seed, #tape);
                    #(#private::Primal::bring(&mut *#again, #kept);)*
                });
                #adopted
                #value
            }
        };
        // Calling only the gradient is a use of the primal.
        let used =
            (signature.sibling && signature.generics.type_params().next().is_none()).then(|| {
                let name = &signature.name;
                quote!(let _ = Self::#name;)
            });
        quote! {
            #[inline]
            fn __run #generics (
                #(#params,)* #seed: #output, #grads: &mut #gradient, #seeded: bool
            ) -> #output #bounds {
                #used
                #private::Tape::with(|#tape| { #both })
            }
        }
    }

    /// The arguments for the first of two runs: what is moved is cloned.
    fn first_arguments(&self) -> Vec<TokenStream> {
        self.arguments_where(&|param| !matches!(param.shape, Shape::Float | Shape::Discrete))
    }

    /// The arguments for the last run: what is read once more behind it is cloned.
    pub(super) fn kept_arguments(&self) -> Vec<TokenStream> {
        self.arguments_where(&|param| param.wrt && param.shape.mentions_named())
    }

    fn arguments_where(&self, cloned: &dyn Fn(&Param) -> bool) -> Vec<TokenStream> {
        let params = self.signature.params.iter().zip(self.entry_names());
        params
            .map(|(param, name)| match param.passing {
                Passing::Value if cloned(param) => quote!(::core::clone::Clone::clone(&#name)),
                _ => name,
            })
            .collect()
    }

    /// Gives the gradients of structures the fields that are marked `#[no_diff]`.
    pub(super) fn adopt_constants(&self) -> TokenStream {
        let private = &self.private;
        let chosen = self.signature.wrt.iter().enumerate();
        chosen
            .filter(|&(_, &at)| self.signature.params[at].shape.mentions_named())
            .map(|(position, &at)| {
                let (part, primal) = (self.gradient_part(position), self.primal(at));
                quote!(#private::Primal::adopt(#primal, &mut #part);)
            })
            .collect()
    }

    /// `vjp`: takes the cotangents of the result and of what `&mut` parameters hold at the end.
    pub(super) fn vjp(&self, zeros: &TokenStream) -> TokenStream {
        let Emitter {
            signature, private, ..
        } = self;
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, names) = (self.public_params(), self.entry_names());
        let (output, gradient) = (&signature.output, self.gradient_type());
        let [seed, grads, value] = ["cotangent", "grads", "value"].map(names::local);
        let text = signature.name.to_string();
        let nothing = is_nothing(output);
        let (mut seeds, mut set) = (Vec::new(), TokenStream::new());
        for (position, &at) in signature.wrt.iter().enumerate() {
            if signature.params[at].passing == Passing::Exclusive {
                let shadow = names::shadow(&signature.params[at].name);
                let ty = gradient_of(&signature.params[at].ty, private);
                let (part, primal) = (self.gradient_part(position), self.primal(at));
                seeds.push(quote!(#shadow: #ty));
                set.extend(quote! {
                    #private::assert_shape(#text, &#private::Primal::gradient(#primal), &#shadow);
                    #part = #shadow;
                });
            }
        }
        let (seed_param, seed_value) = if nothing {
            (quote!(), quote!(()))
        } else {
            (quote!(#seed: #output,), quote!(#seed))
        };
        let result = if nothing {
            quote!(#gradient)
        } else {
            quote!((#output, #gradient))
        };
        let returned = if nothing {
            quote!(#grads)
        } else {
            quote!((#value, #grads))
        };
        let own = if set.is_empty() {
            quote!()
        } else {
            quote!({ let #grads = &mut #grads; #set })
        };
        quote! {
            /// The value, and the cotangent of the parameters for a cotangent of the result and of
            /// the final content of each `&mut` parameter.
            ///
            /// # Panics
            /// If a cotangent has another shape than what it belongs to.
            #[inline]
            pub fn vjp #generics (#(#params,)* #seed_param #(#seeds,)*) -> #result #bounds {
                let mut #grads = #zeros;
                #own
                let #value = Self::__run(#(#names,)* #seed_value, &mut #grads, true);
                #returned
            }
        }
    }

    /// Parameters of what users call: as they wrote them.
    pub(super) fn public_params(&self) -> Vec<TokenStream> {
        let params = self.signature.params.iter().zip(self.entry_params());
        params
            .map(|(param, inner)| match (&param.view, param.passing) {
                (None, _) => inner,
                (Some(ty), passing) => {
                    let name = &param.name;
                    let mutable = (passing == Passing::Exclusive).then(|| quote!(mut));
                    quote!(#mutable #name: #ty)
                }
            })
            .collect()
    }

    /// The parameters as arguments of what users call.
    pub(super) fn public_names(&self) -> Vec<TokenStream> {
        let params = self.signature.params.iter().zip(self.entry_names());
        params
            .map(|(param, inner)| match (&param.view, param.passing) {
                (None, _) => inner,
                (Some(_), Passing::Exclusive) => quote!((#inner).view_mut()),
                (Some(_), _) => quote!((#inner).view()),
            })
            .collect()
    }

    /// Parameters of generated functions: views of arrays are references to what they refer to.
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
        let params = self.function.params.iter().zip(&self.signature.params);
        params
            .map(|(&id, param)| {
                let slot = self.function.slot(id);
                let name = &slot.name;
                if slot.exclusive {
                    quote!(&mut *#name)
                } else if param.view.is_some() {
                    quote!(&*#name)
                } else {
                    quote!(#name)
                }
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
            Passing::Shared if self.signature.params[at].view.is_none() => quote!(#name),
            Passing::Shared | Passing::Exclusive => quote!(&*#name),
        }
    }

    /// `::<N, REVERSE>`: what is asked of `__split`.
    pub(super) fn pass(&self, name: &str) -> TokenStream {
        let (private, name) = (&self.private, Ident::new(name, Span::mixed_site()));
        self.turbofish(quote!({ #private::pass::#name }))
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
            .map(|&at| gradient_of(&self.signature.params[at].ty, &self.private))
            .collect();
        if let [single] = parts.as_slice() {
            single.clone()
        } else {
            quote!((#(#parts,)*))
        }
    }
}

/// The type of the gradient of a parameter.
fn gradient_of(ty: &Type, private: &TokenStream) -> TokenStream {
    match ty {
        Type::Slice(slice) => {
            let element = &slice.elem;
            quote!(::std::vec::Vec<#element>)
        }
        ty => match array::parts(ty) {
            Some((element, dimension)) => {
                quote!(#private::ndarray::Array<#element, #dimension>)
            }
            None => quote!(#ty),
        },
    }
}

/// Whether a function returns nothing.
fn is_nothing(output: &Type) -> bool {
    matches!(output, Type::Tuple(parts) if parts.elems.is_empty())
}
