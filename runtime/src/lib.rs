//! Tensors, static graphs, memory planning and SIMD kernels of Cotangent.
//!
//! Users meet this crate through `cotangent`; the modules here are the engine room. Nothing in it
//! knows a derivative rule: the macro differentiates, and this crate runs what it was given.

pub mod check;
pub mod codegen;
pub mod cpu;
mod dtype;
pub mod graph;
mod leaf;
pub mod scalar;

pub use cpu::real::Real;
pub use dtype::{DType, Element, Float};
pub use leaf::{Floats, FloatsMut, LeafView, LeafViewMut, Leaves, Path, StructureMismatch};
