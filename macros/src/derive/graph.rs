//! What tensor functions need of a user's struct: the mirror of handles, the declared shapes, the
//! walks over its leaves. Structs with lifetimes or without field names, and enums with fields, are
//! for scalar functions alone.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Member};

use super::fields::{Part, Variant, mentions};
use crate::diag::{Code, Errors};
use crate::frontend::dims;

/// Prints the mirrors, and the implementations.
pub(super) fn implement(
    input: &DeriveInput,
    variants: &[Variant<'_>],
    root: &TokenStream,
    errors: &mut Errors,
) -> (TokenStream, TokenStream) {
    let named = |variant: &Variant<'_>| {
        variant.name.is_none()
            && variant
                .fields
                .iter()
                .all(|part| matches!(part.member, Member::Named(_)))
    };
    match variants {
        [one] if named(one) && input.generics.lifetimes().next().is_none() => {
            structure(input, one, root, errors)
        }
        variants if variants.iter().all(|variant| variant.fields.is_empty()) => {
            (TokenStream::new(), unit_enum(input, root))
        }
        variants => {
            let mut parts = variants.iter().flat_map(|variant| &variant.fields);
            if let Some(part) = parts.find(|part| mentions(part.ty(), "Tensor")) {
                let message =
                    "tensors in an enum, in a struct with lifetimes or in one without field names";
                errors.at(part.ty(), Code::Derive, message);
            }
            Default::default()
        }
    }
}

