//! First derivatives of a function that has no others.
use cotangent::prelude::*;

#[differentiable(order = 1)]
fn once(x: f64) -> f64 {
    x * x
}

fn main() {
    assert_eq!(once::grad(1.5), 3.0);
}
