//! Passes over the IR.

pub(crate) mod evident_types;
pub(crate) mod fuse;
pub(crate) mod simplify_graph;
pub(crate) mod verify_graph;
pub(crate) mod verify_scalar;
