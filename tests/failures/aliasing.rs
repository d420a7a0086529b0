//! Writes into what is read again.

use cotangent::prelude::*;

use crate::common::strategies::programs;

programs! {
    fn products_in_place(x: &[f64], y: &[f64]) -> f64 {
        let mut a = [0.9; 7];
        for i in 0..x.len() {
            let j = (i * 3 + 1) % 7;
            a[i] = a[i] * a[j] + x[i];
            a[j] = a[i] * a[i] * y[i];
        }
        a[0] + a[1] * a[2] + a[3] * a[4] * a[5]
    }

    fn prefix_products(x: &[f64], y: &[f64]) -> f64 {
        let mut p = [1.0; 8];
        for i in 0..x.len() {
            p[i + 1] = p[i] * x[i];
        }
        for i in 0..x.len() {
            p[i] *= p[i + 1] + y[i];
        }
        p[0] + p[3] * p[7] + p[1]
    }

    fn swapped(x: &[f64], y: &[f64]) -> f64 {
        let mut a = [0.3, 0.6, 1.2];
        for i in 0..x.len() {
            a.swap(i % 3, (i + 1) % 3);
            a[0] = a[1] * x[i] + a[2];
            let held = a[1];
            a[1] = a[2] * y[i];
            a[2] = held;
        }
        a[0] * a[1] - a[2]
    }

    fn reused_buffer(x: &[f64], y: &[f64]) -> f64 {
        let mut buffer = [0.0; 7];
        let mut total = 0.0;
        for round in 0..3 {
            for i in 0..x.len() {
                buffer[i] = x[i] * (round as f64 + 0.5) + buffer[i] * y[i];
            }
            for i in 0..x.len() {
                total += buffer[i] * buffer[x.len() - 1 - i];
            }
        }
        total
    }

    fn changed_behind(x: &[f64], y: &[f64]) -> f64 {
        let mut a = [0.7; 7];
        let mut total = 0.0;
        for i in 0..x.len() {
            a[i] = x[i] * y[i];
            total += a[i] * a[i];
        }
        for i in 0..x.len() {
            a[i] = 3.0;
            total += a[i] * y[i];
        }
        total
    }

    fn components(x: &[f64], y: &[f64]) -> f64 {
        let mut v = [[0.1, 0.2], [0.3, 0.4]];
        for i in 0..x.len() {
            v[0] = [v[1][1] * x[i], v[0][0] + y[i]];
            v[1][0] = v[0][1] * v[0][0];
            v[1][1] += v[1][0];
        }
        v[0][0] + 2.0 * v[0][1] + 3.0 * v[1][0] * v[1][1]
    }
}

/// The list is shorter behind the loop, and the reverse pass does not restore it: it reads none of it.
#[differentiable]
fn shortened(x: &[f64]) -> f64 {
    let mut a = vec![x[0], 0.4, x[0], 0.3];
    let e = x[0].sin();
    for k in 0..2 {
        a.fill(e);
        a.truncate(3 - k);
    }
    a.iter().copied().sum::<f64>()
}

#[test]
fn lists_that_get_shorter() {
    assert_eq!(shortened::grad(&[0.3]), [2.0 * 0.3_f64.cos()]);
}

/// The scratch buffer is no parameter that a derivative is taken by, and carries them all.
#[differentiable(wrt(x))]
fn through_scratch(x: &[f64], scratch: &mut [f64]) -> f64 {
    for i in 0..x.len() {
        scratch[i] = x[i] * x[i];
    }
    let mut total = 0.0;
    for i in 0..x.len() {
        total += scratch[i] * scratch[0];
    }
    total
}

#[test]
fn scratch_of_the_caller() {
    let (x, mut scratch) = ([0.5, -1.5, 2.0], [9.0; 3]);
    let sum: f64 = x.iter().map(|x| x * x).sum();
    let gradient = through_scratch::grad(&x, &mut scratch);
    let head = x[0] * x[0];
    // d/dx_k of (sum of squares) x_0^2
    let expected = [
        2.0 * x[0] * head + sum * 2.0 * x[0],
        2.0 * x[1] * head,
        2.0 * x[2] * head,
    ];
    for (found, expected) in gradient.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-13, "{found} {expected}");
    }
    assert_eq!(
        scratch,
        [0.25, 2.25, 4.0],
        "the caller gets the final content"
    );
}
