//! More derivatives than there are of a function of numbers.
use cotangent::prelude::*;

#[differentiable(order = 3)]
fn thrice(x: f64) -> f64 {
    x * x
}

fn main() {}