/// An enum without fields is a value of the host, and part of the key of a plan.
fn unit_enum(input: &DeriveInput, root: &TokenStream) -> TokenStream {
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let variants = match &input.data {
        syn::Data::Enum(data) => data.variants.iter().map(|v| v.ident.clone()).collect(),
        _ => Vec::new(),
    };
    let words = 0..variants.len() as u64;
    let word = match variants.is_empty() {
        true => quote!(0),
        false => quote!(match self { #(#name::#variants { .. } => #words,)* }),
    };
    quote! {
        impl #generics #root::Differentiable for #name #arguments #bounds {
            type Handle<'h, 'b> = Self where Self: 'h;
            type Shapes = #root::NoShapes;
            const SHAPES: #root::NoShapes = #root::NoShapes;
            fn handle(&self, _: &#root::Builder) -> Self { ::core::clone::Clone::clone(self) }
            fn walk(&self, walk: &mut #root::Walk) { walk.word(#word); }
            fn walk_gradient(&mut self, primal: &Self, _: &mut #root::GradientWalk) {
                *self = ::core::clone::Clone::clone(primal);
            }
            fn zeros_like(&self) -> Self { ::core::clone::Clone::clone(self) }
        }
    }
}

fn structure(
    input: &DeriveInput,
    of: &Variant<'_>,
    root: &TokenStream,
    errors: &mut Errors,
) -> (TokenStream, TokenStream) {
    let (name, visibility, fields) = (&input.ident, &input.vis, &of.fields);
    let mirror = format_ident!("__{}Handle", name);
    let shapes_mirror = format_ident!("__{}Shapes", name);
    let members: Vec<_> = fields.iter().map(|part| &part.member).collect();
    let types: Vec<_> = fields.iter().map(Part::ty).collect();
    // All that a field needs of its type stands at the type, so that one that lacks a derive is one
    // error, and not one for each use.
    let parts: Vec<TokenStream> = types
        .iter()
        .map(|ty| {
            let (span, root) = (ty.span(), crate::names::at(root, ty.span()));
            quote_spanned!(span=> <#ty as #root::Differentiable>)
        })
        .collect();
    let mut checks = TokenStream::new();
    let mut shapes = Vec::new();
    for part in fields {
        let Some(ident) = &part.field.ident else {
            continue;
        };
        let ty = part.ty();
        shapes.push(match dims::read(&part.field.attrs, root, errors) {
            Some(declared) => {
                let (value, builder) = (quote!(handle.#ident), quote!(builder));
                checks.extend(dims::check(&declared, ident, &value, &builder, root));
                let text = ident.to_string();
                quote_spanned!(ty.span()=> #root::StaticShape::declared(#declared, "", #text))
            }
            None => {
                let (span, root) = (ty.span(), crate::names::at(root, ty.span()));
                quote_spanned!(span=> <#ty as #root::Differentiable>::SHAPES)
            }
        });
    }
    if !checks.is_empty() {
        let dims = crate::names::local("__dims");
        checks = quote!(let mut #dims = #root::Dims::default(); #checks);
    }
    let visibilities: Vec<_> = fields.iter().map(|part| &part.field.vis).collect();
    let texts: Vec<String> = fields
        .iter()
        .filter_map(|part| Some(part.field.ident.as_ref()?.to_string()))
        .collect();
    let constant: Vec<bool> = fields.iter().map(|part| part.constant).collect();
    let kinds = members.iter().zip(&constant).zip(&parts);
    let zeros = kinds.map(|((member, &constant), part)| {
        if constant {
            quote!(#member: ::core::clone::Clone::clone(&self.#member))
        } else {
            quote!(#member: #part::zeros_like(&self.#member))
        }
    });
    // A struct without tensors may hold what is for scalar functions alone.
    let own = name.to_string();
    let known = types
        .iter()
        .filter(|_| !types.iter().any(|ty| mentions(ty, "Tensor")))
        .filter(|ty| !mentions(ty, &own) && !mentions(ty, "Self"));
    let own = input.generics.where_clause.iter();
    let own = own.flat_map(|clause| &clause.predicates);
    let bounds = quote!(where #(#own,)* #(for<'__of> #known: #root::Differentiable,)*);
    let (generics, arguments, _) = input.generics.split_for_impl();
    let params = input
        .generics
        .params
        .iter()
        .map(super::scalar::without_default);
    let params = quote!(#(#params),*);
    let passed: Vec<_> = input
        .generics
        .params
        .iter()
        .map(super::scalar::argument)
        .collect();
    let mirrors = quote! {
        #[doc(hidden)]
        #visibility struct #mirror<'h, 'b, #params> #bounds {
            #(#visibilities #members: #parts::Handle<'h, 'b>,)*
            #[doc(hidden)]
            pub __host: ::core::option::Option<&'h #name #arguments>,
        }

        #[doc(hidden)]
        #visibility struct #shapes_mirror<#params> #bounds {
            #(#visibilities #members: #parts::Shapes,)*
        }
    };
    let implementations = quote! {
        impl #generics ::core::clone::Clone for #shapes_mirror #arguments #bounds {
            fn clone(&self) -> Self { *self }
        }

        impl #generics ::core::marker::Copy for #shapes_mirror #arguments #bounds {}

        impl #generics #shapes_mirror #arguments #bounds {
            /// A structure has no shape of its own.
            #[doc(hidden)]
            pub const fn within(self, _: &'static str, _: &'static str) -> #root::StaticShape {
                #root::StaticShape::UNKNOWN
            }
        }

        impl #generics #root::Receiver for #mirror<'_, '_, #(#passed),*> #bounds {
            type Host = #name #arguments;
            fn host(&self) -> &#name #arguments {
                match self.__host {
                    ::core::option::Option::Some(host) => host,
                    ::core::option::Option::None => #root::no_host(),
                }
            }
        }

        impl #generics #root::Differentiable for #name #arguments #bounds {
            type Handle<'h, 'b> = #mirror<'h, 'b, #(#passed),*> where Self: 'h;
            type Shapes = #shapes_mirror #arguments;
            const SHAPES: Self::Shapes = #shapes_mirror { #(#members: #shapes,)* };

            fn handle<'h, 'b>(&'h self, builder: &'b #root::Builder) -> Self::Handle<'h, 'b> {
                let handle = #mirror {
                    #(#members: #parts::handle(&self.#members, builder),)*
                    __host: ::core::option::Option::Some(self),
                };
                #checks
                handle
            }

            fn walk(&self, walk: &mut #root::Walk) {
                #(walk.field(#texts, #constant, |walk| {
                    #parts::walk(&self.#members, walk);
                });)*
            }

            fn walk_gradient(&mut self, primal: &Self, walk: &mut #root::GradientWalk) {
                #(walk.field(#constant, |walk| {
                    #parts::walk_gradient(&mut self.#members, &primal.#members, walk);
                });)*
            }

            fn zeros_like(&self) -> Self {
                #name { #(#zeros,)* }
            }
        }
    };
    (mirrors, implementations)
}
