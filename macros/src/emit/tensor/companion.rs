//! What stands beside a tensor function: `struct f {}` with `bind` and `graph`, and its program.
//!
//! A method cannot have a struct beside it; it gets the siblings `__instantiate_f` and `f_graph`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::args::Args;
use crate::frontend::signature::{Param, Passing, Shape, Signature, shape_of};
use crate::names;

use super::TensorFunction;

/// The companion of a free function.
pub(crate) fn function(
    signature: &Signature,
    lowered: &TensorFunction,
    args: &Args,
    root: &TokenStream,
) -> TokenStream {
    let (user, visibility) = (&signature.name, &signature.visibility);
    let name = names::companion(args, user);
    let TensorFunction {
        statics,
        body,
        params,
        output,
        constants,
        ..
    } = lowered;
    let constants = constants.as_ref().map(|(signature, result)| {
        quote! {
            #[doc(hidden)]
            pub const __SIGNATURE: #root::Signature = #signature;
            #[doc(hidden)]
            pub const __RESULT: #root::StaticShape = { #result };
        }
    });
    let builder = names::local("__builder");
    let text = user.to_string();
    let doc = format!("Derivatives of [`{text}`](fn@{text}).");
    let arguments = Arguments::of(signature, root);
    let (declared, passed, handles) = (&arguments.declared, &arguments.names, &arguments.handles);
    let linked = names::local("__graph");
    let instantiate = quote! {
        &|#builder: &#root::Builder| #name::__instantiate(#builder, #(#handles),*).id()
    };
    // Only a scalar has a gradient; other functions are linked into those that return one.
    let is_scalar = shape_of(&signature.output) == Shape::Float;
    let program = is_scalar.then(|| {
        let program = program(signature, lowered, &arguments, &instantiate, root);
        quote! {
            impl #name {
                /// Links, infers shapes, plans memory and allocates.
                ///
                /// # Errors
                /// When shapes do not fit: the error names the operator and its place.
                pub fn bind(#(#declared),*)
                    -> ::core::result::Result<#root::Program<#name>, #root::Error>
                {
                    Program::new(#(#passed),*)
                }
            }
            #program
            impl #root::TensorFn for #name { type Program = Program; }
        }
    });
    quote! {
        #[doc = #doc]
        #[allow(non_camel_case_types, reason = "it has the name of the function")]
        #visibility struct #name {}

        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic, unused, nonstandard_style, reason = "generated code")]
        const _: () = {
            #statics
            impl #name {
                #constants

                #[doc(hidden)]
                pub fn __instantiate<'h, 'b>(
                    #builder: &'b #root::Builder, #(#params),*
                ) -> #output {
                    let #linked = Self::graph();
                    #body
                }

                /// The static graph: every region, forward and backward.
                pub fn graph() -> &'static #root::Graph { &GRAPH }
            }
            #program
            #[allow(dead_code)]
            fn primal_is_used() { let _ = #user; }
        };
    }
}

/// The siblings of a method.
pub(crate) fn method(
    signature: &Signature,
    lowered: &TensorFunction,
    root: &TokenStream,
) -> TokenStream {
    let (user, visibility) = (&signature.name, &signature.visibility);
    let TensorFunction {
        statics,
        body,
        params,
        output,
        constants,
        ..
    } = lowered;
    // A method has no companion that could offer its shapes; its own operators are checked.
    let checks = constants
        .as_ref()
        .map(|(_, result)| quote!(const _: #root::StaticShape = { #result };));
    let builder = names::local("__builder");
    let hidden = format_ident!("__instantiate_{}", user);
    let graph = format_ident!("{}_graph", user);
    let (handle, linked) = (names::local("__self"), names::local("__graph"));
    quote! {
        #[doc(hidden)]
        #[allow(clippy::all, clippy::pedantic, unused, nonstandard_style, reason = "generated code")]
        #visibility fn #hidden<'h, 'b>(
            &'h self, #builder: &'b #root::Builder, #(#params),*
        ) -> #output {
            #checks
            let #linked = Self::#graph();
            let #handle = #root::Differentiable::handle(self, #builder);
            #body
        }

        /// The static graph of the method: every region, forward and backward.
        #[allow(clippy::all, clippy::pedantic, unused, nonstandard_style, reason = "generated code")]
        #visibility fn #graph() -> &'static #root::Graph {
            #statics
            &GRAPH
        }
    }
}

/// A function's arguments, in the forms that the entry points need.
struct Arguments {
    /// `x: &T`
    declared: Vec<TokenStream>,
    /// `x`
    names: Vec<TokenStream>,
    /// One walk of an argument, by reference.
    walk: Vec<TokenStream>,
    /// The handle of an argument.
    handles: Vec<TokenStream>,
}

