use cotangent::prelude::*;

fn bent(x: f32) -> f32 {
    x / (1.0 + x.abs())
}

#[differentiable]
fn loss(x: &Tensor<f32>) -> f32 {
    x.map(bent).sum()
}

fn main() {}
