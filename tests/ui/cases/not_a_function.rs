//! The attribute on something else.

use cotangent::prelude::*;

#[differentiable]
struct Point {
    x: f64,
}

fn main() {}
