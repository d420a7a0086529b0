//! Types of ndarray in signatures, by their names.
//!
//! What a view refers to, `ArrayRef`, is to an array what a slice is to a vector. So a parameter
//! that is a view is a reference to an `ArrayRef` in generated code: it may be used more than once,
//! its shadow is one too, and callers hand over arrays and views alike.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, Type};

use super::shape::{Floats, Shape};
use super::signature::{Param, Passing};
use crate::diag::{Code, Errors};

/// The last name of a path to a type and its type arguments.
fn named(ty: &Type) -> Option<(&Ident, Vec<&Type>)> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let arguments = match &last.arguments {
        PathArguments::AngleBracketed(list) => {
            let types = list.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            });
            types.collect()
        }
        _ => Vec::new(),
    };
    Some((&last.ident, arguments))
}

/// The rank in the name of a type with a prefix: `Some(None)` where the name has none.
fn rank(name: &str, prefix: &str) -> Option<Option<char>> {
    let mut rest = name.strip_prefix(prefix)?.chars();
    match (rest.next(), rest.next()) {
        (None, None) => Some(None),
        (Some(rank @ ('0'..='6' | 'D')), None) => Some(Some(rank)),
        _ => None,
    }
}

/// Whether a type has the name of an array of ndarray: owned, a view, or what a view refers to.
pub(crate) fn is_array(ty: &Type) -> bool {
    let prefixes = ["Array", "ArrayView", "ArrayViewMut", "ArrayRef"];
    named(ty).is_some_and(|(name, _)| {
        let name = name.to_string();
        prefixes.iter().any(|prefix| rank(&name, prefix).is_some())
    })
}

/// What a view refers to and how, and the same for a type that already is an `ArrayRef`.
fn referred(ty: &Type, private: &TokenStream) -> Option<(Option<Passing>, Type)> {
    let (name, arguments) = named(ty)?;
    let text = name.to_string();
    let (passing, rank) = [
        ("ArrayViewMut", Some(Passing::Exclusive)),
        ("ArrayView", Some(Passing::Shared)),
        ("ArrayRef", None),
    ]
    .into_iter()
    .find_map(|(prefix, passing)| Some((passing, rank(&text, prefix)?)))?;
    let span = ty.span();
    let dimension = match (rank, arguments.as_slice()) {
        (Some('D'), [_]) => format_ident!("IxDyn", span = Span::call_site()),
        (Some(rank), [_]) => format_ident!("Ix{}", rank, span = Span::call_site()),
        (None, [element, dimension]) => {
            let root = crate::names::at(private, span);
            let of = quote_spanned!(span=> #root::ndarray::ArrayRef<#element, #dimension>);
            return Some((passing, syn::parse2(of).ok()?));
        }
        _ => return None,
    };
    let (root, element) = (crate::names::at(private, span), arguments.first()?);
    let of = quote_spanned!(span=> #root::ndarray::ArrayRef<#element, #root::ndarray::#dimension>);
    Some((passing, syn::parse2(of).ok()?))
}

/// The element and the dimension of an `ArrayRef`.
pub(crate) fn parts(ty: &Type) -> Option<(&Type, &Type)> {
    match named(ty)? {
        (name, arguments) if name == "ArrayRef" => match arguments.as_slice() {
            [element, dimension] => Some((element, dimension)),
            _ => None,
        },
        _ => None,
    }
}

/// Makes a parameter that is a view of an array a reference to what it refers to.
pub(crate) fn refer(
    param: &mut Param,
    floats: &Floats,
    private: &TokenStream,
    errors: &mut Errors,
) {
    let Some((passing, ty)) = referred(&param.ty, private) else {
        return;
    };
    match (passing, param.passing) {
        (None, Passing::Shared | Passing::Exclusive) => param.ty = ty,
        (None, Passing::Value) => {}
        (Some(passing), Passing::Value) => {
            let shown = std::mem::replace(&mut param.ty, ty);
            param.shape = match parts(&param.ty) {
                Some((element, _)) if floats.shape(element) == Shape::Discrete => Shape::Discrete,
                _ => Shape::Named,
            };
            (param.passing, param.view) = (passing, Some(shown));
        }
        (Some(_), _) => {
            let message = "a view of an array is passed by value, not behind another reference";
            errors.at(&param.ty, Code::Signature, message);
        }
    }
}
