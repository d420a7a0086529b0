//! `#[derive(Differentiable)]`: what both regimes and the optimizers need of a user's type.

mod fields;
mod graph;
mod leaves;
mod scalar;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::diag::Errors;
use fields::{mentions, variants};

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
    let code = implement(&input, &mut errors);
    let errors = errors.finish();
    quote!(#code #errors)
}

fn implement(input: &DeriveInput, errors: &mut Errors) -> Option<TokenStream> {
    let root = quote!(::cotangent::__private);
    let variants = variants(input, errors)?;
    // A struct of tensors is for the other regime alone.
    let tensors = variants
        .iter()
        .flat_map(|variant| &variant.fields)
        .any(|part| mentions(part.ty(), "Tensor"));
    let (types, scalar) = match tensors {
        true => Default::default(),
        false => scalar::implement(input, &variants, &root),
    };
    let (mirrors, graph) = graph::implement(input, &variants, &root, errors);
    let leaves = leaves::implement(input, &variants, &root);
    Some(quote! {
        #types
        #mirrors

        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic, unused, reason = "generated code")]
        const _: () = {
            #scalar
            #graph
            #leaves
        };
    })
}
