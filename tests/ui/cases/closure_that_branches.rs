use cotangent::prelude::*;

#[differentiable]
fn loss(x: &Tensor<f32>) -> f32 {
    x.map(|x| if x > 0.0 { x } else { 0.1 * x }).sum()
}

fn main() {}
