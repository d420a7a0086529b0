//! The derivative of a function that is mapped over a tensor, as an expression of a kernel.
//!
//! A macro does not know whether the function is marked. As for callees (`frontend::tensor::links`), an
//! empty struct of the same name stands behind the companion, so that rustc finds the struct where
//! there is no companion, and reports our text at the user's token.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Path, PathArguments};

/// An expression over the companion of `function`, which has so many parameters: `of` prints it from
/// what the companion is called there, and the user's place.
pub(super) fn companion(
    function: &Path,
    arity: usize,
    of: impl FnOnce(&Ident, Span) -> TokenStream,
) -> TokenStream {
    let Some(last) = function.segments.last() else {
        return quote!(::core::unreachable!());
    };
    let mut plain = function.clone();
    for segment in &mut plain.segments {
        segment.arguments = PathArguments::None;
    }
    let (alias, span) = (&last.ident, last.ident.span());
    let [import, marker, fallback] = ["__mapped", "DifferentiableMapped", "Mapped"]
        .map(|name| Ident::new(name, Span::mixed_site()));
    let types: Vec<Ident> = (0..arity).map(|k| format_ident!("A{}", k)).collect();
    let text = quote!(#plain).to_string().replace(' ', "");
    let message =
        format!("the function `{text}`, which is mapped over a tensor, is not differentiable");
    let pullback = Ident::new("__pullback", span);
    let value = of(alias, span);
    quote! {{
        use #plain as #import;
        {
            struct #alias {}
            #[diagnostic::on_unimplemented(
                message = #message,
                label = "its derivative is asked for here",
                note = "put `#[differentiable]` on the function, or map a closure that is a formula: `x.map(|x| x * x)`"
            )]
            trait #marker {}
            trait #fallback {
                fn #pullback<#(#types,)* C>(#(_: #types,)* _: C) -> (#(#types,)*)
                where
                    Self: #marker,
                {
                    loop {}
                }
            }
            impl #fallback for #alias {}
            { use #import as #alias; #value }
        }
    }}
}
