//! What a derive sees of an item: its variants, of which a struct has one, and their fields.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Field, Fields, Member, Type};

use crate::diag::{Code, Errors};

/// A variant of an enum, or a struct as a whole.
pub(super) struct Variant<'i> {
    /// Its name; `None` for a struct.
    pub(super) name: Option<&'i Ident>,
    /// Its fields, in order.
    pub(super) fields: Vec<Part<'i>>,
}

/// A field.
pub(super) struct Part<'i> {
    /// As it was declared.
    pub(super) field: &'i Field,
    /// Its name or number.
    pub(super) member: Member,
    /// Marked `#[no_diff]`.
    pub(super) constant: bool,
}

impl Part<'_> {
    /// Its type.
    pub(super) fn ty(&self) -> &Type {
        &self.field.ty
    }
}

/// The variants of an item; a union has none.
pub(super) fn variants<'i>(
    input: &'i DeriveInput,
    errors: &mut Errors,
) -> Option<Vec<Variant<'i>>> {
    match &input.data {
        Data::Struct(data) => Some(vec![Variant {
            name: None,
            fields: parts(&data.fields),
        }]),
        Data::Enum(data) if data.variants.is_empty() => {
            errors.at(&input.ident, Code::Derive, "an enum without variants");
            None
        }
        Data::Enum(data) => Some(
            data.variants
                .iter()
                .map(|variant| Variant {
                    name: Some(&variant.ident),
                    fields: parts(&variant.fields),
                })
                .collect(),
        ),
        Data::Union(_) => {
            errors.at(&input.ident, Code::Derive, "a union");
            None
        }
    }
}

fn parts(fields: &Fields) -> Vec<Part<'_>> {
    fields
        .members()
        .zip(fields)
        .map(|(member, field)| Part {
            field,
            member,
            constant: field
                .attrs
                .iter()
                .any(|attribute| attribute.path().is_ident("no_diff")),
        })
        .collect()
}

impl Variant<'_> {
    /// `Name` or `Name::Variant`, of the item or of its tangent.
    pub(super) fn path(&self, of: &TokenStream) -> TokenStream {
        match self.name {
            Some(name) => quote!(#of::#name),
            None => quote!(#of),
        }
    }

    /// One local per field.
    pub(super) fn locals(&self, prefix: &str) -> Vec<Ident> {
        (0..self.fields.len())
            .map(|at| format_ident!("{}{}", prefix, at, span = Span::mixed_site()))
            .collect()
    }

    /// A pattern that binds these locals, or a value that is made of them.
    pub(super) fn filled(&self, of: &TokenStream, with: &[TokenStream]) -> TokenStream {
        let path = self.path(of);
        let members = self.fields.iter().map(|part| &part.member);
        quote!(#path { #(#members: #with,)* })
    }

    /// A pattern that binds all fields to locals.
    pub(super) fn pattern(&self, of: &TokenStream, locals: &[Ident]) -> TokenStream {
        let locals: Vec<TokenStream> = locals.iter().map(|local| quote!(#local)).collect();
        self.filled(of, &locals)
    }
}

/// Whether a type names something.
pub(super) fn mentions(ty: &Type, name: &str) -> bool {
    fn any(tokens: TokenStream, name: &str) -> bool {
        tokens.into_iter().any(|tree| match tree {
            proc_macro2::TokenTree::Ident(ident) => ident == name,
            proc_macro2::TokenTree::Group(group) => any(group.stream(), name),
            proc_macro2::TokenTree::Punct(_) | proc_macro2::TokenTree::Literal(_) => false,
        })
    }
    any(quote!(#ty), name)
}
