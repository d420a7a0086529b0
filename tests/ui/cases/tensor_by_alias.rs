use cotangent::prelude::*;

type Matrix = Tensor<f32>;

#[differentiable]
fn twice(x: &Matrix) -> Matrix {
    x * 2.0
}

fn main() {}
