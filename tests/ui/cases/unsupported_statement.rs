use cotangent::prelude::*;

#[differentiable]
fn f(x: f64) -> f64 {
    struct Inner;
    let y = async { x };
    x * x
}

fn main() {
    f::grad(1.0);
}
