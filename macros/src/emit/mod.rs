//! From the IR to Rust.

pub(crate) mod scalar;
pub(crate) mod tensor;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::args::Args;
use crate::frontend::signature::{Regime, Signature};
use crate::names;

/// The companion of a function that could not be differentiated: it has the entry points, so that
/// callers get no second error, and none of them can run because the crate does not compile.
pub(crate) fn stub(signature: &Signature, args: &Args) -> TokenStream {
    let name = names::companion(args, &signature.name);
    let visibility = &signature.visibility;
    let entries = match signature.regime {
        Regime::Scalar => [
            "value_and_grad",
            "grad",
            "value_and_grad_into",
            "vjp",
            "jvp",
            "hvp",
            "value_grad_and_hvp",
            "hessian",
            "jacobian",
        ]
        .as_slice(),
        Regime::Tensor => &["bind", "value_and_grad", "grad", "vjp"],
    };
    let entries = entries.iter().map(|entry| {
        let entry = Ident::new(entry, Span::call_site());
        let more = match entry.to_string().as_str() {
            "value_and_grad_into" | "vjp" => 1,
            "jvp" | "hvp" | "value_grad_and_hvp" => signature.wrt.len(),
            _ => 0,
        };
        let more = (0..more).map(|_| quote!(_: impl Sized));
        let params = signature
            .params
            .iter()
            .map(|param| match param.name == "self" {
                true => quote!(&self),
                false => quote!(_: impl Sized),
            })
            .chain(more);
        quote! {
            pub fn #entry(#(#params),*) -> ! {
                loop {}
            }
        }
    });
    if signature.sibling && signature.regime == Regime::Scalar {
        return scalar::sibling::siblings(quote!(#(#entries)*), signature);
    }
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, reason = "it is named like the function")]
        #visibility struct #name {}
        #[allow(warnings, clippy::all, reason = "generated code")]
        impl #name {
            #(#entries)*
        }
    }
}
