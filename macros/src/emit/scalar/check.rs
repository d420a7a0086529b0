//! `__check`, `__check_forward` and `__check_second`: what `gradcheck!` runs. The macro prints them
//! because only it knows which parameters the gradient is taken with respect to. They are three, so
//! that what is not asked for is not compiled: a function that this one calls may lack a mode.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::Emitter;
use crate::frontend::shape::Shape;
use crate::frontend::signature::Passing;
use crate::names;

impl Emitter<'_> {
    pub(super) fn check(&self) -> TokenStream {
        let signature = self.signature;
        let exclusive = |at: &usize| signature.params[*at].passing == Passing::Exclusive;
        if signature.shape(&signature.output) != Shape::Float
            || (0..signature.params.len()).any(|at| exclusive(&at))
        {
            return TokenStream::new();
        }
        let (private, function) = (&self.private, &signature.name);
        let (generics, bounds) = self.generics(TokenStream::new());
        let params = self.public_params();
        let [report, grads, changed] = ["report", "grads", "changed"].map(names::local);
        let parts = signature.wrt.iter().enumerate().map(|(position, &at)| {
            let (part, primal) = (self.part(&quote!(#grads), position), self.primal(at));
            let name = signature.params[at].name.to_string();
            let with_changed = self.arguments(&|other| (other == at).then(|| quote!(#changed)));
            quote! {
                #private::CheckReport::parameter(&mut #report, #name, #primal, &#part, |#changed| {
                    #private::Float::to_f64(#function(#(#with_changed),*))
                });
            }
        });
        let parts: Vec<TokenStream> = parts.collect();
        let modes = self.check_modes();
        let again = self.public_again();
        let text = function.to_string();
        quote! {
            #[doc(hidden)]
            #[inline]
            pub fn __check #generics (#(#params),*) -> #private::CheckReport #bounds {
                let (_, #grads) = Self::value_and_grad(#(#again),*);
                let mut #report = #private::CheckReport::new(#text);
                #(#parts)*
                #report
            }
            #modes
        }
    }

    /// Forward mode along a direction, and the Hessian product along it, where there are such.
    fn check_modes(&self) -> TokenStream {
        let (signature, private) = (self.signature, &self.private);
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, again) = (self.public_params(), self.public_again());
        let [report, grads, product] = ["report", "grads", "product"].map(names::local);
        let along = |position: usize| -> Ident {
            format_ident!("along_{}", position, span = Span::mixed_site())
        };
        let wrt = || signature.wrt.iter().enumerate();
        let directions: TokenStream = wrt()
            .map(|(position, &at)| {
                let (along, primal) = (along(position), self.primal(at));
                quote!(let #along = #private::CheckReport::direction(#primal, #position);)
            })
            .collect();
        let given: Vec<TokenStream> = wrt()
            .map(|(position, &at)| {
                let along = along(position);
                match signature.params[at].passing {
                    Passing::Value => quote!(::core::clone::Clone::clone(&#along)),
                    Passing::Shared | Passing::Exclusive => quote!(&#along),
                }
            })
            .collect();
        let forward = self.function.has_tangents().then(|| {
            let pairs = wrt().map(|(position, _)| {
                let (part, along) = (self.part(&quote!(#grads), position), along(position));
                quote!((&#part, &#along))
            });
            quote! {
                #directions
                let #grads = Self::grad(#(#again),*);
                let (_, tangent) = Self::jvp(#(#again,)* #(#given),*);
                #private::CheckReport::forward(&mut #report, tangent, &[#(#pairs),*]);
            }
        });
        let forward = quote! {
            #[doc(hidden)]
            #[inline]
            pub fn __check_forward #generics (#(#params),*) -> #private::CheckReport #bounds {
                let mut #report = Self::__check(#(#again),*);
                #forward
                #report
            }
        };
        if !self.function.has_tangents() || !self.has_second() {
            return forward;
        }
        let gradient = |step: TokenStream| {
            let moved = self.arguments(&|at| {
                let position = self.position(at)?;
                let (along, primal) = (along(position), self.primal(at));
                Some(quote!(&#private::CheckReport::moved(#primal, &#along, #step)))
            });
            quote!(Self::grad(#(#moved),*))
        };
        let (above, below) = (
            gradient(quote!(#private::CheckReport::STEP)),
            gradient(quote!(-#private::CheckReport::STEP)),
        );
        let rows = wrt().map(|(position, &at)| {
            let name = signature.params[at].name.to_string();
            let [product, above, below] =
                [quote!(#product), quote!(above), quote!(below)].map(|of| self.part(&of, position));
            quote! {
                #private::CheckReport::second(
                    &mut #report, #name, &#product, [&#above, &#below]
                );
            }
        });
        quote! {
            #forward
            #[doc(hidden)]
            #[inline]
            pub fn __check_second #generics (#(#params),*) -> #private::CheckReport #bounds {
                #directions
                let mut #report = Self::__check_forward(#(#again),*);
                let #product = Self::hvp(#(#again,)* #(#given),*);
                let (above, below) = (#above, #below);
                #(#rows)*
                #report
            }
        }
    }

    /// The arguments of the function, some of them replaced by references to others.
    fn arguments(&self, other: &dyn Fn(usize) -> Option<TokenStream>) -> Vec<TokenStream> {
        let params = self.signature.params.iter().enumerate();
        params
            .zip(self.public_names())
            .map(|((at, param), own)| match (other(at), param.passing) {
                (Some(other), _) if param.view.is_some() => quote!((#other).view()),
                (Some(other), Passing::Value) => quote!(::core::clone::Clone::clone(#other)),
                (Some(other), _) => quote!(#other),
                (None, Passing::Value) => quote!(::core::clone::Clone::clone(&#own)),
                (None, _) => quote!(#own),
            })
            .collect()
    }
}
