//! Differentiation of the IR.

pub(crate) mod graph;
pub(crate) mod rules;
pub(crate) mod scalar;
