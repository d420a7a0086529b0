//! Operations on the rows of a tensor, transposes and copies: the structural steps of a plan.

use super::dispatch::{Vectorized, vectorized};
use super::real::Real;
use super::threads::{PART, Shared, split, threads};
use crate::graph::RowOp;
use crate::{DType, Float};

/// Elements that a row is worked through at a time; a row is filled up to a multiple of it, so that
/// short rows, too, run on whole vectors.
const CHUNK: usize = 16;

/// Runs an operation over `rows` rows of `classes` elements.
///
/// # Safety
/// `input` is valid for `rows * classes` elements of the type, `labels` for `rows` labels below
/// `classes` where the operation takes them, `output` for its result; `output` overlaps nothing.
pub(crate) unsafe fn row_op(
    dtype: DType,
    op: RowOp,
    rows: usize,
    classes: usize,
    input: *const u8,
    labels: *const u32,
    output: *mut u8,
) {
    // SAFETY: the caller's contract, for the element type.
    unsafe {
        match dtype {
            DType::F64 => typed::<f64>(op, rows, classes, input.cast(), labels, output.cast()),
            _ => typed::<f32>(op, rows, classes, input.cast(), labels, output.cast()),
        }
    }
}

/// # Safety
/// As `row_op`.
unsafe fn typed<T: Float + Real>(
    op: RowOp,
    rows: usize,
    classes: usize,
    input: *const T,
    labels: *const u32,
    output: *mut T,
) {
    let width = if op == RowOp::CrossEntropy {
        1
    } else {
        classes
    };
    let labelled = matches!(op, RowOp::CrossEntropy | RowOp::SoftmaxMinusOneHot);
    // SAFETY: parts read the inputs, and write rows of their own.
    let operands = unsafe { Shared::new((input, labels, output)) };
    let blocks = rows.div_ceil(SIDE);
    let parts = threads().min(rows.saturating_mul(classes) / PART).max(1);
    let part = |part: usize| {
        let first = blocks * part / parts * SIDE;
        let rows = (blocks * (part + 1) / parts * SIDE).min(rows) - first;
        let (input, labels, output) = operands.get();
        // SAFETY: the caller's contract: the operands have these sizes; rows of results belong to one
        // part each.
        let (x, y, labels) = unsafe {
            let labels: &[u32] = if labelled {
                std::slice::from_raw_parts(labels.add(first), rows)
            } else {
                &[]
            };
            (
                std::slice::from_raw_parts(input.add(first * classes), rows * classes),
                std::slice::from_raw_parts_mut(output.add(first * width), rows * width),
                labels,
            )
        };
        vectorized(Rows {
            op,
            classes,
            x,
            labels,
            y,
        });
    };
    split(parts, &part);
}

/// An operation over rows.
struct Rows<'r, T> {
    op: RowOp,
    classes: usize,
    x: &'r [T],
    labels: &'r [u32],
    y: &'r mut [T],
}

impl<T: Real> Vectorized for Rows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        each(self.op, self.classes, self.x, self.labels, self.y);
    }
}

/// Rows of at most this many elements are worked on side by side.
const NARROW: usize = 64;
/// So many rows side by side.
const SIDE: usize = 16;

