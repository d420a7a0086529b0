//! Rows against their formulas, on every instruction set and for every number of threads.

use super::*;
use crate::cpu::{Isa, set_threads, with_isa};

const OPS: [RowOp; 4] = [
    RowOp::Softmax,
    RowOp::LogSoftmax,
    RowOp::CrossEntropy,
    RowOp::SoftmaxMinusOneHot,
];

fn run<T: Float>(op: RowOp, classes: usize, x: &[f64], labels: &[u32]) -> Vec<f64> {
    let x: Vec<T> = x.iter().map(|&x| T::from_f64(x)).collect();
    let rows = labels.len();
    let width = if op == RowOp::CrossEntropy {
        1
    } else {
        classes
    };
    let mut y = vec![T::from_f64(7.0); rows * width];
    let (from, to) = (x.as_ptr().cast(), y.as_mut_ptr().cast());
    // SAFETY: the operands have these sizes, and every label is below `classes`.
    unsafe { row_op(T::DTYPE, op, rows, classes, from, labels.as_ptr(), to) };
    y.into_iter().map(T::to_f64).collect()
}

/// The formulas, element by element, without a shift.
fn naive(op: RowOp, classes: usize, x: &[f64], labels: &[u32]) -> Vec<f64> {
    let mut y = Vec::new();
    for (row, &label) in labels.iter().enumerate() {
        let x = &x[row * classes..][..classes];
        let sum: f64 = x.iter().map(|x| x.exp()).sum();
        let label = label as usize;
        match op {
            RowOp::Softmax => y.extend(x.iter().map(|x| x.exp() / sum)),
            RowOp::LogSoftmax => y.extend(x.iter().map(|x| x - sum.ln())),
            RowOp::CrossEntropy => y.push(sum.ln() - x[label]),
            RowOp::SoftmaxMinusOneHot => y.extend(
                x.iter()
                    .enumerate()
                    .map(|(k, x)| x.exp() / sum - f64::from(k == label)),
            ),
        }
    }
    y
}

#[test]
fn rows_equal_their_formulas_and_each_other_on_every_instruction_set() {
    for classes in [1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127] {
        // One whole block of rows that are worked on side by side, and a part of one.
        let x: Vec<f64> = (0..19 * classes)
            .map(|i| f64::from((i * 37 % 101) as u8) / 16.0 - 3.0)
            .collect();
        let last = classes as u32 - 1;
        let labels: Vec<u32> = [0, last, last / 2].into_iter().cycle().take(19).collect();
        for op in OPS {
            let want = naive(op, classes, &x, &labels);
            let portable = with_isa(Isa::Portable, || {
                [
                    run::<f32>(op, classes, &x, &labels),
                    run::<f64>(op, classes, &x, &labels),
                ]
            });
            for (got, bound) in portable.iter().zip([1e-6, 1e-14]) {
                assert_eq!(got.len(), want.len());
                for (got, want) in got.iter().zip(&want) {
                    assert!(
                        (got - want).abs() <= bound * want.abs().max(1.0),
                        "{op:?} of {classes}: {got}, not {want}"
                    );
                }
            }
            for &isa in Isa::available() {
                let same = with_isa(isa, || {
                    [
                        run::<f32>(op, classes, &x, &labels),
                        run::<f64>(op, classes, &x, &labels),
                    ]
                });
                assert_eq!(same, portable, "{op:?} of {classes} on {isa:?}");
            }
        }
    }
}

#[test]
fn extreme_rows_neither_overflow_nor_hide_a_nan() {
    for &isa in Isa::available() {
        with_isa(isa, || {
            let half = run::<f32>(RowOp::Softmax, 3, &[300.0, 300.0, -300.0], &[0]);
            assert_eq!(half, [0.5, 0.5, 0.0]);
            let low = run::<f64>(RowOp::Softmax, 2, &[-1e300, f64::NEG_INFINITY], &[0]);
            assert_eq!(low, [1.0, 0.0]);
            let worst = run::<f64>(RowOp::CrossEntropy, 2, &[f64::INFINITY, 1.0], &[1]);
            assert_eq!(worst, [f64::INFINITY]);
            let mut x = [1.0; 20];
            x[17] = f64::NAN;
            for op in [RowOp::Softmax, RowOp::LogSoftmax] {
                let y = run::<f32>(op, 20, &x, &[0]);
                assert!(y.iter().all(|y| y.is_nan()), "{y:?}");
            }
            assert!(run::<f64>(RowOp::CrossEntropy, 20, &x, &[0])[0].is_nan());
            for op in OPS {
                assert!(run::<f32>(op, 5, &[], &[]).is_empty(), "no rows");
            }
        });
    }
}

#[test]
fn sums_over_many_classes_stay_accurate_in_single_precision() {
    // A running sum in f32 is wrong by 7e-6 here.
    let x: Vec<f64> = (0..100_000)
        .map(|i| f64::from(((i * 7919) % 1000) as f32 * 0.001))
        .collect();
    let want = naive(RowOp::CrossEntropy, x.len(), &x, &[0])[0];
    let loss = run::<f32>(RowOp::CrossEntropy, x.len(), &x, &[0])[0];
    assert!((loss - want).abs() < 2e-6, "{loss}, not {want}");
}

#[test]
fn parts_are_the_same_for_every_number_of_threads() {
    let before = threads();
    for classes in [10, 100] {
        let rows = 3 * PART / classes + 5;
        let x: Vec<f64> = (0..rows * classes).map(|i| (i % 89) as f64 / 9.0).collect();
        let labels: Vec<u32> = (0..rows).map(|row| (row % classes) as u32).collect();
        for op in OPS {
            let [one, several] = [1, 3].map(|count| {
                set_threads(count);
                run::<f32>(op, classes, &x, &labels)
            });
            assert_eq!(one, several, "{op:?} of {classes}");
        }
    }
    set_threads(before);
}
