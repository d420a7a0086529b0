//! Differentiation of the IR.

pub(crate) mod graph;
mod linear;
mod primitive;
mod recurrent;
pub(crate) mod rules;
pub(crate) mod scalar;
