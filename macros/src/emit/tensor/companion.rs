//! What stands beside a tensor function: `struct f {}` with `bind` and `graph`, and its program.
//!
//! A method cannot have a struct beside it; it gets the siblings `__instantiate_f`, `f_graph`,
//! `f_bind` and the entry points of what that yields.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Type;

use crate::args::Args;
use crate::frontend::shape::{Shape, shape_of};
use crate::frontend::signature::{Param, Passing, Signature};
use crate::names;

use super::TensorFunction;
use super::program::Program;

/// The type and constant parameters of a function, as they are declared and passed.
pub(crate) struct Generics<'a> {
    /// `T: Real`, `const N: usize`
    pub(crate) declared: Vec<&'a syn::GenericParam>,
    /// `::<T, N>`
    pub(crate) passed: TokenStream,
    /// `where ..`
    pub(crate) clause: &'a Option<syn::WhereClause>,
}

impl<'a> Generics<'a> {
    /// Those of a function; none if it has none.
    pub(crate) fn of(signature: &'a Signature) -> Self {
        let generics = &signature.generics;
        let declared: Vec<_> = generics.params.iter().collect();
        let (_, passed, _) = generics.split_for_impl();
        let passed = passed.as_turbofish();
        Generics {
            passed: quote!(#passed),
            clause: &generics.where_clause,
            declared,
        }
    }
}

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
        graph,
        body,
        params,
        output,
        constants,
        ..
    } = lowered;
    let Generics {
        declared,
        passed,
        clause,
    } = &Generics::of(signature);
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
    let linked = names::local("__graph");
    let call = quote!(#name::__instantiate #passed);
    let program = Program::of(signature, lowered, &call, root);
    let program = program.map(|program| program.of_function(&name));
    let nested = nested(signature, lowered, root);
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
                pub fn __instantiate<'h, 'b, #(#declared),*>(
                    #builder: &'b #root::Builder, #(#params),*
                ) -> #output #clause {
                    let #linked = Self::graph #passed ();
                    #body
                }

                #nested

                /// The static graph: every region, forward and backward.
                pub fn graph<#(#declared),*>() -> &'static #root::Graph #clause { #graph }
            }
            #program
            #[allow(dead_code)]
            fn primal_is_used<#(#declared),*>() #clause { let _ = #user #passed; }
        };
    }
}

/// What a call of `grad` and of `value_and_grad` inside another function links to: the gradient of a
/// function that can be differentiated twice, with respect to tensors and floats.
fn nested(
    signature: &Signature,
    lowered: &TensorFunction,
    root: &TokenStream,
) -> Option<TokenStream> {
    let wrt: Vec<&Param> = signature
        .wrt
        .iter()
        .map(|&at| &signature.params[at])
        .collect();
    let fits = |param: &&Param| {
        param.passing != Passing::Exclusive
            && (param.shape == Shape::Float
                || param.shape == Shape::Tensor && matches!(param.ty, Type::Path(_)))
    };
    if lowered.order < 2
        || shape_of(&signature.known_output()) != Shape::Float
        || !wrt.iter().all(fits)
    {
        return None;
    }
    let builder = names::local("__builder");
    let (params, output) = (&lowered.params, &lowered.output);
    let element = signature.element.computed(root);
    let Generics {
        declared,
        passed: arguments,
        clause,
    } = &Generics::of(signature);
    let named: Vec<_> = signature.params.iter().map(|param| &param.name).collect();
    let names: Vec<_> = wrt.iter().map(|param| &param.name).collect();
    let indices: Vec<_> = (0..wrt.len()).map(syn::Index::from).collect();
    let passed = signature.params.iter().enumerate().map(|(at, param)| {
        let name = &param.name;
        let borrowed = param.passing == Passing::Shared && signature.wrt.contains(&at);
        if borrowed {
            quote!(&#name)
        } else {
            quote!(#name)
        }
    });
    let handle = quote!(#root::TensorHandle<'b, #element>);
    let (count, handles) = (wrt.len(), wrt.iter().map(|_| &handle));
    let gradient = match wrt.len() {
        1 => quote!(#handle),
        _ => quote!((#(#handles,)*)),
    };
    let results = quote!(#(#root::handle::<#element>(#builder, gradient[#indices])),*);
    let results = match wrt.len() {
        1 => results,
        _ => quote!((#results,)),
    };
    Some(quote! {
        #[doc(hidden)]
        pub fn __value_and_grad<'h, 'b, #(#declared),*>(
            #builder: &'b #root::Builder, #(#params),*
        ) -> ::core::result::Result<(#output, #gradient), #root::Error> #clause {
            #(let #names = #builder.renamed::<#element>(&#names);)*
            let wrt: [#root::ValueId; #count] = [#(#names.id()),*];
            let value = #builder.nested(|| Self::__instantiate #arguments (#builder, #(#passed),*));
            let gradient = #builder.derivatives(value.id(), wrt);
            ::core::result::Result::Ok((value, #results))
        }

        #[doc(hidden)]
        pub fn __grad<'h, 'b, #(#declared),*>(
            #builder: &'b #root::Builder, #(#params),*
        ) -> ::core::result::Result<#gradient, #root::Error> #clause {
            Self::__value_and_grad #arguments (#builder, #(#named),*).map(|(_, gradient)| gradient)
        }
    })
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
        graph,
        body,
        params,
        output,
        constants,
        ..
    } = lowered;
    let Generics {
        declared,
        passed,
        clause,
    } = &Generics::of(signature);
    // A method has no companion that could offer its shapes; its own operators are checked.
    let checks = constants
        .as_ref()
        .map(|(_, result)| quote!(const _: #root::StaticShape = { #result };));
    let builder = names::local("__builder");
    let hidden = format_ident!("__instantiate_{}", user);
    let of_graph = format_ident!("{}_graph", user);
    let (handle, linked) = (names::local("__self"), names::local("__graph"));
    let call = quote!(self.#hidden #passed);
    let program = Program::of(signature, lowered, &call, root);
    let program = program.map(|program| program.of_method());
    quote! {
        #[doc(hidden)]
        #[allow(clippy::all, clippy::pedantic, unused, nonstandard_style, reason = "generated code")]
        #visibility fn #hidden<'h, 'b, #(#declared),*>(
            &'h self, #builder: &'b #root::Builder, #(#params),*
        ) -> #output #clause {
            #checks
            let #linked = Self::#of_graph #passed ();
            let #handle = #root::Differentiable::handle(self, #builder);
            #body
        }

        /// The static graph of the method: every region, forward and backward.
        #[allow(clippy::all, clippy::pedantic, unused, nonstandard_style, reason = "generated code")]
        #visibility fn #of_graph<#(#declared),*>() -> &'static #root::Graph #clause {
            #statics
            #graph
        }

        #program
    }
}
