use cotangent::prelude::*;

#[differentiable(wrt(w))]
fn loss(
    #[shape(K, M)] w: &Tensor<f32>,
    #[shape(B, 784)] x: &Tensor<f32>,
    #[shape(100, 10)] v: &Tensor<f32>,
) -> f32 {
    let hidden = x.matmul(v).relu();
    (hidden + x.matmul(w)).mean()
}

fn main() {}
