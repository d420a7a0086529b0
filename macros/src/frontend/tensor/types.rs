//! Types of the tensor regime: what stands for a user's type inside `instantiate`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{GenericArgument, PathArguments, Type};

use crate::diag::{Code, Errors};
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
    impl<'ast> Visit<'ast> for Hole {
        fn visit_type_infer(&mut self, _: &'ast syn::TypeInfer) {
            self.0 = true;
        }
    }
    let mut hole = Hole(false);
    hole.visit_type(ty);
    hole.0
}

/// The element type of a function's tensors.
#[derive(Clone, Debug)]
pub(crate) enum Element {
    /// One that the macro knows.
    Known(Dtype),
    /// A type parameter of the function, which is a float type. What it is shows where the code is
    /// compiled, so that there is a graph of each float type.
    Parameter(Ident),
    /// A parameter of the `impl` block, or a name that the user gave to a float type: as a parameter.
    Named(Ident),
}

impl Element {
    /// Its name where it is not known.
    pub(crate) fn name(&self) -> Option<&Ident> {
        match self {
            Element::Known(_) => None,
            Element::Parameter(name) | Element::Named(name) => Some(name),
        }
    }

    /// The type that it is computed in, in generated code.
    pub(crate) fn computed(&self, root: &TokenStream) -> TokenStream {
        match self {
            Element::Known(dtype) => {
                let name = Ident::new(dtype.name(), Span::call_site());
                quote!(#name)
            }
            Element::Parameter(name) => quote!(#name),
            Element::Named(name) => quote!(<#name as #root::Element>::Compute),
        }
    }

    /// The types that it may be.
    pub(crate) fn dtypes(&self) -> &'static [Dtype] {
        match self {
            Element::Known(Dtype::F32) => &[Dtype::F32],
            Element::Known(Dtype::F64) => &[Dtype::F64],
            Element::Parameter(_) | Element::Named(_) => &[Dtype::F32, Dtype::F64],
        }
    }

    /// A type, or what else can be visited, with a float type for the name.
    pub(crate) fn known_in(&self, mut ty: Type, dtype: Dtype) -> Type {
        if let Some(name) = self.name() {
            Replace(name, dtype).visit_type_mut(&mut ty);
        }
        ty
    }

    /// As `known_in`, for the path of a function.
    pub(crate) fn known_in_path(&self, path: &mut syn::Path, dtype: Dtype) {
        if let Some(name) = self.name() {
            Replace(name, dtype).visit_path_mut(path);
        }
    }

    /// Whether a path begins with its name, as `T::ZERO` does.
    pub(crate) fn begins(&self, path: &syn::Path) -> bool {
        let first = path.segments.first().map(|first| first.ident.to_string());
        path.segments.len() == 2
            && match self {
                Element::Known(dtype) => first.as_deref() == Some(dtype.name()),
                Element::Parameter(name) | Element::Named(name) => {
                    first.is_some_and(|first| *name == first)
                }
            }
    }
}

/// Puts a float type where a name stands.
struct Replace<'a>(&'a Ident, Dtype);

impl VisitMut for Replace<'_> {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        if path.is_ident(self.0) {
            *path = Ident::new(self.1.name(), self.0.span()).into();
        }
        syn::visit_mut::visit_path_mut(self, path);
    }
}