/// Short rows, `SIDE` of them at a time: each lane of a vector belongs to a row, so that nothing is
/// summed across lanes. `width` is that of a result.
#[inline(always)]
fn side_by_side<T: Real>(
    op: RowOp,
    (classes, width): (usize, usize),
    x: &[T],
    labels: &[u32],
    y: &mut [T],
) {
    let infinity = T::from_f64(f64::INFINITY);
    let mut columns = [[T::ZERO; SIDE]; NARROW];
    let columns = &mut columns[..classes];
    for (block, y) in y.chunks_mut(SIDE * width).enumerate() {
        let x = &x[block * SIDE * classes..];
        let x = &x[..(SIDE * classes).min(x.len())];
        for (row, x) in x.chunks_exact(classes).enumerate() {
            for (column, &x) in columns.iter_mut().zip(x) {
                column[row] = x;
            }
        }
        let mut shift = [-infinity; SIDE];
        for column in &*columns {
            for (shift, &x) in shift.iter_mut().zip(column) {
                *shift = if x > *shift { x } else { *shift };
            }
        }
        for shift in &mut shift {
            *shift = if shift.abs() == infinity {
                T::ZERO
            } else {
                *shift
            };
        }
        let mut sums = [0.0; SIDE];
        for column in &mut *columns {
            for ((x, &shift), sum) in column.iter_mut().zip(&shift).zip(&mut sums) {
                *x = (*x - shift).exp();
                *sum += x.to_f64();
            }
        }
        let labels = labels.get(block * SIDE..).unwrap_or(&[]);
        match op {
            RowOp::CrossEntropy | RowOp::LogSoftmax => {
                let mut norms = [T::ZERO; SIDE];
                for ((norm, &sum), &shift) in norms.iter_mut().zip(&sums).zip(&shift) {
                    *norm = T::from_f64(sum).ln() + shift;
                }
                let rows = x.chunks_exact(classes).zip(y.chunks_exact_mut(width));
                for (row, (x, y)) in rows.enumerate() {
                    if op == RowOp::CrossEntropy {
                        y[0] = norms[row] - x[labels[row] as usize];
                    } else {
                        for (y, &x) in y.iter_mut().zip(x) {
                            *y = x - norms[row];
                        }
                    }
                }
            }
            RowOp::Softmax | RowOp::SoftmaxMinusOneHot => {
                for column in &mut *columns {
                    for (x, &sum) in column.iter_mut().zip(&sums) {
                        *x /= T::from_f64(sum);
                    }
                }
                for (row, y) in y.chunks_exact_mut(width).enumerate() {
                    for (y, column) in y.iter_mut().zip(&*columns) {
                        *y = column[row];
                    }
                    if op == RowOp::SoftmaxMinusOneHot {
                        let y = &mut y[labels[row] as usize];
                        *y -= T::ONE;
                    }
                }
            }
        }
    }
}

/// The rows one by one, or side by side where they are short; compiled for the instruction set of
/// the caller.
#[inline(always)]
fn each<T: Real>(op: RowOp, classes: usize, x: &[T], labels: &[u32], y: &mut [T]) {
    if (1..=NARROW).contains(&classes) {
        let width = if op == RowOp::CrossEntropy {
            1
        } else {
            classes
        };
        side_by_side(op, (classes, width), x, labels, y);
        return;
    }
    if op == RowOp::CrossEntropy {
        for (row, (y, &label)) in y.iter_mut().zip(labels).enumerate() {
            let x = &x[row * classes..][..classes];
            *y = log_sum_exp(x) - x[label as usize];
        }
        return;
    }
    if classes == 0 {
        return;
    }
    let pairs = x.chunks_exact(classes).zip(y.chunks_exact_mut(classes));
    for (row, (x, y)) in pairs.enumerate() {
        if op == RowOp::LogSoftmax {
            let norm = log_sum_exp(x);
            for (y, &x) in y.iter_mut().zip(x) {
                *y = x - norm;
            }
            continue;
        }
        let sum = T::from_f64(exponentials(x, shift(x), |start, values| {
            let y = &mut y[start..];
            let n = y.len().min(CHUNK);
            y[..n].copy_from_slice(&values[..n]);
        }));
        for y in y.iter_mut() {
            *y /= sum;
        }
        if op == RowOp::SoftmaxMinusOneHot {
            let y = &mut y[labels[row] as usize];
            *y -= T::ONE;
        }
    }
}

/// A chunk of a row from `start`, filled up with minus infinity, whose exponential is 0.
#[inline(always)]
fn chunk<T: Real>(x: &[T], start: usize) -> [T; CHUNK] {
    match x[start..].first_chunk() {
        Some(chunk) => *chunk,
        None => {
            let mut chunk = [T::from_f64(f64::NEG_INFINITY); CHUNK];
            chunk[..x.len() - start].copy_from_slice(&x[start..]);
            chunk
        }
    }
}

