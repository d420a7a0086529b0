use cotangent::prelude::*;

#[differentiable(wrt(x))]
fn f(#[shape(B + "x")] x: &Tensor<f32>) -> f32 {
    x.sum()
}

fn main() {}