impl Arguments {
    fn of(signature: &Signature, root: &TokenStream) -> Arguments {
        let mut arguments = Arguments {
            declared: vec![],
            names: vec![],
            walk: vec![],
            handles: vec![],
        };
        for (index, param) in signature.params.iter().enumerate() {
            let (name, ty) = (&param.name, &param.ty);
            let active = signature.wrt.contains(&index);
            let text = name.to_string();
            let (declared, reference) = match param.passing {
                Passing::Value => (quote!(#name: #ty), quote!(&#name)),
                Passing::Shared | Passing::Exclusive => (quote!(#name: &#ty), quote!(#name)),
            };
            let borrow = match param.passing {
                Passing::Value => quote!(),
                Passing::Shared => quote!(&),
                Passing::Exclusive => quote!(&mut),
            };
            let builder = names::local("__builder");
            let walk = names::local("__walk");
            arguments.declared.push(declared);
            arguments.names.push(quote!(#name));
            // At the type's own tokens, so that a type without the derive is reported there, once.
            let differentiable = differentiable(ty, root);
            arguments.walk.push(quote! {
                #walk.parameter(#text, #active);
                #differentiable::walk(#reference, #walk);
            });
            arguments
                .handles
                .push(quote!(#borrow #builder.argument(#text, |#builder| #differentiable::handle(#reference, #builder))));
        }
        arguments
    }
}

/// `<T as Differentiable>` at the tokens of the type.
fn differentiable(ty: &syn::Type, root: &TokenStream) -> TokenStream {
    let span = ty.span();
    let root = names::at(root, span);
    quote_spanned!(span=> <#ty as #root::Differentiable>)
}

fn wrt(signature: &Signature) -> impl Iterator<Item = &Param> {
    signature.wrt.iter().map(|&index| &signature.params[index])
}

fn program(
    signature: &Signature,
    lowered: &TensorFunction,
    arguments: &Arguments,
    instantiate: &TokenStream,
    root: &TokenStream,
) -> TokenStream {
    let (declared, walk) = (&arguments.declared, &arguments.walk);
    let walker = names::local("__walk");
    let output = &signature.output;
    let types: Vec<_> = wrt(signature).map(|param| &param.ty).collect();
    let references: Vec<TokenStream> = wrt(signature)
        .map(|param| {
            let name = &param.name;
            if param.passing == Passing::Value {
                quote!(&#name)
            } else {
                quote!(#name)
            }
        })
        .collect();
    let traits: Vec<TokenStream> = types.iter().map(|ty| differentiable(ty, root)).collect();
    let texts: Vec<String> = wrt(signature).map(|param| param.name.to_string()).collect();
    let indices: Vec<syn::Index> = (0..types.len()).map(syn::Index::from).collect();
    let (gradient_type, gradient) = match types.as_slice() {
        [ty] => (quote!(&#ty), quote!(&self.gradient.0)),
        _ => (
            quote!((#(&#types,)*)),
            quote!((#(&self.gradient.#indices,)*)),
        ),
    };
    let dtype = lowered.dtype.variant();
    let walk_arguments = quote!(&mut |#walker: &mut #root::Walk| { #(#walk)* });
    quote! {
        /// A bound program: its plan, its memory and its gradient.
        pub struct Program {
            engine: #root::Engine,
            gradient: (#(#types,)*),
        }
        impl Program {
            fn new(#(#declared),*) -> ::core::result::Result<Self, #root::Error> {
                let mut program = Program {
                    engine: #root::Engine::new(&GRAPH, #root::DType::#dtype, &#root::ONE_OPS),
                    gradient: (#(#traits::zeros_like(#references),)*),
                };
                program.engine.bind(#walk_arguments, #instantiate)?;
                ::core::result::Result::Ok(program)
            }

            /// The value and the gradient, in the order of `wrt`. Allocates nothing for shapes
            /// that were seen before.
            ///
            /// # Errors
            /// When shapes do not fit or a label is out of range.
            pub fn value_and_grad(&mut self, #(#declared),*)
                -> ::core::result::Result<(#output, #gradient_type), #root::Error>
            {
                let gradient = &mut self.gradient;
                let value = self.engine.value_and_grad::<#output>(
                    #walk_arguments,
                    #instantiate,
                    &mut |#walker: &mut #root::GradientWalk| {
                        #(
                            #walker.parameter(#texts);
                            #traits::walk_gradient(&mut gradient.#indices, #references, #walker);
                        )*
                    },
                )?;
                ::core::result::Result::Ok((value, #gradient))
            }

            /// The value alone: only the forward pass runs.
            ///
            /// # Errors
            /// As `value_and_grad`.
            pub fn value(&mut self, #(#declared),*)
                -> ::core::result::Result<#output, #root::Error>
            {
                self.engine.value::<#output>(#walk_arguments, #instantiate)
            }

            /// What the plan does: steps, kernels, bytes, peak.
            pub fn report(&self) -> #root::Report<'_> { self.engine.report() }
        }
    }
}