/// The largest element, by which exponents are shifted so that none overflows; 0 where it is
/// infinite, because inf - inf is NaN. A NaN is passed over: it reaches the result by its own
/// exponential.
#[inline(always)]
fn shift<T: Real>(x: &[T]) -> T {
    let larger = |a: T, b: T| if b > a { b } else { a };
    let infinity = T::from_f64(f64::INFINITY);
    let mut lanes = [-infinity; CHUNK];
    for start in (0..x.len()).step_by(CHUNK) {
        for (lane, x) in lanes.iter_mut().zip(chunk(x, start)) {
            *lane = larger(*lane, x);
        }
    }
    let largest = across(lanes, larger);
    if largest.abs() == infinity {
        T::ZERO
    } else {
        largest
    }
}

/// The sum of `e^(x - shift)` over a row, in double precision and in an order that depends on its
/// length alone; `visit` sees the exponentials, chunk by chunk.
#[inline(always)]
fn exponentials<T: Real>(x: &[T], shift: T, mut visit: impl FnMut(usize, &[T; CHUNK])) -> f64 {
    let mut lanes = [0.0; CHUNK];
    for start in (0..x.len()).step_by(CHUNK) {
        let mut values = chunk(x, start);
        for value in &mut values {
            *value = (*value - shift).exp();
        }
        for (lane, value) in lanes.iter_mut().zip(values) {
            *lane += value.to_f64();
        }
        visit(start, &values);
    }
    across(lanes, |a, b| a + b)
}

/// Joins all lanes, halves at a time.
#[inline(always)]
fn across<T: Copy>(mut lanes: [T; CHUNK], join: impl Fn(T, T) -> T) -> T {
    let mut width = CHUNK;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] = join(lanes[lane], lanes[lane + width]);
        }
    }
    lanes[0]
}

#[inline(always)]
fn log_sum_exp<T: Real>(x: &[T]) -> T {
    let shift = shift(x);
    T::from_f64(exponentials(x, shift, |_, _| {})).ln() + shift
}

/// Swaps the last two axes.
///
/// # Safety
/// Both pointers are valid for the elements of the shape and do not overlap.
pub(crate) unsafe fn transpose(dtype: DType, shape: &[usize], input: *const u8, output: *mut u8) {
    // SAFETY: the caller's contract; only the size of an element matters.
    unsafe {
        match dtype {
            DType::F16 | DType::Bf16 => {
                transpose_words::<u16>(shape, input.cast(), output.cast());
            }
            DType::F32 | DType::U32 => {
                transpose_words::<u32>(shape, input.cast(), output.cast());
            }
            DType::F64 | DType::I64 => {
                transpose_words::<u64>(shape, input.cast(), output.cast());
            }
            DType::Bool | DType::U8 => {
                transpose_words::<u8>(shape, input.cast(), output.cast());
            }
        }
    }
}

/// # Safety
/// As `transpose`.
unsafe fn transpose_words<T: Copy>(shape: &[usize], input: *const T, output: *mut T) {
    let &[ref batch @ .., rows, columns] = shape else {
        return;
    };
    for matrix in 0..batch.iter().product() {
        let at = matrix * rows * columns;
        for row in 0..rows {
            for column in 0..columns {
                // SAFETY: both indices are below the number of elements.
                unsafe {
                    *output.add(at + column * rows + row) = *input.add(at + row * columns + column);
                }
            }
        }
    }
}

/// Copies elements, or adds them to what is there.
///
/// # Safety
/// Both pointers are valid for the elements and do not overlap.
pub(crate) unsafe fn copy(
    dtype: DType,
    from: *const u8,
    to: *mut u8,
    elements: usize,
    accumulate: bool,
) {
    // SAFETY: the caller's contract.
    unsafe {
        match (accumulate, dtype) {
            (false, _) => std::ptr::copy_nonoverlapping(from, to, elements * dtype.size()),
            (true, DType::F64) => add::<f64>(from.cast(), to.cast(), elements),
            (true, _) => add::<f32>(from.cast(), to.cast(), elements),
        }
    }
}

/// # Safety
/// As `copy`.
unsafe fn add<T: Real>(from: *const T, to: *mut T, elements: usize) {
    for index in 0..elements {
        // SAFETY: index < elements.
        unsafe { *to.add(index) = *to.add(index) + *from.add(index) };
    }
}

#[cfg(test)]
mod tests;
