use cotangent::prelude::*;

#[differentiable]
fn f(x: f64, n: usize) -> f64 {
    n * x
}

fn main() {
    f::grad(1.0, 2);
}
