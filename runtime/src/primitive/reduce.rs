//! Reductions over axes, which stay with size 1. Parameters: the axes. Sums and products run in
//! double precision in the order of the elements.

use super::{Call, Inferred, MOST_AXES, Shapes, index, primitive};
use crate::{Real, shape};

primitive! {
    /// The sum.
    SUM sum infer, scratch results
}

primitive! {
    /// The product.
    PRODUCT product infer, scratch results
}

primitive! {
    /// For each element, the product of the others that its product has: the slope of `PRODUCT`,
    /// right with any number of zeros.
    PRODUCT_OTHERS others infer_like, scratch reduced
}

primitive! {
    /// The largest element; NaN if there is one, minus infinity of nothing.
    MAXIMUM maximum infer
}

primitive! {
    /// The smallest element; NaN if there is one, infinity of nothing.
    MINIMUM minimum infer
}

primitive! {
    /// `ln sum e^x` without overflow; minus infinity of nothing.
    LOG_SUM_EXP log_sum_exp infer, scratch results
}

fn axes(of: &[usize], args: &[i64]) -> Option<Vec<usize>> {
    args.iter()
        .map(|&axis| shape::axis(isize::try_from(axis).ok()?, of.len()))
        .collect()
}

fn infer(shapes: &[&[usize]], args: &[i64]) -> Inferred {
    if shapes[0].len() > MOST_AXES {
        return Err(format!("it has more than {MOST_AXES} axes"));
    }
    let mut kept = shapes[0].to_vec();
    for axis in axes(shapes[0], args).ok_or("there is no such axis")? {
        kept[axis] = 1;
    }
    Ok(kept)
}

fn infer_like(shapes: &[&[usize]], _: &[i64]) -> Inferred {
    Ok(shapes[0].to_vec())
}

fn results((_, shape): Shapes<'_>, _: &[i64]) -> usize {
    shape.iter().product()
}

/// As many as the reduction of the result has.
fn reduced((_, shape): Shapes<'_>, args: &[i64]) -> usize {
    infer(&[shape], args).map_or(0, |kept| kept.iter().product())
}

/// The stride of each axis in the reduced tensor, 0 along reduced axes.
fn strides(shape: &[usize], args: &[i64]) -> [usize; MOST_AXES] {
    let mut strides = [0; MOST_AXES];
    let mut step = 1;
    for axis in (0..shape.len()).rev() {
        let gone = args.iter().any(|&arg| {
            let arg = if arg < 0 {
                arg + shape.len() as i64
            } else {
                arg
            };
            index(arg) == axis
        });
        if !gone {
            strides[axis] = step;
            step *= shape[axis];
        }
    }
    strides
}

/// Calls `visit(at, to)` for each element, in order: where it is, and where its result is.
fn each(shape: &[usize], args: &[i64], mut visit: impl FnMut(usize, usize)) {
    let strides = strides(shape, args);
    let (length, last) = match shape.len() {
        0 => (1, 0),
        rank => (shape[rank - 1], strides[rank - 1]),
    };
    let rows: usize = shape.iter().take(shape.len().saturating_sub(1)).product();
    let mut position = [0; MOST_AXES];
    let mut to = 0;
    for row in 0..rows {
        for k in 0..length {
            visit(row * length + k, to + k * last);
        }
        for axis in (0..shape.len().saturating_sub(1)).rev() {
            position[axis] += 1;
            to += strides[axis];
            if position[axis] < shape[axis] {
                break;
            }
            to -= strides[axis] * shape[axis];
            position[axis] = 0;
        }
    }
}

fn store<T: Real>(y: &mut [T], results: &[f64]) {
    for (y, &result) in y.iter_mut().zip(results) {
        *y = T::from_f64(result);
    }
}

fn sum<T: Real>(call: Call<'_, T>) {
    let (x, sums) = (call.x[0], call.scratch);
    sums.fill(0.0);
    each(&call.shapes[0], call.args, |at, to| {
        sums[to] += x[at].to_f64()
    });
    store(call.y, sums);
}

fn product<T: Real>(call: Call<'_, T>) {
    let (x, products) = (call.x[0], call.scratch);
    products.fill(1.0);
    each(&call.shapes[0], call.args, |at, to| {
        products[to] *= x[at].to_f64()
    });
    store(call.y, products);
}

/// The product of the elements before, times that of the elements after.
fn others<T: Real>(call: Call<'_, T>) {
    let (x, y, products) = (call.x[0], call.y, call.scratch);
    products.fill(1.0);
    each(call.shape, call.args, |at, to| {
        y[at] = T::from_f64(products[to]);
        products[to] *= x[at].to_f64();
    });
    products.fill(1.0);
    let (elements, results) = (y.len(), products.len());
    // From the end: the odometer of the reversed tensor is that of the tensor, mirrored.
    each(call.shape, call.args, |at, to| {
        let (at, to) = (elements - 1 - at, results - 1 - to);
        y[at] = y[at] * T::from_f64(products[to]);
        products[to] *= x[at].to_f64();
    });
}

fn maximum<T: Real>(call: Call<'_, T>) {
    extremum(call, f64::NEG_INFINITY, |x, y| x > y);
}

fn minimum<T: Real>(call: Call<'_, T>) {
    extremum(call, f64::INFINITY, |x, y| x < y);
}

fn extremum<T: Real>(call: Call<'_, T>, least: f64, beats: fn(T, T) -> bool) {
    let (x, y) = (call.x[0], call.y);
    y.fill(T::from_f64(least));
    each(&call.shapes[0], call.args, |at, to| {
        let x = x[at];
        if beats(x, y[to]) || x.to_f64().is_nan() {
            y[to] = x;
        }
    });
}

fn log_sum_exp<T: Real>(call: Call<'_, T>) {
    let (x, y, sums) = (call.x[0], call.y, call.scratch);
    y.fill(T::from_f64(f64::NEG_INFINITY));
    each(&call.shapes[0], call.args, |at, to| {
        let x = x[at];
        if x > y[to] || x.to_f64().is_nan() {
            y[to] = x;
        }
    });
    sums.fill(0.0);
    each(&call.shapes[0], call.args, |at, to| {
        // Where the largest one is infinite, inf - inf would be NaN.
        let shift = y[to];
        if x[at] == shift {
            sums[to] += 1.0;
        } else {
            sums[to] += (x[at].to_f64() - shift.to_f64()).exp();
        }
    });
    for (y, &sum) in y.iter_mut().zip(&*sums) {
        // Of nothing, and of minus infinities only, it is minus infinity.
        if y.to_f64().is_finite() {
            *y = T::from_f64(y.to_f64() + sum.ln());
        }
    }
}
