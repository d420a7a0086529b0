use cotangent::prelude::*;

#[differentiable(wrt(x))]
fn f(x: &Tensor<f32>) -> f32 {
    let mut total = x.sum();
    for _ in 0..(x * 2.0) {
        total = total * 2.0;
    }
    total
}

fn main() {}
