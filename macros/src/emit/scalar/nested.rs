//! What a function that asks for this one's gradient, or for its derivative in a direction, links to.
//!
//! Second derivatives are symmetric: handing a cotangent of the gradient on to the parameters is a
//! Hessian-vector product with that cotangent as the direction. So gradient code is never reversed;
//! all it takes is its code with tangents, along all parameters.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Emitter;
use super::second::carries;
use crate::frontend::signature::Passing;
use crate::names;

impl Emitter<'_> {
    /// `__gradient_reverse` and `__gradient_tangent`, and the same of `jvp`.
    pub(super) fn nested_links(&self) -> TokenStream {
        let (reverse, tangent) = (self.gradient_reverse(), self.gradient_tangent());
        // The tangent of a structure is of another type than the direction.
        let directional = (!self.has_structures()).then(|| {
            let (reverse, tangent) = (self.directional_reverse(), self.directional_tangent());
            quote!(#reverse #tangent)
        });
        quote!(#reverse #tangent #directional)
    }

    /// The value and the derivative along `v` have the cotangents `a` and `b`: the parameters get
    /// `a g' + b H v`, which is the tangent of the adjoint of `b` where `b` has the tangent `a`, and
    /// the direction gets `b g'`, which is that adjoint.
    fn directional_reverse(&self) -> TokenStream {
        let (private, signature) = (&self.private, self.signature);
        let output = &signature.output;
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, along) = (self.entry_params(), self.direction_params());
        let (names, again, directions) = (self.entry_names(), self.again(), self.directions());
        let (shadow_params, checks) = (self.shadow_params(), self.direction_checks());
        let [value, slope, tape] = ["cotangent", "slope", "tape"].map(names::local);
        let (mut along_params, mut along_shadows) = (Vec::new(), Vec::new());
        let (mut shadows, mut again_along) = (Vec::new(), Vec::new());
        for (at, (param, shadow)) in signature.params.iter().zip(self.shadow_names()).enumerate() {
            shadows.push(match carries(param) {
                true => shadow,
                false => quote!(None),
            });
            let Some(_) = self.position(at) else {
                along_shadows.push(quote!(None));
                again_along.push(quote!(None));
                continue;
            };
            let direction = names::tangent(&self.function.slot(self.function.params[at]).name);
            let (shadow, ty) = (names::shadow(&direction), &param.ty);
            along_params.push(quote!(#shadow: Option<&mut #ty>));
            along_shadows.push(quote!(#shadow));
            again_along.push(match param.passing {
                Passing::Value => quote!(Some(::core::clone::Clone::clone(&#direction))),
                Passing::Shared | Passing::Exclusive => quote!(Some(#direction)),
            });
        }
        let none: Vec<TokenStream> = params.iter().map(|_| quote!(None)).collect();
        let single = quote!(#private::Single);
        let forward = self.lane_turbofish(single.clone(), quote!(false));
        let reverse = self.lane_turbofish(single.clone(), quote!(true));
        quote! {
            #[doc(hidden)]
            #[inline]
            pub fn __jvp_reverse #generics (
                #(#params,)* #(#along,)* #(#shadow_params,)* #(#along_params,)*
                #value: #output, #slope: #output
            ) #bounds {
                #checks
                #private::Tape::with(|#tape| {
                    Self::__second #forward (
                        #(#again,)* #(#again_along,)* #(#none,)* #(#none,)*
                        #slope, #value, #tape, #single
                    );
                    Self::__second #reverse (
                        #(#names,)* #(#directions,)* #(#along_shadows,)* #(#shadows,)*
                        #slope, #value, #tape, #single
                    );
                });
            }
        }
    }

    fn directional_tangent(&self) -> TokenStream {
        let (private, output) = (&self.private, &self.signature.output);
        let (generics, bounds) = self.lane_generics(quote!());
        let (params, along, names) = (
            self.entry_params(),
            self.direction_params(),
            self.entry_names(),
        );
        // The directions have the names that tangents of parameters have elsewhere.
        let moved = |name: &Ident| names::tangent(&names::tangent(name));
        let t_params = self.each_tangent(|slot| moved(&slot.name));
        let slots = self
            .function
            .params
            .iter()
            .map(|&id| self.function.slot(id));
        let t_names = slots.map(|slot| moved(&slot.name));
        let t_output = self.tangent_type(output);
        let (lane_type, checks) = (Self::lanes(), self.direction_checks());
        let [of, tangent, lanes] = ["of", "tangent", "lanes"].map(names::local);
        let (mut turns, mut parts) = (Vec::new(), TokenStream::new());
        let wrt = self.signature.wrt.len();
        for (position, &at) in self.signature.wrt.iter().enumerate() {
            let param = &self.signature.params[at];
            let name = &self.function.slot(self.function.params[at]).name;
            let (direction, turn) = (names::tangent(name), names::tangent(&names::shadow(name)));
            let ty = self.tangent_type(&param.ty);
            let (gradient, t_gradient) = match wrt {
                1 => (quote!(&#of.1), quote!(&#tangent.1)),
                _ => {
                    let index = syn::Index::from(position);
                    (quote!(&#of.1.#index), quote!(&#tangent.1.#index))
                }
            };
            let (given, direction, turn_of) = match param.passing {
                Passing::Value => (
                    quote!(Option<#ty>),
                    quote!(&#direction),
                    quote!(#turn.as_ref()),
                ),
                _ => (quote!(Option<&#ty>), quote!(#direction), quote!(#turn)),
            };
            turns.push(quote!(#turn: #given));
            parts.extend(quote! {
                let part = #private::directional::<#lane_type, #output>(
                    #gradient, #t_gradient, #direction, #turn_of
                );
                slope += part.0;
                turning += part.1;
            });
        }
        quote! {
            #[doc(hidden)]
            pub fn __jvp_tangent #generics (
                #(#params,)* #(#along,)* #(#t_params,)* #(#turns,)* #lanes: #lane_type
            ) -> ((#output, #output), (#t_output, #t_output)) #bounds {
                #checks
                let (#of, #tangent) = Self::__gradient_tangent(#(#names,)* #(#t_names,)* #lanes);
                let mut slope: #output = #private::Val::blank();
                let mut turning: #t_output = #private::Val::blank();
                #parts
                ((#of.0, slope), (#tangent.0, turning))
            }
        }
    }

    fn gradient_reverse(&self) -> TokenStream {
        let (private, signature) = (&self.private, self.signature);
        let output = &signature.output;
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, shadow_params) = (self.entry_params(), self.shadow_params());
        let (names, again) = (self.entry_names(), self.again());
        // The shadows of the caller receive the tangents of ours.
        let (mut before, mut after) = (TokenStream::new(), TokenStream::new());
        let mut shadows = Vec::new();
        for (at, (param, shadow)) in signature.params.iter().zip(self.shadow_names()).enumerate() {
            shadows.push(if !carries(param) {
                quote!(None)
            } else if param.shape.mentions_named() {
                let (primal, of) = (self.primal(at), names::tangent(&param.name));
                let zero = names::shadow(&of);
                before.extend(quote! {
                    let #zero = #private::Primal::gradient(#primal);
                    let mut #of = #private::Direction::<#private::Single>::direction(#primal);
                });
                after.extend(quote! {
                    if let Some(shadow) = #shadow {
                        let of = #private::Tangent::<#private::Single>::first_lane(&#zero, &#of);
                        #private::Primal::add(shadow, &of);
                    }
                });
                quote!(Some(&mut #of))
            } else {
                shadow
            });
        }
        let [value, gradient, tape] = ["cotangent", "direction", "tape"].map(names::local);
        let gradient_type = self.gradient_type();
        let directions = self.owned_directions(&quote!(#gradient));
        let towards = self.has_structures().then(|| {
            quote! {
                let mut #gradient = #private::Tangent::<#private::Single>::along(&#gradient);
                #private::Val::clear_constants(&mut #gradient);
            }
        });
        let none: Vec<TokenStream> = params.iter().map(|_| quote!(None)).collect();
        let (single, one) = (quote!(#private::Single), self.one());
        let forward = self.lane_turbofish(single.clone(), quote!(false));
        let reverse = self.lane_turbofish(single.clone(), quote!(true));
        quote! {
            #[doc(hidden)]
            #[inline]
            pub fn __gradient_reverse #generics (
                #(#params,)* #(#shadow_params,)* #value: #output, #gradient: #gradient_type
            ) #bounds {
                #towards
                #before
                #private::Tape::with(|#tape| {
                    Self::__second #forward (
                        #(#again,)* #(#directions,)* #(#none,)* #(#none,)*
                        #one, #value, #tape, #single
                    );
                    Self::__second #reverse (
                        #(#names,)* #(#directions,)* #(#none,)* #(#shadows,)*
                        #one, #value, #tape, #single
                    );
                });
                #after
            }
        }
    }

    fn gradient_tangent(&self) -> TokenStream {
        let output = &self.signature.output;
        let (generics, bounds) = self.lane_generics(quote!());
        let (params, t_params) = (self.entry_params(), self.tangent_params());
        let (names, t_names) = (self.entry_names(), self.tangent_names());
        let (gradient, t_gradient) = (self.gradient_type(), self.gradient_tangent_type());
        let t_output = self.tangent_type(output);
        let [grads, t_grads, lanes] = ["grads", "__t_grads", "lanes"].map(names::local);
        let (lane_type, one) = (Self::lanes(), self.one());
        let (zeros, t_zeros) = (self.zero_gradient(), self.zero_direction(&lane_type));
        quote! {
            #[doc(hidden)]
            #[inline]
            pub fn __gradient_tangent #generics (
                #(#params,)* #(#t_params,)* #lanes: #lane_type
            ) -> ((#output, #gradient), (#t_output, #t_gradient)) #bounds {
                let mut #grads = #zeros;
                let mut #t_grads = #t_zeros;
                let (value, along) = Self::__second_run(
                    #(#names,)* #(#t_names,)* #one, &mut #grads, &mut #t_grads, #lanes
                );
                ((value, #grads), (along, #t_grads))
            }
        }
    }
}
