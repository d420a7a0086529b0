use cotangent::prelude::*;

#[differentiable(wrt(x))]
fn f(x: &Tensor<f32>) -> f32 {
    x.matmul(3.0).sum()
}

fn main() {}
