//! `#[shape(B, 2 * H, 784)]`: declared dimensions, for parameters and fields.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, BinOp, Expr, Lit, Token};

use crate::diag::{Code, Errors};

/// The declaration of a parameter or a field, as an expression of type `&'static [Dim]`; `None`
/// without a `#[shape]`.
pub(crate) fn read(
    attributes: &[Attribute],
    root: &TokenStream,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let mut shapes = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("shape"));
    let attribute = shapes.next()?;
    if let Some(second) = shapes.next() {
        errors.at(second, Code::Shape, "a second `shape` of the same tensor");
    }
    let list = attribute.meta.require_list().and_then(|list| {
        Punctuated::<Expr, Token![,]>::parse_terminated.parse2(list.tokens.clone())
    });
    let Ok(list) = list else {
        errors.at(
            attribute,
            Code::Shape,
            "`shape` takes dimensions, as in `#[shape(B, 784)]`",
        );
        return None;
    };
    let mut dims = Vec::new();
    let mut open = false;
    for dim in &list {
        if let Expr::Range(range) = dim
            && range.start.is_none()
            && range.end.is_none()
        {
            if open {
                errors.at(dim, Code::Shape, "a second `..`");
            }
            open = true;
            dims.push(quote!(#root::Dim::Rest));
            continue;
        }
        match affine(dim) {
            Some(Affine {
                name: None, offset, ..
            }) if offset >= 0 => {
                let size = offset.unsigned_abs();
                dims.push(quote!(#root::Dim::Size(#size)));
            }
            Some(Affine {
                name: Some(name),
                factor,
                offset,
            }) if factor > 0 => dims.push(quote!(#root::Dim::Name {
                name: #name, factor: #factor, offset: #offset
            })),
            _ => errors.at(
                dim,
                Code::Shape,
                "a dimension that is no size, no name, and no multiple of a name plus a size",
            ),
        }
    }
    Some(quote!(&[#(#dims),*]))
}

/// The check of a declaration at bind, as a statement over a local `__dims`. `value` is the
/// handle, `builder` the builder.
pub(crate) fn check(
    declared: &TokenStream,
    name: &Ident,
    value: &TokenStream,
    builder: &TokenStream,
    root: &TokenStream,
) -> TokenStream {
    let dims = crate::names::local("__dims");
    let text = name.to_string();
    quote_spanned! {name.span()=>
        #dims.check(
            #builder,
            #root::Place {
                what: #text, file: ::core::file!(), line: ::core::line!(), column: ::core::column!()
            },
            &#value,
            #declared,
        );
    }
}

/// `factor * name + offset`.
struct Affine {
    name: Option<String>,
    factor: isize,
    offset: isize,
}

fn affine(expression: &Expr) -> Option<Affine> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(size) => Some(Affine {
                name: None,
                factor: 0,
                offset: size.base10_parse().ok()?,
            }),
            _ => None,
        },
        Expr::Path(path) => Some(Affine {
            name: Some(path.path.get_ident()?.to_string()),
            factor: 1,
            offset: 0,
        }),
        Expr::Paren(inner) => affine(&inner.expr),
        Expr::Group(inner) => affine(&inner.expr),
        Expr::Binary(binary) => {
            let (a, b) = (affine(&binary.left)?, affine(&binary.right)?);
            match (&binary.op, a.name, b.name) {
                (BinOp::Add(_), name, None) | (BinOp::Add(_), None, name) => Some(Affine {
                    name,
                    factor: a.factor + b.factor,
                    offset: a.offset.checked_add(b.offset)?,
                }),
                (BinOp::Sub(_), name, None) => Some(Affine {
                    name,
                    factor: a.factor,
                    offset: a.offset.checked_sub(b.offset)?,
                }),
                (BinOp::Mul(_), name, None) => Some(Affine {
                    name,
                    factor: a.factor.checked_mul(b.offset)?,
                    offset: a.offset.checked_mul(b.offset)?,
                }),
                (BinOp::Mul(_), None, name) => Some(Affine {
                    name,
                    factor: b.factor.checked_mul(a.offset)?,
                    offset: b.offset.checked_mul(a.offset)?,
                }),
                _ => None,
            }
        }
        _ => None,
    }
}
