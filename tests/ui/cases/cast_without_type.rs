use cotangent::prelude::*;

#[differentiable(wrt(x))]
fn rounded(x: &Tensor<f32>) -> f32 {
    let half: Tensor<bf16> = x.cast();
    half.sum()
}

#[differentiable(wrt(x))]
fn doubled(x: &Tensor<bf16>) -> f64 {
    x.sum().into()
}

fn main() {}
