//! Joining two tensors along an axis, and the two parts of what was joined. Parameter: the axis.

use super::{Call, around, index, primitive, shape_of_another};
use crate::{Real, shape};

primitive! {
    /// The entries of the first tensor, then those of the second, along an axis.
    CONCAT concat |shapes, args| {
        let (a, b, axis) = (shapes[0], shapes[1], index(args[0]));
        let fits = a.len() == b.len() && (0..a.len()).all(|k| k == axis || a[k] == b[k]);
        if !fits {
            return Err(format!("they must have the same sizes except along axis {axis}"));
        }
        let mut joined = a.to_vec();
        joined[axis] += b[axis];
        match shape::checked_len(&joined) {
            Some(_) => Ok(joined),
            None => Err("the result is too large".to_owned()),
        }
    }
}

primitive! {
    /// The first entries of an axis, as many as the result has.
    HEAD head |_, _| shape_of_another()
}

primitive! {
    /// The last entries of an axis, as many as the result has.
    TAIL tail |_, _| shape_of_another()
}

primitive! {
    /// The operand as the first entries of an axis; the others are 0.
    HEAD_BACK head_back |_, _| Err("its shape is that of another tensor".to_owned())
}

primitive! {
    /// The operand as the last entries of an axis; the others are 0.
    TAIL_BACK tail_back |_, _| Err("its shape is that of another tensor".to_owned())
}

fn concat<T: Real>(call: Call<'_, T>) {
    let axis = index(call.args[0]);
    let widths = [0, 1].map(|k| {
        let (_, size, inner) = around(&call.shapes[k], axis);
        size * inner
    });
    let width = widths[0] + widths[1];
    if width == 0 {
        return;
    }
    for (block, y) in call.y.chunks_exact_mut(width).enumerate() {
        let (head, tail) = y.split_at_mut(widths[0]);
        head.copy_from_slice(&call.x[0][block * widths[0]..][..widths[0]]);
        tail.copy_from_slice(&call.x[1][block * widths[1]..][..widths[1]]);
    }
}

fn head<T: Real>(call: Call<'_, T>) {
    part(call, |_, _| 0);
}

fn tail<T: Real>(call: Call<'_, T>) {
    part(call, |whole, part| whole - part);
}

/// Copies a part of each block, which begins at `start(width of the block, width of the part)`.
fn part<T: Real>(call: Call<'_, T>, start: fn(usize, usize) -> usize) {
    let axis = index(call.args[0]);
    let (_, size, inner) = around(&call.shapes[0], axis);
    let (_, count, _) = around(call.shape, axis);
    let (whole, part) = (size * inner, count * inner);
    if part == 0 {
        return;
    }
    for (block, y) in call.y.chunks_exact_mut(part).enumerate() {
        let at = block * whole + start(whole, part);
        y.copy_from_slice(&call.x[0][at..at + part]);
    }
}

fn head_back<T: Real>(call: Call<'_, T>) {
    part_back(call, |_, _| 0);
}

fn tail_back<T: Real>(call: Call<'_, T>) {
    part_back(call, |whole, part| whole - part);
}

/// The adjoint of `part`.
fn part_back<T: Real>(call: Call<'_, T>, start: fn(usize, usize) -> usize) {
    let axis = index(call.args[0]);
    let (_, count, inner) = around(&call.shapes[0], axis);
    let (_, size, _) = around(call.shape, axis);
    let (whole, part) = (size * inner, count * inner);
    call.y.fill(T::ZERO);
    if part == 0 {
        return;
    }
    for (block, x) in call.x[0].chunks_exact(part).enumerate() {
        let at = block * whole + start(whole, part);
        call.y[at..at + part].copy_from_slice(x);
    }
}
