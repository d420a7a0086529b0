//! Graphs: from the static regions that the macro emits to a planned, allocation-free program.
//!
//! `region` is the contract with the macro. `instantiate`, which the macro prints too, runs at bind
//! over `Handle`s and records region instances in a `Builder`; `plan` turns them into a flat
//! schedule over one arena; `Engine` runs it. No derivative rule stands here: the backward nodes
//! come with the region.

mod binding;
mod bound_method;
mod budget;
mod builder;
mod bytes;
mod checkpoint;
mod differentiable;
mod dims;
mod embedding;
mod engine;
mod epilogue;
mod gradient;
mod handle;
mod in_place;
mod infer;
mod latent;
mod memory;
mod plan;
mod plan_backward;
mod plan_node;
mod plan_storage;
mod print;
mod product;
mod profile;
mod prune;
mod rank0;
mod recompute;
pub mod region;
mod report;
mod returned;
mod schedule;
mod static_call;
mod static_dim;
mod static_einsum;
mod static_shape;
mod static_text;
mod step;
mod stored_operands;
mod update;
mod walk;

pub use bound_method::{BoundMethod, MethodParts, taken, yielded};
pub use builder::{Builder, Lift, OneOps, TensorHandle, ValueId, handle, lift};
pub use checkpoint::Checkpoint;
pub use differentiable::{Differentiable, Handle, OverGraphs, Receiver, no_host};
pub use dims::{Dim, Dims, Shaped};
pub use embedding::EmbeddingHandle;
pub use engine::Engine;
pub use print::Graph;
pub use profile::Profile;
pub use rank0::Rank0;
pub use region::{Axes, Node, Operand, Place, Region, RowOp, ShapeRule, Value, ValueIndex};
pub use report::Report;
pub use returned::Returned;
pub use static_call::{NoShapes, Signature, UnknownSignature};
pub use static_shape::StaticShape;
pub use update::Update;
pub use walk::{GradientWalk, Walk};

/// A function over tensors; implemented by its companion, of a generic one for each float type.
pub trait TensorFn<Float = ()> {
    /// Its bound program.
    type Program;
}

/// The bound program of a function over tensors: `Program<loss>`, or `Program<loss, f64>` where
/// `loss` is generic over its float type.
pub type Program<F, Float = ()> = <F as TensorFn<Float>>::Program;
