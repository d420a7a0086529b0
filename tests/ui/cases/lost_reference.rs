//! A reference that changes what it refers to.

use cotangent::prelude::*;

#[differentiable]
fn f(x: &[f64]) -> f64 {
    let mut row = &x[1..];
    row = &row[1..];
    row[0]
}

fn main() {}
