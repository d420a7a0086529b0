use cotangent::prelude::*;

#[differentiable(wrt(wieght))]
fn f(weight: f64) -> f64 {
    weight * weight
}

fn main() {
    f::grad(1.0);
}
