//! Attention and its gradients. Parameter: whether query i sees keys up to i alone.

use super::{Call, Shapes, primitive, shape_of_another};
use crate::Real;
use crate::cpu::{Attention, Plain, Tiles, Workspace};

primitive! {
    /// `softmax(q k^T / sqrt d) v` from queries `[.., Q, D]`, keys `[.., K, D]` and values `[.., K, V]`.
    ATTENTION attention |shapes, args| {
        let size = Attention::new(shapes, args[0] != 0)?;
        let mut shape = shapes[0].to_vec();
        if let Some(last) = shape.last_mut() {
            *last = size.values;
        }
        Ok(shape)
    }, scratch |shapes, args| words(shapes, args, |size| {
        size.forward_scratch::<f32>().max(size.forward_scratch::<f64>())
    })
}

primitive! {
    /// The gradients of queries, keys and values one after another, from those and the cotangent.
    ATTENTION_BACK attention_back |shapes, _| {
        Ok(vec![shapes[..3].iter().map(|shape| shape.iter().product::<usize>()).sum()])
    }, scratch |shapes, args| words(shapes, args, |size| {
        size.backward_scratch::<f32>().max(size.backward_scratch::<f64>())
    })
}

primitive! {
    /// The gradient of the queries among those three.
    ATTENTION_QUERIES queries |_, _| shape_of_another()
}

primitive! {
    /// The gradient of the keys among those three, from them and the queries.
    ATTENTION_KEYS keys |_, _| shape_of_another()
}

primitive! {
    /// The gradient of the values among those three.
    ATTENTION_VALUES values |_, _| shape_of_another()
}

fn size(shapes: &[Vec<usize>], args: &[i64]) -> Option<Attention> {
    let shapes: [&[usize]; 3] = [&shapes[0], &shapes[1], &shapes[2]];
    Attention::new(&shapes, args[0] != 0).ok()
}

fn words((shapes, _): Shapes<'_>, args: &[i64], bytes: impl Fn(Attention) -> usize) -> usize {
    size(shapes, args).map_or(0, |size| bytes(size).div_ceil(8))
}

fn attention<T: Tiles + Plain>(call: Call<'_, T>) {
    if let Some(size) = size(call.shapes, call.args) {
        let operands = [call.x[0], call.x[1], call.x[2]];
        size.forward(operands, call.y, Workspace::new(call.scratch));
    }
}

fn attention_back<T: Tiles + Plain>(call: Call<'_, T>) {
    if let Some(size) = size(call.shapes, call.args) {
        let operands = [call.x[0], call.x[1], call.x[2]];
        let (dq, rest) = call.y.split_at_mut(operands[0].len());
        let (dk, dv) = rest.split_at_mut(operands[1].len());
        size.backward(
            operands,
            call.x[3],
            [dq, dk, dv],
            Workspace::new(call.scratch),
        );
    }
}

fn queries<T: Real>(call: Call<'_, T>) {
    call.y.copy_from_slice(&call.x[0][..call.y.len()]);
}

fn keys<T: Real>(call: Call<'_, T>) {
    let first = call.x[1].len();
    call.y
        .copy_from_slice(&call.x[0][first..first + call.y.len()]);
}

fn values<T: Real>(call: Call<'_, T>) {
    let first = call.x[0].len() - call.y.len();
    call.y.copy_from_slice(&call.x[0][first..]);
}
