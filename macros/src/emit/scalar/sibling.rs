//! Methods and associated functions: no structure can stand beside them in an `impl`, so everything
//! that the companion of a function `f` would have is a sibling: `grad` is `f_grad`, and what other
//! generated code calls, `__forward`, is `__f_forward`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};

use crate::frontend::signature::Signature;

/// The name of the sibling that takes the place of an item of the companion.
pub(super) fn sibling(function: &Ident, item: &Ident) -> Ident {
    let text = item.to_string();
    let name = match text.strip_prefix("__") {
        Some(rest) => format_ident!("__{}_{}", function, rest),
        None => format_ident!("{}_{}", function, text),
    };
    let mut name: Ident = name;
    name.set_span(item.span());
    name
}

/// The items of a companion as siblings of a function: their definitions, and the calls between
/// them, are given their names, and each carries the attributes that an `impl` would.
pub(crate) fn siblings(items: TokenStream, signature: &Signature) -> TokenStream {
    let function = &signature.name;
    let mut out = TokenStream::new();
    let mut defines = false;
    for tree in items {
        match tree {
            TokenTree::Ident(word) if word == "pub" => {
                let visibility = &signature.visibility;
                out.extend(attributes());
                out.extend(visibility.to_token_stream());
                defines = true;
            }
            TokenTree::Ident(word) if word == "fn" => {
                if !std::mem::take(&mut defines) {
                    out.extend(attributes());
                }
                out.extend(quote!(#word));
                defines = true;
            }
            TokenTree::Ident(name) if std::mem::take(&mut defines) => {
                out.extend(sibling(function, &name).into_token_stream());
            }
            tree => out.extend([tree]),
        }
    }
    calls(out, function)
}

fn attributes() -> TokenStream {
    quote!(#[allow(warnings, clippy::all, clippy::pedantic, reason = "generated code")])
}

/// Renames the hidden items that are called as `Self::__name`.
fn calls(tokens: TokenStream, function: &Ident) -> TokenStream {
    let mut before: [String; 3] = Default::default();
    tokens
        .into_iter()
        .map(|tree| {
            let tree = match tree {
                TokenTree::Group(group) => {
                    let inner = calls(group.stream(), function);
                    let mut renamed = proc_macro2::Group::new(group.delimiter(), inner);
                    renamed.set_span(group.span());
                    TokenTree::Group(renamed)
                }
                TokenTree::Ident(name)
                    if name.to_string().starts_with("__") && before == ["Self", ":", ":"] =>
                {
                    TokenTree::Ident(sibling(function, &name))
                }
                tree => tree,
            };
            before.rotate_left(1);
            before[2] = match &tree {
                TokenTree::Group(_) => String::new(),
                tree => tree.to_string(),
            };
            tree
        })
        .collect()
}
