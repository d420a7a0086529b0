//! Reductions over axes, which stay with size 1. Parameters: the axes. Sums and products run in
//! double precision, in an order that depends on shapes alone.

use super::{Call, Inferred, MOST_AXES, Shapes, index, primitive};
use crate::cpu::reduce::{Reduction, Walk};
use crate::{Real, cpu, shape};

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
    /// From x and the cotangent c of `PRODUCT_OTHERS`: `sum_{i != k} c_i prod_{j != i, k} x_j`.
    PRODUCT_OTHERS_BACK others_back infer_like, scratch twice_and_reduced
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

/// Two for each element and each result.
fn twice_and_reduced((shapes, shape): Shapes<'_>, args: &[i64]) -> usize {
    2 * (shape.iter().product::<usize>() + reduced((shapes, shape), args))
}

/// The walk over a tensor that is reduced over the axes of `args`.
fn walk(shape: &[usize], args: &[i64]) -> Walk {
    let rank = shape.len() as i64;
    let reduced = |axis: usize| {
        args.iter()
            .any(|&arg| index(if arg < 0 { arg + rank } else { arg }) == axis)
    };
    Walk::new(shape, reduced)
}

/// Calls `visit(at, to)` for each element, in order: where it is, and where its result is.
fn each(shape: &[usize], args: &[i64], mut visit: impl FnMut(usize, usize)) {
    let walk = walk(shape, args);
    let (length, step) = (walk.length, usize::from(walk.kept));
    for (from, to) in walk {
        for k in 0..length {
            visit(from + k, to + k * step);
        }
    }
}

fn reduce<T: Real>(reduction: Reduction, call: Call<'_, T>) {
    let walk = walk(&call.shapes[0], call.args);
    cpu::reduce::reduce(reduction, walk, call.x[0], call.y, call.scratch);
}

fn sum<T: Real>(call: Call<'_, T>) {
    reduce(Reduction::Sum, call);
}

fn maximum<T: Real>(call: Call<'_, T>) {
    reduce(Reduction::Maximum, call);
}

fn minimum<T: Real>(call: Call<'_, T>) {
    reduce(Reduction::Minimum, call);
}

fn log_sum_exp<T: Real>(call: Call<'_, T>) {
    reduce(Reduction::LogSumExp, call);
}

fn product<T: Real>(call: Call<'_, T>) {
    let (x, products) = (call.x[0], call.scratch);
    products.fill(1.0);
    each(&call.shapes[0], call.args, |at, to| {
        products[to] *= x[at].to_f64()
    });
    for (y, &product) in call.y.iter_mut().zip(&*products) {
        *y = T::from_f64(product);
    }
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
        y[at] *= T::from_f64(products[to]);
        products[to] *= x[at].to_f64();
    });
}

/// The first-order term of the products of the others, when each x moves along c: products before
/// and after, each a value and its slope.
fn others_back<T: Real>(call: Call<'_, T>) {
    let (x, c, y) = (call.x[0], call.x[1], call.y);
    let elements = y.len();
    let (before, products) = call.scratch.split_at_mut(2 * elements);
    let start = |products: &mut [f64]| {
        for pair in products.chunks_exact_mut(2) {
            pair.copy_from_slice(&[1.0, 0.0]);
        }
    };
    let times = |pair: &mut [f64], at: usize| {
        let (x, c) = (x[at].to_f64(), c[at].to_f64());
        pair[1] = pair[1] * x + pair[0] * c;
        pair[0] *= x;
    };
    start(products);
    each(call.shape, call.args, |at, to| {
        let pair = &mut products[2 * to..2 * to + 2];
        before[2 * at..2 * at + 2].copy_from_slice(pair);
        times(pair, at);
    });
    start(products);
    let results = products.len() / 2;
    each(call.shape, call.args, |at, to| {
        let (at, to) = (elements - 1 - at, results - 1 - to);
        let pair = &mut products[2 * to..2 * to + 2];
        y[at] = T::from_f64(before[2 * at] * pair[1] + before[2 * at + 1] * pair[0]);
        times(pair, at);
    });
}
