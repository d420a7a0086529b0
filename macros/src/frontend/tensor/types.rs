//! Types of the tensor regime: what stands for a user's type inside `instantiate`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, Type};

use crate::diag::{Code, Errors};
use crate::frontend::signature::Signature;
use crate::ir::dtype::Dtype;

/// The handle type that stands for `ty`: references and slices stay, everything else is
/// `<T as Differentiable>::Handle`, so that the macro need not know `T`.
pub(crate) fn handle_type(ty: &Type, root: &TokenStream) -> TokenStream {
    match ty {
        Type::Reference(reference) => {
            let inner = handle_type(&reference.elem, root);
            let mutability = &reference.mutability;
            quote!(& #mutability #inner)
        }
        Type::Slice(slice) => {
            let element = handle_type(&slice.elem, root);
            quote!([#element])
        }
        Type::Infer(_) => quote!(_),
        Type::Paren(inner) => handle_type(&inner.elem, root),
        Type::Group(inner) => handle_type(&inner.elem, root),
        // A container with a part left to inference: `Vec<_>` of handles is a `Vec` of handles.
        Type::Path(path) if has_hole(ty) => {
            let mut path = path.clone();
            for segment in &mut path.path.segments {
                if let PathArguments::AngleBracketed(list) = &mut segment.arguments {
                    for argument in &mut list.args {
                        if let GenericArgument::Type(inner) = argument {
                            let handle = handle_type(inner, root);
                            *inner = Type::Verbatim(handle);
                        }
                    }
                }
            }
            quote!(#path)
        }
        Type::Tuple(tuple) if has_hole(ty) => {
            let parts = tuple.elems.iter().map(|part| handle_type(part, root));
            quote!((#(#parts,)*))
        }
        other => {
            let span = other.span();
            let root = crate::names::at(root, span);
            quote_spanned!(span=> #root::Handle<'h, 'b, #other>)
        }
    }
}

/// Whether `_` stands somewhere in a type.
fn has_hole(ty: &Type) -> bool {
    struct Hole(bool);
    impl<'ast> syn::visit::Visit<'ast> for Hole {
        fn visit_type_infer(&mut self, _: &'ast syn::TypeInfer) {
            self.0 = true;
        }
    }
    let mut hole = Hole(false);
    syn::visit::Visit::visit_type(&mut hole, ty);
    hole.0
}

/// The element type of a function's tensors: the one float type that its signature mentions.
pub(crate) fn dtype(signature: &Signature, errors: &mut Errors) -> Dtype {
    let mut found: Option<Dtype> = None;
    let types = signature
        .params
        .iter()
        .map(|param| &param.ty)
        .chain([&signature.output]);
    for ty in types {
        let mut names = Vec::new();
        floats(ty, &mut names);
        for (dtype, name) in names {
            if *found.get_or_insert(dtype) != dtype {
                errors.at(
                    &name,
                    Code::Signature,
                    "two float types in one tensor function",
                );
            }
        }
    }
    found.unwrap_or(Dtype::F32)
}

/// Whether a type is spelled `Tensor<u32>`: labels.
pub(crate) fn is_labels(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| {
        last.ident == "Tensor"
            && matches!(&last.arguments, PathArguments::AngleBracketed(list)
                if matches!(list.args.first(), Some(GenericArgument::Type(Type::Path(element)))
                    if element.path.is_ident("u32")))
    })
}

/// Whether a type is spelled `Tensor<..>` of floats.
pub(crate) fn is_tensor(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let last = path.path.segments.last();
    last.is_some_and(|last| last.ident == "Tensor") && !is_labels(ty)
}

fn floats(ty: &Type, into: &mut Vec<(Dtype, syn::Ident)>) {
    struct Names<'a>(&'a mut Vec<(Dtype, syn::Ident)>);
    impl<'ast> syn::visit::Visit<'ast> for Names<'_> {
        fn visit_ident(&mut self, ident: &'ast syn::Ident) {
            // The half types are computed in single precision.
            if ident == "f32" || ident == "f16" || ident == "bf16" {
                self.0.push((Dtype::F32, ident.clone()));
            } else if ident == "f64" {
                self.0.push((Dtype::F64, ident.clone()));
            }
        }
    }
    syn::visit::Visit::visit_type(&mut Names(into), ty);
}
