//! `Leaves`: the named slices of floats that optimizers and checkpoints see of a struct. Constant
//! fields are none, and an enum has none.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Member};

use super::fields::{Part, Variant, mentions};

/// Prints the implementation.
pub(super) fn implement(
    input: &DeriveInput,
    variants: &[Variant<'_>],
    root: &TokenStream,
) -> TokenStream {
    let (name, (generics, arguments, clause)) = (&input.ident, input.generics.split_for_impl());
    let active: Vec<&Part<'_>> = variants
        .iter()
        .filter(|variant| variant.name.is_none())
        .flat_map(|variant| &variant.fields)
        .filter(|part| !part.constant)
        .collect();
    let members: Vec<_> = active.iter().map(|part| &part.member).collect();
    let types: Vec<_> = active.iter().map(|part| part.ty()).collect();
    let parts: Vec<TokenStream> = types
        .iter()
        .map(|ty| {
            let (span, root) = (ty.span(), crate::names::at(root, ty.span()));
            quote_spanned!(span=> <#ty as #root::Leaves>)
        })
        .collect();
    let steps: Vec<TokenStream> = active
        .iter()
        .map(|part| match &part.member {
            Member::Named(name) => {
                let text = name.to_string();
                quote!(#root::Path::Field(path, #text))
            }
            Member::Unnamed(index) => {
                let index = index.index as usize;
                quote!(#root::Path::Index(path, #index))
            }
        })
        .collect();
    // Only the fields of a generic struct can lack leaves by the choice of its user.
    let predicates = clause.iter().flat_map(|clause| &clause.predicates);
    let of_fields = types
        .iter()
        .filter(|ty| !input.generics.params.is_empty() && !mentions(ty, &name.to_string()));
    quote! {
        impl #generics #root::Leaves for #name #arguments
        where #(#predicates,)* #(#of_fields: #root::Leaves,)*
        {
            fn leaves(
                &self,
                path: &#root::Path<'_>,
                visit: &mut impl ::core::ops::FnMut(&#root::Path<'_>, #root::LeafView<'_>),
            ) {
                #(#parts::leaves(&self.#members, &#steps, visit);)*
            }

            fn leaves_mut(
                &mut self,
                path: &#root::Path<'_>,
                visit: &mut impl ::core::ops::FnMut(&#root::Path<'_>, #root::LeafViewMut<'_>),
            ) {
                #(#parts::leaves_mut(&mut self.#members, &#steps, visit);)*
            }

            fn zip_leaves(
                &mut self,
                other: &Self,
                path: &#root::Path<'_>,
                visit: &mut impl ::core::ops::FnMut(
                    &#root::Path<'_>, #root::LeafViewMut<'_>, #root::LeafView<'_>,
                ),
            ) -> ::core::result::Result<(), #root::StructureMismatch> {
                #(#parts::zip_leaves(
                    &mut self.#members, &other.#members, &#steps, visit,
                )?;)*
                ::core::result::Result::Ok(())
            }
        }
    }
}
