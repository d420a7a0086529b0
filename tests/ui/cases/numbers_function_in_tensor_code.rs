use cotangent::prelude::*;

#[differentiable]
fn bent(x: f32) -> f32 {
    x / (1.0 + x.abs())
}

#[differentiable]
fn loss(x: &Tensor<f32>) -> f32 {
    softplus(x.mean()) + bent(x.sum())
}

fn main() {}
