//! The entry points beyond the gradient: Hessian-vector products and derivatives in a direction, of a
//! function that says `order = 2`.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{Program, Yields};
use crate::emit::tensor::companion::Generics;
use crate::names;

/// What stands in the program and on the companion.
pub(super) struct Second {
    /// Methods of the program.
    pub(super) entries: TokenStream,
    /// Functions of the companion.
    pub(super) at_once: TokenStream,
    /// Fields of the program.
    pub(super) fields: TokenStream,
    /// The fields of a new program.
    pub(super) empty: TokenStream,
}

impl Program<'_> {
    /// The entry points, if the function can be differentiated twice. `open` makes locals of the
    /// fields that all entry points use.
    pub(super) fn second(&self, open: &TokenStream) -> Option<Second> {
        if self.order < 2 || self.signature.receiver.is_some() {
            return None;
        }
        let (root, output, types) = (self.root, &self.signature.output, &self.types);
        let declared = &self.arguments.declared;
        let passed = &self.arguments.names;
        let (along, directions) = self.directions();
        let (hvp, jvp) = (self.hvp(&directions), self.jvp(&directions));
        let Generics {
            declared: generics,
            passed: arguments,
            clause,
        } = &Generics::of(self.signature);
        let unbound = self.unbound(&quote!(Self::graph #arguments ()));
        let by_reference = quote!(&);
        let (borrowed, owned) = (
            self.gradient_type(&by_reference),
            self.gradient_type(&quote!()),
        );
        let taken = self.gradient(&quote!());
        let result = |ty: &TokenStream| quote!(::core::result::Result<#ty, #root::Error>);
        let unbound = quote! {
            #unbound
            let mut program = Program {
                engine, gradient, result: ::core::option::Option::None,
                product: ::core::option::Option::None, tangent: ::core::option::Option::None,
            };
        };
        let (borrowed_type, owned_type) = (result(&borrowed), result(&owned));
        let (mut entries, mut at_once) = (TokenStream::new(), TokenStream::new());
        if self.yields != Yields::Tensors {
            entries.extend(quote! {
                /// The Hessian of the value times a direction, which has the structure of the
                /// parameter: one for each, in the order of `wrt`.
                ///
                /// # Errors
                /// As `value_and_grad`, and when a direction does not fit its parameter.
                pub fn hvp(&mut self, #(#declared,)* #(#along),*) -> #borrowed_type {
                    #open
                    let product = &mut self.product;
                    #hvp
                }
            });
            at_once.extend(quote! {
                /// The Hessian of the value times a direction, in one call. Binds anew every time: in a
                /// loop, bind once and call the program.
                ///
                /// # Errors
                /// As `value_and_grad`, and when a direction does not fit its parameter.
                pub fn hvp<#(#generics),*>(#(#declared,)* #(#along),*) -> #owned_type #clause {
                    #unbound
                    program.hvp(#(#passed,)* #(#directions),*)?;
                    let gradient = #root::taken(program.product)?;
                    ::core::result::Result::Ok(#taken)
                }
            });
        }
        let lent = match self.yields {
            Yields::Float => quote!((#output, #output)),
            _ => quote!((&#output, &#output)),
        };
        let (lent_type, owned_type) = (result(&lent), result(&quote!((#output, #output))));
        entries.extend(quote! {
            /// The result, and its derivative along a direction, which has the structure of the
            /// parameter: one for each, in the order of `wrt`.
            ///
            /// # Errors
            /// As `value`, and when a direction does not fit its parameter.
            pub fn jvp(&mut self, #(#declared,)* #(#along),*) -> #lent_type {
                #open
                let tangent = &mut self.tangent;
                #jvp
            }
        });
        at_once.extend(quote! {
            /// The result, and its derivative along a direction, in one call. Binds anew every time: in
            /// a loop, bind once and call the program.
            ///
            /// # Errors
            /// As `value`, and when a direction does not fit its parameter.
            pub fn jvp<#(#generics),*>(#(#declared,)* #(#along),*) -> #owned_type #clause {
                #unbound
                program.jvp(#(#passed,)* #(#directions),*)?;
                ::core::result::Result::Ok((
                    #root::taken(program.result)?, #root::taken(program.tangent)?,
                ))
            }
        });
        Some(Second {
            entries,
            at_once,
            fields: quote! {
                product: ::core::option::Option<(#(#types,)*)>,
                tangent: ::core::option::Option<#output>,
            },
            empty: quote! {
                product: ::core::option::Option::None, tangent: ::core::option::Option::None,
            },
        })
    }

    /// The parameters that directions are, declared as the parameters that they belong to, and their
    /// names.
    pub(super) fn directions(&self) -> (Vec<TokenStream>, Vec<Ident>) {
        let wrt = self.arguments.wrt.iter();
        wrt.map(|wrt| {
            let name = names::local(&format!("along_{}", wrt.name));
            let ty = &wrt.ty;
            let declared = match wrt.by_value {
                true => quote!(#name: #ty),
                false => quote!(#name: &#ty),
            };
            (declared, name)
        })
        .unzip()
    }

    /// The walk over the directions, under the names of their parameters.
    pub(super) fn walk_direction(&self, directions: &[Ident]) -> TokenStream {
        let (root, walker) = (self.root, names::local("__walk"));
        let walks = self
            .arguments
            .wrt
            .iter()
            .zip(directions)
            .map(|(wrt, name)| {
                let (text, ty) = (&wrt.name, &wrt.ty);
                let reference = match wrt.by_value {
                    true => quote!(&#name),
                    false => quote!(#name),
                };
                quote! {
                    #walker.parameter(#text, false);
                    <#ty as #root::Differentiable>::walk(#reference, #walker);
                }
            });
        quote!(&mut |#walker: &mut #root::Walk| { #(#walks)* })
    }

    /// The body of `hvp`, over the locals `engine` and `product`.
    pub(super) fn hvp(&self, directions: &[Ident]) -> TokenStream {
        let (walk, instantiate, walk_gradient) =
            (&self.walk, &self.instantiate, &self.walk_gradient);
        let (zeros, walk_direction) = (&self.zeros, self.walk_direction(directions));
        let lent = self.gradient(&quote!(&));
        quote! {
            let gradient = product.get_or_insert_with(|| #zeros);
            engine.product(#walk, #walk_direction, #instantiate, #walk_gradient)?;
            ::core::result::Result::Ok(#lent)
        }
    }

    /// The body of `jvp`, over the locals `engine`, `result` and `tangent`.
    pub(super) fn jvp(&self, directions: &[Ident]) -> TokenStream {
        let (root, output) = (self.root, &self.signature.output);
        let (walk, instantiate) = (&self.walk, &self.instantiate);
        let walk_direction = self.walk_direction(directions);
        let kept = (self.yields == Yields::Float).then(|| quote!(*));
        quote! {
            engine.tangent::<#output>(#walk, #walk_direction, #instantiate, result, tangent)?;
            ::core::result::Result::Ok((
                #kept #root::yielded(result)?, #kept #root::yielded(tangent)?,
            ))
        }
    }
}
