//! The entry points of the gradient: `value_and_grad`, `grad` and `value_and_grad_into`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Type;

use super::Emitter;
use super::sibling::sibling;
use crate::frontend::shape::{Failing, Shape, failing, with_content};
use crate::frontend::signature::Passing;
use crate::names;

impl Emitter<'_> {
    /// The name of an entry point, as other generated code calls it.
    pub(super) fn own(&self, entry: &str) -> Ident {
        let name = Ident::new(entry, Span::call_site());
        match self.signature.sibling {
            true => sibling(&self.signature.name, &name),
            false => name,
        }
    }

    /// A call of the user's function.
    pub(super) fn primal_call(&self, arguments: &[TokenStream]) -> TokenStream {
        let name = &self.signature.name;
        if !self.signature.sibling {
            return quote!(#name(#(#arguments),*));
        }
        let by_value = self
            .signature
            .receiver
            .as_ref()
            .is_some_and(|r| matches!(r.kind, syn::ReceiverKind::Value));
        let arguments = arguments.iter().enumerate().map(|(at, argument)| match at {
            0 if by_value => quote!(::core::clone::Clone::clone(#argument)),
            _ => argument.clone(),
        });
        quote!(Self::#name(#(#arguments),*))
    }

    /// What users call.
    pub(super) fn entries(&self, joint: bool) -> TokenStream {
        let signature = self.signature;
        let (generics, bounds) = self.generics(TokenStream::new());
        let (params, names) = (self.public_params(), self.entry_names());
        let all = self.public_names();
        let output = &signature.output;
        let gradient = self.gradient_type();
        let [grads, value] = ["grads", "value"].map(names::local);
        let (zeros, one) = (self.zeros(), self.one());
        let value_and_grad = self.own("value_and_grad");
        let (run, vjp) = (self.run(joint), self.vjp(&zeros));
        if let Some((failing, content)) = failing(output)
            && signature.shape(content) == Shape::Float
        {
            let present = match failing {
                Failing::Option => quote!(::core::option::Option::Some),
                Failing::Result => quote!(::core::result::Result::Ok),
            };
            let both = with_content(output, &syn::parse_quote!((#content, #gradient)));
            let alone = with_content(output, &Type::Verbatim(gradient));
            return quote! {
                /// The value and the gradient, if the function has a value.
                #[inline]
                pub fn value_and_grad #generics (#(#params),*) -> #both #bounds {
                    let mut #grads = #zeros;
                    let #value = Self::__run(
                        #(#names,)* #present(#one), &mut #grads, false
                    )?;
                    #present((#value, #grads))
                }

                /// The gradient, if the function has a value.
                #[inline]
                pub fn grad #generics (#(#params),*) -> #alone #bounds {
                    Self::#value_and_grad(#(#all),*).map(|both| both.1)
                }

                #vjp
                #run
            };
        }
        let Some(seed) = self.loss_seed() else {
            return quote!(#vjp #run);
        };
        quote! {
            /// The value and the gradient: of a tuple, that of its first part.
            #[inline]
            pub fn value_and_grad #generics (#(#params),*) -> (#output, #gradient) #bounds {
                let mut #grads = #zeros;
                let #value = Self::__run(#(#names,)* #seed, &mut #grads, false);
                (#value, #grads)
            }

            /// The gradient.
            #[inline]
            pub fn grad #generics (#(#params),*) -> #gradient #bounds {
                Self::#value_and_grad(#(#all),*).1
            }

            /// The value; overwrites `grads` with the gradient. Allocates nothing once a thread
            /// has called it with inputs of this size.
            #[inline]
            pub fn value_and_grad_into #generics (
                #(#params,)* #grads: &mut #gradient
            ) -> #output #bounds {
                Self::__run(#(#names,)* #seed, #grads, false)
            }

            #vjp
            #run
        }
    }

    /// The cotangent of the result that yields the gradient: 1 for a float, and for the first part of
    /// a tuple that is one. The other parts of a tuple are not differentiated.
    fn loss_seed(&self) -> Option<TokenStream> {
        let (signature, private) = (self.signature, &self.private);
        if signature.shape(&signature.output) == Shape::Float {
            return Some(self.one());
        }
        let Type::Tuple(parts) = &signature.output else {
            return None;
        };
        let first = parts.elems.first()?;
        let in_place = signature
            .params
            .iter()
            .any(|p| p.passing == Passing::Exclusive);
        if signature.shape(first) != Shape::Float || in_place {
            return None;
        }
        let one = self.one();
        let rest = parts
            .elems
            .iter()
            .skip(1)
            .map(|_| quote!(#private::Val::blank()));
        Some(quote!((#one, #(#rest,)*)))
    }

    /// Zero gradients of the `wrt` parameters.
    pub(super) fn zeros(&self) -> TokenStream {
        let private = &self.private;
        let zeros: Vec<TokenStream> = self
            .signature
            .wrt
            .iter()
            .map(|&at| {
                let primal = self.primal(at);
                quote!(#private::Primal::gradient(#primal))
            })
            .collect();
        if let [single] = zeros.as_slice() {
            single.clone()
        } else {
            quote!((#(#zeros,)*))
        }
    }
}
