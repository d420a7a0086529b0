//! Operations on the rows of a tensor, transposes and copies: the structural steps of a plan.

use super::real::Real;
use crate::graph::RowOp;
use crate::{DType, Float};

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
    for row in 0..rows {
        // SAFETY: row < rows.
        let (x, y) = unsafe {
            let x = std::slice::from_raw_parts(input.add(row * classes), classes);
            (
                x,
                std::slice::from_raw_parts_mut(output.add(row * width), width),
            )
        };
        // SAFETY: as above; operations without labels do not read them.
        let label = || unsafe { *labels.add(row) } as usize;
        match op {
            RowOp::Softmax => softmax(x, y),
            RowOp::LogSoftmax => {
                let norm = log_sum_exp(x);
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = x - norm;
                }
            }
            RowOp::CrossEntropy => y[0] = log_sum_exp(x) - x[label()],
            RowOp::SoftmaxMinusOneHot => {
                softmax(x, y);
                let y = &mut y[label()];
                *y = *y - T::ONE;
            }
        }
    }
}

/// The largest element, by which exponents are shifted so that none overflows.
fn largest<T: Float + Real>(x: &[T]) -> T {
    x.iter()
        .fold(T::from_f64(f64::NEG_INFINITY), |largest, &x| {
            // A NaN stays: it must reach the result.
            if x > largest || x.to_f64().is_nan() {
                x
            } else {
                largest
            }
        })
}

/// The shift of a row: 0 where the largest element is infinite, because inf - inf is NaN.
fn shift<T: Float + Real>(x: &[T]) -> T {
    let largest = largest(x);
    if largest.abs() == T::from_f64(f64::INFINITY) {
        T::ZERO
    } else {
        largest
    }
}

fn log_sum_exp<T: Float + Real>(x: &[T]) -> T {
    let shift = shift(x);
    let sum = x.iter().fold(T::ZERO, |sum, &x| sum + (x - shift).exp());
    sum.ln() + shift
}

fn softmax<T: Float + Real>(x: &[T], y: &mut [T]) {
    let shift = shift(x);
    let mut sum = T::ZERO;
    for (y, &x) in y.iter_mut().zip(x) {
        *y = (x - shift).exp();
        sum = sum + *y;
    }
    for y in y {
        *y = *y / sum;
    }
}

/// Swaps the last two axes.
///
/// # Safety
/// Both pointers are valid for the elements of the shape and do not overlap.
pub(crate) unsafe fn transpose(dtype: DType, shape: &[usize], input: *const u8, output: *mut u8) {
    // SAFETY: the caller's contract; only the size of an element matters.
    unsafe {
        match dtype.size() {
            8 => transpose_words::<u64>(shape, input.cast(), output.cast()),
            _ => transpose_words::<u32>(shape, input.cast(), output.cast()),
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
