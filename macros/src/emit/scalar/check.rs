//! `__check`: what `gradcheck!` runs. The macro prints it because only it knows which parameters
//! the gradient is taken with respect to.

use proc_macro2::TokenStream;
use quote::quote;

use super::Emitter;
use crate::frontend::signature::{Passing, Shape, shape_of};
use crate::names;

impl Emitter<'_> {
    pub(super) fn check(&self) -> TokenStream {
        let signature = self.signature;
        let exclusive = |at: &usize| signature.params[*at].passing == Passing::Exclusive;
        if shape_of(&signature.output) != Shape::Float
            || (0..signature.params.len()).any(|at| exclusive(&at))
        {
            return TokenStream::new();
        }
        let (private, function) = (&self.private, &signature.name);
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, arguments) = (self.entry_params(), self.entry_names());
        let [report, grads, changed] = ["report", "grads", "changed"].map(names::local);
        let parts = signature.wrt.iter().enumerate().map(|(position, &at)| {
            let index = syn::Index::from(position);
            let part = if signature.wrt.len() == 1 {
                quote!(#grads)
            } else {
                quote!(#grads.#index)
            };
            let primal = self.primal(at);
            let name = signature.params[at].name.to_string();
            let with_changed = arguments.iter().enumerate().map(|(other, argument)| {
                let passing = signature.params[other].passing;
                match (other == at, passing) {
                    (true, Passing::Value) => quote!(::core::clone::Clone::clone(#changed)),
                    (true, _) => quote!(#changed),
                    (false, Passing::Value) => quote!(::core::clone::Clone::clone(&#argument)),
                    (false, _) => quote!(#argument),
                }
            });
            quote! {
                #private::CheckReport::parameter(&mut #report, #name, #primal, &#part, |#changed| {
                    f64::from(#function(#(#with_changed),*))
                });
            }
        });
        let cloned = arguments
            .iter()
            .zip(&signature.params)
            .map(|(argument, param)| match param.passing {
                Passing::Value => quote!(::core::clone::Clone::clone(&#argument)),
                _ => quote!(#argument),
            });
        let text = function.to_string();
        quote! {
            #[doc(hidden)]
            pub fn __check #generics (#(#params),*) -> #private::CheckReport #bounds {
                let (_, #grads) = Self::value_and_grad(#(#cloned),*);
                let mut #report = #private::CheckReport::new(#text);
                #(#parts)*
                #report
            }
        }
    }
}
