use cotangent::prelude::*;

struct Model {
    w: Tensor<f32>,
}

#[differentiable(wrt(model))]
fn loss(model: &Model, x: &Tensor<f32>) -> f32 {
    x.matmul(&model.w).mean()
}

fn main() {}
