//! From Rust syntax to the IR. The only stage that knows `syn::Expr`.

pub(crate) mod array;
pub(crate) mod dims;
pub(crate) mod scalar;
pub(crate) mod shape;
pub(crate) mod signature;
pub(crate) mod tensor;
