use cotangent::prelude::*;

#[differentiable]
fn f<const N: usize>(x: &Tensor<f32>) -> f32 {
    x.sum()
}

fn main() {}
