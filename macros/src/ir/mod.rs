//! The compiler's own representations. Nothing here knows Rust syntax or rules of differentiation.

pub(crate) mod body;
pub(crate) mod composite;
pub(crate) mod dtype;
pub(crate) mod graph;
pub(crate) mod op;
pub(crate) mod primitive;
pub(crate) mod reversal;
pub(crate) mod scalar;
