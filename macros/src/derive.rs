//! `#[derive(Differentiable)]`: the handle mirror of a struct, its walks, its gradient.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields};

use crate::diag::{Code, Errors};
use crate::frontend::dims;

/// Expands the derive.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => {
            errors.syntax(&error);
            return errors.finish();
        }
    };
    let code = fields(&input, &mut errors).map(|fields| implement(&input, fields, &mut errors));
    let errors = errors.finish();
    quote!(#code #errors)
}

/// The named fields of a struct that can be derived on.
fn fields<'i>(input: &'i DeriveInput, errors: &mut Errors) -> Option<Vec<&'i Field>> {
    if !input.generics.params.is_empty() {
        errors.at(&input.generics, Code::Derive, "a generic struct");
        return None;
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) => Some(named.named.iter().collect()),
            Fields::Unnamed(_) | Fields::Unit => {
                errors.at(&input.ident, Code::Derive, "a struct without named fields");
                None
            }
        },
        Data::Enum(_) | Data::Union(_) => {
            errors.at(&input.ident, Code::Derive, "an enum or a union");
            None
        }
    }
}

/// Where a field is constant: marked `#[no_diff]`.
fn is_constant(field: &Field) -> bool {
    field
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("no_diff"))
}

fn implement(input: &DeriveInput, fields: Vec<&Field>, errors: &mut Errors) -> TokenStream {
    let root = quote!(::cotangent::__private);
    let (name, visibility) = (&input.ident, &input.vis);
    let mirror = format_ident!("__{}Handle", name);
    let shapes_mirror = format_ident!("__{}Shapes", name);
    let idents: Vec<_> = fields
        .iter()
        .filter_map(|field| field.ident.as_ref())
        .collect();
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
    let mut checks = TokenStream::new();
    let mut shapes = Vec::new();
    for field in &fields {
        let Some(ident) = &field.ident else { continue };
        let ty = &field.ty;
        shapes.push(match dims::read(&field.attrs, &root, errors) {
            Some(declared) => {
                let (value, builder) = (quote!(handle.#ident), quote!(builder));
                checks.extend(dims::check(&declared, ident, &value, &builder, &root));
                let text = ident.to_string();
                quote_spanned!(ty.span()=> #root::StaticShape::declared(#declared, "", #text))
            }
            None => quote_spanned!(ty.span()=> <#ty as #root::Differentiable>::SHAPES),
        });
    }
    if !checks.is_empty() {
        let dims = crate::names::local("__dims");
        checks = quote!(let mut #dims = #root::Dims::default(); #checks);
    }
    let visibilities: Vec<_> = fields.iter().map(|field| &field.vis).collect();
    let texts: Vec<String> = idents.iter().map(ToString::to_string).collect();
    let constant: Vec<bool> = fields.iter().map(|field| is_constant(field)).collect();
    let zeros = idents.iter().zip(&constant).map(|(ident, &constant)| {
        if constant {
            quote!(#ident: ::core::clone::Clone::clone(&self.#ident))
        } else {
            quote!(#ident: #root::Differentiable::zeros_like(&self.#ident))
        }
    });
    let active: Vec<_> = idents
        .iter()
        .zip(&constant)
        .filter(|(_, c)| !**c)
        .map(|(i, _)| i)
        .collect();
    let active_texts: Vec<String> = active.iter().map(ToString::to_string).collect();
    let active_types: Vec<_> = types
        .iter()
        .zip(&constant)
        .filter(|(_, c)| !**c)
        .map(|(ty, _)| ty)
        .collect();
    quote! {
        #[doc(hidden)]
        #visibility struct #mirror<'h, 'b> {
            #(#visibilities #idents: #root::Handle<'h, 'b, #types>,)*
            #[doc(hidden)]
            pub __host: ::core::option::Option<&'h #name>,
        }

        #[doc(hidden)]
        #[derive(Clone, Copy)]
        #visibility struct #shapes_mirror {
            #(#visibilities #idents: <#types as #root::Differentiable>::Shapes,)*
        }

        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic, unused, reason = "generated code")]
        const _: () = {
            impl #shapes_mirror {
                /// A structure has no shape of its own.
                #[doc(hidden)]
                pub const fn within(self, _: &'static str, _: &'static str) -> #root::StaticShape {
                    #root::StaticShape::UNKNOWN
                }
            }

            impl #root::Receiver for #mirror<'_, '_> {
                type Host = #name;
                fn host(&self) -> &#name {
                    match self.__host {
                        ::core::option::Option::Some(host) => host,
                        ::core::option::Option::None => #root::no_host(),
                    }
                }
            }

            impl #root::Differentiable for #name {
                type Handle<'h, 'b> = #mirror<'h, 'b>;
                type Shapes = #shapes_mirror;
                const SHAPES: #shapes_mirror = #shapes_mirror { #(#idents: #shapes,)* };

                fn handle<'h, 'b>(&'h self, builder: &'b #root::Builder) -> #mirror<'h, 'b> {
                    let handle = #mirror {
                        #(#idents: #root::Differentiable::handle(&self.#idents, builder),)*
                        __host: ::core::option::Option::Some(self),
                    };
                    #checks
                    handle
                }

                fn walk(&self, walk: &mut #root::Walk) {
                    #(walk.field(#texts, #constant, |walk| {
                        #root::Differentiable::walk(&self.#idents, walk);
                    });)*
                }

                fn walk_gradient(&mut self, primal: &Self, walk: &mut #root::GradientWalk) {
                    #(walk.field(#constant, |walk| {
                        #root::Differentiable::walk_gradient(&mut self.#idents, &primal.#idents, walk);
                    });)*
                }

                fn zeros_like(&self) -> Self {
                    #name { #(#zeros,)* }
                }
            }

            impl #root::Leaves for #name {
                fn leaves(
                    &self,
                    path: &#root::Path<'_>,
                    visit: &mut dyn ::core::ops::FnMut(&#root::Path<'_>, #root::LeafView<'_>),
                ) {
                    #(<#active_types as #root::Leaves>::leaves(
                        &self.#active, &#root::Path::Field(path, #active_texts), visit,
                    );)*
                }

                fn leaves_mut(
                    &mut self,
                    path: &#root::Path<'_>,
                    visit: &mut dyn ::core::ops::FnMut(&#root::Path<'_>, #root::LeafViewMut<'_>),
                ) {
                    #(<#active_types as #root::Leaves>::leaves_mut(
                        &mut self.#active, &#root::Path::Field(path, #active_texts), visit,
                    );)*
                }

                fn zip_leaves(
                    &mut self,
                    other: &Self,
                    path: &#root::Path<'_>,
                    visit: &mut dyn ::core::ops::FnMut(
                        &#root::Path<'_>, #root::LeafViewMut<'_>, #root::LeafView<'_>,
                    ),
                ) -> ::core::result::Result<(), #root::StructureMismatch> {
                    #(<#active_types as #root::Leaves>::zip_leaves(
                        &mut self.#active, &other.#active,
                        &#root::Path::Field(path, #active_texts), visit,
                    )?;)*
                    ::core::result::Result::Ok(())
                }
            }
        };
    }
}
