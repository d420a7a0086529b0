//! `#[shape(B, 784)]`: declared dimensions, for parameters and fields.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Lit, Token};

use crate::diag::{Code, Errors};

/// The check of one declaration, as statements over a local `__dims`; nothing without a `#[shape]`.
/// `value` is the handle, `builder` the builder.
pub(crate) fn check(
    attributes: &[Attribute],
    name: &Ident,
    value: &TokenStream,
    builder: &TokenStream,
    root: &TokenStream,
    errors: &mut Errors,
) -> TokenStream {
    let dims = crate::names::local("__dims");
    let mut checks = TokenStream::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("shape"))
    {
        let list = attribute.meta.require_list().and_then(|list| {
            Punctuated::<Expr, Token![,]>::parse_terminated.parse2(list.tokens.clone())
        });
        let Ok(list) = list else {
            errors.at(
                attribute,
                Code::Shape,
                "`shape` takes dimensions, as in `#[shape(B, 784)]`",
            );
            continue;
        };
        let mut declared = Vec::new();
        for dim in &list {
            declared.push(match dim {
                Expr::Lit(literal) if matches!(literal.lit, Lit::Int(_)) => {
                    quote!(#root::Dim::Size(#literal))
                }
                Expr::Path(path) if path.path.get_ident().is_some() => {
                    let text = quote!(#path).to_string();
                    quote!(#root::Dim::Name(#text))
                }
                other => {
                    errors.at(
                        other,
                        Code::Shape,
                        "a dimension that is neither a size nor a name",
                    );
                    continue;
                }
            });
        }
        let text = name.to_string();
        checks.extend(quote_spanned! {name.span()=>
            #dims.check(
                #builder,
                #root::Place {
                    what: #text, file: ::core::file!(), line: ::core::line!(), column: ::core::column!()
                },
                &#value,
                &[#(#declared),*],
            );
        });
    }
    checks
}
