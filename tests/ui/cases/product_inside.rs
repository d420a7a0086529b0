use cotangent::prelude::*;

#[differentiable]
fn inner(x: f64) -> f64 {
    x.sin()
}

#[differentiable]
fn outer(x: f64) -> f64 {
    inner::hvp(x, 1.0) * x
}

fn main() {}
