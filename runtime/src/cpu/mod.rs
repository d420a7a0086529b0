//! The CPU kernels: what a plan or an eager operation calls once shapes are known.
//!
//! A kernel sees pointers, lengths and shapes; it knows nothing of tensors, graphs or derivatives.
//! Everything is planned from shapes once (`FusedPlan`, `GemmPlan`) and then run without allocating.
//! Sums are taken in an order that depends on shapes alone, never on the instruction set.

mod attention;
mod conv;
mod convert;
mod dispatch;
mod fused;
mod gemm;
mod isa;
mod kernel;
mod matmul;
mod normal;
mod pool;
mod precision;
pub mod real;
pub(crate) mod reduce;
mod rows;
mod sequence;
mod threads;
mod vector;
mod workspace;

#[doc(hidden)]
pub use crate::__kernel as kernel;
pub(crate) use attention::Attention;
pub(crate) use conv::{Geometry as Convolution, Planes};
#[doc(hidden)]
pub use convert::Bits;
pub(crate) use convert::convert;
pub use convert::{narrow, widen};
pub use dispatch::{Vectorized, vectorized};
pub(crate) use fused::{FusedPlan, Read, Write};
pub(crate) use gemm::{GemmPlan, Side, Tiles};
pub use isa::{Isa, isa, with_isa};
pub use kernel::{Kernel, Row};
pub use matmul::MatMul;
pub(crate) use normal::Normal;
pub(crate) use pool::Pooling;
pub use precision::{Precision, precision, with_precision};
pub(crate) use rows::{copy, row_op, transpose};
pub(crate) use sequence::{Cell, Gru, Lstm, Sequence};
pub(crate) use threads::Shared;
pub use threads::{set_threads, threads};
pub(crate) use workspace::{Plain, Workspace};
