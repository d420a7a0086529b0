//! Forward mode and second derivatives of scalar programs, against differences of first ones.

#![allow(
    clippy::needless_range_loop,
    reason = "the programs under test are written by index"
)]

use cotangent::prelude::*;

#[differentiable]
fn rosenbrock(x: &[f64]) -> f64 {
    let mut s = 0.0;
    for i in 0..x.len() - 1 {
        s += 100.0 * (x[i + 1] - x[i] * x[i]).powi(2) + (1.0 - x[i]).powi(2);
    }
    s
}

#[test]
fn first() {
    let x = [0.3, -0.7, 1.2];
    let (value, tangent) = rosenbrock::jvp(&x, &[1.0, 0.5, -0.2]);
    let gradient = rosenbrock::grad(&x);
    assert_eq!(value, rosenbrock(&x));
    let expected = gradient[0] + 0.5 * gradient[1] - 0.2 * gradient[2];
    assert!((tangent - expected).abs() < 1e-11);
    let hessian = rosenbrock::hessian(&x);
    let product = rosenbrock::hvp(&x, &[1.0, 0.5, -0.2]);
    for i in 0..3 {
        let row = hessian.row(i);
        assert!((row[0] + 0.5 * row[1] - 0.2 * row[2] - product[i]).abs() < 1e-10);
    }
}
