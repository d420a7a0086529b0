use cotangent::prelude::*;

// Masks and labels hold no floats: there is no gradient with respect to them.
#[differentiable(wrt(x, mask))]
fn masked(x: &Tensor<f32>, mask: &Tensor<bool>) -> f32 {
    x.masked_fill(mask, 0.0).sum()
}

#[differentiable(wrt(codes))]
fn coded(codes: &Tensor<i64>) -> f32 {
    codes.to_float::<f32>().sum()
}

fn main() {}
