use cotangent::prelude::*;

#[differentiable]
fn inner(x: f64) -> f64 {
    x.powi(5)
}

#[differentiable]
fn outer(x: f64) -> f64 {
    inner::grad(x) * x
}

#[differentiable]
fn third(x: f64) -> f64 {
    outer::grad(x) + x
}

fn main() {
    third::grad(1.0);
}
