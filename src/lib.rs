#![doc = include_str!("../README.md")]

extern crate self as cotangent;

#[cfg(feature = "bench")]
pub mod bench;
pub mod functions;
pub mod language {
    #![doc = include_str!("language.md")]
}
pub mod prelude;

/// What generated code names; no interface of its own.
#[doc(hidden)]
pub mod __private {
    pub use cotangent_runtime::codegen::*;

    /// The regions of single operations, for operators between values of unknown type.
    pub static ONE_OPS: OneOps = cotangent_macros::__one_ops!(::cotangent_runtime::codegen);
}

pub use cotangent_macros::{Differentiable, derivative, differentiable, einsum};
pub use cotangent_optimizers as optimizers;
pub use cotangent_runtime::cpu::{Precision, set_threads, threads, with_precision};
pub use cotangent_runtime::npy;
pub use cotangent_runtime::scalar::{Matrix, Number as Real, SparseJacobian};
pub use cotangent_runtime::{
    Bag, BoundMethod, Element, Embedding, Error, Float, Floats, FloatsMut, Graph, Half, LeafView,
    LeafViewMut, Leaves, Over, Pad, Path, Position, Profile, Program, Report, Resize, RowIndex,
    Rows, Span, StructureMismatch, Tensor, Update, bf16, concat, f16, gradcheck, no_diff, stack,
};
