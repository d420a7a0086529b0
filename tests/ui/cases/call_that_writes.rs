//! A call with a `&mut` argument in the middle of an expression.

use cotangent::prelude::*;

#[differentiable]
fn double(x: &mut f64) -> f64 {
    *x *= 2.0;
    *x
}

#[differentiable]
fn f(x: f64) -> f64 {
    let mut y = x;
    y + double(&mut y)
}

fn main() {}
