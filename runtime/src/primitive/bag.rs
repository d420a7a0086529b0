//! Bags: sums and means of the rows of a table that a list of labels names.
//!
//! Parameters: the label that a bag skips, or -1, and 1 for the mean or 0 for the sum. A bag
//! without a label that counts is zero.

use super::{Call, Shapes, around, primitive, shape_of_another};
use crate::{Real, Rows};

primitive! {
    /// `y[b, j] = sum_k x[t[b, k], j]`, divided by the number of terms for the mean.
    BAG bag |shapes, _| match shapes[1].split_last() {
        Some((_, bags)) => Ok([bags, &shapes[0][1..]].concat()),
        None => Err("the labels need an axis: that of a bag".to_owned()),
    }, labels 1 |(shapes, _), _| shapes[0][0]
}

primitive! {
    /// `y[t[b, k], j] += x[b, j]` from 0, divided by the number of terms for the mean; the shape is
    /// that of the table.
    BAG_ADD bag_add |_, _| shape_of_another(), labels 1 rows_of_table, rows bag_rows
}

fn rows_of_table((_, shape): Shapes<'_>, _: &[i64]) -> usize {
    shape[0]
}

fn bag<T: Real>(call: Call<'_, T>) {
    call.y.fill(T::ZERO);
    let (_, _, inner) = around(&call.shapes[0], 0);
    visit(
        call.labels,
        &call.shapes[1],
        call.args,
        |bag, row, share: T| {
            let from = &call.x[0][row as usize * inner..];
            let to = &mut call.y[bag * inner..(bag + 1) * inner];
            add_share(to, from, share);
        },
    );
}

fn bag_add<T: Real>(call: Call<'_, T>) {
    call.y.fill(T::ZERO);
    let (_, _, inner) = around(call.shape, 0);
    visit(
        call.labels,
        &call.shapes[1],
        call.args,
        |bag, row, share: T| {
            let from = &call.x[0][bag * inner..];
            let to = &mut call.y[row as usize * inner..(row as usize + 1) * inner];
            add_share(to, from, share);
        },
    );
}

fn bag_rows<T: Real>(call: Call<'_, T>, list: &mut Rows<T>) {
    let (_, _, inner) = around(call.shape, 0);
    visit(
        call.labels,
        &call.shapes[1],
        call.args,
        |bag, row, share: T| {
            let from = &call.x[0][bag * inner..];
            add_share(list.row_mut(row), from, share);
        },
    );
}

/// Adds a share of a row, as long as `to`, to another.
fn add_share<T: Real>(to: &mut [T], from: &[T], share: T) {
    for (sum, &x) in to.iter_mut().zip(from) {
        *sum += share * x;
    }
}

/// Visits every label that counts: its bag, its row and its share in the result.
fn visit<T: Real>(
    labels: &[u32],
    shape: &[usize],
    args: &[i64],
    mut visit: impl FnMut(usize, u32, T),
) {
    let size = shape.last().copied().unwrap_or(0);
    let counts = |row: &&u32| i64::from(**row) != args[0];
    for (bag, labels) in labels.chunks(size.max(1)).enumerate() {
        let terms = if args[1] == 1 {
            labels.iter().filter(counts).count()
        } else {
            1
        };
        let share = T::from_f64(1.0 / terms as f64);
        labels
            .iter()
            .filter(counts)
            .for_each(|&row| visit(bag, row, share));
    }
}
