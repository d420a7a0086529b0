use cotangent::prelude::*;

#[differentiable(wrt(x))]
fn f(x: &Tensor<f32>) -> f32 {
    x.argmax().mean()
}

fn main() {}
