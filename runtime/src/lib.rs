//! The runtime of Cotangent: tensors, static graphs, memory planning and CPU kernels.
//!
//! Users meet this crate through `cotangent`; the modules here are the engine room. Nothing in it
//! knows Rust syntax or a derivative rule: the macro differentiates, and this crate runs what it
//! was given. What generated code may name is the flat list in `codegen`.

mod allocations;
mod axes;
mod buffer;
pub mod check;
#[doc(hidden)]
pub mod codegen;
pub mod cpu;
mod dtype;
mod embedding;
mod error;
pub mod graph;
mod leaf;
mod leaves;
mod methods;
pub mod npy;
#[doc(hidden)]
pub mod primitive;
mod row_index;
mod rows;
pub mod scalar;
mod shape;
mod tensor;
mod zip;

pub use allocations::Allocations;
pub use axes::{Over, Position, Span};
pub use cpu::real::Real;
pub use dtype::{DType, Element, Float, Half};
pub use embedding::Embedding;
pub use error::Error;
pub use graph::{BoundMethod, Differentiable, Graph, Profile, Program, Report, TensorFn, Update};
#[doc(no_inline)]
pub use half::{bf16, f16};
pub use leaf::{Floats, FloatsMut, LeafView, LeafViewMut, Leaves, Path, StructureMismatch};
pub use methods::{Bag, Pad, Resize, concat, stack};
pub use row_index::RowIndex;
pub use rows::Rows;
pub use tensor::{Operand, Tensor};
