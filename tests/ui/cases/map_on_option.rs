use cotangent::prelude::*;

#[differentiable]
fn swish(x: f32) -> f32 {
    x / (1.0 + (-x).exp())
}

#[differentiable(wrt(x))]
fn f(x: &Tensor<f32>, shift: Option<f32>) -> f32 {
    if let Some(shift) = shift.map(swish) {
        return x.sum() + shift;
    }
    x.sum()
}

fn main() {}
