use cotangent::prelude::*;

#[derive(Clone)]
struct Layer {
    w: Tensor<f32>,
}

#[derive(Differentiable, Clone)]
struct Model {
    layers: Vec<Layer>,
}

#[differentiable(wrt(model))]
fn loss(model: &Model, x: &Tensor<f32>) -> f32 {
    let mut y = x.clone();
    for layer in &model.layers {
        y = y.matmul(&layer.w);
    }
    y.sum()
}

fn main() {}
