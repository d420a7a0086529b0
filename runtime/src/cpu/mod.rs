//! The CPU kernels: what a plan or an eager operation calls once shapes are known.
//!
//! A kernel sees pointers, lengths and shapes; it knows nothing of tensors, graphs or derivatives.
//! Everything is planned from shapes once (`FusedPlan`, `GemmPlan`) and then run without allocating.
//! Sums are taken in an order that depends on shapes alone, never on the instruction set.

mod isa;
mod kernel;
pub mod real;

#[doc(hidden)]
pub use crate::__kernel as kernel;
pub use isa::{Isa, isa, with_isa};
pub use kernel::{Kernel, Row};
