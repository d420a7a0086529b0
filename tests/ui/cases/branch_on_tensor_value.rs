use cotangent::prelude::*;

#[differentiable(wrt(x))]
fn f(x: &Tensor<f32>, weight: f32) -> f32 {
    if weight > 0.0 { x.sum() } else { x.mean() }
}

fn main() {}
