//! A closure that is kept in a variable.

use cotangent::prelude::*;

#[differentiable]
fn f(x: f64) -> f64 {
    let square = |v: f64| v * v;
    square(x) + x
}

fn main() {}
