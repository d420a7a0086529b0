//! What a function that asks for this one's gradient links to.
//!
//! Second derivatives are symmetric: handing a cotangent of the gradient on to the parameters is a
//! Hessian-vector product with that cotangent as the direction. So gradient code is never reversed;
//! all it takes is its code with tangents, along all parameters.

use proc_macro2::TokenStream;
use quote::quote;

use super::Emitter;
use super::second::carries;
use crate::names;

impl Emitter<'_> {
    /// `__gradient_reverse` and `__gradient_tangent`.
    pub(super) fn nested_links(&self) -> TokenStream {
        let (reverse, tangent) = (self.gradient_reverse(), self.gradient_tangent());
        quote!(#reverse #tangent)
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
