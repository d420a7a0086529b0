//! Pooling over one or two axes, and its gradients. Parameters: for each axis window and stride.

use super::{Call, primitive, shape_of_another};
use crate::Real;
use crate::cpu::{Plain, Pooling, Workspace};

primitive! {
    /// The largest element of each window; NaN if there is one.
    MAX_POOL largest Pooling::infer
}

primitive! {
    /// The adjoint of `MAX_POOL`, from its operand, its result and the cotangent: elements that equal
    /// the largest share evenly.
    MAX_POOL_BACK largest_back |_, _| shape_of_another(),
        scratch |(_, shape), args| {
            Pooling::new(shape, args).map_or(0, |sizes| Workspace::bytes::<f64>(sizes.row()) / 8)
        }
}

primitive! {
    /// From x, its pooling y and a tangent of x, that of y.
    MAX_POOL_TANGENT largest_along |_, _| shape_of_another()
}

primitive! {
    /// The mean of each window.
    MEAN_POOL mean Pooling::infer
}

primitive! {
    /// The adjoint of `MEAN_POOL`.
    MEAN_POOL_BACK mean_back |_, _| shape_of_another()
}

fn largest<T: Real>(call: Call<'_, T>) {
    if let Ok(sizes) = Pooling::new(&call.shapes[0], call.args) {
        sizes.largest(call.x[0], call.y);
    }
}

fn largest_back<T: Real + Plain>(call: Call<'_, T>) {
    if let Ok(sizes) = Pooling::new(call.shape, call.args) {
        let row = Workspace::new(call.scratch).take::<T>(sizes.row());
        sizes.largest_back(call.x[0], (call.x[1], call.x[2]), call.y, row);
    }
}

fn largest_along<T: Real>(call: Call<'_, T>) {
    if let Ok(sizes) = Pooling::new(&call.shapes[0], call.args) {
        sizes.largest_along(call.x[0], (call.x[1], call.x[2]), call.y);
    }
}

fn mean<T: Real>(call: Call<'_, T>) {
    if let Ok(sizes) = Pooling::new(&call.shapes[0], call.args) {
        sizes.mean(call.x[0], call.y);
    }
}

fn mean_back<T: Real>(call: Call<'_, T>) {
    if let Ok(sizes) = Pooling::new(call.shape, call.args) {
        sizes.mean_back(call.x[0], call.y);
    }
}
