use cotangent::prelude::*;

#[differentiable(wrt(x))]
fn f(x: f64, y: f64) -> f64 {
    y * y
}

fn main() {
    f::grad(1.0, 2.0);
}