/// The handle of a parameter of type `ty`. Where it is a tensor of the float type that the function
/// is generic over, its handle names that type, so that rustc can tell it from an argument.
pub(crate) fn parameter_type(ty: &Type, float: Option<&Ident>, root: &TokenStream) -> TokenStream {
    let part = |ty: &Type| parameter_type(ty, float, root);
    match (ty, float) {
        (Type::Path(path), Some(float)) if held_by_tensor(path) == Some(float) => {
            quote!(#root::TensorHandle<'b, #float>)
        }
        (Type::Path(path), Some(_)) => match container(path) {
            Some((name, content)) => {
                let content = part(content);
                quote!(#name<#content>)
            }
            None => handle_type(ty, root),
        },
        (Type::Slice(slice), _) => {
            let element = part(&slice.elem);
            quote!([#element])
        }
        (Type::Array(array), Some(_)) => {
            let (element, len) = (part(&array.elem), &array.len);
            quote!([#element; #len])
        }
        (Type::Tuple(tuple), Some(_)) => {
            let parts = tuple.elems.iter().map(part);
            quote!((#(#parts,)*))
        }
        _ => handle_type(ty, root),
    }
}

/// A container of handles, and what it holds.
fn container(path: &syn::TypePath) -> Option<(TokenStream, &Type)> {
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(list) = &last.arguments else {
        return None;
    };
    let name = match last.ident.to_string().as_str() {
        "Vec" => quote!(::std::vec::Vec),
        "Option" => quote!(::core::option::Option),
        _ => return None,
    };
    match list.args.first()? {
        GenericArgument::Type(content) => Some((name, content)),
        _ => None,
    }
}

/// The element type of a function's tensors: its type parameter, the one float type that its
/// signature mentions, or what else a `Tensor` of it holds. The parameters of an `impl` block are not
/// seen: in a method a name of one capital letter is taken for one.
pub(crate) fn element(sig: &syn::Signature, errors: &mut Errors) -> Element {
    let mut parameters = sig.generics.type_params();
    let parameter = parameters.next().map(|parameter| parameter.ident.clone());
    for other in parameters {
        errors.at(
            other,
            Code::Signature,
            "a second type parameter of a function over tensors; the one that it may have is the float type",
        );
    }
    for lifetime in sig.generics.lifetimes() {
        errors.at(
            lifetime,
            Code::Signature,
            "a named lifetime of a function over tensors; leave it to the compiler",
        );
    }
    let mut names = Names {
        method: sig.receiver().is_some(),
        ..Names::default()
    };
    let typed = sig.inputs.iter().filter_map(|input| match input {
        syn::FnArg::Typed(typed) => Some(&*typed.ty),
        syn::FnArg::Receiver(_) => None,
    });
    let output = match &sig.output {
        syn::ReturnType::Type(_, ty) => Some(&**ty),
        syn::ReturnType::Default => None,
    };
    typed.chain(output).for_each(|ty| names.visit_type(ty));
    let mut found = parameter.map(Element::Parameter);
    for (dtype, name) in names.floats {
        match found.get_or_insert(Element::Known(dtype)) {
            Element::Known(known) if *known == dtype => {}
            _ => errors.at(
                &name,
                Code::Signature,
                "two float types in one tensor function",
            ),
        }
    }
    let named = names.element.or(names.capital).map(Element::Named);
    found.or(named).unwrap_or(Element::Known(Dtype::F32))
}

/// The types of elements that a signature names.
#[derive(Default)]
struct Names {
    /// Float types.
    floats: Vec<(Dtype, Ident)>,
    /// What a `Tensor` holds beside these and labels.
    element: Option<Ident>,
    /// A name of one capital letter, in a method.
    capital: Option<Ident>,
    method: bool,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_type_path(&mut self, ty: &'ast syn::TypePath) {
        if let Some(name) = ty.path.get_ident() {
            match name.to_string().as_str() {
                // The half types are computed in single precision.
                "f32" | "f16" | "bf16" => self.floats.push((Dtype::F32, name.clone())),
                "f64" => self.floats.push((Dtype::F64, name.clone())),
                text if self.method && matches!(text.as_bytes(), [b'A'..=b'Z']) => {
                    self.capital.get_or_insert(name.clone());
                }
                _ => {}
            }
        }
        if let Some(held) = held_by_tensor(ty)
            && !is_discrete(held)
            && !["f32", "f64", "f16", "bf16"]
                .iter()
                .any(|float| held == float)
        {
            self.element.get_or_insert(held.clone());
        }
        syn::visit::visit_type_path(self, ty);
    }
}

/// `T` of `Tensor<T>`.
fn held_by_tensor(ty: &syn::TypePath) -> Option<&Ident> {
    let last = ty.path.segments.last()?;
    let PathArguments::AngleBracketed(list) = &last.arguments else {
        return None;
    };
    match list.args.first()? {
        GenericArgument::Type(Type::Path(element)) if last.ident == "Tensor" => {
            element.path.get_ident()
        }
        _ => None,
    }
}

/// Whether a tensor of these holds no floats.
fn is_discrete(name: &Ident) -> bool {
    ["u32", "bool", "u8", "i64"]
        .iter()
        .any(|discrete| name == discrete)
}

/// Whether a type is spelled `Tensor` of labels, masks or integers.
pub(crate) fn is_labels(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    held_by_tensor(path).is_some_and(is_discrete)
}

/// Whether a type is spelled `Tensor<..>` of floats.
pub(crate) fn is_tensor(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let last = path.path.segments.last();
    last.is_some_and(|last| last.ident == "Tensor") && !is_labels(ty)
}
