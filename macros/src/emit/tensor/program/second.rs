//! The entry points beyond the gradient: Hessian-vector products and derivatives in a direction, of a
//! function that says `order = 2`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{Program, Yields};
use crate::emit::tensor::companion::Generics;
use crate::frontend::signature::Passing;
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
        let walk_direction = self.walk_direction(&directions);
        let (walk, instantiate, walk_gradient) =
            (&self.walk, &self.instantiate, &self.walk_gradient);
        let Generics {
            declared: generics,
            passed: arguments,
            clause,
        } = &Generics::of(self.signature);
        let (zeros, unbound) = (
            &self.zeros,
            self.unbound(&quote!(Self::graph #arguments ())),
        );
        let by_reference = quote!(&);
        let (borrowed, owned) = (
            self.gradient_type(&by_reference),
            self.gradient_type(&quote!()),
        );
        let (lent, taken) = (self.gradient(&by_reference), self.gradient(&quote!()));
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
                    let gradient = self.product.get_or_insert_with(|| #zeros);
                    engine.product(#walk, #walk_direction, #instantiate, #walk_gradient)?;
                    ::core::result::Result::Ok(#lent)
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
        let (lent, kept) = if self.yields == Yields::Float {
            (quote!((#output, #output)), quote!(*))
        } else {
            (quote!((&#output, &#output)), quote!())
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
                engine.tangent::<#output>(
                    #walk, #walk_direction, #instantiate, result, &mut self.tangent,
                )?;
                ::core::result::Result::Ok((
                    #kept #root::yielded(result)?, #kept #root::yielded(&self.tangent)?,
                ))
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
    fn directions(&self) -> (Vec<TokenStream>, Vec<Ident>) {
        let wrt = self.signature.wrt.iter();
        wrt.map(|&at| {
            let param = &self.signature.params[at];
            let (name, ty) = (format_ident!("along_{}", param.name), &param.ty);
            let name = Ident::new(&name.to_string(), names::local("along").span());
            let declared = match param.passing {
                Passing::Value => quote!(#name: #ty),
                Passing::Shared | Passing::Exclusive => quote!(#name: &#ty),
            };
            (declared, name)
        })
        .unzip()
    }

    /// The walk over the directions, under the names of their parameters.
    fn walk_direction(&self, directions: &[Ident]) -> TokenStream {
        let (root, walker) = (self.root, names::local("__walk"));
        let walks = self
            .signature
            .wrt
            .iter()
            .zip(directions)
            .map(|(&at, name)| {
                let param = &self.signature.params[at];
                let (text, ty) = (param.name.to_string(), &param.ty);
                let reference = match param.passing {
                    Passing::Value => quote!(&#name),
                    Passing::Shared | Passing::Exclusive => quote!(#name),
                };
                quote! {
                    #walker.parameter(#text, false);
                    <#ty as #root::Differentiable>::walk(#reference, #walker);
                }
            });
        quote!(&mut |#walker: &mut #root::Walk| { #(#walks)* })
    }
}
