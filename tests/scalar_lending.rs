//! What is lent by `&mut`: the reverse pass brings back what the caller, or the function that it was
//! lent to, reads there, and nothing else. Compared with the tape and with central differences.

#![allow(
    clippy::needless_range_loop,
    reason = "the programs under test are written by index"
)]

mod common;

use common::strategies::programs;
use cotangent::prelude::*;

/// Reads nothing of what it writes.
#[differentiable]
fn scale(x: &[f64], by: f64, out: &mut [f64]) {
    for i in 0..x.len() {
        out[i] = x[i] * by;
    }
}

/// Reads what it has written, and what was there.
#[differentiable]
fn accumulate(x: &[f64], out: &mut [f64]) {
    for i in 0..x.len() {
        out[i] = out[i] * x[i] + 0.1;
        out[i] *= out[i];
    }
}

/// Lends on what it was lent.
#[differentiable]
fn both(x: &[f64], out: &mut [f64], other: &mut [f64]) {
    scale(x, 1.5, out);
    accumulate(x, other);
    scale(other, 0.5, out);
}

/// Reads only one of two.
#[differentiable]
fn pair(x: f64, a: &mut f64, b: &mut [f64; 2]) {
    *a = x * x;
    b[0] = b[1] * x;
    b[1] = b[0].sin();
}

/// Changes the length.
#[differentiable]
fn append(x: f64, to: &mut Vec<f64>) {
    to.push(x * x);
}

/// Calls itself with what it was lent.
#[differentiable]
fn powers(x: f64, out: &mut [f64], at: usize) {
    if at < out.len() {
        out[at] = x;
        powers(x * 0.9 + 0.01 * out[at], out, at + 1);
    }
}

programs! {
    // Scratch that is overwritten in every turn, and read in no product.
    fn scratch(x: &[f64], y: &[f64]) -> f64 {
        let mut k = vec![0.0; x.len()];
        let mut state = y.to_vec();
        for step in 0..3 {
            scale(&state, 0.3 + step as f64, &mut k);
            for i in 0..x.len() {
                state[i] = state[i] * x[i] + 0.2 * k[i];
            }
        }
        let mut sum = 0.0;
        for i in 0..x.len() {
            sum += state[i] * state[i];
        }
        sum
    }

    // The same, read in products in some turns.
    fn read_by_the_caller(x: &[f64], y: &[f64]) -> f64 {
        let mut k = vec![0.5; x.len()];
        let mut sum = 0.0;
        for step in 0..3 {
            for i in 0..x.len() {
                sum += k[i] * k[i] * y[i];
            }
            scale(x, 0.3 + step as f64, &mut k);
            sum += sum * 0.1;
        }
        sum
    }

    // What the callee reads.
    fn read_by_the_callee(x: &[f64], y: &[f64]) -> f64 {
        let mut k = vec![0.5; x.len()];
        for _ in 0..3 {
            accumulate(x, &mut k);
            accumulate(y, &mut k);
        }
        let mut sum = 0.0;
        for i in 0..x.len() {
            sum += k[i];
        }
        sum
    }

    // Through a function that lends on, and by functions of both kinds.
    fn lent_on(x: &[f64], y: &[f64]) -> f64 {
        let mut a = vec![0.5; x.len()];
        let mut b = vec![0.25; x.len()];
        let mut sum = 0.0;
        for _ in 0..2 {
            both(x, &mut a, &mut b);
            scale(y, 2.0, &mut a);
            both(y, &mut b, &mut a);
            for i in 0..x.len() {
                sum += a[i] + b[i];
            }
        }
        sum
    }

    // Parts of arrays, and numbers.
    fn parts(x: &[f64], y: &[f64]) -> f64 {
        let mut numbers = [0.1, 0.2, 0.3];
        let mut pairs = [[0.4, 0.5], [0.6, 0.7]];
        let mut one = 0.0;
        let mut sum = 0.0;
        for i in 0..x.len() {
            pair(x[i], &mut numbers[i % 3], &mut pairs[i % 2]);
            pair(y[i] * one, &mut one, &mut pairs[(i + 1) % 2]);
            sum += numbers[(i + 1) % 3] * pairs[0][1] + one;
        }
        sum + pairs[1][0]
    }

    // A vector that grows.
    fn growing(x: &[f64], y: &[f64]) -> f64 {
        let mut list = Vec::new();
        let mut sum = 0.0;
        for i in 0..x.len() {
            append(x[i] * y[i], &mut list);
            sum += list[i] * list.len() as f64;
            append(sum, &mut list);
        }
        sum
    }

    // Recursion on what was lent.
    fn recursion(x: &[f64], y: &[f64]) -> f64 {
        let mut out = [0.0; 4];
        let mut sum = 0.0;
        for i in 0..x.len() {
            powers(x[i] * y[i], &mut out, i % 3);
            sum += out[3] * out[i % 4];
        }
        sum
    }
}

/// After the gradient, the caller finds what the function leaves, whether its reverse pass reads it
/// or not.
#[test]
fn the_caller_finds_the_final_content() {
    let x = [0.3, 0.7];
    let cotangent = vec![1.0, 2.0];
    let (mut out, mut other) = ([5.0, 6.0], [0.5, 0.25]);
    scale::vjp(&x, 2.0, &mut out, cotangent.clone());
    assert_eq!(out, [0.6, 1.4]);
    accumulate::vjp(&x, &mut other, cotangent);
    let mut expected = [0.5, 0.25];
    accumulate(&x, &mut expected);
    assert_eq!(other, expected);
}
