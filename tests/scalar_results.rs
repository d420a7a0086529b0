//! Values that the reverse pass finds instead of computing them twice: results of exponentials and
//! their kin, and partial derivatives of functions from numbers to a number. Compared with the tape
//! and with central differences.

#![allow(
    clippy::needless_range_loop,
    reason = "the programs under test are written by index"
)]

mod common;

use common::strategies::programs;
use cotangent::prelude::*;

/// A number from numbers, with a loop that ends early and a branch.
#[differentiable]
fn bend(a: f64, b: f64, turns: usize) -> f64 {
    let mut z = a;
    for k in 0..turns {
        z = 0.5 * (z + b / (z + 1.0)) + 0.1 * (z - k as f64).tanh();
        if z > 1.5 {
            return z.exp() * a;
        }
    }
    if b > 0.7 { z * b } else { z.tanh() }
}

/// A recursion of numbers with two calls of itself.
#[differentiable]
fn tree(a: f64, depth: usize) -> f64 {
    if depth == 0 {
        (0.3 * a).exp()
    } else {
        tree(a * 0.5, depth - 1) * a + tree(a + 0.1, depth - 1).tanh()
    }
}

programs! {
    // The result is the whole value, part of one, and overwritten by another.
    fn overwritten(x: &[f64], y: &[f64]) -> f64 {
        let mut sum = 0.0;
        let mut s = 0.3;
        for i in 0..x.len() {
            s = (s * x[i] - 0.2).tanh();
            let e = (y[i] * s).exp();
            sum += e * (x[i] * e.exp_m1() + (0.3 * s).exp()).tanh();
            s += 0.1 * (x[i] - 0.5).exp2();
        }
        sum * s.exp()
    }

    // An element that is the result, and one that is changed behind it.
    fn elements(x: &[f64], y: &[f64]) -> f64 {
        let mut a = vec![0.0; x.len()];
        for i in 0..x.len() {
            a[i] = (x[i] * 0.7).exp();
        }
        let mut sum = 0.0;
        for i in 0..x.len() {
            sum += a[i] * y[i];
            a[i] = a[i].cbrt();
            sum += a[i] * a[i];
        }
        sum
    }

    // Results behind a loop that runs forwards and backwards at once.
    fn behind(x: &[f64], y: &[f64]) -> f64 {
        let mut sum = 0.1;
        for i in 0..x.len() {
            let mut inner = 0.0;
            for k in 0..y.len() {
                inner += (x[i] - y[k]).tanh() * x[i].exp();
            }
            sum += (0.1 * inner).exp() * 0.01;
        }
        sum.tanh() + sum.exp()
    }

    // Calls of functions of numbers: in a loop, with the same argument twice, one in another.
    fn calls(x: &[f64], y: &[f64]) -> f64 {
        let mut state = 0.4;
        let mut sum = 0.0;
        for i in 0..x.len() {
            state = bend(state, x[i], i % 4);
            sum += bend(y[i], bend(x[i], y[i], 2), 1) * state;
            sum += tree(x[i] * y[i], i % 3);
            state = 0.5 * bend(state, state, 1);
        }
        sum + state
    }
}
