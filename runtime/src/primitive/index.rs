//! Gathering and scattering along one axis, by labels or by positions of the host. Parameters: the
//! axis, then what the operation needs. Labels were checked before the kernel runs.

use super::{Call, Shapes, around, index, primitive, shape_of_another};
use crate::{Real, Rows};

primitive! {
    /// `y[i, k.., j] = x[i, t[k..], j]`; a second parameter is a label whose entries are constants.
    TAKE take |shapes, args| {
        let (x, t, axis) = (shapes[0], shapes[1], index(args[0]));
        Ok([&x[..axis], t, &x[axis + 1..]].concat())
    }, labels 1 taken_from
}

primitive! {
    /// `y[i, t[k..], j] += x[i, k.., j]` from 0, but for the label that is a constant; the shape is
    /// that of the tensor taken from. A row list is only asked for along axis 0.
    TAKE_ADD take_add |_, _| shape_of_another(), labels 1 added_to, rows take_rows
}

primitive! {
    /// `y[i, k, j] = x[i, t[i, k, j], j]`
    GATHER gather |shapes, args| {
        let (x, t, axis) = (shapes[0], shapes[1], index(args[0]));
        let fits = x.len() == t.len()
            && (0..x.len()).all(|k| k == axis || x[k] == t[k]);
        if fits {
            Ok(t.to_vec())
        } else {
            Err(format!("the labels must have the same sizes except along axis {axis}"))
        }
    }, labels 1 taken_from
}

primitive! {
    /// `y[i, t[i, k, j], j] += x[i, k, j]` from 0
    GATHER_ADD gather_add |_, _| shape_of_another(), labels 1 added_to
}

primitive! {
    /// `y[i, k, j] = x[i, p[k], j]`; parameters: the axis, the positions p
    SELECT select |shapes, args| {
        let mut shape = shapes[0].to_vec();
        shape[index(args[0])] = args.len() - 1;
        Ok(shape)
    }
}

primitive! {
    /// `y[i, p[k], j] += x[i, k, j]` from 0
    SELECT_ADD select_add |_, _| shape_of_another()
}

primitive! {
    /// `y[.., k] = 1 if t[..] = k else 0`; parameter: the number of classes
    ONE_HOT one_hot |shapes, args| {
        let mut shape = shapes[0].to_vec();
        shape.push(index(args[0]));
        crate::shape::checked_len(&shape).ok_or("the result is too large")?;
        Ok(shape)
    }, labels 0 |_, args| index(args[0])
}

fn taken_from((shapes, _): Shapes<'_>, args: &[i64]) -> usize {
    shapes[0][index(args[0])]
}

fn added_to((_, shape): Shapes<'_>, args: &[i64]) -> usize {
    shape[index(args[0])]
}

fn take<T: Real>(call: Call<'_, T>) {
    let (outer, size, inner) = around(&call.shapes[0], index(call.args[0]));
    rows(
        outer,
        size,
        inner,
        call.labels.iter().map(|&t| t as usize),
        |from, to| {
            call.y[to..to + inner].copy_from_slice(&call.x[0][from..from + inner]);
        },
    );
}

fn take_add<T: Real>(call: Call<'_, T>) {
    call.y.fill(T::ZERO);
    let (outer, size, inner) = around(call.shape, index(call.args[0]));
    rows(
        outer,
        size,
        inner,
        call.labels.iter().map(|&t| t as usize),
        |to, from| {
            let row = (to / inner.max(1)) % size.max(1);
            if call
                .args
                .get(1)
                .is_none_or(|&constant| index(constant) != row)
            {
                add(&mut call.y[to..to + inner], &call.x[0][from..from + inner]);
            }
        },
    );
}

fn take_rows<T: Real>(call: Call<'_, T>, list: &mut Rows<T>) {
    let (_, _, inner) = around(call.shape, 0);
    let constant = call.args.get(1).map(|&constant| index(constant) as u32);
    for (k, &row) in call.labels.iter().enumerate() {
        if constant != Some(row) {
            list.add(row, &call.x[0][k * inner..(k + 1) * inner]);
        }
    }
}

fn select<T: Real>(call: Call<'_, T>) {
    let (outer, size, inner) = around(&call.shapes[0], index(call.args[0]));
    rows(
        outer,
        size,
        inner,
        call.args[1..].iter().map(|&p| index(p)),
        |from, to| {
            call.y[to..to + inner].copy_from_slice(&call.x[0][from..from + inner]);
        },
    );
}

fn select_add<T: Real>(call: Call<'_, T>) {
    call.y.fill(T::ZERO);
    let (outer, size, inner) = around(call.shape, index(call.args[0]));
    rows(
        outer,
        size,
        inner,
        call.args[1..].iter().map(|&p| index(p)),
        |to, from| {
            add(&mut call.y[to..to + inner], &call.x[0][from..from + inner]);
        },
    );
}

/// Visits, for each chosen entry of each block, where its row begins in the tensor that is chosen
/// from and in the tensor of chosen entries.
fn rows(
    outer: usize,
    size: usize,
    inner: usize,
    chosen: impl ExactSizeIterator<Item = usize> + Clone,
    mut visit: impl FnMut(usize, usize),
) {
    let count = chosen.len();
    for o in 0..outer {
        for (k, p) in chosen.clone().enumerate() {
            visit((o * size + p) * inner, (o * count + k) * inner);
        }
    }
}

fn add<T: Real>(to: &mut [T], from: &[T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to += from;
    }
}

fn gather<T: Real>(call: Call<'_, T>) {
    let axis = index(call.args[0]);
    let (_, size, inner) = around(&call.shapes[0], axis);
    let (_, count, _) = around(&call.shapes[1], axis);
    for (at, &t) in call.labels.iter().enumerate() {
        let (o, j) = (at / (count * inner), at % inner);
        call.y[at] = call.x[0][(o * size + t as usize) * inner + j];
    }
}

fn gather_add<T: Real>(call: Call<'_, T>) {
    call.y.fill(T::ZERO);
    let axis = index(call.args[0]);
    let (_, size, inner) = around(call.shape, axis);
    let (_, count, _) = around(&call.shapes[1], axis);
    for (at, &t) in call.labels.iter().enumerate() {
        let (o, j) = (at / (count * inner), at % inner);
        let y = &mut call.y[(o * size + t as usize) * inner + j];
        *y += call.x[0][at];
    }
}

fn one_hot<T: Real>(call: Call<'_, T>) {
    call.y.fill(T::ZERO);
    for (row, &t) in call.labels.iter().enumerate() {
        call.y[row * index(call.args[0]) + t as usize] = T::ONE;
    }
}
