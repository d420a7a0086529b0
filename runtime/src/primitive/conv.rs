//! Convolutions over one or two spatial axes, and their gradients. Parameters: for each axis stride,
//! zeros before, zeros after, dilation; then the number of groups.
//!
//! The three are bilinear and each other's adjoints, so that they are closed under derivatives.

use super::{Call, primitive, shape_of_another};
use crate::cpu::{Convolution, Planes, Workspace};

primitive! {
    /// `y[n, o, p] = sum x[n, c, p stride + q dilation - before] w[o, c, q]` from x and w.
    CONV output Convolution::infer,
        scratch |(shapes, _), args| words(&shapes[0], &shapes[1], args, |sizes| {
            sizes.output_scratch::<f32>().max(sizes.output_scratch::<f64>())
        })
}

primitive! {
    /// The adjoint of `CONV` in x, from y and w.
    CONV_INPUT input |_, _| shape_of_another(),
        scratch |(shapes, shape), args| words(shape, &shapes[1], args, |sizes| {
            sizes.input_scratch::<f32>().max(sizes.input_scratch::<f64>())
        })
}

primitive! {
    /// The adjoint of `CONV` in w, from x and y.
    CONV_KERNEL kernel |_, _| shape_of_another(),
        scratch |(shapes, shape), args| words(&shapes[0], shape, args, |sizes| {
            sizes.weight_scratch::<f32>().max(sizes.weight_scratch::<f64>())
        })
}

/// Floats of scratch space.
fn words(
    input: &[usize],
    kernel: &[usize],
    args: &[i64],
    bytes: impl Fn(Convolution) -> usize,
) -> usize {
    Convolution::new(input, kernel, args).map_or(0, |sizes| bytes(sizes).div_ceil(8))
}

fn output<T: Planes>(call: Call<'_, T>) {
    if let Ok(sizes) = Convolution::new(&call.shapes[0], &call.shapes[1], call.args) {
        sizes.output(call.x[0], call.x[1], call.y, Workspace::new(call.scratch));
    }
}

fn input<T: Planes>(call: Call<'_, T>) {
    if let Ok(sizes) = Convolution::new(call.shape, &call.shapes[1], call.args) {
        sizes.input(call.x[0], call.x[1], call.y, Workspace::new(call.scratch));
    }
}

fn kernel<T: Planes>(call: Call<'_, T>) {
    if let Ok(sizes) = Convolution::new(&call.shapes[0], call.shape, call.args) {
        sizes.weight(call.x[0], call.x[1], call.y, Workspace::new(call.scratch));
    }
}
