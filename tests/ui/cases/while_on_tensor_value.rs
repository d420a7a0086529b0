use cotangent::prelude::*;

#[differentiable(wrt(x))]
fn f(x: &Tensor<f32>) -> f32 {
    let mut h = x.clone();
    while h.sum() > 1.0 {
        h = &h * 0.5;
    }
    h.square().sum()
}

fn main() {}
