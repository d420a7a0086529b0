use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Head {
    #[shape(H, 10)]
    w: Tensor<f32>,
    #[shape(10)]
    b: Tensor<f32>,
}

#[derive(Differentiable, Clone)]
struct Mlp {
    #[shape(784, H)]
    w1: Tensor<f32>,
    #[shape(H)]
    b1: Tensor<f32>,
    head: Head,
}

#[differentiable(wrt(model))]
fn loss(
    model: &Mlp,
    #[shape(B, 784)] x: &Tensor<f32>,
    #[shape(B)] labels: &Tensor<u32>,
) -> f32 {
    let hidden = (x.matmul(&model.w1) + &model.b1).relu();
    let again = hidden.matmul(&model.w1);
    let logits = hidden.matmul(&model.head.w) + &model.b1;
    let right = hidden.matmul(&model.head.w) + &model.head.b;
    again.sum() + logits.mean() + right.cross_entropy(labels).mean()
}

fn main() {}
