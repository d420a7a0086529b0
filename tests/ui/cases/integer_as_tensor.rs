use cotangent::prelude::*;

#[differentiable(wrt(x))]
fn f(x: &Tensor<f32>, n: usize) -> f32 {
    (x.relu() * n).sum()
}

fn main() {}
