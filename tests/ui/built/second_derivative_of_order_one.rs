//! A second derivative through a function that has none.
use cotangent::prelude::*;

#[differentiable(order = 1)]
fn once(x: f64) -> f64 {
    x * x
}

#[differentiable]
fn caller(x: f64) -> f64 {
    once(x) * x
}

fn main() {
    caller::hvp(1.0, 1.0);
}
