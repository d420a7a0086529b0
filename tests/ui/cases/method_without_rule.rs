//! A method of a float that has no rule.

use cotangent::prelude::*;

#[differentiable]
fn f(x: f64) -> f64 {
    x.gamma() + x
}

fn main() {}
