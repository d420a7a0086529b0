//! Differentiation of the IR.

pub(crate) mod graph;
pub(crate) mod rules;
