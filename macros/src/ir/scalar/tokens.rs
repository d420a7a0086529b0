//! What types and indices are, as far as their tokens say it.

use proc_macro2::{TokenStream, TokenTree};

/// Whether a type is that of a float, and known.
pub(crate) fn is_float(ty: &TokenStream) -> bool {
    ["f32", "f64"].contains(&ty.to_string().as_str())
}

/// Whether an index is a range, which asks for more than one element.
pub(crate) fn is_range(index: &TokenStream) -> bool {
    let mut before = false;
    index.clone().into_iter().any(|tree| {
        let dot = matches!(&tree, TokenTree::Punct(mark) if mark.as_char() == '.');
        std::mem::replace(&mut before, dot) && dot
    })
}
