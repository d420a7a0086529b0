//! Everything that generated code may name, in one flat list: the contract between the macro and
//! the runtime. Not a public interface.

pub use crate::cpu::{Kernel, kernel};
pub use crate::graph::region::{Axes, Node, Operand, Place, Region, RowOp, ShapeRule, Value};
pub use crate::graph::{
    BoundMethod, Builder, Differentiable, Dim, Dims, Engine, GradientWalk, Graph, Handle, Lift,
    MethodParts, NoShapes, OneOps, OverGraphs, Profile, Program, Receiver, Report, Returned,
    Shaped, Signature, StaticShape, TensorFn, TensorHandle, UnknownSignature, Update, ValueId,
    Walk, handle, lift, no_host, taken, yielded,
};
pub use crate::methods::constant;
pub use crate::primitive;
pub use crate::scalar::*;
pub use crate::{
    DType, Element, Error, Float, LeafView, LeafViewMut, Leaves, Path, Real, StructureMismatch,
    Tensor,
};
