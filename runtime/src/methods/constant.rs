//! Tensors that a differentiable function makes of numbers: `Tensor::zeros`, `full`, `scalar` and `eye` in
//! a graph. A number that has a derivative passes it on.

use crate::graph::{Builder, Lift, TensorHandle};
use crate::{Float, Real};

/// `Tensor::full`
#[track_caller]
pub fn full<'b, T: Float + Real>(
    builder: &'b Builder,
    shape: &[usize],
    value: impl Lift<'b, T>,
) -> TensorHandle<'b, T> {
    builder.value(value).broadcast_to(shape)
}

/// `Tensor::zeros`
#[track_caller]
pub fn zeros<'b, T: Float + Real>(builder: &'b Builder, shape: &[usize]) -> TensorHandle<'b, T> {
    TensorHandle::new(builder, builder.constant(0.0)).broadcast_to(shape)
}

/// `Tensor::scalar`
pub fn scalar<'b, T: Float + Real>(
    builder: &'b Builder,
    value: impl Lift<'b, T>,
) -> TensorHandle<'b, T> {
    builder.value(value)
}

/// `Tensor::eye`
#[track_caller]
pub fn eye<T: Float + Real>(builder: &Builder, size: usize) -> TensorHandle<'_, T> {
    TensorHandle::new(builder, builder.constant(1.0))
        .broadcast_to(&[size])
        .diag()
}
