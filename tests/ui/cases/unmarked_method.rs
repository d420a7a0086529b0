use cotangent::prelude::*;

#[derive(Differentiable)]
struct Layer {
    w: Tensor<f32>,
}

impl Layer {
    fn forward(&self, x: &Tensor<f32>) -> Tensor<f32> {
        x.matmul(&self.w)
    }

    fn weights(&self) -> &Tensor<f32> {
        &self.w
    }

    #[differentiable]
    fn marked(&self, x: &Tensor<f32>) -> Tensor<f32> {
        x.matmul(&self.w)
    }
}

#[differentiable(wrt(layer))]
fn f(layer: &Layer, x: &Tensor<f32>) -> f32 {
    let h = layer.forward(x);
    (layer.marked(&h) * layer.weights()).sum()
}

fn main() {}
