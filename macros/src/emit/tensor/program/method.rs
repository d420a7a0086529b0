//! The entry points of a method: siblings in its own impl block, because an attribute cannot emit a
//! struct there.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{Program, Yields};
use crate::emit::tensor::companion::Generics;
use crate::names;

impl Program<'_> {
    /// The siblings of a method: `f_bind` and what runs the program that it yields.
    pub(crate) fn of_method(&self) -> TokenStream {
        let (root, output, types) = (self.root, &self.signature.output, &self.types);
        let (user, visibility) = (&self.signature.name, &self.signature.visibility);
        let declared = &self.arguments.declared;
        let (program, cotangent) = (names::local("program"), names::local("cotangent"));
        let graph = format_ident!("{}_graph", user);
        let Generics {
            declared: generics,
            passed: arguments,
            clause,
        } = &Generics::of(self.signature);
        let bound = quote!(#root::BoundMethod<(#(#types,)*), #output>);
        let open = quote! {
            let #root::MethodParts { engine, gradient, result, product, tangent } = #program.parts();
        };
        let entry =
            |name: &str, doc: &str, more: TokenStream, ty: TokenStream, body: TokenStream| {
                let name = format_ident!("{}_{}", user, name);
                quote! {
                    #[doc = #doc]
                    ///
                    /// # Errors
                    /// When shapes do not fit or a label is out of range.
                    #[allow(clippy::all, clippy::pedantic, unused, reason = "generated code")]
                    #visibility fn #name<'p, #(#generics),*>(
                        &self, #program: &'p mut #bound, #(#declared,)* #more
                    ) -> ::core::result::Result<#ty, #root::Error> #clause {
                        #open
                        #body
                    }
                }
            };
        let mut entries = TokenStream::new();
        // References of the result are into the program, not into the receiver.
        let (_, value) = self.value();
        let value_type = if self.yields == Yields::Float {
            quote!(#output)
        } else {
            quote!(&'p #output)
        };
        let none = TokenStream::new();
        let doc = format!("The value of `{user}` alone, by a program of `{user}_bind`.");
        entries.extend(entry(
            "value",
            &doc,
            none.clone(),
            value_type.clone(),
            value,
        ));
        let gradient_type = self.gradient_type(&quote!(&'p));
        let both = quote!((#value_type, #gradient_type));
        if let Some((_, body)) = self.value_and_grad() {
            let doc = format!(
                "The value of `{user}` and its gradient, the receiver's first, by a program of `{user}_bind`."
            );
            entries.extend(entry("value_and_grad", &doc, none, both.clone(), body));
        }
        if let Some((_, body)) = self.vjp() {
            let doc = format!(
                "The result of `{user}` and the gradient for a cotangent of it, the receiver's first, by a program of `{user}_bind`."
            );
            let more = quote!(#cotangent: &#output);
            entries.extend(entry("vjp", &doc, more, both, body));
        }
        if self.order > 1 {
            let (along, directions) = self.directions();
            let along = quote!(#(#along),*);
            if self.yields != Yields::Tensors {
                let doc = format!(
                    "The Hessian of the value of `{user}` times a direction, the receiver's first, by a program of `{user}_bind`."
                );
                let body = self.hvp(&directions);
                entries.extend(entry(
                    "hvp",
                    &doc,
                    along.clone(),
                    gradient_type.clone(),
                    body,
                ));
            }
            let doc = format!(
                "The result of `{user}` and its derivative along a direction, the receiver's first, by a program of `{user}_bind`."
            );
            let both = quote!((#value_type, #value_type));
            entries.extend(entry("jvp", &doc, along, both, self.jvp(&directions)));
        }
        let (owned, taken) = (self.gradient_type(&quote!()), self.gradient(&quote!()));
        if self.value_and_grad().is_some() && self.can_repeat() {
            let (name, bind, both) = (
                format_ident!("{}_grad", user),
                format_ident!("{}_bind", user),
                format_ident!("{}_value_and_grad", user),
            );
            let passed = &self.arguments.names;
            let doc = format!(
                "The gradient of `{user}`, the receiver's first, in one call. Binds anew every time: in a loop, bind once with `{user}_bind`."
            );
            entries.extend(quote! {
                #[doc = #doc]
                ///
                /// # Errors
                /// When shapes do not fit or a label is out of range.
                #[allow(clippy::all, clippy::pedantic, unused, reason = "generated code")]
                #visibility fn #name<#(#generics),*>(&self, #(#declared),*)
                    -> ::core::result::Result<#owned, #root::Error> #clause
                {
                    let mut #program = self.#bind #arguments (#(#passed),*)?;
                    self.#both #arguments (&mut #program, #(#passed),*)?;
                    let gradient = #program.into_gradient();
                    ::core::result::Result::Ok(#taken)
                }
            });
        }
        let name = format_ident!("{}_bind", user);
        let doc = format!(
            "Binds `{user}` to these arguments: links, infers shapes, plans memory and allocates."
        );
        let within = format_ident!("{}_bind_within", user);
        let inner = format_ident!("__{}_bind", user);
        let within_doc = format!(
            "As `{user}_bind`, in at most so many bytes for intermediate values: what does not fit is computed again in the backward pass."
        );
        let (budget, passed) = (names::local("budget"), &self.arguments.names);
        let bind = self.bind(&quote!(Self::#graph #arguments ()));
        quote! {
            #entries

            #[doc = #doc]
            ///
            /// # Errors
            /// When shapes do not fit: the error names the operator and its place.
            #[allow(clippy::all, clippy::pedantic, unused, reason = "generated code")]
            #visibility fn #name<#(#generics),*>(&self, #(#declared),*)
                -> ::core::result::Result<#bound, #root::Error> #clause
            {
                self.#inner #arguments (#(#passed,)* ::core::option::Option::None)
            }

            #[doc = #within_doc]
            ///
            /// # Errors
            /// When shapes do not fit, or the bytes do not suffice: the error names the least that do.
            #[allow(clippy::all, clippy::pedantic, unused, reason = "generated code")]
            #visibility fn #within<#(#generics),*>(&self, #(#declared,)* #budget: usize)
                -> ::core::result::Result<#bound, #root::Error> #clause
            {
                self.#inner #arguments (#(#passed,)* ::core::option::Option::Some(#budget))
            }

            #[doc(hidden)]
            #[allow(clippy::all, clippy::pedantic, unused, reason = "generated code")]
            fn #inner<#(#generics),*>(
                &self, #(#declared,)* #budget: ::core::option::Option<usize>
            ) -> ::core::result::Result<#bound, #root::Error> #clause
            {
                // What only its siblings call is in use.
                let _ = Self::#user #arguments;
                #bind
                ::core::result::Result::Ok(#root::BoundMethod::new(engine, gradient))
            }
        }
    }
}
