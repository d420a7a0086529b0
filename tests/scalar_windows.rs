//! Loops that walk along lists run on the parts that they touch. Compared with the tape and with
//! central differences, where parts overlap, are empty, or are touched in some turns only.

#![allow(
    clippy::needless_range_loop,
    clippy::reversed_empty_ranges,
    clippy::assign_op_pattern,
    reason = "the programs under test are written by index"
)]

mod common;

use common::strategies::programs;
use cotangent::prelude::*;

programs! {
    // Two parts of one list, which overlap; the shadow cannot be cut.
    fn neighbours(x: &[f64], y: &[f64]) -> f64 {
        let mut sum = 0.1;
        for i in 1..x.len() {
            sum += x[i] * x[i - 1] * y[i - 1];
        }
        sum
    }

    // Written through its part, and read beside others.
    fn in_place(x: &[f64], y: &[f64]) -> f64 {
        let mut a = x.to_vec();
        for i in 0..a.len() {
            a[i] = a[i] * y[i] + a[i] * a[i];
        }
        for i in 0..a.len() {
            a[i] *= x[i];
        }
        let mut sum = 0.0;
        for i in 0..a.len() {
            sum += a[i] * y[i];
        }
        sum
    }

    // Parts that move with an outer loop, of growing length.
    fn triangle(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len();
        let mut rows = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                rows[i * n + j] = x[i] * y[j] + 0.1 * x[j];
            }
        }
        let mut sum = 0.0;
        for i in 0..n {
            let mut z = 0.3;
            for j in 0..i {
                z += rows[i * n + j] * (x[j] - y[j]);
            }
            sum += z * z;
        }
        sum
    }

    // An index that exists in some turns only must not be asked for in the others.
    fn guarded(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len();
        let mut sum = 0.0;
        for i in 0..n + 3 {
            let w = 0.5 * i as f64;
            sum += w;
            if i < n {
                sum += x[i] * y[i] * w;
            }
        }
        sum
    }

    // Loops without a turn, whose index would not exist.
    fn empty(x: &[f64], y: &[f64]) -> f64 {
        let mut sum = 0.5;
        for i in 3..1 {
            sum += x[i + 90];
        }
        for i in 0..0 {
            sum += y[i - 1];
        }
        for i in 1..x.len() {
            sum += x[i - 1] * y[i];
        }
        sum
    }

    // Numbers that a loop carries, reads and writes, with a branch on one.
    fn numbers(x: &[f64], y: &[f64]) -> f64 {
        let mut sum = 0.0;
        let mut last = 0.2;
        let factor = 1.5 * x.len() as f64;
        for i in 0..x.len() {
            let z = x[i] * factor;
            last = last * 0.5 + z * y[i];
            if last > 1.0 {
                last -= 0.9 * z;
            }
            sum += last * factor;
        }
        sum + last
    }

    // Arrays of arrays, and a list that is only copied.
    fn nested(x: &[f64], y: &[f64]) -> f64 {
        let mut pairs = [[0.0; 2]; 8];
        for i in 0..x.len() {
            pairs[i] = [x[i], y[i] * x[i]];
        }
        let mut sum = 0.0;
        for i in 0..x.len() {
            sum += pairs[i][0] * pairs[i][1] + pairs[i][1];
            pairs[i][0] = sum;
        }
        sum
    }

    // The cotangent of one list is known beforehand: forwards and backwards at once.
    fn at_once(x: &[f64], y: &[f64]) -> f64 {
        let mut sum = 0.0;
        for i in 0..x.len() {
            let d = x[i] - y[i];
            let e = (0.2 * d).exp();
            sum += d * e;
        }
        sum
    }
}

#[differentiable(wrt(x))]
fn beyond(x: &[f64], y: &[f64], n: usize) -> f64 {
    let mut sum = 0.0;
    for i in 0..n {
        sum += x[i] * y[i + 1];
    }
    sum
}

#[test]
fn a_part_that_does_not_exist_panics_as_the_function_does() {
    let (x, y) = ([1.0, 2.0], [0.5, 3.0]);
    assert_eq!(beyond::value_and_grad(&x, &y, 1), (3.0, vec![3.0, 0.0]));
    assert!(std::panic::catch_unwind(|| beyond(&x, &y, 2)).is_err());
    assert!(std::panic::catch_unwind(|| beyond::grad(&x, &y, 2)).is_err());
    // The tape of this thread is as good as before.
    assert_eq!(beyond::value_and_grad(&x, &y, 1), (3.0, vec![3.0, 0.0]));
}
