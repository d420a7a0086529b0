//! Differentiation of the IR.

pub(crate) mod graph;
mod primitive;
pub(crate) mod rules;
pub(crate) mod scalar;
