//! A tensor function's arguments, in the forms that its entry points need.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use crate::frontend::signature::{Passing, Signature};
use crate::names;

/// A differentiated parameter.
pub(crate) struct Wrt {
    /// Its type without the reference.
    pub(crate) ty: Type,
    /// Its name.
    pub(crate) name: String,
    /// A reference to it.
    pub(crate) reference: TokenStream,
    /// Whether it is passed by value, and so is a direction of it.
    pub(crate) by_value: bool,
}

/// The arguments of the entry points. The receiver of a method is no argument of theirs, but is
/// walked as one.
pub(crate) struct Arguments {
    /// `x: &T`
    pub(crate) declared: Vec<TokenStream>,
    /// `x`
    pub(crate) names: Vec<TokenStream>,
    /// One walk of an argument, by reference.
    pub(crate) walk: Vec<TokenStream>,
    /// The handle of an argument.
    pub(crate) handles: Vec<TokenStream>,
    /// The differentiated ones, in the order of `wrt`; a receiver first.
    pub(crate) wrt: Vec<Wrt>,
}

impl Arguments {
    /// The arguments of a function or a method.
    pub(crate) fn of(signature: &Signature, root: &TokenStream) -> Arguments {
        let mut arguments = Arguments {
            declared: vec![],
            names: vec![],
            walk: vec![],
            handles: vec![],
            wrt: vec![],
        };
        let walk = names::local("__walk");
        if signature.receiver.is_some() {
            let active = signature.wrt_receiver;
            arguments.walk.push(quote! {
                #walk.parameter("self", #active);
                <Self as #root::Differentiable>::walk(self, #walk);
            });
            if active {
                arguments.wrt.push(Wrt {
                    ty: syn::parse_quote!(Self),
                    name: "self".to_owned(),
                    reference: quote!(self),
                    by_value: false,
                });
            }
        }
        let mut references = Vec::new();
        for (index, param) in signature.params.iter().enumerate() {
            let (name, ty) = (&param.name, &param.ty);
            let active = signature.wrt.contains(&index);
            let text = name.to_string();
            let (declared, reference) = match param.passing {
                Passing::Value => (quote!(#name: #ty), quote!(&#name)),
                Passing::Shared | Passing::Exclusive => (quote!(#name: &#ty), quote!(#name)),
            };
            let borrow = match param.passing {
                Passing::Value => quote!(),
                Passing::Shared => quote!(&),
                Passing::Exclusive => quote!(&mut),
            };
            let builder = names::local("__builder");
            arguments.declared.push(declared);
            arguments.names.push(quote!(#name));
            // At the type's own tokens, so that a type without the derive is reported there, once.
            let differentiable = differentiable(ty, root);
            arguments.walk.push(quote! {
                #walk.parameter(#text, #active);
                #differentiable::walk(#reference, #walk);
            });
            arguments.handles.push(quote! {
                #borrow #builder.argument(
                    #text, |#builder| #differentiable::handle(#reference, #builder)
                )
            });
            references.push(reference);
        }
        for &at in &signature.wrt {
            let param = &signature.params[at];
            arguments.wrt.push(Wrt {
                ty: param.ty.clone(),
                name: param.name.to_string(),
                reference: references[at].clone(),
                by_value: param.passing == Passing::Value,
            });
        }
        arguments
    }
}

/// `<T as Differentiable>` at the tokens of the type.
pub(crate) fn differentiable(ty: &Type, root: &TokenStream) -> TokenStream {
    let span = ty.span();
    let root = names::at(root, span);
    quote_spanned!(span=> <#ty as #root::Differentiable>)
}
