//! Everything that generated code may name, in one flat list: the contract between the macro and
//! the runtime. Not a public interface.

pub use crate::cpu::{Kernel, kernel};
pub use crate::graph::region::{Axes, Node, Operand, Place, Region, RowOp, ShapeRule, Value};
pub use crate::graph::{
    Builder, Differentiable, Dim, Dims, Engine, GradientWalk, Graph, Handle, Lift, NoShapes,
    OneOps, Program, Receiver, Report, Shaped, Signature, StaticShape, TensorFn, TensorHandle,
    UnknownSignature, Walk, handle, lift, no_host,
};
pub use crate::scalar::*;
pub use crate::{
    DType, Error, LeafView, LeafViewMut, Leaves, Path, Real, StructureMismatch, Tensor,
};
