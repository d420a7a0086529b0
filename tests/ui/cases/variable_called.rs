//! A call whose callee is not a function of its own.

use cotangent::prelude::*;

#[differentiable]
fn f(x: f64, g: f64) -> f64 {
    g(x) + x
}

fn main() {}
