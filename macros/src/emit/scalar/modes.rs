//! The entry points beyond the gradient: `jvp`, `hvp`, `value_grad_and_hvp` and `hessian`, over
//! the two functions that carry tangents.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Type;

use super::{Emitter, Storage};
use crate::diag::{self, Code};
use crate::frontend::array;
use crate::frontend::shape::Shape;
use crate::frontend::signature::Passing;
use crate::names;

impl Emitter<'_> {
    /// Everything with tangents: entry points, links, and the functions themselves.
    pub(super) fn modes(&self) -> TokenStream {
        let name = &self.signature.name;
        if !self.function.has_tangents() {
            let message = format!("`{name}` has no forward mode");
            let refused = diag::deferred(Code::Forward, &message);
            let (tangent, links) = (self.refused_tangent(&refused), self.refused_links(&refused));
            return quote!(#tangent #links);
        }
        let forward = self.storing(Storage::Nowhere).tangent_function();
        let scalar = self.signature.shape(&self.signature.output) == Shape::Float;
        let jvp = self.jvp();
        let exclusive = self.exclusive().next().is_some();
        let jacobian = match (exclusive, scalar) {
            (true, _) => Some(self.jacobian_in_place()),
            (false, scalar) => (!scalar).then(|| self.jacobian()),
        };
        if !self.has_second() {
            let message = format!("the gradient of `{name}` cannot be differentiated");
            let refused = self.refused_links(&diag::deferred(Code::Order, &message));
            return quote!(#jvp #jacobian #refused #forward);
        }
        let (functions, links) = (self.second_function(), self.second_links());
        if exclusive {
            return quote!(#jvp #jacobian #links #functions #forward);
        }
        let run = self.second_run();
        let products = scalar.then(|| {
            let (hvp, hessian, nested) = (self.hvp(), self.hessian(), self.nested_links());
            quote!(#hvp #hessian #nested)
        });
        quote!(#jvp #jacobian #products #run #links #functions #forward)
    }

    /// Whether the gradient code can be differentiated, and is to be.
    pub(super) fn has_second(&self) -> bool {
        !(self.function.nests() || self.signature.once)
    }

    /// The positions of `&mut` parameters.
    pub(super) fn exclusive(&self) -> impl Iterator<Item = usize> {
        let params = self.signature.params.iter().enumerate();
        params
            .filter(|(_, param)| param.passing == Passing::Exclusive)
            .map(|(at, _)| at)
    }

    /// What callers link to where there is no forward mode: their gradients compile, and using
    /// their forward mode is an error.
    fn refused_tangent(&self, message: &str) -> TokenStream {
        let (private, output) = (&self.private, &self.signature.output);
        let t_output = self.tangent_type(output);
        let (generics, bounds) = self.lane_generics(quote!());
        let (params, t_params) = (self.entry_params(), self.tangent_params());
        let lane_type = Self::lanes();
        let refusal = quote!(const { #private::refuse(#message) });
        quote! {
            #[doc(hidden)]
            pub fn __tangent #generics (
                #(#params,)* #(#t_params,)* _: #lane_type
            ) -> (#output, #t_output) #bounds {
                #refusal
            }
        }
    }

    /// The same where the gradient code has no forward mode.
    fn refused_links(&self, message: &str) -> TokenStream {
        let (private, output) = (&self.private, &self.signature.output);
        let t_output = self.tangent_type(output);
        let (generics, bounds) = self.lane_generics(quote!());
        let (params, t_params) = (self.entry_params(), self.tangent_params());
        let (shadow_params, t_shadow_params) = (self.shadow_params(), self.shadow_tangent_params());
        let lane_type = Self::lanes();
        let refusal = quote!(const { #private::refuse(#message) });
        quote! {
            #[doc(hidden)]
            pub fn __second_forward #generics (
                #(#params,)* #(#t_params,)* _: &mut #private::Tape, _: #lane_type
            ) -> (#output, #t_output) #bounds {
                #refusal
            }
            #[doc(hidden)]
            pub fn __second_reverse #generics (
                #(#params,)* #(#t_params,)* #(#shadow_params,)* #(#t_shadow_params,)*
                _: #output, _: #t_output, _: &mut #private::Tape, _: #lane_type
            ) #bounds {
                #refusal
            }
        }
    }

    /// The user's types and constants, the lanes, and more, as arguments.
    pub(super) fn lane_turbofish(&self, lanes: TokenStream, more: TokenStream) -> TokenStream {
        self.turbofish(quote!(#lanes, #more))
    }

    /// Whether the gradient has this parameter, and where in its tuple.
    pub(super) fn position(&self, at: usize) -> Option<usize> {
        self.signature.wrt.iter().position(|&chosen| chosen == at)
    }

    /// A part of a tuple with one element per `wrt` parameter; a single one stands bare.
    pub(super) fn part(&self, of: &TokenStream, position: usize) -> TokenStream {
        if self.signature.wrt.len() == 1 {
            quote!((#of))
        } else {
            let index = syn::Index::from(position);
            quote!((#of).#index)
        }
    }

    /// One value per `wrt` parameter: bare if there is one, else a tuple.
    fn per_wrt(&self, make: &dyn Fn(usize) -> TokenStream) -> TokenStream {
        let parts = self.signature.wrt.iter().map(|&at| make(at));
        if self.signature.wrt.len() == 1 {
            quote!(#(#parts)*)
        } else {
            quote!((#(#parts,)*))
        }
    }

    /// The type of the gradient's tangent.
    pub(super) fn gradient_tangent_type(&self) -> TokenStream {
        let (private, lanes) = (&self.private, Self::lanes());
        self.per_wrt(&|at| match &self.signature.params[at].ty {
            Type::Slice(slice) => {
                let element = &slice.elem;
                quote!(::std::vec::Vec<<#element as #private::Tangent<#lanes>>::Of>)
            }
            ty => match array::parts(ty) {
                Some((element, dimension)) => {
                    let element = self.tangent_type(element);
                    quote!(#private::ndarray::Array<#element, #dimension>)
                }
                None => self.tangent_type(ty),
            },
        })
    }

    pub(super) fn zero_gradient(&self) -> TokenStream {
        let private = &self.private;
        self.per_wrt(&|at| {
            let primal = self.primal(at);
            quote!(#private::Primal::gradient(#primal))
        })
    }

    pub(super) fn zero_direction(&self, lanes: &TokenStream) -> TokenStream {
        let private = &self.private;
        self.per_wrt(&|at| {
            let primal = self.primal(at);
            quote!(#private::Direction::<#lanes>::direction(#primal))
        })
    }

    /// The arguments once more: those passed by value are cloned.
    pub(super) fn again(&self) -> Vec<TokenStream> {
        let params = self.signature.params.iter().zip(self.entry_names());
        params
            .map(|(param, name)| match param.passing {
                Passing::Value => quote!(::core::clone::Clone::clone(&#name)),
                Passing::Shared | Passing::Exclusive => name,
            })
            .collect()
    }

    /// The same as arguments of what users call.
    pub(super) fn public_again(&self) -> Vec<TokenStream> {
        let params = self.signature.params.iter();
        let all = params.zip(self.again()).zip(self.public_names());
        all.map(|((param, again), given)| match param.view {
            Some(_) => given,
            None => again,
        })
        .collect()
    }

    /// Runs both passes with tangents on a tape of its own.
    fn second_run(&self) -> TokenStream {
        let Emitter {
            signature, private, ..
        } = self;
        let output = &signature.output;
        let t_output = self.tangent_type(output);
        let (gradient, t_gradient) = (self.gradient_type(), self.gradient_tangent_type());
        let (params, t_params) = (self.entry_params(), self.tangent_params());
        let (again, kept, adopted) = (self.again(), self.kept_arguments(), self.adopt_constants());
        let [tape, seed, grads, t_grads, lanes, value] =
            ["tape", "cotangent", "grads", "__t_grads", "lanes", "value"].map(names::local);
        let t_names: Vec<Ident> = self.tangent_names();
        let none: Vec<TokenStream> = signature.params.iter().map(|_| quote!(None)).collect();
        let shadows = |of: &Ident| -> Vec<TokenStream> {
            (0..signature.params.len())
                .map(|at| match self.position(at) {
                    Some(position) => {
                        let part = self.part(&quote!(*#of), position);
                        quote!(Some(&mut #part))
                    }
                    None => quote!(None),
                })
                .collect()
        };
        let (shadows, t_shadows) = (shadows(&grads), shadows(&t_grads));
        let t_again =
            signature
                .params
                .iter()
                .zip(&t_names)
                .map(|(param, name)| match param.passing {
                    Passing::Exclusive => quote!(#name.as_deref_mut()),
                    _ => quote!(::core::clone::Clone::clone(&#name)),
                });
        let zero = self.zero_tangent(&quote!(#seed));
        let (generics, bounds) = self.lane_generics(quote!());
        let lane_type = Self::lanes();
        let forward = self.lane_turbofish(Self::lanes(), quote!(false));
        let reverse = self.lane_turbofish(Self::lanes(), quote!(true));
        quote! {
            fn __second_run #generics (
                #(#params,)* #(#t_params,)* #seed: #output,
                #grads: &mut #gradient, #t_grads: &mut #t_gradient, #lanes: #lane_type
            ) -> (#output, #t_output) #bounds {
                #private::Tape::with(|#tape| {
                    let #value = Self::__second #forward (
                        #(#again,)* #(#t_again,)* #(#none,)* #(#none,)*
                        ::core::clone::Clone::clone(&#seed), #zero, #tape, #lanes
                    );
                    Self::__second #reverse (
                        #(#kept,)* #(#t_names,)* #(#shadows,)* #(#t_shadows,)*
                        ::core::clone::Clone::clone(&#seed), #zero, #tape, #lanes
                    );
                    #adopted
                    #value
                })
            }
        }
    }

    pub(super) fn tangent_names(&self) -> Vec<Ident> {
        let params = self.function.params.iter();
        params
            .map(|&slot| names::tangent(&self.function.slot(slot).name))
            .collect()
    }

    /// What the code with tangents of other functions calls.
    fn second_links(&self) -> TokenStream {
        let Emitter {
            signature, private, ..
        } = self;
        let output = &signature.output;
        let t_output = self.tangent_type(output);
        let (generics, bounds) = self.lane_generics(quote!());
        let (params, t_params) = (self.entry_params(), self.tangent_params());
        let (names, t_names) = (self.entry_names(), self.tangent_names());
        let (shadow_params, t_shadow_params) = (self.shadow_params(), self.shadow_tangent_params());
        let shadows = self.shadow_names();
        let t_shadows = self.shadow_tangent_names();
        let none: Vec<TokenStream> = signature.params.iter().map(|_| quote!(None)).collect();
        let [tape, seed, t_seed, lanes] =
            ["tape", "cotangent", "__t_cotangent", "lanes"].map(names::local);
        let lane_type = Self::lanes();
        let forward = self.lane_turbofish(Self::lanes(), quote!(false));
        let reverse = self.lane_turbofish(Self::lanes(), quote!(true));
        let zero = self.zero_tangent(&quote!(#seed));
        quote! {
            #[doc(hidden)]
            #[inline]
            pub fn __second_forward #generics (
                #(#params,)* #(#t_params,)* #tape: &mut #private::Tape, #lanes: #lane_type
            ) -> (#output, #t_output) #bounds {
                let #seed: #output = #private::Val::blank();
                let #t_seed = #zero;
                Self::__second #forward (
                    #(#names,)* #(#t_names,)* #(#none,)* #(#none,)*
                    #seed, #t_seed, #tape, #lanes
                )
            }
            #[doc(hidden)]
            #[inline]
            pub fn __second_reverse #generics (
                #(#params,)* #(#t_params,)* #(#shadow_params,)* #(#t_shadow_params,)*
                #seed: #output, #t_seed: #t_output,
                #tape: &mut #private::Tape, #lanes: #lane_type
            ) #bounds {
                Self::__second #reverse (
                    #(#names,)* #(#t_names,)* #(#shadows,)* #(#t_shadows,)*
                    #seed, #t_seed, #tape, #lanes
                );
            }
        }
    }

    fn jvp(&self) -> TokenStream {
        let (private, output) = (&self.private, &self.signature.output);
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, along) = (self.public_params(), self.direction_params());
        let (names, directions) = (self.entry_names(), self.directions());
        let (checks, towards) = (self.direction_checks(), self.towards());
        let run = quote!(Self::__tangent(#(#names,)* #(#directions,)* #private::Single));
        let back = self.directions_back();
        let run = match (
            self.signature.shape(output).mentions_named(),
            back.is_empty(),
        ) {
            (false, true) => run,
            (named, _) => {
                let single = quote!(#private::Tangent::<#private::Single>);
                let along = match named {
                    true => quote!(#single::first_lane(&value, &along)),
                    false => quote!(along),
                };
                quote!(let (value, along) = #run; let along = #along; #back (value, along))
            }
        };
        quote! {
            /// The value, and its derivative in a direction: one for each parameter of the
            /// gradient. The direction of a `&mut` parameter becomes that of its final content.
            ///
            /// # Panics
            /// When the direction of a slice has another length than the slice.
            #[inline]
            #[track_caller]
            pub fn jvp #generics (#(#params,)* #(#along),*) -> (#output, #output) #bounds {
                #checks
                #towards
                #run
            }
        }
    }

    fn hvp(&self) -> TokenStream {
        let (private, output) = (&self.private, &self.signature.output);
        let (generics, bounds) = self.generics(TokenStream::new());
        let gradient = self.gradient_type();
        let (params, along) = (self.public_params(), self.direction_params());
        let (names, directions) = (self.entry_names(), self.directions());
        let t_names = self
            .signature
            .wrt
            .iter()
            .map(|&at| names::tangent(&self.function.slot(self.function.params[at]).name));
        let (zeros, all) = (self.zero_gradient(), self.public_names());
        let t_zeros = self.zero_direction(&quote!(#private::Single));
        let [grads, t_grads, value] = ["grads", "__t_grads", "value"].map(names::local);
        let one = self.one();
        let (checks, towards) = (self.direction_checks(), self.towards());
        let whole = self.own("value_grad_and_hvp");
        let product = match self.has_structures() {
            true => quote!(#private::Tangent::<#private::Single>::first_lane(&#grads, &#t_grads)),
            false => quote!(#t_grads),
        };
        quote! {
            /// The Hessian times a direction, which is one for each parameter of the gradient.
            ///
            /// # Panics
            /// When the direction of a slice has another length than the slice.
            #[inline]
            #[track_caller]
            pub fn hvp #generics (#(#params,)* #(#along),*) -> #gradient #bounds {
                Self::#whole(#(#all,)* #(#t_names),*).2
            }

            /// The value, the gradient, and the Hessian times a direction, in one run.
            ///
            /// # Panics
            /// When the direction of a slice has another length than the slice.
            #[inline]
            #[track_caller]
            pub fn value_grad_and_hvp #generics (
                #(#params,)* #(#along),*
            ) -> (#output, #gradient, #gradient) #bounds {
                #checks
                let mut #grads = #zeros;
                let mut #t_grads = #t_zeros;
                #towards
                let (#value, _) = Self::__second_run(
                    #(#names,)* #(#directions,)* #one, &mut #grads, &mut #t_grads, #private::Single
                );
                let product = #product;
                (#value, #grads, product)
            }
        }
    }

    fn hessian(&self) -> TokenStream {
        let (private, output) = (&self.private, &self.signature.output);
        let (generics, bounds) = self.generics(TokenStream::new());
        let (lane_generics, lane_bounds) = self.lane_generics(quote!());
        let (params, names) = (self.entry_params(), self.entry_names());
        let given = self.public_params();
        let [grads, t_grads, lanes, along] =
            ["grads", "__t_grads", "lanes", "directions"].map(names::local);
        let (zeros, lane_type) = (self.zero_gradient(), Self::lanes());
        let (directions, t_zeros) = (
            self.zero_direction(&lane_type),
            self.zero_direction(&lane_type),
        );
        let (again, owned) = (self.again(), self.owned_directions(&quote!(*#along)));
        let count = quote!(#private::Entries::entries(&#zeros));
        let one = self.one();
        quote! {
            /// The matrix of second derivatives over all floats of the gradient, in order;
            /// symmetric to the last bit. Several columns are computed at a time.
            #[inline]
            pub fn hessian #generics (#(#given),*) -> #private::Matrix<#output> #bounds {
                match #count {
                    0 | 1 => Self::__hessian(#(#names,)* #private::Single),
                    2..=4 => Self::__hessian(#(#names,)* #private::Wide::<4>),
                    _ => Self::__hessian(#(#names,)* #private::Wide::<8>),
                }
            }

            #[doc(hidden)]
            pub fn __hessian #lane_generics (
                #(#params,)* #lanes: #lane_type
            ) -> #private::Matrix<#output> #lane_bounds {
                #private::hessian::<#lane_type, _, _, _>(#directions, |#along| {
                    let mut #grads = #zeros;
                    let mut #t_grads = #t_zeros;
                    Self::__second_run(
                        #(#again,)* #(#owned,)* #one, &mut #grads, &mut #t_grads, #lanes
                    );
                    #t_grads
                })
            }
        }
    }
}
