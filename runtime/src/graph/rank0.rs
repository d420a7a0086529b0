//! A float as a value of rank 0: what generic code over tensors needs of its float type.
//!
//! Everything here is a supertrait of [`Real`](crate::Real), so that the one bound of the user's
//! function holds for all that generated code does with floats: they are arguments, results, leaves
//! and operands as tensors are. The operators with a tensor on the right are not here: a second
//! `Mul` would leave rustc to ask what `x * y` is wherever it has not seen `y` yet.

use super::builder::{Lift, TensorHandle};
use super::differentiable::Differentiable;
use super::returned::Returned;
use crate::Element;

/// A float in tensor code.
#[doc(hidden)]
pub trait Rank0:
    Element
    + Returned
    + for<'b> Lift<'b, Self>
    + for<'h, 'b> Differentiable<Handle<'h, 'b> = TensorHandle<'b, Self>>
{
}

impl Rank0 for f32 {}
impl Rank0 for f64 {}
