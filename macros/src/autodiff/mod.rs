//! Differentiation of the IR.

pub(crate) mod rules;
