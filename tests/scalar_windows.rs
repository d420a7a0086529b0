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

    // Exponentials that are computed for all turns at once, and others that cannot be.
    fn exponentials(x: &[f64], y: &[f64]) -> f64 {
        let mut shift = 0.1;
        for i in 0..x.len() {
            shift += x[i] * 0.25;
        }
        let mut sum = 0.0;
        let mut other = 1.0;
        let mut power = 1.0;
        for i in 0..x.len() {
            let e = 1.0 + 0.5 * (x[i] - shift).exp();
            sum += (x[i] * y[i] - shift).exp() * y[i];
            other -= power * (0.3 * y[i] + 0.1).tanh() * e;
            power *= 0.9;
        }
        let mut a = y.to_vec();
        for i in 0..x.len() {
            a[i] = a[i] * (a[i] * 0.5).exp();
            sum += (a[i] - x[i]).tanh();
            sum -= (x[i] * 0.5).exp() + (y[i] * shift).exp();
        }
        sum.sin() * other + shift
    }

    // As many parts as there can be, and a row.
    fn many_parts(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len();
        let (mut a, mut b, mut c, mut d) = (x.to_vec(), y.to_vec(), x.to_vec(), y.to_vec());
        let mut power = 0.5;
        for i in 0..n {
            a[i] = x[i] * y[i] * power;
            b[i] = a[i] + x[i] * b[i];
            c[i] = b[i] * c[i] * power;
            d[i] = c[i] * d[i];
            power *= 1.1;
        }
        let mut sum = 0.0;
        for i in 0..n {
            sum += a[i] * b[i] + c[i] * d[i];
        }
        sum
    }

    // Integers and booleans that go on from turn to turn.
    fn counted(x: &[f64], y: &[f64]) -> f64 {
        let mut sum = 0.5;
        let mut odd = 3 * x.len() > 2;
        let mut step = x.len() * 2 + 1;
        for i in 0..x.len() {
            let by = if odd { x[i] } else { y[i] * 0.5 };
            sum += by * by * y[i] * (step % 5) as f64;
            odd = !odd;
            step = step * 3 + 1;
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
